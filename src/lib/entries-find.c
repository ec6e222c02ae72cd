// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finds the entry that a person names. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/strbuf.h"
#include "entry/path.h"
#include "entry/scan.h"
#include "lib/entries.h"
#include "lib/internal.h"

/* Version of an entry: its own field, else from the name of its kernel. */
static const char *version_of(const struct boot_entry *e)
{
	const char *v = e->version;

	if ((!v || !*v) && e->kernel)
		v = scan_version(path_basename(e->kernel));
	return v ? v : "";
}

static size_t find_latest(const struct boot_menu *m)
{
	size_t best = m->n_entries;

	for (size_t i = 0; i < m->n_entries; i++) {
		const struct boot_entry *e = &m->entries[i];

		if (!e->bootable || (e->type != ENTRY_LINUX && e->type != ENTRY_UKI))
			continue;
		if (best == m->n_entries ||
		    scan_compare(version_of(e), version_of(&m->entries[best])) > 0)
			best = i;
	}
	return best;
}

/* The command line without the words that loaders add for one boot. */
static bool same_cmdline(const char *of_entry, const char *running)
{
	_cleanup_strbuf_ struct strbuf words = { 0 };
	const char *p = of_entry ? of_entry : "";

	while (*p) {
		size_t n = strcspn(p, " ");

		if (n && strncmp(p, "BOOT_IMAGE=", 11) != 0 && strncmp(p, "initrd=", 7) != 0) {
			if (words.n)
				strbuf_add(&words, " ");
			strbuf_add_n(&words, p, n);
		}
		p += n + (p[n] == ' ');
	}
	return strcmp(words.s ? words.s : "", running) == 0;
}

static bool same_release(const struct boot_entry *e, const char *release)
{
	return e->kernel && (strstr(path_basename(e->kernel), release) ||
			     (e->version && strcmp(e->version, release) == 0) ||
			     /* "/TOKEN/VERSION/linux", as kernel-install lays it out */
			     strstr(e->kernel, release));
}

/* The running entry: release and command line have to match; if no entry matches both, one of
 * them. */
static size_t find_current(const struct kx_entries *entries)
{
	const struct boot_menu *m = &entries->menu;
	size_t best = m->n_entries;
	int best_score = 0;

	for (size_t i = 0; i < m->n_entries; i++) {
		const struct boot_entry *e = &m->entries[i];
		int score = 0;

		if (!e->kernel)
			continue;
		if (entries->running_release && same_release(e, entries->running_release))
			score += 2;
		if (entries->loader_cmdline && same_cmdline(e->cmdline, entries->loader_cmdline))
			score += 1;
		if (score > best_score) {
			best_score = score;
			best = i;
		}
	}
	return best;
}

static bool path_is(const struct boot_entry *e, const char *name)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };

	for (size_t i = 0; i < e->path.n; i++)
		strbuf_addf(&path, "%s%s", i ? ">" : "", e->path.v[i]);
	return path.s && strcmp(path.s, name) == 0;
}

/* The rows of this table are tried in order, so that a title never hides an id. */
static int find_named(const struct boot_menu *m, const char *name, size_t *ret)
{
	size_t found = m->n_entries;
	uint64_t index;

	for (size_t i = 0; i < m->n_entries; i++)
		if (m->entries[i].id && strcmp(m->entries[i].id, name) == 0) {
			*ret = i;
			return 0;
		}
	for (size_t i = 0; i < m->n_entries; i++)
		if (m->entries[i].title && strcmp(m->entries[i].title, name) == 0) {
			if (found < m->n_entries)
				return -ENOTUNIQ;
			found = i;
		}
	for (size_t i = 0; i < m->n_entries && found == m->n_entries; i++)
		if (path_is(&m->entries[i], name))
			found = i;
	if (found == m->n_entries && parse_u64(name, &index) == 0 && index < m->n_entries)
		found = (size_t)index;
	if (found == m->n_entries)
		return -ENOENT;
	*ret = found;
	return 0;
}

static int fail_find(const struct boot_menu *m, const char *name, int code, struct kx_error *err)
{
	if (strcmp(name, "default") == 0 && m->guess)
		return kx_fail(err, code, "%s", m->guess);
	if (strcmp(name, "default") == 0)
		return kx_fail(err, code, "the boot loader would start none of these entries");
	if (strcmp(name, "current") == 0)
		return kx_fail(err, code, "no entry has the running kernel");
	if (strcmp(name, "latest") == 0)
		return kx_fail(err, code, "none of the %zu entries can be booted", m->n_entries);
	if (code == -ENOTUNIQ)
		return kx_fail(err, code,
			       "several entries have the title \"%s\": give an id, titles from the "
			       "top menu down with \">\" between them, or an index",
			       name);
	return kx_fail(err, code, "no entry \"%s\" among %zu: `rapidreboot list` shows them", name,
		       m->n_entries);
}

KX_EXPORT int kx_entries_find(const struct kx_entries *entries, const char *name, size_t *ret_index,
			      struct kx_error *err)
{
	const struct boot_menu *m = &entries->menu;
	size_t i = m->n_entries;
	int r = -ENOENT;

	if (strcmp(name, "default") == 0)
		i = m->default_index;
	else if (strcmp(name, "current") == 0)
		i = find_current(entries);
	else if (strcmp(name, "latest") == 0)
		i = find_latest(m);
	else
		r = find_named(m, name, &i);
	if (i >= m->n_entries)
		return kx_fail_at(err, fail_find(m, name, r, err), KX_STEP_ARGUMENT);
	*ret_index = i;
	return 0;
}

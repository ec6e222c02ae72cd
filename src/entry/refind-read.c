// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * rEFInd on this system: kernels it would find by itself, with the options of refind_linux.conf,
 * then the manual stanzas. Source: its documentation, linux.html and configfile.html.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lines.h"
#include "base/num.h"
#include "base/open.h"
#include "base/strbuf.h"
#include "entry/path.h"
#include "entry/read.h"
#include "entry/refind.h"
#include "entry/vars.h"

#define PREVIOUS_BOOT "PreviousBoot-36d08fa7-cf0b-42f5-8f14-68df73ed3740"

/* "/x" and "\x" are on the volume of the configuration. */
static int resolve(struct entry_fs *fs, const char *config, const char *raw, char **ret)
{
	_cleanup_free_ char *ignored = NULL, *path = strdup(raw);
	int r = path ? fs->set_home(fs, config, &ignored) : -ENOMEM;

	if (r < 0)
		return r;
	for (char *p = path; *p; p++)
		if (*p == '\\')
			*p = '/';
	return fs->to_system(fs, NULL, path, ret);
}

static int expand_version(const char *options, const char *version, char **ret)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };
	const char *v;

	for (; (v = strstr(options, "%v")); options = v + 2) {
		strbuf_add_n(&out, options, (size_t)(v - options));
		strbuf_add(&out, version);
	}
	strbuf_add(&out, options);
	return strbuf_take(&out, ret);
}

/* Beside the kernel: where the root of the volume is, the path does not say. */
static int add_initrd(struct boot_entry *e, const char *dir, const char *word, size_t n)
{
	_cleanup_free_ char *name = strndup(word, n), *path = NULL;

	for (char *p = name; p && *p; p++)
		if (*p == '\\')
			*p = '/';
	if (!name || path_join(dir, path_basename(name), &path) < 0)
		return -ENOMEM;
	return strlist_add(&e->initrds, path);
}

/* Words initrd= name the initrds and are not for the kernel; they replace the one that fits by
 * its name. */
static int apply_options(struct boot_entry *e, const char *dir, const char *raw)
{
	_cleanup_free_ char *options = NULL;
	_cleanup_strbuf_ struct strbuf out = { 0 };
	int r = expand_version(raw, e->version, &options);
	bool is_first = true;

	for (const char *p = options; r == 0 && *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (strncmp(p, "initrd=", 7) == 0) {
			if (is_first)
				strlist_done(&e->initrds);
			is_first = false;
			r = add_initrd(e, dir, p + 7, n - 7);
		} else if (n) {
			if (out.n)
				strbuf_add(&out, " ");
			strbuf_add_n(&out, p, n);
		}
		p += n;
	}
	if (r < 0)
		return r;
	free(TAKE_PTR(e->cmdline));
	return strbuf_take(&out, &e->cmdline);
}

/* Kernels of /boot with the first line of the refind_linux.conf beside them. */
static int add_kernels(struct entry_fs *fs, const struct boot_find_opts *opts,
		       struct boot_menu *menu)
{
	struct strlist titles = { 0 }, options = { 0 };
	_cleanup_text_ struct text text = { 0 };
	struct boot_menu kernels = { 0 };
	int r = scan_read(fs, opts, "/boot", &kernels, NULL);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (read_text(fs, "/boot/refind_linux.conf", &text) == 0)
		r = refind_linux_parse(text.bytes, &titles, &options);
	for (size_t i = 0; r == 0 && i < kernels.n_entries; i++) {
		struct boot_entry *e = &kernels.entries[i];

		e->source.kind = "refind";
		if (options.n) {
			e->bootable = true;
			strlist_done(&e->warnings);
			r = apply_options(e, "/boot", options.v[0]);
			if (r == 0)
				r = entry_check_files(fs, e);
		}
		if (r == 0)
			r = boot_menu_add(menu, e);
	}
	if (r == 0 && kernels.n_entries > 1)
		r = menu_warn(menu, "rEFInd shows the kernel that was modified last first; here "
				    "the one with the highest version is first");
	strlist_done(&titles);
	strlist_done(&options);
	boot_menu_done(&kernels);
	return r;
}

static size_t find_by_part(const struct boot_menu *menu, const char *part)
{
	for (size_t i = 0; *part && i < menu->n_entries; i++) {
		const struct boot_entry *e = &menu->entries[i];

		if (strcasestr(e->title, part) || (e->kernel && strcasestr(e->kernel, part)) ||
		    (e->kernel && strcasestr(part, path_basename(e->kernel))))
			return i;
	}
	return menu->n_entries;
}

/* One word of default_selection: "+", a number from 1, or part of a title. */
static size_t find_choice(struct entry_fs *fs, const struct boot_menu *menu, const char *word)
{
	_cleanup_free_ char *previous = NULL;
	const char *rest = word;
	unsigned number;

	if (strcmp(word, "+") == 0)
		return vars_read_string(fs, PREVIOUS_BOOT, &previous) == 0
			       ? find_by_part(menu, previous)
			       : menu->n_entries;
	if (take_unsigned(&rest, &number) && !*rest && number > 0)
		return number <= menu->n_entries ? number - 1 : menu->n_entries;
	return find_by_part(menu, word);
}

static int choose(struct entry_fs *fs, struct boot_menu *menu, const char *selection)
{
	_cleanup_free_ char *words = selection ? strdup(selection) : NULL;
	size_t i = menu->n_entries;
	char *state = NULL;

	if (selection && !words)
		return -ENOMEM;
	for (char *w = words ? strtok_r(words, ",", &state) : NULL; w && i == menu->n_entries;
	     w = strtok_r(NULL, ",", &state)) {
		_cleanup_free_ char *word =
			bytes_dup(bytes_trim((struct bytes){ (uint8_t *)w, strlen(w) }));
		size_t n = word ? strlen(word) : 0;

		if (!word)
			return -ENOMEM;
		if (n > 1 && word[0] == '"' && word[n - 1] == '"') {
			memmove(word, word + 1, n - 2);
			word[n - 2] = 0;
		}
		i = find_choice(fs, menu, word);
	}
	if (i < menu->n_entries)
		menu_set_default(menu, i);
	else
		menu_set_default(menu, 0);
	return format(&menu->default_reason, "default_selection %s: %s\n",
		      selection ? selection : "is not set",
		      i < menu->n_entries ? menu->entries[i].title : "the first entry");
}

int refind_read(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
		struct boot_menu *ret, struct kx_error *err)
{
	_cleanup_free_ char *selection = NULL;
	_cleanup_text_ struct text text = { 0 };
	struct boot_menu manual = { 0 }, menu = { .loader = "refind" };
	int r = read_text(fs, config, &text);

	if (r < 0)
		return kx_fail(err, r, "%s: cannot be read: %s", config, open_strerror(r));
	if (strcmp(path_basename(config), "refind_linux.conf") != 0)
		r = refind_conf_parse(text.bytes, &manual, &selection);
	if (r == 0)
		r = menu_resolve(fs, &manual, config, resolve);
	if (r == 0)
		r = add_kernels(fs, opts, &menu);
	for (size_t i = 0; r == 0 && i < manual.n_entries; i++)
		r = boot_menu_add(&menu, &manual.entries[i]);
	boot_menu_done(&manual);
	if (r == 0 && menu.n_entries == 0)
		r = -ENOENT;
	if (r == 0)
		r = choose(fs, &menu, selection);
	if (r == 0)
		r = replace(&menu.config, config);
	if (r < 0) {
		boot_menu_done(&menu);
		return kx_fail(err, r, "%s: %s", config, strerror(-r));
	}
	*ret = menu;
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The order of systemd-boot's menu and the entry it starts without a person. Sources: UAPI.1,
 * "Sorting"; loader.conf(5); systemd-boot(7). What they do not say follows systemd-boot 262.1: an
 * entry without boot attempts left is skipped by `preferred` but taken by `default`.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "entry/bls.h"
#include "entry/read.h"
#include "entry/version-compare.h"

static bool is_bad(const struct bls_item *item)
{
	return item->name.has_counter && item->name.left == 0;
}

static int compare_unsigned(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

/* Missing comes first. */
static int compare_strings(const char *a, const char *b)
{
	if (!a || !b)
		return a ? 1 : b ? -1 : 0;
	return strcmp(a, b);
}

static int compare_sort_key(const struct bls_item *a, const struct bls_item *b)
{
	int r;

	if (!a->sort_key != !b->sort_key)
		return a->sort_key ? -1 : 1;
	if (!a->sort_key)
		return 0;
	r = strcmp(a->sort_key, b->sort_key);
	if (r == 0)
		r = compare_strings(a->machine_id, b->machine_id);
	if (r == 0)
		r = version_compare(b->entry.version, a->entry.version);
	return r ? r : compare_unsigned(a->profile, b->profile);
}

static int compare_ids(const struct bls_item *a, const struct bls_item *b)
{
	int r = version_compare(b->stem, a->stem);

	if (r == 0)
		r = compare_unsigned(a->profile, b->profile);
	if (r == 0 && a->name.has_counter && b->name.has_counter) {
		r = compare_unsigned(b->name.left, a->name.left);
		if (r == 0)
			r = compare_unsigned(a->name.done, b->name.done);
	}
	return r ? r : compare_unsigned(a->seq, b->seq);
}

/* Automatic entries keep their order and come after all files, hidden ones last of all. */
static int compare_class(const struct bls_item *a, const struct bls_item *b)
{
	if (a->is_hidden != b->is_hidden)
		return a->is_hidden ? 1 : -1;
	if (a->is_auto != b->is_auto)
		return a->is_auto ? 1 : -1;
	return a->is_auto ? compare_unsigned(a->seq, b->seq) : 0;
}

static int compare_items(const void *p, const void *q)
{
	const struct bls_item *a = p, *b = q;
	int r = compare_class(a, b);

	if (r == 0 && is_bad(a) != is_bad(b))
		r = is_bad(a) ? 1 : -1;
	if (r == 0)
		r = compare_sort_key(a, b);
	return r ? r : compare_ids(a, b);
}

/* Loaders without LOADER_FEATURE_SORT_KEY know nothing but the id. */
static int compare_items_old(const void *p, const void *q)
{
	const struct bls_item *a = p, *b = q;
	int r = compare_class(a, b);

	return r ? r : compare_ids(a, b);
}

void bls_sort(struct bls_items *items, uint64_t features)
{
	if (items->n)
		qsort(items->v, items->n, sizeof(*items->v),
		      features & LOADER_FEATURE_SORT_KEY ? compare_items : compare_items_old);
}

static unsigned char fold(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 32 : c);
}

/*
 * Does @c match the set that opens at @p (behind the bracket)? *ret_end is behind the closing
 * bracket, NULL when there is none: then nothing matches.
 */
static bool match_set(const char *p, char c, const char **ret_end)
{
	bool hit = false;

	*ret_end = NULL;
	for (bool first = true; *p && (*p != ']' || first); first = false) {
		unsigned char low = fold(*p), high = low;

		if (p[1] == '-' && p[2] && p[2] != ']') {
			high = fold(p[2]);
			p += 2;
		}
		hit |= fold(c) >= low && fold(c) <= high;
		p++;
	}
	if (*p == ']')
		*ret_end = p + 1;
	return hit;
}

/* Matches one character of @id against the start of @pattern; *ret_next is the rest of the
 * pattern. */
static bool match_one(const char *pattern, char c, const char **ret_next)
{
	*ret_next = pattern + 1;
	if (*pattern == '?')
		return true;
	if (*pattern == '[') {
		bool hit = match_set(pattern + 1, c, ret_next);

		return *ret_next && hit;
	}
	if (*pattern == '\\' && pattern[1]) {
		*ret_next = pattern + 2;
		pattern++;
	}
	return *pattern && fold(*pattern) == fold(c);
}

/* Going back to the last star only is enough, so this takes at most n * m steps. */
bool bls_glob(const char *pattern, const char *id)
{
	const char *star = NULL, *star_id = NULL;

	while (*id) {
		const char *next;

		if (*pattern == '*') {
			star = ++pattern;
			star_id = id;
		} else if (match_one(pattern, *id, &next)) {
			pattern = next;
			id++;
		} else if (star) {
			pattern = star;
			id = ++star_id;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static size_t find(const struct bls_items *items, const char *pattern, bool skip_bad)
{
	for (size_t i = 0; i < items->n; i++) {
		const struct bls_item *item = &items->v[i];

		if (item->is_hidden || (skip_bad && is_bad(item)))
			continue;
		if (bls_glob(pattern, item->loader_id ? item->loader_id : item->entry.id))
			return i;
	}
	return items->n;
}

/* One row of the loader's table of sources. */
struct source {
	const char *name;
	const char *pattern;
	unsigned line; /* of loader.conf, 0 for a variable */
	uint64_t feature;
	bool skip_bad;
	bool may_be_saved; /* "@saved" stands for LoaderEntryLastBooted */
};

/* Pop!_OS writes the default without ".conf", which its systemd-boot takes. */
static size_t find_stem(const struct bls_items *items, const char *pattern, bool skip_bad)
{
	_cleanup_strbuf_ struct strbuf whole = { 0 };

	strbuf_addf(&whole, "%s.conf", pattern);
	return whole.failed ? items->n : find(items, whole.s, skip_bad);
}

static bool try_source(const struct bls_items *items, const struct source *s,
		       const struct loader_vars *vars, struct strbuf *why, struct strbuf *unmatched,
		       size_t *ret)
{
	const char *pattern = s->pattern;
	size_t i;

	if (!pattern || !*pattern)
		return false;
	strbuf_addf(why, "%s", s->name);
	if (s->line)
		strbuf_addf(why, " (line %u)", s->line);
	strbuf_addf(why, " is \"%s\"", pattern);

	if (s->feature && !(vars->features & s->feature)) {
		strbuf_add(why, ", which this version of systemd-boot does not know\n");
		return false;
	}
	if (s->may_be_saved && strcasecmp(pattern, "@saved") == 0 &&
	    (vars->features & LOADER_FEATURE_SAVED)) {
		pattern = vars->last_booted;
		if (!pattern || !*pattern) {
			strbuf_add(why, ", but LoaderEntryLastBooted is not set\n");
			return false;
		}
		strbuf_addf(why, ", LoaderEntryLastBooted is \"%s\"", pattern);
	}

	i = find(items, pattern, s->skip_bad);
	if (i == items->n && vars->finds_stems)
		i = find_stem(items, pattern, s->skip_bad);
	if (i == items->n) {
		const char *which = s->skip_bad ? " that has tries left" : "";

		strbuf_addf(why, ": matches no entry%s\n", which);
		strbuf_addf(unmatched, "%s%s is \"%s\", which is no entry%s",
			    unmatched->n ? "; " : "", s->name, pattern, which);
		return false;
	}
	strbuf_addf(why, ": matches %s\n", items->v[i].entry.id);
	*ret = i;
	return true;
}

size_t bls_choose(const struct bls_items *items, const struct loader_vars *vars,
		  const struct loader_conf *conf, struct strbuf *why, struct strbuf *unmatched)
{
	/* The kernel leaves this text in the variable after a kexec; it names no entry. */
	bool stale = vars->oneshot && strcmp(vars->oneshot, "kexec reboot") == 0;
	const struct source sources[] = {
		{ "EFI variable LoaderEntryOneShot", stale ? NULL : vars->oneshot, 0,
		  LOADER_FEATURE_ONESHOT, false, false },
		{ "EFI variable LoaderEntryPreferred", vars->preferred, 0, LOADER_FEATURE_PREFERRED,
		  true, true },
		{ "loader.conf: preferred", conf->preferred, conf->preferred_line,
		  LOADER_FEATURE_PREFERRED, true, true },
		{ "EFI variable LoaderEntryDefault", vars->fallback_default, 0,
		  LOADER_FEATURE_DEFAULT, false, true },
		{ "loader.conf: default", conf->fallback, conf->fallback_line, 0, false, true },
	};
	size_t i;

	for (size_t s = 0; s < sizeof(sources) / sizeof(sources[0]); s++)
		if (try_source(items, &sources[s], vars, why, unmatched, &i))
			return i;

	for (i = 0; i < items->n; i++)
		if (items->v[i].can_be_first && !items->v[i].is_hidden)
			break;
	if (i < items->n)
		strbuf_addf(why, "nothing else chooses: %s is first in the order of the menu\n",
			    items->v[i].entry.id);
	else
		strbuf_add(why, "no entry can be started\n");
	return i;
}

unsigned loader_version_of(const char *info)
{
	static const char name[] = "systemd-boot ";
	unsigned version;
	const char *p;

	if (!info || strncasecmp(info, name, sizeof(name) - 1) != 0)
		return 0;
	p = info + sizeof(name) - 1;
	return take_unsigned(&p, &version) ? version : 0;
}

void loader_vars_set_ids(struct loader_vars *vars)
{
	const unsigned version = loader_version_of(vars->info);

	vars->has_stems = version && version < 245;
	vars->keeps_counters = version && version < 258;
}

int bls_item_set_loader_id(struct bls_item *item, const struct loader_vars *vars, const char *file)
{
	const bool keeps_counter = vars->keeps_counters && item->name.has_counter;
	const char *profile = item->entry.id + strlen(item->stem);
	const size_t n_conf = strlen(".conf");
	_cleanup_free_ char *stem = NULL, *id = NULL;
	size_t n;

	if (!keeps_counter && !vars->has_stems)
		return 0;
	stem = strdup(keeps_counter ? file : item->stem);
	if (!stem)
		return -ENOMEM;
	for (char *p = stem; *p; p++)
		*p = (char)fold(*p);
	n = strlen(stem);
	if (vars->has_stems && n > n_conf && strcmp(stem + n - n_conf, ".conf") == 0)
		n -= n_conf;
	if (format(&id, "%.*s%s", (int)n, stem, profile) < 0)
		return -ENOMEM;
	free(item->stem);
	item->stem = TAKE_PTR(stem);
	item->loader_id = TAKE_PTR(id);
	return 0;
}

uint64_t loader_features_of(const char *info)
{
	/* systemd's NEWS and manual pages */
	static const struct {
		unsigned version;
		uint64_t features;
	} since[] = {
		{ 250, LOADER_FEATURE_SAVED },
		{ 257, LOADER_FEATURE_PROFILES },
		{ 258, LOADER_FEATURE_UKI | LOADER_FEATURE_UKI_URL },
		{ 260, LOADER_FEATURE_PREFERRED },
	};
	const unsigned version = loader_version_of(info);
	uint64_t features = UINT64_MAX;

	for (size_t i = 0; version && i < sizeof(since) / sizeof(since[0]); i++)
		if (version < since[i].version)
			features &= ~since[i].features;
	return features;
}

void loader_vars_done(struct loader_vars *vars)
{
	free(vars->info);
	free(vars->oneshot);
	free(vars->preferred);
	free(vars->fallback_default);
	free(vars->last_booted);
	*vars = (struct loader_vars){ 0 };
}

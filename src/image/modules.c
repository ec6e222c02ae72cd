// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/modules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Limits: Debian's largest kernels have 4,500 modules; patterns are at most as long as what they
 * match. */
enum { MODULES_MAX = 65536, PATTERN_MAX = 1024 };

struct bytes module_name(struct bytes path)
{
	const uint8_t *slash = path.p ? memrchr(path.p, '/', path.n) : NULL;
	const uint8_t *ko;
	struct bytes name = path;

	if (slash)
		name = (struct bytes){ slash + 1, (size_t)(path.p + path.n - slash - 1) };
	ko = name.n ? memmem(name.p, name.n, ".ko", 3) : NULL;
	/* packed or not: .ko, .ko.gz, .ko.xz, .ko.zst */
	if (!ko || (ko + 3 < name.p + name.n && ko[3] != '.'))
		return (struct bytes){ 0 };
	name.n = (size_t)(ko - name.p);
	return name;
}

static int by_name(const void *a, const void *b)
{
	return modalias_compare(((const struct module *)a)->name, ((const struct module *)b)->name);
}

static bool parse_line(struct bytes line, struct module *ret)
{
	const uint8_t *colon = line.n ? memchr(line.p, ':', line.n) : NULL;
	struct module m = { 0 };

	if (!colon)
		return false;
	m.path = (struct bytes){ line.p, (size_t)(colon - line.p) };
	m.deps = (struct bytes){ colon + 1, line.n - m.path.n - 1 };
	m.name = module_name(m.path);
	*ret = m;
	return m.name.n;
}

int modules_parse(struct bytes dep, struct modules *ret)
{
	_cleanup_modules_ struct modules modules = { 0 };
	struct lines lines = lines_of(dep);
	struct bytes line;
	size_t room = 0;

	while (lines_next(&lines, &line)) {
		int r = modules.n < MODULES_MAX
				? array_room(&modules.v, modules.n, &room, sizeof(*modules.v))
				: -E2BIG;

		if (r < 0)
			return r;
		modules.n += parse_line(line, &modules.v[modules.n]);
	}
	if (modules.n)
		qsort(modules.v, modules.n, sizeof(*modules.v), by_name);
	*ret = TAKE(modules, (struct modules){ 0 });
	return 0;
}

void modules_done(struct modules *modules)
{
	free(modules->v);
	*modules = (struct modules){ 0 };
}

/* Index of the first module whose name is not less than @name. */
static size_t find(const struct modules *modules, struct bytes name)
{
	size_t low = 0, high = modules->n;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (modalias_compare(modules->v[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool modules_have(const struct modules *modules, struct bytes name)
{
	const size_t i = find(modules, name);

	return i < modules->n && modalias_compare(modules->v[i].name, name) == 0;
}

bool modules_need(struct modules *modules, struct bytes name)
{
	bool is_new = false;

	for (size_t i = find(modules, name);
	     i < modules->n && modalias_compare(modules->v[i].name, name) == 0; i++) {
		is_new |= !modules->v[i].is_needed;
		modules->v[i].is_needed = true;
	}
	return is_new;
}

/* ---- by what they drive */

/* The part of @pattern before its first special character. */
static struct bytes literal_part(struct bytes pattern)
{
	size_t n = 0;

	while (n < pattern.n && !strchr("*?[\\", pattern.p[n]))
		n++;
	return (struct bytes){ pattern.p, n };
}

static bool any_matches(struct bytes pattern, const struct bytes *names, size_t n_names)
{
	const struct bytes start = literal_part(pattern);
	size_t low = 0, high = n_names;

	if (pattern.n > PATTERN_MAX)
		return true;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (modalias_compare(names[middle], start) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < n_names && names[low].n >= start.n; low++) {
		const struct bytes head = { names[low].p, start.n };

		if (modalias_compare(head, start) != 0)
			return false;
		if (modalias_matches(pattern, names[low]))
			return true;
	}
	return false;
}

void modules_need_aliases(struct modules *modules, struct bytes alias, const struct bytes *names,
			  size_t n_names)
{
	struct lines lines = lines_of(alias);
	struct bytes line;

	while (lines_next(&lines, &line)) {
		struct bytes pattern;

		if (!bytes_is(bytes_word(&line), "alias"))
			continue;
		pattern = bytes_word(&line);
		if (any_matches(pattern, names, n_names))
			(void)modules_need(modules, bytes_word(&line));
	}
}

/* ---- by what needs them */

static bool need_words(struct modules *modules, struct bytes words)
{
	bool is_new = false;

	while (words.n) {
		const struct bytes word = bytes_word(&words), name = module_name(word);

		is_new |= modules_need(modules, name.n ? name : word);
	}
	return is_new;
}

bool modules_is_needed(const struct modules *modules, struct bytes name)
{
	const size_t i = find(modules, name);

	return i < modules->n && modalias_compare(modules->v[i].name, name) == 0 &&
	       modules->v[i].is_needed;
}

/* "softdep NAME pre: NAME NAME post: NAME", "weakdep NAME NAME": all of them, when the first is. */
static bool need_together(struct modules *modules, struct bytes text, const char *keyword)
{
	struct lines lines = lines_of(text);
	struct bytes line;
	bool is_new = false;

	while (lines_next(&lines, &line))
		if (bytes_is(bytes_word(&line), keyword) &&
		    modules_is_needed(modules, bytes_word(&line)))
			is_new |= need_words(modules, line);
	return is_new;
}

void modules_need_deps(struct modules *modules, const struct module_files *files)
{
	bool again;

	do {
		again = need_together(modules, files->softdep, "softdep");
		again |= need_together(modules, files->weakdep, "weakdep");
		for (size_t i = 0; i < modules->n; i++) {
			struct module *m = &modules->v[i];

			if (!m->is_needed || m->is_followed)
				continue;
			m->is_followed = true;
			again |= need_words(modules, m->deps);
		}
	} while (again);
}

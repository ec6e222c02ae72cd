// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What Limine starts when nobody chooses. Source: Limine, CONFIG.md (default_entry) and common/menu.c:
 * LoaderEntryOneShot, then what was started last if it is asked to remember, then LoaderEntryDefault,
 * then default_entry, a row or the path of an entry.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/strbuf.h"
#include "entry/limine-rows.h"
#include "entry/path.h"
#include "entry/read.h"

enum {
	ROWS_MAX = 4096,
	NAME_MAX_BYTES = 63, /* of a line that begins an entry, with its marks */
};

int limine_rows_add(struct limine_rows *rows, size_t depth, bool is_expanded, const char *title)
{
	const size_t marks = depth + is_expanded;
	struct limine_row *bigger;
	char *copy;

	if (rows->n >= ROWS_MAX)
		return -E2BIG;
	bigger = reallocarray(rows->v, rows->n + 1, sizeof(*rows->v));
	if (!bigger)
		return -ENOMEM;
	rows->v = bigger;
	copy = strndup(title, marks < NAME_MAX_BYTES ? NAME_MAX_BYTES - marks : 0);
	if (!copy)
		return -ENOMEM;
	rows->v[rows->n++] =
		(struct limine_row){ .depth = depth, .is_expanded = is_expanded, .title = copy };
	return 0;
}

void limine_rows_done(struct limine_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		free(rows->v[i].title);
	free(rows->v);
	*rows = (struct limine_rows){ 0 };
}

/* The row that is @wanted from the top, counting only what is visible; NULL past the end. */
static const struct limine_row *visible_row(const struct limine_rows *rows, uint64_t wanted)
{
	size_t hidden_below = SIZE_MAX; /* depth of the closed or hidden row we are in */

	for (size_t i = 0; i < rows->n; i++) {
		const struct limine_row *row = &rows->v[i];

		if (row->depth > hidden_below)
			continue;
		hidden_below = row->is_hidden || (row->is_directory && !row->is_expanded)
				       ? row->depth
				       : SIZE_MAX;
		if (!row->is_hidden && wanted-- == 0)
			return row;
	}
	return NULL;
}

/* "#N" at the end of a part of a path: the part that is meant among those with one name. */
static bool take_number(const char **p, uint64_t *ret)
{
	const char *q = *p + 1;
	unsigned n;

	if (**p != '#' || !take_unsigned(&q, &n) || (*q && *q != '/'))
		return false;
	*ret = n;
	*p = q;
	return true;
}

/* Removes the first part of a path, "\" before a character that would have a meaning. */
static int take_part(const char **path, char **ret, uint64_t *ret_number)
{
	_cleanup_strbuf_ struct strbuf name = { 0 };
	const char *p = *path;

	*ret_number = 0;
	while (*p && *p != '/') {
		if (*p == '#' && take_number(&p, ret_number))
			break;
		p += *p == '\\' && p[1];
		strbuf_add_n(&name, p++, 1);
	}
	*path = p + (*p == '/');
	return strbuf_take(&name, ret);
}

/* Among the rows at @depth from @i on, the @number-th one with this name; rows->n for none. */
static size_t find_sibling(const struct limine_rows *rows, size_t i, size_t depth, const char *name,
			   uint64_t number)
{
	for (; i < rows->n && rows->v[i].depth >= depth; i++) {
		const struct limine_row *row = &rows->v[i];

		if (row->depth == depth && !row->is_hidden && strcmp(row->title, name) == 0 &&
		    number-- == 0)
			return i;
	}
	return rows->n;
}

/* The entry that @path names; NULL when it names none, which Limine does not mind. */
static int find_path(const struct limine_rows *rows, const char *path,
		     const struct limine_row **ret)
{
	size_t i = 0;

	for (size_t depth = 1; depth <= LIMINE_DEPTH_MAX; depth++) {
		_cleanup_free_ char *name = NULL;
		uint64_t number;
		int r = take_part(&path, &name, &number);

		if (r < 0)
			return r;
		i = find_sibling(rows, i, depth, name, number);
		if (i == rows->n || rows->v[i].is_directory != (*path != 0))
			return 0;
		if (!*path) {
			*ret = &rows->v[i];
			return 0;
		}
		i++;
	}
	return 0;
}

static bool is_number(const char *s)
{
	return s[strspn(s, "0123456789")] == 0;
}

/* default_entry: digits are a row, counted from 1; anything else is a path. */
static int find_default(const struct limine_rows *rows, const char *value,
			const struct limine_row **ret)
{
	uint64_t n = 0;

	if (!is_number(value))
		return find_path(rows, value, ret);
	if (*value && parse_u64(value, &n) < 0)
		return 0;
	*ret = visible_row(rows, n ? n - 1 : 0);
	return 0;
}

int limine_choose(const struct limine_rows *rows, const struct limine_wish *wish,
		  const struct limine_facts *facts, struct boot_menu *menu)
{
	const bool remembers = wish->remembers && facts->is_efi;
	const struct limine_row *row = NULL;
	const char *why = "EFI variable LoaderEntryOneShot";
	int r = facts->oneshot ? find_path(rows, facts->oneshot, &row) : 0;

	if (r == 0 && !row && remembers && (facts->last_path || facts->last_row >= 0)) {
		why = "EFI variable LimineLastBootedEntry";
		if (facts->last_path)
			r = find_path(rows, facts->last_path, &row);
		else if (!(row = visible_row(rows, (uint64_t)facts->last_row)))
			row = visible_row(rows, 0);
	}
	if (r == 0 && !row && facts->fallback) {
		why = "EFI variable LoaderEntryDefault";
		r = find_path(rows, facts->fallback, &row);
	}
	if (r == 0 && !row) {
		why = wish->default_entry ? "default_entry" : "no default_entry";
		r = wish->default_entry ? find_default(rows, wish->default_entry, &row) : 0;
	}
	if (r == 0 && !row)
		row = visible_row(rows, 0);
	if (r < 0)
		return r;
	menu_set_default(menu, row && !row->is_directory ? row->entry : menu->n_entries);
	return format(&menu->default_reason, "%s: \"%s\"%s%s\n", why, row ? row->title : "",
		      row && row->is_directory ? ", which is a directory: nothing starts" : "",
		      wish->waits ? "; timeout: no, the loader waits for a person" : "");
}

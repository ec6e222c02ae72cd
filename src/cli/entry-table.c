// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/entry-table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	GAP = 2,
	TITLE_LEAST = 24,  /* narrower only when nothing else is left out any more */
	MARKS = 3,	   /* of a row */
	NUMBER_DIGITS = 3, /* of most menus */
};

struct layout {
	const struct entry_row *rows;
	size_t n;
	const char **more; /* of each row: what tells it from others with its title, or "" */
	size_t number, title, version, kernel; /* widths; 0: that column is left out */
	bool utf8;
};

/* Characters; bytes that are no UTF-8 count as one each. */
static size_t width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* The version that the configuration has, else what the name of a kernel says: "vmlinuz-6.1.0-50-amd64". */
static const char *version_of(const struct entry_row *row)
{
	static const char *const prefixes[] = { "vmlinuz-", "vmlinux-", "kernel-",
						"linux-",   "bzImage-", "Image-" };
	const char *name;

	if (row->version || !row->kernel)
		return row->version ? row->version : "";
	name = strrchr(row->kernel, '/');
	name = name ? name + 1 : row->kernel;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		const size_t n = strlen(prefixes[i]);

		if (strncmp(name, prefixes[i], n) == 0 && name[n] >= '0' && name[n] <= '9')
			return name + n;
	}
	return "";
}

static const char *title_of(const struct entry_row *row)
{
	return row->title ? row->title : row->id ? row->id : row->kernel ? row->kernel : "";
}

/* By title, then version. */
static int compare(const void *a, const void *b, void *data)
{
	const struct entry_row *rows = data, *x = &rows[*(const size_t *)a],
			       *y = &rows[*(const size_t *)b];
	int r = strcmp(title_of(x), title_of(y));

	return r ? r : strcmp(version_of(x), version_of(y));
}

/* Finds out what tells rows apart: rows with one title are neighbours in @order, and so are those of them
 * with one version. */
static void tell_apart(struct layout *l, size_t *order)
{
	for (size_t i = 0; i < l->n; i++)
		order[i] = i;
	qsort_r(order, l->n, sizeof(*order), compare, (void *)(uintptr_t)l->rows);
	for (size_t k = 0; k < l->n; k++) {
		const struct entry_row *row = &l->rows[order[k]];
		bool same_title = false, same_version = !*version_of(row);

		for (size_t side = 0; side < 2; side++) {
			const struct entry_row *next;

			if (side ? k + 1 == l->n : k == 0)
				continue;
			next = &l->rows[order[side ? k + 1 : k - 1]];
			if (strcmp(title_of(next), title_of(row)) != 0)
				continue;
			same_title = true;
			same_version |= strcmp(version_of(next), version_of(row)) == 0;
		}
		l->more[order[k]] = !same_title	    ? ""
				    : !same_version ? version_of(row)
				    : row->id	    ? row->id
						    : "";
	}
}

static void add_title(const struct layout *l, size_t i, struct strbuf *b)
{
	strbuf_add(b, title_of(&l->rows[i]));
	if (*l->more[i])
		strbuf_addf(b, " (%s)", l->more[i]);
}

static void add_blanks(struct strbuf *b, size_t n)
{
	while (n-- > 0)
		strbuf_add(b, " ");
}

/* @s in a column of this width. */
static void add_cell(struct strbuf *b, const char *s, size_t columns, bool utf8)
{
	const char *const mark = utf8 ? "…" : "...";
	const size_t have = width(s), mark_n = utf8 ? 1 : 3;
	size_t n = 0, bytes = 0;

	if (have <= columns) {
		strbuf_add(b, s);
		add_blanks(b, columns - have);
		return;
	}
	while (n + mark_n < columns) {
		bytes++;
		while (((unsigned char)s[bytes] & 0xc0) == 0x80)
			bytes++;
		n++;
	}
	strbuf_add_n(b, s, bytes);
	strbuf_add(b, columns < mark_n ? "" : mark);
	add_blanks(b, columns < mark_n ? columns : 0);
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* Widths of what there is, then what fits. */
static void layout_make(struct layout *l, size_t columns)
{
	size_t left;

	l->number = NUMBER_DIGITS;
	for (size_t n = 1000; n < l->n; n *= 10)
		l->number++;
	l->title = width("TITLE");
	for (size_t i = 0; i < l->n; i++) {
		_cleanup_strbuf_ struct strbuf title = { 0 };

		add_title(l, i, &title);
		l->title = larger(l->title, width(title.s ? title.s : ""));
		l->version = larger(l->version, width(version_of(&l->rows[i])));
		l->kernel = larger(l->kernel, width(l->rows[i].kernel ? l->rows[i].kernel : ""));
	}
	if (l->version)
		l->version = larger(l->version, width("VERSION"));
	if (!columns)
		return;
	left = l->number + 1 + MARKS + 1;
	left = columns > left ? columns - left : 1;
	if (l->kernel && left < TITLE_LEAST + 2 * GAP + l->version + l->kernel)
		l->kernel = 0;
	if (l->version && left < TITLE_LEAST + GAP + l->version)
		l->version = 0;
	if (l->version)
		left -= GAP + l->version;
	if (l->kernel)
		left -= GAP + l->kernel;
	if (l->title > left)
		l->title = left;
}

/* Ends the line without the blanks that fill its last column. */
static void end_line(struct strbuf *b)
{
	while (b->n && b->s[b->n - 1] == ' ')
		b->s[--b->n] = '\0';
	strbuf_add(b, "\n");
}

static void add_columns(const struct layout *l, const char *title, const char *version,
			const char *kernel, struct strbuf *b)
{
	add_cell(b, title, l->title, l->utf8);
	if (l->version) {
		add_blanks(b, GAP);
		add_cell(b, version, l->version, l->utf8);
	}
	if (l->kernel) {
		add_blanks(b, GAP);
		strbuf_add(b, kernel);
	}
	end_line(b);
}

static void add_row(const struct layout *l, size_t i, struct strbuf *b)
{
	const struct entry_row *row = &l->rows[i];
	_cleanup_strbuf_ struct strbuf title = { 0 };

	add_title(l, i, &title);
	strbuf_addf(b, "%*zu %c%c%c ", (int)l->number, i, row->is_default ? '*' : ' ',
		    row->is_running ? '>' : ' ',
		    !row->can_start   ? '!'
		    : row->is_guessed ? '?'
		    : row->n_notes    ? '+'
				      : ' ');
	add_columns(l, title.s ? title.s : "", version_of(row), row->kernel ? row->kernel : "", b);
}

/* Only the marks that are there. */
static void add_legend(const struct layout *l, struct strbuf *b)
{
	bool has[5] = { false };
	static const char *const text[] = { "* next", "> running", "! not by kexec", "? guessed",
					    "+ notes" };
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct entry_row *row = &l->rows[i];

		has[0] |= row->is_default;
		has[1] |= row->is_running;
		has[2] |= !row->can_start;
		has[3] |= row->can_start && row->is_guessed;
		has[4] |= row->can_start && !row->is_guessed && row->n_notes;
	}
	for (size_t i = 0; i < 5; i++)
		if (has[i])
			strbuf_addf(b, "%s%s", n++ ? ", " : "", text[i]);
	if (n)
		strbuf_add(b,
			   has[2] || has[3] || has[4] ? ": rapidreboot show N tells why\n" : "\n");
}

void entry_table(const struct entry_row *rows, size_t n, size_t columns, bool utf8,
		 struct strbuf *b)
{
	_cleanup_free_ const char **more = calloc(n, sizeof(*more));
	_cleanup_free_ size_t *order = calloc(n, sizeof(*order));
	struct layout l = { .rows = rows, .n = n, .more = more, .utf8 = utf8 };

	if (!n)
		return;
	if (!more || !order) {
		b->failed = true;
		return;
	}
	tell_apart(&l, order);
	layout_make(&l, columns);
	add_blanks(b, l.number + 1 + MARKS + 1);
	add_columns(&l, "TITLE", "VERSION", l.kernel ? "KERNEL" : "", b);
	for (size_t i = 0; i < n; i++)
		add_row(&l, i, b);
	add_legend(&l, b);
}

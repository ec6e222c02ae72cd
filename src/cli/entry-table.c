// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/entry-table.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	GAP = 2,
	TITLE_LEAST = 24,  /* narrower only when nothing else is left out any more */
	MARKS = 3,	   /* of a row */
	NUMBER_DIGITS = 3, /* of most menus */
	HEAD_LEAST = 8,	   /* narrower texts have no end left when they are cut off */
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
static void tell_apart(struct entry_table *l, size_t *order)
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

static void add_title(const struct entry_table *l, size_t i, struct strbuf *b)
{
	strbuf_add(b, title_of(&l->rows[i]));
	if (*l->more[i])
		strbuf_addf(b, " (%s)", l->more[i]);
	if (l->rows[i].is_edited)
		strbuf_add(b, " (edited)");
}

static void add_blanks(struct strbuf *b, size_t n)
{
	while (n-- > 0)
		strbuf_add(b, " ");
}

/* Bytes of the first @n characters of @s, which has as many. */
static size_t bytes_of(const char *s, size_t n)
{
	size_t bytes = 0;

	while (n-- > 0) {
		bytes++;
		while (((unsigned char)s[bytes] & 0xc0) == 0x80)
			bytes++;
	}
	return bytes;
}

/* @s in a column of this width. What is cut out is not the end, which is where titles differ: "(recovery mode)". */
static void add_cell(struct strbuf *b, const char *s, size_t columns, bool utf8)
{
	const char *const mark = utf8 ? "…" : "...";
	const size_t have = width(s), mark_n = utf8 ? 1 : 3;
	size_t left, head;

	if (have <= columns) {
		strbuf_add(b, s);
		add_blanks(b, columns - have);
		return;
	}
	if (columns < mark_n) {
		strbuf_add_n(b, s, bytes_of(s, columns));
		return;
	}
	left = columns - mark_n;
	head = left < HEAD_LEAST ? left : (left + 2) / 3;
	strbuf_add_n(b, s, bytes_of(s, head));
	strbuf_add(b, mark);
	strbuf_add(b, s + bytes_of(s, have - (left - head)));
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static void measure(struct entry_table *l)
{
	l->title = width("TITLE");
	l->version = l->kernel = 0;
	for (size_t i = 0; i < l->n; i++) {
		_cleanup_strbuf_ struct strbuf title = { 0 };

		add_title(l, i, &title);
		l->title = larger(l->title, width(title.s ? title.s : ""));
		l->version = larger(l->version, width(version_of(&l->rows[i])));
		l->kernel = larger(l->kernel, width(l->rows[i].kernel ? l->rows[i].kernel : ""));
	}
	if (l->version)
		l->version = larger(l->version, width("VERSION"));
}

/* The kernel is left out before a title is cut, for its name is mostly that of the version. */
static void fit(struct entry_table *l, size_t columns)
{
	size_t left = (l->number ? l->number + 1 : 0) + MARKS + 1;

	left = columns > left ? columns - left : 1;
	if (l->kernel && left < l->title + (l->version ? GAP + l->version : 0) + GAP + l->kernel)
		l->kernel = 0;
	if (l->version && left < TITLE_LEAST + GAP + l->version &&
	    left < l->title + GAP + l->version)
		l->version = 0;
	if (l->version)
		left -= GAP + l->version;
	if (!l->kernel && l->title > left)
		l->title = left;
}

/* Ends the line without the blanks that fill its last column. */
static void end_line(struct strbuf *b)
{
	while (b->n && b->s[b->n - 1] == ' ')
		b->s[--b->n] = '\0';
	strbuf_add(b, "\n");
}

static void add_columns(const struct entry_table *l, const char *title, const char *version,
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

void entry_table_heading(const struct entry_table *l, struct strbuf *b)
{
	add_blanks(b, (l->number ? l->number + 1 : 0) + MARKS + 1);
	add_columns(l, "TITLE", "VERSION", l->kernel ? "KERNEL" : "", b);
}

void entry_table_row(const struct entry_table *l, size_t i, struct strbuf *b)
{
	const struct entry_row *row = &l->rows[i];
	_cleanup_strbuf_ struct strbuf title = { 0 };

	add_title(l, i, &title);
	if (l->number)
		strbuf_addf(b, "%*zu ", (int)l->number, i);
	strbuf_addf(b, "%c%c%c ", row->is_default ? '*' : ' ', row->is_running ? '=' : ' ',
		    !row->can_start   ? '!'
		    : row->is_guessed ? '?'
		    : row->n_notes    ? '+'
				      : ' ');
	add_columns(l, title.s ? title.s : "", version_of(row), row->kernel ? row->kernel : "", b);
}

/* Only the marks that are there. */
void entry_table_legend(const struct entry_table *l, struct strbuf *b)
{
	bool has[5] = { false };
	static const char *const text[] = { "* next", "= running", "! not by kexec", "? guessed",
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
	if (l->number && (has[2] || has[3] || has[4]))
		strbuf_add(b, ": rapidreboot show N tells why");
	strbuf_add(b, n ? "\n" : "");
}

int entry_table_make(const struct entry_row *rows, size_t n, bool utf8, struct entry_table *ret)
{
	_cleanup_free_ size_t *order = calloc(n + 1, sizeof(*order));
	struct entry_table l = { .rows = rows, .n = n, .utf8 = utf8 };

	l.more = calloc(n + 1, sizeof(*l.more));
	if (!l.more || !order) {
		free(l.more);
		return -ENOMEM;
	}
	tell_apart(&l, order);
	*ret = l;
	return 0;
}

void entry_table_fit(struct entry_table *l, size_t columns, bool numbered)
{
	l->number = numbered ? NUMBER_DIGITS : 0;
	for (size_t n = 1000; numbered && n < l->n; n *= 10)
		l->number++;
	measure(l);
	if (columns)
		fit(l, columns);
}

void entry_table_done(struct entry_table *l)
{
	free(l->more);
	*l = (struct entry_table){ 0 };
}

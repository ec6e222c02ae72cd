// SPDX-License-Identifier: GPL-2.0-or-later

/* The help text of a table of options. */

#include <string.h>

#include "base/strbuf.h"
#include "cli/options.h"
#include "cli/page.h"

/* "  -h, --help"; returns how wide it is. */
static int names_of(const struct opt_row *row, char *ret, size_t size)
{
	char letter[8] = "    ";

	if (row->letter)
		(void)snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	return snprintf(ret, size, "  %s--%s%s%s", letter, row->name, row->arg ? "=" : "",
			row->arg ? row->arg : "");
}

/* Its help, and who takes it, from @column on. */
static void print_row(FILE *f, const struct opt_row *row, int column, const char *takers)
{
	_cleanup_strbuf_ struct strbuf text = { 0 }, lines = { 0 };
	char names[80];
	const int n = names_of(row, names, sizeof(names));

	for (const char *p = row->help; *p; p++)
		strbuf_add_n(&text, *p == '\n' ? " " : p, 1);
	strbuf_add(&text, takers);
	page_wrap(text.s ? text.s : "", (size_t)column, (size_t)column, page_columns_of_text(f),
		  &lines);
	fprintf(f, "%s%*s%s\n", names, column - n, "", lines.s ? lines.s : "");
}

/* Puts " (BEFORE list, show)" behind what @to has already. */
static void name_takers(const struct opt_table *table, unsigned takers, const char *before,
			struct strbuf *to)
{
	bool begun = false;

	for (size_t i = 0; table->takers && table->takers[i]; i++) {
		if (!(takers >> i & 1))
			continue;
		strbuf_add(to, begun ? ", " : before);
		strbuf_add(to, table->takers[i]);
		begun = true;
	}
	if (begun)
		strbuf_add(to, ")");
}

static bool is_in(const struct opt_row *row, unsigned taker, size_t group)
{
	return row->group == group && (!taker || row->takers & taker);
}

/* Every subcommand there is. */
static unsigned everybody(const struct opt_table *table)
{
	unsigned all = 0;

	for (size_t i = 0; table->takers && table->takers[i]; i++)
		all |= 1u << i;
	return all;
}

/* Names the subcommands of a row where they differ from those of its heading. */
static void name_difference(const struct opt_table *table, const struct opt_row *row,
			    struct strbuf *to)
{
	const unsigned named = table->groups[row->group].takers;

	if (row->takers == everybody(table))
		return;
	if (!(row->takers & named)) {
		name_takers(table, row->takers, " (", to);
		return;
	}
	name_takers(table, row->takers & ~named, " (also ", to);
	name_takers(table, named & ~row->takers, " (not ", to);
}

static void print_group(const struct opt_table *table, unsigned taker, size_t group, int column,
			FILE *f)
{
	const struct opt_group *g = &table->groups[group];
	bool begun = false;

	for (size_t i = 0; i < table->n_rows; i++) {
		_cleanup_strbuf_ struct strbuf takers = { 0 }, difference = { 0 };

		if (!is_in(&table->rows[i], taker, group))
			continue;
		if (!taker) {
			name_takers(table, g->takers, " (", &takers);
			name_difference(table, &table->rows[i], &difference);
		}
		if (!begun && *g->heading)
			fprintf(f, "\n%s%s:\n", g->heading, takers.s ? takers.s : "");
		else if (!begun)
			putc('\n', f);
		begun = true;
		print_row(f, &table->rows[i], column, difference.s ? difference.s : "");
	}
}

void options_print_help(const struct opt_table *table, unsigned taker, FILE *f)
{
	char names[80];
	int column = 0;

	for (size_t i = 0; i < table->n_rows; i++) {
		int n = names_of(&table->rows[i], names, sizeof(names));

		if ((!taker || table->rows[i].takers & taker) && n + 2 > column)
			column = n + 2;
	}
	for (size_t group = 0; table->groups[group].heading; group++)
		print_group(table, taker, group, column, f);
}

// SPDX-License-Identifier: GPL-2.0-or-later

/* The help text of a table of options. */

#include <string.h>

#include "cli/options.h"

/* "  -h, --help"; returns how wide it is. */
static int names_of(const struct opt_row *row, char *ret, size_t size)
{
	char letter[8] = "    ";

	if (row->letter)
		(void)snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	return snprintf(ret, size, "  %s--%s%s%s", letter, row->name, row->arg ? "=" : "",
			row->arg ? row->arg : "");
}

static void print_row(FILE *f, const struct opt_row *row, int column, const char *takers)
{
	const char *line = row->help;
	char names[80];
	int n = names_of(row, names, sizeof(names));

	fputs(names, f);
	while (line) {
		const char *end = strchrnul(line, '\n');

		fprintf(f, "%*s%.*s%s\n", column - n, "", (int)(end - line), line,
			*end ? "" : takers);
		line = *end ? end + 1 : NULL;
		n = 0;
	}
}

/* " (list, show)" */
static void name_takers(const struct opt_table *table, uint64_t takers, char *ret, size_t size)
{
	size_t n = 0;

	ret[0] = '\0';
	for (size_t i = 0; table->takers && table->takers[i] && n < size; i++)
		if (takers >> i & 1)
			n += (size_t)snprintf(ret + n, size - n, "%s%s", n ? ", " : " (",
					      table->takers[i]);
	if (n && n < size)
		(void)snprintf(ret + n, size - n, ")");
}

static bool is_in(const struct opt_row *row, uint64_t taker, size_t group)
{
	return row->group == group && (!taker || row->takers & taker);
}

/* The commands that take every option of a group; its heading names them. */
static uint64_t takers_of(const struct opt_table *table, size_t group)
{
	uint64_t all = UINT64_MAX;

	for (size_t i = 0; i < table->n_rows; i++)
		if (is_in(&table->rows[i], 0, group))
			all &= table->rows[i].takers;
	return all;
}

static void print_group(const struct opt_table *table, uint64_t taker, size_t group, int column,
			FILE *f)
{
	const uint64_t common = takers_of(table, group);
	char takers[200] = "";
	bool begun = false;

	for (size_t i = 0; i < table->n_rows; i++) {
		const struct opt_row *row = &table->rows[i];

		if (!is_in(row, taker, group))
			continue;
		if (!begun && table->headings[group][0]) {
			if (!taker)
				name_takers(table, common, takers, sizeof(takers));
			fprintf(f, "\n%s%s:\n", table->headings[group], takers);
		} else if (!begun) {
			putc('\n', f);
		}
		begun = true;
		takers[0] = '\0';
		if (!taker && row->takers != common)
			name_takers(table, row->takers & ~common, takers, sizeof(takers));
		print_row(f, row, column, takers);
	}
}

void options_print_help(const struct opt_table *table, uint64_t taker, FILE *f)
{
	char names[80];
	int column = 0;

	for (size_t i = 0; i < table->n_rows; i++) {
		int n = names_of(&table->rows[i], names, sizeof(names));

		if ((!taker || table->rows[i].takers & taker) && n + 2 > column)
			column = n + 2;
	}
	for (size_t group = 0; table->headings[group]; group++)
		print_group(table, taker, group, column, f);
}

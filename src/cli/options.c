// SPDX-License-Identifier: GPL-2.0-or-later
#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <string.h>

#include "cli/options.h"

/* One reading of one command line. */
struct reading {
	const struct opt_table *table;
	unsigned taker;
	int argc;
	char **argv;
	void *facts;
	struct opt_problem *problem;
	const struct opt_row *rows[OPT_ROWS_MAX]; /* those that are taken */
	struct option longs[OPT_ROWS_MAX + 1];	  /* in the same order */
	char shorts[2 * OPT_ROWS_MAX + 2];
	size_t n;
};

#define VAL_LONG 0x100 /* above every letter: val of a long option without one, plus its place */

static bool takes(const struct opt_row *row, unsigned taker)
{
	return !taker || row->takers & taker;
}

/* ---- what is wrong */

/* Cut off silently where the text is full. */
_printf_(2, 0) static void add(struct opt_problem *p, const char *fmt, va_list ap)
{
	size_t n = strlen(p->text);

	(void)vsnprintf(p->text + n, sizeof(p->text) - n, fmt, ap);
}

_printf_(2, 3) static void addf(struct opt_problem *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(p, fmt, ap);
	va_end(ap);
}

static const char *taker_name(const struct opt_table *table, unsigned taker)
{
	for (size_t i = 0; table->takers && taker && table->takers[i]; i++)
		if (taker >> i & 1)
			return table->takers[i];
	return NULL;
}

void options_complain(const struct opt_table *table, unsigned taker, struct opt_problem *problem,
		      const char *fmt, ...)
{
	const char *command = taker_name(table, taker);
	va_list ap;

	if (problem->text[0])
		return;
	problem->status = table->usage_status;
	addf(problem, "%s: %s%s", table->program, command ? command : "", command ? ": " : "");
	va_start(ap, fmt);
	add(problem, fmt, ap);
	va_end(ap);
	addf(problem, ", try --help");
}

#define complain(r, ...) options_complain((r)->table, (r)->taker, (r)->problem, __VA_ARGS__)

/* " (load and reboot take it)", for who wrote a subcommand and an option of another one. */
static void name_takers(const struct opt_table *table, unsigned takers, struct opt_problem *ret)
{
	unsigned n = 0, left = (unsigned)__builtin_popcount(takers);

	for (size_t i = 0; table->takers && table->takers[i]; i++) {
		if (!(takers >> i & 1))
			continue;
		left--;
		addf(ret, "%s%s", !n++ ? "" : left ? ", " : " and ", table->takers[i]);
	}
	addf(ret, n == 1 ? " takes it" : " take it");
}

/* " (did you mean '--json'?)" or the like; "" when there is nothing to say. */
static void add_hint(const struct reading *r, const char *name, struct opt_problem *ret)
{
	const char *names[OPT_ROWS_MAX], *nearest;

	for (size_t i = 0; i < r->table->n_rows; i++)
		if (strcmp(r->table->rows[i].name, name) == 0) {
			addf(ret, " (");
			name_takers(r->table, r->table->rows[i].takers, ret);
			addf(ret, ")");
			return;
		}
	for (size_t i = 0; i < r->n; i++)
		names[i] = r->rows[i]->name;
	nearest = nearest_word(name, names, r->n);
	if (nearest)
		addf(ret, " (did you mean '--%s'?)", nearest);
}

/* Beginning of several names. */
static void complain_ambiguous(struct reading *r, const char *word, size_t n_name)
{
	struct opt_problem names = { .text = "" };

	for (size_t i = 0; i < r->n; i++)
		if (strncmp(r->rows[i]->name, word + 2, n_name - 2) == 0)
			addf(&names, "%s'--%s'", names.text[0] ? ", " : "", r->rows[i]->name);
	complain(r, "option '%s' is ambiguous (%s)", word, names.text);
}

static void complain_unknown_long(struct reading *r, const char *word)
{
	const size_t n_name = strcspn(word, "=");
	struct opt_problem hint = { .text = "" };
	char name[64];
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += n_name > 2 && strncmp(r->rows[i]->name, word + 2, n_name - 2) == 0;
	if (n > 1) {
		complain_ambiguous(r, word, n_name);
		return;
	}
	if (n_name > 2 && n_name - 2 < sizeof(name)) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)(n_name - 2), word + 2);
		add_hint(r, name, &hint);
	}
	complain(r, "unrecognized option '%s'%s", word, hint.text);
}

static bool has_letter(const struct reading *r, int letter)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->rows[i]->letter == letter)
			return true;
	return false;
}

/* getopt_long() said '?'; @letter is its optopt. The words are those of the C library's messages. */
static void complain_unknown(struct reading *r, int index, int letter)
{
	const char *word = r->argv[index - 1];

	if (letter > 0 && letter < VAL_LONG && (letter == '?' || !has_letter(r, letter)))
		complain(r, "invalid option -- '%c'", letter);
	else if (letter)
		complain(r, "option '%.*s' doesn't allow an argument", (int)strcspn(word, "="),
			 word);
	else
		complain_unknown_long(r, word);
}

static void complain_missing(struct reading *r, int index, int letter)
{
	const char *word = r->argv[index - 1];

	if (letter < VAL_LONG && word[1] != '-')
		complain(r, "option requires an argument -- '%c'", letter);
	else
		complain(r, "option '%s' requires an argument", word);
}

static void complain_value(struct reading *r, const struct opt_row *row, const char *value)
{
	size_t n = 0;

	while (row->words && row->words[n])
		n++;
	complain(r, "option '--%s' takes %s, not '%s'%s", row->name, row->expected, value,
		 hint_nearest(value, row->words, n).text);
}

/* ---- what is right */

static int word_place(const char *const *words, const char *value)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], value) == 0)
			return i + 1;
	return 0;
}

static int list_add(struct opt_list *list, int argc, const char *value)
{
	/* room for every word there is */
	if (!list->v)
		list->v = calloc((size_t)argc, sizeof(*list->v));
	if (!list->v)
		return -ENOMEM;
	list->v[list->n++] = value;
	return 0;
}

static int put(struct reading *r, const struct opt_row *row, const char *value)
{
	void *into = (char *)r->facts + row->into;

	switch (row->kind) {
	case OPT_NOTHING:
		break;
	case OPT_FLAG:
		*(bool *)into = true;
		break;
	case OPT_VALUE:
		*(int *)into = row->value;
		break;
	case OPT_TEXT:
		*(const char **)into = value;
		break;
	case OPT_LIST:
		return list_add(into, r->argc, value);
	case OPT_WORD:
		*(int *)into = word_place(row->words, value);
		break;
	case OPT_TAKE:
		if (!row->take(r->facts, row, value, r->problem))
			complain_value(r, row, value);
		break;
	}
	return 0;
}

/* 1: it acts at once. */
static int take(struct reading *r, const struct opt_row *row, const char *value)
{
	int code;

	if ((row->words && !word_place(row->words, value)) ||
	    (row->is_valid && !row->is_valid(value))) {
		complain_value(r, row, value);
		return 0;
	}
	code = put(r, row, value);
	if (code < 0)
		return code;
	return r->table->met && r->table->met(r->facts, row, value);
}

/* ---- getopt_long(3) */

static int row_val(const struct opt_row *row, size_t place)
{
	if (row->yields_to)
		return row->yields_to;
	return row->letter ? row->letter : VAL_LONG + (int)place;
}

/* ":" first: tell a missing value from an unknown option. */
static void prepare(struct reading *r)
{
	char *shorts = r->shorts;

	assert(r->table->n_rows <= OPT_ROWS_MAX);
	*shorts++ = ':';
	for (size_t i = 0; i < r->table->n_rows; i++) {
		const struct opt_row *row = &r->table->rows[i];

		if (!takes(row, r->taker))
			continue;
		r->longs[r->n] =
			(struct option){ row->name, row->arg ? required_argument : no_argument,
					 NULL, row_val(row, r->n) };
		r->rows[r->n++] = row;
		if (row->letter)
			*shorts++ = row->letter;
		if (row->letter && row->arg)
			*shorts++ = ':';
	}
}

/* getopt_long() returns letters of the table only. */
static const struct opt_row *row_of_letter(const struct reading *r, int letter)
{
	size_t i = 0;

	while (r->rows[i]->letter != letter)
		i++;
	return r->rows[i];
}

static int read_all(struct reading *r)
{
	int index = -1, c, code;

	opterr = 0;
	optind = 0; /* the GNU way to start over: one process may read several */
	while ((c = getopt_long(r->argc, r->argv, r->shorts, r->longs, &index)) != -1) {
		code = 0;
		if (c == '?')
			complain_unknown(r, optind, optopt);
		else if (c == ':')
			complain_missing(r, optind, optopt);
		else
			code = take(r, index >= 0 ? r->rows[index] : row_of_letter(r, c), optarg);
		if (code < 0)
			return code;
		if (code && !r->problem->text[0])
			break;
		index = -1;
	}
	return r->problem->text[0] ? -EINVAL : 0;
}

int options_read(const struct opt_table *table, unsigned taker, int argc, char **argv, void *facts,
		 int *ret_operand, struct opt_problem *problem)
{
	struct reading r = { .table = table,
			     .taker = taker,
			     .argc = argc,
			     .argv = argv,
			     .facts = facts,
			     .problem = problem };
	int code;

	*problem = (struct opt_problem){ 0 };
	prepare(&r);
	code = read_all(&r);
	*ret_operand = optind;
	return code;
}

int options_operands(const struct opt_table *table, unsigned taker, int argc, char **argv,
		     int operand, int max, struct opt_problem *problem)
{
	if (argc - operand <= max)
		return 0;
	options_complain(table, taker, problem, "'%s' is one word too many", argv[operand + max]);
	return -EINVAL;
}

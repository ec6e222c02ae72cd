/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The command line of a program as a table. A row is one option: its names, what follows it, where that
 * goes, which subcommands take it, and its line of the help text. getopt_long(3) reads with it, so that
 * unique beginnings of long names are understood and operands may stand anywhere. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/cleanup.h"

enum opt_kind {
	OPT_NOTHING, /* nothing is stored: opt_table.met() sees it */
	OPT_FLAG,    /* nothing follows; the bool at ->into becomes true */
	OPT_VALUE,   /* nothing follows; the int at ->into becomes ->value */
	OPT_TEXT,    /* the const char * at ->into points to it */
	OPT_LIST,    /* one more of the struct opt_list at ->into */
	OPT_WORD, /* one of ->words; the int at ->into becomes its place among them, counted from 1 */
	OPT_TAKE, /* ->take() does it */
};

/* What an option that may be repeated was given. Released with free(->v). */
struct opt_list {
	const char **v;
	size_t n;
};

/**
 * struct opt_problem - the first thing wrong with a command line
 * @status: exit status
 * @text: one line without its newline; "" for nothing
 */
struct opt_problem {
	int status;
	char text[512];
};

/**
 * struct opt_row - one spelling of an option
 * @name: long name, without dashes
 * @letter: short name, or 0
 * @id: a number of the command's own
 * @group: heading of the help text that it is under
 * @kind: what follows it, and where that goes
 * @takers: who takes it, a bit each: subcommands, or what the command makes of it
 * @arg: what its value is called in the help text, NULL when it takes none
 * @into: offset in the facts of the command
 * @value: with OPT_VALUE
 * @yields_to: letter of the older option that an abbreviation of both still means, or 0
 * @flag: for the command's own use
 * @words: the values there are, up to a NULL; NULL: any
 * @is_valid: says which values there are; NULL: any
 * @take: false when @value is none; it may have filled in @problem itself
 * @expected: what its value has to be, to end "option '--NAME' takes …"
 * @help: one or more lines
 */
struct opt_row {
	const char *name;
	char letter;
	unsigned char id, group;
	enum opt_kind kind : 8;
	unsigned takers;
	const char *arg;
	unsigned into;
	short value;
	char yields_to;
	uint64_t flag;
	const char *const *words;
	bool (*is_valid)(const char *value);
	bool (*take)(void *facts, const struct opt_row *row, const char *value,
		     struct opt_problem *problem);
	const char *expected;
	const char *help;
};

/* Parts of rows, for facts that are a struct options. */
#define ROW_INTO(field) .into = offsetof(struct options, field)
#define ROW_FLAG(field) .kind = OPT_FLAG, ROW_INTO(field)
#define ROW_VALUE(field, what) .kind = OPT_VALUE, .value = (what), ROW_INTO(field)
#define ROW_TEXT(field, name) .kind = OPT_TEXT, .arg = (name), ROW_INTO(field)
#define ROW_LIST(field, name) .kind = OPT_LIST, .arg = (name), ROW_INTO(field)
#define ROW_WORD(field, name, list) \
	.kind = OPT_WORD, .arg = (name), .words = (list), ROW_INTO(field)
#define ROW_TAKE(function, name) .kind = OPT_TAKE, .arg = (name), .take = (function)

/**
 * struct opt_group - options under one heading
 * @heading: "" for none
 * @takers: subcommands that the heading names; a row whose takers differ says so
 */
struct opt_group {
	const char *heading;
	unsigned takers;
};

/* Rows of one table, at most: getopt_long(3) is given arrays of this size. */
enum { OPT_ROWS_MAX = 96 };

/**
 * struct opt_table - the options of a program
 * @program: its name in messages
 * @usage_status: exit status for a command line that is wrong
 * @takers: name of each bit of opt_row.takers, up to a NULL; NULL: there are no subcommands
 * @groups: headings of the help text, up to one without heading
 * @met: called for each option that is right; true: it acts at once, and the rest is not read. NULL: none
 */
struct opt_table {
	const char *program;
	int usage_status;
	const struct opt_row *rows;
	size_t n_rows;
	const char *const *takers;
	const struct opt_group *groups;
	bool (*met)(void *facts, const struct opt_row *row, const char *value);
};

/**
 * options_read() - argv -> facts
 * @taker: bit of the subcommand, 0: all rows
 * @ret_operand: index of the first operand: argv is put in order, operands last
 * @problem: filled when something is wrong; what follows is read all the same
 *
 * Return: 0, -EINVAL with @problem, -ENOMEM.
 */
_must_check_ int options_read(const struct opt_table *table, unsigned taker, int argc, char **argv,
			      void *facts, int *ret_operand, struct opt_problem *problem);

/* Says that @problem's line is "PROGRAM: COMMAND: SENTENCE, try --help", unless it says something
 * already. Every usage error has this form. @taker: as above. */
_printf_(4, 5) void options_complain(const struct opt_table *table, unsigned taker,
				     struct opt_problem *problem, const char *fmt, ...);

/* -EINVAL with @problem when more than @max operands follow, the first of which is argv[@operand]. */
_must_check_ int options_operands(const struct opt_table *table, unsigned taker, int argc,
				  char **argv, int operand, int max, struct opt_problem *problem);

/* The rows that @taker takes, below their headings; @taker 0: all, with the names of those that take
 * what not everybody takes. */
void options_print_help(const struct opt_table *table, unsigned taker, FILE *f);

/* Which of @n words somebody who wrote @word may have meant, or NULL when none is near. */
const char *nearest_word(const char *word, const char *const *words, size_t n);

/* " (did you mean '…'?)", or nothing. */
struct hint {
	char text[80];
};
struct hint hint_nearest(const char *word, const char *const *words, size_t n);

// SPDX-License-Identifier: LGPL-2.1-or-later
/* test and [ (commands/test.c): left to right, no short circuit, adjacent terms are "and". */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "entry/grub/commands.h"

enum { MAX_PARENTHESES = 100 };

struct expression {
	struct interp *in;
	char **args;
	size_t n, next;
	unsigned depth;
};

/* Terms so far at one level of parentheses. */
struct terms {
	bool either, all, invert;
};

static void add_term(struct terms *t, bool value)
{
	t->all = t->all && (t->invert ? !value : value);
	t->invert = false;
}

/* grub_strtosl(): a sign is a minus and nothing else. */
static long long number(struct interp *in, const char *s)
{
	unsigned long long v;
	bool minus;

	while (isspace((unsigned char)*s))
		s++;
	minus = *s == '-';
	if (number_parse(s + minus, 0, &v, NULL) != NUMBER_OK)
		(void)complain(in, 0, "test: \"%s\" is not a number", s);
	return (long long)(minus ? -v : v);
}

/* -pgt and -plt: numbers after the common beginning, for versions. */
static int compare_tails(const char *a, const char *b)
{
	unsigned long long x, y;
	size_t i = 0;

	while (a[i] && a[i] == b[i])
		i++;
	while (i > 1 && isdigit((unsigned char)a[i - 1]))
		i--;
	(void)number_parse(a + i, 0, &x, NULL);
	(void)number_parse(b + i, 0, &y, NULL);
	return x < y ? -1 : x > y;
}

static bool compare_numbers(struct interp *in, const char *a, const char *b, int *ret)
{
	long long x = number(in, a), y = number(in, b);

	*ret = x < y ? -1 : x > y;
	return true;
}

/* Whether @r, the sign of a comparison, satisfies the operator called @op in @ops. */
static bool satisfies(const char *op, const char *const ops[6], int r, bool *ret)
{
	static const struct {
		bool less, equal, greater;
	} wanted[6] = {
		{ 0, 1, 0 }, { 1, 0, 1 }, { 1, 0, 0 }, { 1, 1, 0 }, { 0, 0, 1 }, { 0, 1, 1 }
	};

	for (size_t i = 0; i < 6; i++) {
		if (strcmp(op, ops[i]))
			continue;
		*ret = r < 0 ? wanted[i].less : r ? wanted[i].greater : wanted[i].equal;
		return true;
	}
	return false;
}

/* a OP b; false when OP is no operator. */
static bool binary(struct interp *in, const char *a, const char *op, const char *b, bool *ret)
{
	static const char *const strings[6] = { "=", "!=", "<", "<=", ">", ">=" };
	static const char *const numbers[6] = { "-eq", "-ne", "-lt", "-le", "-gt", "-ge" };
	bool unused;
	int r;

	if (satisfies(!strcmp(op, "==") ? "=" : op, strings, strcmp(a, b), ret))
		return true;
	if (satisfies(op, numbers, 0, &unused))
		return compare_numbers(in, a, b, &r) && satisfies(op, numbers, r, ret);
	if (!strcmp(op, "-pgt") || !strcmp(op, "-plt")) {
		r = compare_tails(a, b);
		*ret = op[2] == 'g' ? r > 0 : r < 0;
		return true;
	}
	if (!strncmp(op, "-nt", 3) || !strncmp(op, "-ot", 3)) {
		*ret = cannot_tell(in, op) == GRUB_OK;
		return true;
	}
	return false;
}

static bool file_has_size(struct interp *in, const char *name)
{
	_cleanup_free_ uint8_t *text = NULL;
	enum entry_file_type type;
	size_t n;

	if (file_type(in, name, &type) || type != ENTRY_FILE_REGULAR)
		return false;
	/* A file too large to read has a size. */
	return file_read(in, name, &text, &n) ? true : n > 0;
}

static bool unary(struct interp *in, const char *op, const char *arg, bool *ret)
{
	enum entry_file_type type = ENTRY_FILE_NONE;

	if (op[0] != '-' || !op[1] || op[2] || !strchr("defsnz", op[1]))
		return false;
	if (op[1] == 'n' || op[1] == 'z') {
		*ret = (op[1] == 'z') == (*arg == 0);
		return true;
	}
	if (op[1] == 's') {
		*ret = file_has_size(in, arg);
		return true;
	}
	if (file_type(in, arg, &type) != GRUB_OK)
		type = ENTRY_FILE_NONE;
	*ret = op[1] == 'd'   ? type == ENTRY_FILE_DIRECTORY
	       : op[1] == 'f' ? type == ENTRY_FILE_REGULAR
			      : type != ENTRY_FILE_NONE;
	return true;
}

static bool evaluate(struct expression *e)
{
	struct terms t = { .all = true };
	bool value;

	while (e->next < e->n && running(e->in)) {
		char **arg = e->args + e->next;
		size_t left = e->n - e->next;

		if (left >= 3 && binary(e->in, arg[0], arg[1], arg[2], &value)) {
			add_term(&t, value);
			e->next += 3;
			continue;
		}
		if (left >= 2 && unary(e->in, arg[0], arg[1], &value)) {
			add_term(&t, value);
			e->next += 2;
			continue;
		}
		e->next++;
		if (!strcmp(arg[0], ")"))
			break;
		if (!strcmp(arg[0], "(")) {
			if (++e->depth > MAX_PARENTHESES)
				return false;
			add_term(&t, evaluate(e));
			e->depth--;
		} else if (!strcmp(arg[0], "!")) {
			t.invert = !t.invert;
		} else if (!strcmp(arg[0], "-o")) {
			t.either = t.either || t.all;
			t.all = true;
		} else if (strcmp(arg[0], "-a")) {
			add_term(&t, arg[0][0] != 0);
		}
	}
	return t.either || t.all;
}

int cmd_test(struct interp *in, struct call *call)
{
	struct expression e = { .in = in, .args = call->args, .n = call->n };

	if (e.n && !strcmp(e.args[e.n - 1], "]"))
		e.n--;
	return evaluate(&e) ? GRUB_OK : GRUB_TEST_FAILURE;
}

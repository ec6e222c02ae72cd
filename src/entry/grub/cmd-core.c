// SPDX-License-Identifier: LGPL-2.1-or-later
/* Commands that work on variables, control flow and output only. */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry/grub/commands.h"

static void list_variables(struct interp *in)
{
	for (size_t i = 0; i < in->ctx->n && running(in); i++) {
		const struct var *var = &in->ctx->vars[i];

		print(in, var->name, strlen(var->name));
		print(in, "=", 1);
		print(in, var->value, strlen(var->value));
		print(in, "\n", 1);
	}
}

int cmd_set(struct interp *in, struct call *call)
{
	char *equals;

	if (!call->n) {
		list_variables(in);
		return GRUB_OK;
	}
	equals = strchr(call->args[0], '=');
	if (!equals)
		return complain(in, GRUB_BAD_ARGUMENT, "set: \"%s\" is not an assignment",
				call->args[0]);
	*equals = 0;
	/* Unlike an assignment, set takes any name, also one that cannot be written as $NAME. */
	env_set(in, call->args[0], equals + 1);
	*equals = '=';
	return GRUB_OK;
}

int cmd_unset(struct interp *in, struct call *call)
{
	if (!call->n)
		return complain(in, GRUB_BAD_ARGUMENT, "unset: one argument expected");
	env_unset(in, call->args[0]);
	return GRUB_OK;
}

int cmd_export(struct interp *in, struct call *call)
{
	if (!call->n)
		return complain(in, GRUB_BAD_ARGUMENT, "export: one argument expected");
	for (size_t i = 0; i < call->n; i++)
		env_export(in, call->args[i]);
	return GRUB_OK;
}

/* One argument with the escapes of echo -e; true when \c takes the newline at the end away. */
static bool echo_escaped(struct interp *in, const char *s)
{
	static const char from[] = "afnrtv\\", to[] = "\a\f\n\r\t\v\\";
	bool no_newline = false;

	for (; *s && running(in); s++) {
		const char *escape;

		if (*s != '\\') {
			print(in, s, 1);
			continue;
		}
		if (!*++s)
			break;
		no_newline |= *s == 'c';
		escape = strchr(from, *s);
		if (escape)
			print(in, &to[escape - from], 1);
	}
	return no_newline;
}

int cmd_echo(struct interp *in, struct call *call)
{
	static const struct option table[] = { { "n", 'n', OPTION_FLAG },
					       { "e", 'e', OPTION_FLAG },
					       { NULL } };
	struct options o;
	int r = options_parse(in, call, table, OPTIONS_ACCEPT_DASH | OPTIONS_AT_START, &o);
	bool newline = !o.set[0];

	for (size_t i = 0; r == OPTIONS_OK && i < o.rest.n && running(in); i++) {
		const char *arg = o.rest.v[i];

		if (i)
			print(in, " ", 1);
		if (!o.set[1])
			print(in, arg, strlen(arg));
		else if (echo_escaped(in, arg))
			newline = false;
	}
	if (r == OPTIONS_OK && newline)
		print(in, "\n", 1);
	options_done(&o);
	return r == OPTIONS_BAD ? GRUB_BAD_ARGUMENT : GRUB_OK;
}

/* No translations here: the text is its own. */
int cmd_gettext(struct interp *in, struct call *call)
{
	if (call->n != 1)
		return complain(in, GRUB_BAD_ARGUMENT, "gettext: one argument expected");
	print(in, call->args[0], strlen(call->args[0]));
	return GRUB_OK;
}

int cmd_true(struct interp *in, struct call *call)
{
	return GRUB_OK;
}

int cmd_false(struct interp *in, struct call *call)
{
	return GRUB_TEST_FAILURE;
}

int cmd_eval(struct interp *in, struct call *call)
{
	struct strbuf text = { 0 };
	_cleanup_free_ char *s = NULL;

	if (!call->n)
		return GRUB_OK;
	for (size_t i = 0; i < call->n; i++) {
		if (i)
			strbuf_add(&text, " ");
		strbuf_add(&text, call->args[i]);
	}
	s = take_text(in, &text);
	return s ? exec_text(in, s, in->file, in->line) : GRUB_OK;
}

int cmd_time(struct interp *in, struct call *call)
{
	struct strlist words = { call->args, call->n };

	if (!call->n)
		return complain(in, GRUB_BAD_ARGUMENT, "time: command expected");
	/* The command looks up commands itself; functions are not found. */
	if (!command_find(in, call->args[0]))
		return complain(in, GRUB_UNKNOWN_COMMAND, "time: can't find command \"%s\"",
				call->args[0]);
	return exec_words(in, &words, call->block, call->line);
}

/* The one optional number of break, return and shift. */
static int read_count(struct interp *in, const struct call *call, unsigned long long *ret)
{
	const char *end;

	if (call->n > 1)
		return complain(in, GRUB_BAD_ARGUMENT, "%s: one argument expected", call->name);
	if (!call->n)
		return GRUB_OK;
	switch (number_parse(call->args[0], 10, ret, &end)) {
	case NUMBER_NONE:
		return complain(in, GRUB_BAD_NUMBER, "%s: \"%s\" is not a number", call->name,
				call->args[0]);
	case NUMBER_RANGE:
		return complain(in, GRUB_OUT_OF_RANGE, "%s: \"%s\" is too large", call->name,
				call->args[0]);
	case NUMBER_OK:
		break;
	}
	if (*end)
		return complain(in, GRUB_BAD_ARGUMENT, "%s: \"%s\" is not a number", call->name,
				call->args[0]);
	return GRUB_OK;
}

int cmd_break(struct interp *in, struct call *call)
{
	unsigned long long n = 1;
	int status = read_count(in, call, &n);

	if (status)
		return status;
	if (!n)
		return complain(in, GRUB_BAD_ARGUMENT, "%s: cannot leave 0 loops", call->name);
	in->is_continue = !strcmp(call->name, "continue");
	in->active_breaks = n < in->active_loops ? (unsigned)n : in->active_loops;
	return GRUB_OK;
}

int cmd_return(struct interp *in, struct call *call)
{
	unsigned long long n = 0;
	int status;

	if (!in->scope)
		return complain(in, GRUB_BAD_ARGUMENT, "return: not in a function");
	status = read_count(in, call, &n);
	if (status)
		return status;
	if (!call->n)
		(void)number_parse(env_get_or(in, "?", "0"), 10, &n, NULL);
	in->function_return = true;
	return (int)(n & 0xffff);
}

int cmd_shift(struct interp *in, struct call *call)
{
	unsigned long long n = 1;

	if (!in->scope)
		return GRUB_OK;
	/* GRUB has one message for all errors here. */
	if (read_count(in, call, &n) != GRUB_OK)
		return GRUB_BAD_ARGUMENT;
	if (n > in->scope->args.n - in->scope->shifted)
		return complain(in, GRUB_BAD_ARGUMENT, "shift: there are only %zu arguments",
				in->scope->args.n - in->scope->shifted);
	in->scope->shifted += (size_t)n;
	return GRUB_OK;
}

int cmd_setparams(struct interp *in, struct call *call)
{
	struct strlist args = { 0 };

	if (!in->scope)
		return GRUB_INVALID_COMMAND;
	for (size_t i = 0; i < call->n; i++)
		interp_add(in, &args, call->args[i]);
	strlist_done(&in->scope->args);
	in->scope->args = args;
	in->scope->shifted = 0;
	return GRUB_OK;
}

/* "[N:]VAR" of regexp --set. */
static int set_match(struct interp *in, const char *spec, const char *subject,
		     const regmatch_t *matches, size_t n_matches)
{
	unsigned long long group = 1;
	const char *end = spec, *colon = strchr(spec, ':');
	const char *name = colon ? colon + 1 : spec;
	_cleanup_free_ char *value = NULL;

	if (colon && (number_parse(spec, 10, &group, &end) != NUMBER_OK || end != colon)) {
		return complain(in, GRUB_BAD_ARGUMENT, "regexp: \"%s\" is not NUMBER:VARIABLE",
				spec);
	}
	if (group >= n_matches || matches[group].rm_so < 0) {
		env_unset(in, name);
		return GRUB_OK;
	}
	value = strndup(subject + matches[group].rm_so,
			(size_t)(matches[group].rm_eo - matches[group].rm_so));
	if (value)
		env_set(in, name, value);
	else
		(void)out_of_memory(in);
	return GRUB_OK;
}

/* Compiled patterns cost memory in proportion to their repeat counts: keep those small. */
static bool is_modest(const char *pattern)
{
	return strlen(pattern) <= 1024 && !strchr(pattern, '{');
}

/*
 * Steps that matching may take: with back-references every way to divide the text among the repeated
 * parts is tried, else the text is gone through once for each place in the pattern.
 */
static size_t match_steps(const char *pattern, const char *text)
{
	size_t n = strlen(text) + 1, steps = n * (strlen(pattern) + 1);
	bool refers_back = false;

	for (const char *p = pattern; p[0] && p[1]; p += p[0] == '\\' ? 2 : 1)
		refers_back |= p[0] == '\\' && p[1] >= '1' && p[1] <= '9';
	for (const char *p = pattern; refers_back && *p; p++)
		if (strchr("*+?|", *p) && steps <= GRUB_MAX_MATCH)
			steps *= n;
	return steps;
}

int cmd_regexp(struct interp *in, struct call *call)
{
	static const struct option table[] = { { "set", 's', OPTION_VALUE }, { NULL } };
	regmatch_t matches[32];
	struct options o;
	regex_t re;
	int r = options_parse(in, call, table, 0, &o), status = GRUB_TEST_FAILURE;

	if (r != OPTIONS_OK) {
		status = r == OPTIONS_HELP ? GRUB_OK : GRUB_BAD_ARGUMENT;
	} else if (o.rest.n != 2) {
		status = complain(in, GRUB_BAD_ARGUMENT, "regexp: two arguments expected");
	} else if (!is_modest(o.rest.v[0]) || strlen(o.rest.v[1]) > 4096) {
		(void)complain(in, 0,
			       "regexp: expressions with {} or of this length are not tried");
	} else if (match_steps(o.rest.v[0], o.rest.v[1]) > GRUB_MAX_MATCH) {
		(void)complain(in, 0,
			       "regexp: a back-reference and this many repetitions in this long a "
			       "text are not tried");
	} else if (spend(in, match_steps(o.rest.v[0], o.rest.v[1]) + 4096) &&
		   !regcomp(&re, o.rest.v[0], REG_EXTENDED)) {
		if (!regexec(&re, o.rest.v[1], sizeof(matches) / sizeof(*matches), matches, 0)) {
			status = GRUB_OK;
			for (size_t i = 0; i < o.values[0].n && !status; i++)
				status = set_match(in, o.values[0].v[i], o.rest.v[1], matches,
						   re.re_nsub + 1 < 32 ? re.re_nsub + 1 : 32);
		}
		regfree(&re);
	}
	options_done(&o);
	return status;
}

/* RH: increment and decrement of a decimal variable. */
int cmd_increment(struct interp *in, struct call *call)
{
	const char *value = call->n == 1 ? env_get(in, call->args[0]) : NULL;
	unsigned long long n;
	bool minus;
	char text[24];

	if (call->n != 1)
		return complain(in, GRUB_BAD_ARGUMENT, "%s: one argument expected", call->name);
	if (!value)
		return complain(in, GRUB_BAD_ARGUMENT, "%s: no variable \"%s\"", call->name,
				call->args[0]);
	minus = *value == '-';
	(void)number_parse(value + minus, 10, &n, NULL);
	n = (minus ? -n : n) + (*call->name == 'i' ? 1ULL : -1ULL);
	snprintf(text, sizeof(text), "%lld", (long long)n);
	env_set(in, call->args[0], text);
	return GRUB_OK;
}

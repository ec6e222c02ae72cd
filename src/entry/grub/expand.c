// SPDX-License-Identifier: LGPL-2.1-or-later
/* Words of the source to arguments (script/argv.c, grub_script_arglist_to_argv()). */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry/grub/interp.h"

/* Arguments so far, as patterns. The last one may not exist yet: then there is no text in it, and
 * unless a piece creates it there will be no argument. */
struct argv {
	struct interp *in;
	struct strlist *list;
	struct strbuf text;
	bool exists;
};

static void argv_next(struct argv *a)
{
	if (!a->exists)
		return;
	if (a->list->n >= GRUB_MAX_WORDS)
		a->in->fatal = -ELOOP;
	else
		interp_add(a->in, a->list, a->text.n ? a->text.s : "");
	a->text.n = 0;
	a->exists = false;
}

static void argv_append(struct argv *a, const char *s, size_t n)
{
	a->exists = true;
	if (n >= GRUB_MAX_WORD - a->text.n)
		a->in->fatal = -ELOOP;
	else if (spend(a->in, n + 1))
		strbuf_add_n(&a->text, s, n);
}

/* Every character stands for itself. */
static void argv_append_literal(struct argv *a, const char *s)
{
	a->exists = true;
	while (*s && running(a->in)) {
		size_t n = strcspn(s, "*?\\");

		argv_append(a, s, n);
		s += n;
		if (*s) {
			argv_append(a, "\\", 1);
			argv_append(a, s++, 1);
		}
	}
}

/* The value of an unquoted variable: * and ? are wildcards, a backslash is a backslash. */
static void argv_append_value(struct argv *a, const char *s, size_t n)
{
	a->exists = true;
	for (size_t i = 0; i < n && running(a->in); i++) {
		if (s[i] == '\\' && i + 1 < n && (s[i + 1] == '*' || s[i + 1] == '?')) {
			argv_append(a, "\\\\\\", 3);
			argv_append(a, &s[++i], 1);
		} else if (s[i] == '\\') {
			argv_append(a, "\\\\", 2);
		} else {
			argv_append(a, &s[i], 1);
		}
	}
}

static void argv_append_split(struct argv *a, const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	while (*s && running(a->in)) {
		const char *start = s;

		while (*s && !isspace((unsigned char)*s))
			s++;
		argv_append_value(a, start, (size_t)(s - start));
		while (isspace((unsigned char)*s))
			s++;
		if (*s)
			argv_next(a);
	}
}

static void expand_parameters(struct argv *a, const struct scope *scope, bool quoted, bool joined)
{
	bool first = true;

	if (quoted)
		a->exists = true;
	for (size_t i = scope->shifted; i < scope->args.n && running(a->in); i++) {
		const char *arg = scope->args.v[i];

		/* Without quotes a blank parameter does not even separate its neighbours. */
		if (!quoted && !arg[strspn(arg, " \t\n\v\f\r")])
			continue;
		if (!first && quoted && joined)
			argv_append(a, " ", 1);
		else if (!first)
			argv_next(a);
		first = false;
		if (quoted)
			argv_append_literal(a, arg);
		else
			argv_append_split(a, arg);
	}
}

static const char *parameter(const struct scope *scope, const char *name)
{
	unsigned long long n;

	if (number_parse(name, 10, &n, NULL) != NUMBER_OK || !n)
		return NULL;
	return n <= scope->args.n - scope->shifted ? scope->args.v[scope->shifted + n - 1] : NULL;
}

static void expand_variable(struct argv *a, const char *name, bool quoted)
{
	const struct scope *scope = a->in->scope;
	const char *value = NULL;
	char count[24];

	if (*name == '@' || *name == '*') {
		if (scope)
			expand_parameters(a, scope, quoted, *name == '*');
		return;
	}
	if (*name == '#') {
		if (scope) {
			snprintf(count, sizeof(count), "%zu", scope->args.n - scope->shifted);
			value = count;
		}
	} else if (isdigit((unsigned char)*name)) {
		value = scope ? parameter(scope, name) : NULL;
	} else {
		value = env_get(a->in, name);
		if (!value)
			doubt_clock(a->in, name);
	}
	if (value && quoted)
		argv_append_literal(a, value);
	else if (value)
		argv_append_split(a, value);
}

static void unescape(char *pattern)
{
	char *out = pattern;

	for (; *pattern; pattern++) {
		if (*pattern == '\\' && pattern[1])
			pattern++;
		*out++ = *pattern;
	}
	*out = 0;
}

/* Patterns to names; what matches nothing stays as it was written. */
static void expand_wildcards(struct interp *in, struct strlist *list)
{
	struct strlist out = { 0 };
	bool any = false;

	for (size_t i = 0; i < list->n; i++)
		any |= has_wildcard(list->v[i]);
	for (size_t i = 0; i < list->n && any && running(in); i++) {
		if (has_wildcard(list->v[i]) && wildcard_expand(in, list->v[i], &out))
			continue;
		unescape(list->v[i]);
		interp_add(in, &out, list->v[i]);
	}
	if (any) {
		strlist_done(list);
		*list = out;
		return;
	}
	for (size_t i = 0; i < list->n; i++)
		unescape(list->v[i]);
}

static void expand_piece(struct argv *a, const struct piece *piece)
{
	switch (piece->type) {
	case PIECE_TEXT:
		argv_append(a, piece->s, strlen(piece->s));
		break;
	case PIECE_VAR:
		expand_variable(a, piece->s, false);
		break;
	case PIECE_DQVAR:
		expand_variable(a, piece->s, true);
		break;
	case PIECE_BLOCK:
		argv_append(a, "{", 1);
		argv_append_literal(a, piece->s);
		argv_append(a, "}", 1);
		break;
	}
}

bool expand_words(struct interp *in, const struct word *words, struct strlist *ret,
		  const struct word **ret_block)
{
	struct strlist list = { 0 };
	struct argv a = { .in = in, .list = &list };

	*ret_block = NULL;
	for (const struct word *word = words; word && running(in); word = word->next) {
		argv_next(&a);
		for (const struct piece *p = word->pieces; p && running(in); p = p->next) {
			if (p->type == PIECE_BLOCK)
				*ret_block = word;
			expand_piece(&a, p);
		}
	}
	argv_next(&a);
	if (a.text.failed)
		(void)out_of_memory(in);
	strbuf_done(&a.text);
	if (running(in))
		expand_wildcards(in, &list);
	if (!running(in)) {
		strlist_done(&list);
		return false;
	}
	*ret = list;
	return true;
}

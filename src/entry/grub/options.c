// SPDX-License-Identifier: LGPL-2.1-or-later
/* Options as lib/arg.c takes them: long, short, bundled, before, between and after arguments. */
#include <string.h>

#include "entry/grub/commands.h"

static const struct option help = { "help", 'h', OPTION_FLAG };
static const struct option usage = { "usage", 'u', OPTION_FLAG };

struct parser {
	struct interp *in;
	const struct call *call;
	const struct option *table;
	struct options *ret;
	size_t next; /* argument to look at */
	bool help;
};

static const struct option *find_letter(const struct option *table, char letter)
{
	for (const struct option *o = table; o->name; o++)
		if (o->letter == letter)
			return o;
	return letter == 'h' ? &help : letter == 'u' ? &usage : NULL;
}

static const struct option *find_name(const struct option *table, const char *name, size_t n)
{
	for (const struct option *o = table; o->name; o++)
		if (strlen(o->name) == n && !memcmp(o->name, name, n))
			return o;
	if (n == 4 && !memcmp(name, "help", n))
		return &help;
	return n == 5 && !memcmp(name, "usage", n) ? &usage : NULL;
}

static void note(struct parser *p, const struct option *o, const char *value)
{
	size_t i = (size_t)(o - p->table);

	if (o == &help || o == &usage) {
		p->help = true;
		return;
	}
	p->ret->set[i] = true;
	if (value)
		interp_add(p->in, &p->ret->values[i], value);
}

static void add_rest(struct parser *p, size_t i)
{
	interp_add(p->in, &p->ret->rest, p->call->args[i]);
}

/* The value of @o: after "=", or the next argument. */
static bool take_value(struct parser *p, const struct option *o, const char *value)
{
	bool next = p->next < p->call->n && p->call->args[p->next][0] != '-';

	if (o->kind != OPTION_FLAG && !value && next)
		value = p->call->args[p->next++];
	if (o->kind == OPTION_VALUE && !value)
		return false;
	note(p, o, value);
	return true;
}

static bool parse_short(struct parser *p, const char *letters)
{
	for (; letters[0]; letters++) {
		const struct option *o = find_letter(p->table, letters[0]);

		if (!o)
			return false;
		if (letters[1] && o->kind == OPTION_VALUE)
			return false;
		if (letters[1])
			note(p, o, NULL);
		else if (!take_value(p, o, NULL))
			return false;
	}
	return true;
}

static bool parse_long(struct parser *p, const char *name)
{
	const char *equals = strchr(name, '=');
	const struct option *o =
		find_name(p->table, name, equals ? (size_t)(equals - name) : strlen(name));

	return o && take_value(p, o, equals ? equals + 1 : NULL);
}

static bool is_known(const struct parser *p, const char *arg)
{
	if (arg[1] == '-')
		return arg[2] == 0 || find_name(p->table, arg + 2, strcspn(arg + 2, "="));
	for (arg++; *arg; arg++)
		if (!find_letter(p->table, *arg))
			return false;
	return true;
}

int options_parse(struct interp *in, const struct call *call, const struct option *table,
		  unsigned flags, struct options *ret)
{
	struct parser p = { .in = in, .call = call, .table = table, .ret = ret };
	bool only_rest = false;

	*ret = (struct options){ 0 };
	while (p.next < call->n && running(in)) {
		size_t i = p.next++;
		const char *arg = call->args[i];

		if (only_rest || arg[0] != '-' || !arg[1] ||
		    (ret->rest.n && (flags & OPTIONS_AT_START)) ||
		    ((flags & OPTIONS_ACCEPT_DASH) && !is_known(&p, arg))) {
			add_rest(&p, i);
		} else if (!strcmp(arg, "--")) {
			only_rest = true;
		} else if (!(arg[1] == '-' ? parse_long(&p, arg + 2) : parse_short(&p, arg + 1))) {
			(void)complain(in, 0, "%s: option \"%s\" is unknown or lacks its value",
				       call->name, arg);
			return OPTIONS_BAD;
		} else if (p.help) {
			return OPTIONS_HELP;
		}
	}
	return running(in) ? OPTIONS_OK : OPTIONS_BAD;
}

void options_done(struct options *options)
{
	for (size_t i = 0; i < OPTIONS_MAX; i++)
		strlist_done(&options->values[i]);
	strlist_done(&options->rest);
}

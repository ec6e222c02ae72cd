// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What only the machine, the clock, the network or a person could tell GRUB. A question is answered
 * "no", and the configuration is evaluated once more with "yes": what is started is a guess when that
 * makes a difference. All questions are answered alike; two that undo each other are not noticed.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "entry/grub/commands.h"
#include "entry/grub/interp.h"

void doubt(struct interp *in, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	/* An entry that is only looked at is not what starts. */
	if (in->scratch || in->guess.n)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (in->file && in->line)
		strbuf_addf(&in->guess, "%s:%u: ", in->file, in->line);
	strbuf_add(&in->guess, text);
}

static void note_question(struct interp *in, const char *command)
{
	if (!in->scratch && !in->asked.n)
		strbuf_addf(&in->asked, "%s:%u: what the command \"%s\" answers",
			    in->file ? in->file : "", in->line, command);
}

int cannot_tell(struct interp *in, const char *command)
{
	(void)complain(in, 0, "%s: taken as \"no\"", command);
	note_question(in, command);
	return in->says_yes ? GRUB_OK : GRUB_TEST_FAILURE;
}

int cmd_ask(struct interp *in, struct call *call)
{
	for (size_t i = 0; i < call->n; i++)
		if (!strncmp(call->args[i], "--set", 5))
			doubt(in, "%s: what it sets a variable to is not known here", call->name);
	return cannot_tell(in, call->name);
}

/* GRUB itself goes on; the GRUB of a vendor may have that command, and it may fail. */
int status_of_unknown(struct interp *in, const char *word)
{
	note_question(in, word);
	return in->says_yes ? GRUB_TEST_FAILURE : GRUB_OK;
}

/* -v NAME is the option of all commands that read a register. */
int cmd_register(struct interp *in, struct call *call)
{
	for (size_t i = 0; i < call->n; i++)
		if (!strncmp(call->args[i], "-v", 2))
			doubt(in, "%s: what it sets a variable to is not known here", call->name);
	return GRUB_OK;
}

/* A key that is held down: nobody is there. */
int cmd_keystatus(struct interp *in, struct call *call)
{
	return GRUB_TEST_FAILURE;
}

int cmd_insmod(struct interp *in, struct call *call)
{
	in->has_clock |= call->n && !strcmp(call->args[0], "datehook");
	return GRUB_OK;
}

void doubt_clock(struct interp *in, const char *variable)
{
	static const char *const names[] = { "YEAR",   "MONTH",	 "DAY",	   "HOUR",
					     "MINUTE", "SECOND", "WEEKDAY" };

	for (size_t i = 0; in->has_clock && i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(variable, names[i]))
			doubt(in, "$%s: the time of the next start is not known here", variable);
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool are_same(const struct strlist *a, const struct strlist *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]))
			return false;
	return true;
}

static const struct boot_entry *default_of(const struct boot_menu *menu)
{
	return menu->default_index < menu->n_entries ? &menu->entries[menu->default_index] : NULL;
}

static bool starts_same(const struct boot_entry *a, const struct boot_entry *b)
{
	if (!a || !b)
		return a == b;
	return a->type == b->type && a->bootable == b->bootable && is_same(a->kernel, b->kernel) &&
	       is_same(a->cmdline, b->cmdline) && is_same(a->devicetree, b->devicetree) &&
	       are_same(&a->initrds, &b->initrds) && are_same(&a->modules, &b->modules) &&
	       /* what is no kernel is told apart by its title only */
	       (a->bootable || is_same(a->title, b->title));
}

int compare_answers(const char *asked, const struct boot_menu *no, const struct boot_menu *yes,
		    char **ret_guess)
{
	const struct boot_entry *other = yes ? default_of(yes) : NULL;
	_cleanup_strbuf_ struct strbuf text = { 0 };

	if (yes && starts_same(default_of(no), other))
		return 0;
	strbuf_addf(&text, "%s is not known here, and GRUB may ", asked);
	if (!other)
		strbuf_add(&text, "start nothing by itself");
	else if (default_of(no) && is_same(default_of(no)->title, other->title))
		strbuf_addf(&text, "start \"%s\" with other files or another command line",
			    other->title);
	else
		strbuf_addf(&text, "start \"%s\" instead", other->title);
	return strbuf_take(&text, ret_guess);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* menuentry, submenu, hiddenentry (commands/menuentry.c). Bodies are kept as text. */
#include <stdlib.h>
#include <string.h>

#include "entry/grub/commands.h"

enum { MENU_CLASS, MENU_USERS, MENU_HOTKEY, MENU_SOURCE, MENU_ID, MENU_UNRESTRICTED };

static const struct option table[] = {
	{ "class", 'c', OPTION_VALUE },
	{ "users", 'u', OPTION_VALUE },
	{ "hotkey", 'k', OPTION_VALUE },
	{ "source", 's', OPTION_VALUE },
	{ "id", 0, OPTION_VALUE },
	{ "unrestricted", 'U', OPTION_FLAG },
	{ NULL },
};

static const char *last(const struct strlist *values)
{
	return values->n ? values->v[values->n - 1] : NULL;
}

/* The text between the first and the last character of @block: GRUB looks no closer. */
static char *block_body(const char *block)
{
	size_t n = strlen(block);

	return n < 2 ? strdup("") : strndup(block + 1, n - 2);
}

static int define(struct interp *in, const struct call *call, const struct options *o)
{
	bool has_block = call->block != NULL;
	struct strlist args = { o->rest.v, o->rest.n - has_block };
	const char *id = last(&o->values[MENU_ID]), *source = last(&o->values[MENU_SOURCE]);
	struct menu_entry entry = {
		.kind = "grub",
		.line = call->line,
		.body_line = has_block ? call->block->line : call->line,
		.is_submenu = !strcmp(call->name, "submenu"),
		.is_restricted = env_get(in, "superusers") && !o->set[MENU_UNRESTRICTED],
	};
	int status = GRUB_OK;

	entry.body = has_block ? block_body(o->rest.v[args.n]) : strdup(source);
	entry.title = strdup(args.v[0]);
	entry.id = strdup(id ? id : args.v[0]);
	entry.file = strdup(in->file);
	for (size_t i = 0; i < args.n; i++)
		interp_add(in, &entry.args, args.v[i]);
	if (!entry.body || !entry.title || !entry.id || !entry.file)
		(void)out_of_memory(in);
	else if (strcmp(call->name, "hiddenentry"))
		status = menu_add(in, &entry);
	menu_entry_done(&entry);
	return status;
}

int cmd_menuentry(struct interp *in, struct call *call)
{
	bool has_block = call->block != NULL;
	struct options o;
	int r = options_parse(in, call, table, OPTIONS_ACCEPT_DASH, &o), status = GRUB_BAD_ARGUMENT;

	if (r == OPTIONS_HELP)
		status = GRUB_OK;
	else if (r == OPTIONS_BAD)
		status = GRUB_BAD_ARGUMENT;
	else if (!o.rest.n)
		(void)complain(in, 0, "%s: missing arguments", call->name);
	else if (has_block && o.rest.n == 1)
		(void)complain(in, 0, "%s: title missing", call->name);
	else if (has_block && o.set[MENU_SOURCE])
		(void)complain(in, 0, "%s: both a block and --source", call->name);
	else if (!has_block && !o.set[MENU_SOURCE])
		(void)complain(in, 0, "%s \"%s\" has no block", call->name, o.rest.v[0]);
	else
		status = define(in, call, &o);
	options_done(&o);
	return status;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Configuration files: source, configfile, normal (commands/configfile.c, normal/main.c). */
#include <stdlib.h>
#include <string.h>

#include "entry/grub/commands.h"

static void restore(struct interp *in, const char *name, const char *value)
{
	if (value)
		env_set(in, name, value);
	else
		env_unset(in, name);
	if (value)
		env_export(in, name);
}

/* $config_file and $config_directory while @name is read. */
static void enter_config(struct interp *in, const char *name)
{
	_cleanup_free_ char *directory = strdup(name);
	char *slash = directory ? strrchr(directory, '/') : NULL;

	if (!directory) {
		(void)out_of_memory(in);
		return;
	}
	if (slash)
		*slash = 0;
	restore(in, "config_file", name);
	restore(in, "config_directory", directory);
}

static char *copy_of(const char *s)
{
	return s ? strdup(s) : NULL;
}

int run_config(struct interp *in, const char *name, bool must_exist)
{
	_cleanup_free_ char *full = file_full_name(in, name), *file = NULL, *directory = NULL;
	_cleanup_free_ uint8_t *text = NULL;
	size_t n;
	int status;

	if (!full)
		return GRUB_OK;
	if (in->sources >= GRUB_MAX_SOURCES)
		return complain(in, GRUB_RECURSION_DEPTH, "%s: files include each other too deeply",
				full);
	in->ctx->has_menu = true;
	status = file_read(in, name, &text, &n);
	if (status) {
		if (status == GRUB_BAD_DEVICE)
			doubt(in, "%s cannot be read here", full);
		if (must_exist)
			(void)complain(in, 0, "cannot read %s", full);
		return status;
	}
	file = copy_of(env_get(in, "config_file"));
	directory = copy_of(env_get(in, "config_directory"));
	enter_config(in, full);
	in->sources++;
	exec_file_text(in, full, text, n);
	in->sources--;
	restore(in, "config_file", file);
	restore(in, "config_directory", directory);
	return GRUB_OK;
}

int cmd_source(struct interp *in, struct call *call)
{
	if (call->n != 1)
		return complain(in, GRUB_BAD_ARGUMENT, "%s: file name expected", call->name);
	/* A missing file is how generated configurations look for custom.cfg: no word about it. */
	(void)run_config(in, call->args[0], false);
	return GRUB_OK;
}

int cmd_configfile(struct interp *in, struct call *call)
{
	const char *file = in->file;

	if (call->n != 1)
		return complain(in, GRUB_BAD_ARGUMENT, "%s: file name expected", call->name);
	if (!context_push(in, in->req->flavour == GRUB_RH))
		return GRUB_OK;
	if (run_config(in, call->args[0], true) == GRUB_OK && running(in)) {
		reason(in, "goes on with the configuration %s", call->args[0]);
		show_menu(in, false);
	}
	in->file = file;
	context_pop(in);
	return GRUB_OK;
}

int cmd_normal(struct interp *in, struct call *call)
{
	struct strbuf name = { 0 };
	struct call as_configfile = { .name = call->name, .n = 1 };
	char *file;
	int status;

	if (call->n)
		return cmd_configfile(in, call);
	if (!env_get(in, "prefix"))
		return GRUB_OK;
	strbuf_addf(&name, "%s/grub.cfg", env_get_or(in, "prefix", ""));
	file = take_text(in, &name);
	if (!file)
		return GRUB_OK;
	as_configfile.args = &file;
	status = cmd_configfile(in, &as_configfile);
	free(file);
	return status;
}

/* extract_entries_source, extract_entries_configfile: entries come over, variables do not. */
int cmd_extract(struct interp *in, struct call *call)
{
	struct menu menu;

	if (call->n != 1)
		return complain(in, GRUB_BAD_ARGUMENT, "%s: file name expected", call->name);
	if (!context_push(in, strstr(call->name, "source") || in->req->flavour == GRUB_RH))
		return GRUB_OK;
	in->extracting++;
	(void)run_config(in, call->args[0], true);
	in->extracting--;
	menu = in->ctx->menu;
	in->ctx->menu = (struct menu){ 0 };
	context_pop(in);
	for (size_t i = 0; i < menu.n && running(in); i++)
		(void)menu_add(in, &menu.entries[i]);
	menu_done(&menu);
	return GRUB_OK;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Menus: which entries there are, which one starts, what it loads (normal/menu.c). Every entry is
 * run once in a scratch copy of the state to see what it would load; then the default is run for
 * good, through submenus and fallbacks, until something is started.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry/grub/interp.h"

void menu_entry_done(struct menu_entry *entry)
{
	free(entry->title);
	free(entry->id);
	strlist_done(&entry->args);
	free(entry->body);
	free(entry->file);
	*entry = (struct menu_entry){ 0 };
}

void menu_done(struct menu *menu)
{
	for (size_t i = 0; i < menu->n; i++)
		menu_entry_done(&menu->entries[i]);
	free(menu->entries);
	*menu = (struct menu){ 0 };
}

/* Takes @entry over. */
int menu_add(struct interp *in, struct menu_entry *entry)
{
	size_t max = in->req->limits.entries ? in->req->limits.entries : GRUB_MAX_ENTRIES;
	struct menu *menu = &in->ctx->menu;
	struct menu_entry *bigger;

	if (menu->n >= max) {
		in->fatal = -ELOOP;
		return GRUB_MENU;
	}
	bigger = reallocarray(menu->entries, menu->n + 1, sizeof(*bigger));
	if (!bigger)
		return out_of_memory(in);
	menu->entries = bigger;
	menu->entries[menu->n++] = *entry;
	*entry = (struct menu_entry){ 0 };
	return GRUB_OK;
}

/* $chosen inside an entry: ids from the top menu down, with > for between and >> for >. */
static void set_chosen(struct interp *in, const char *outer, const char *id)
{
	struct strbuf chosen = { 0 };
	_cleanup_free_ char *value = NULL;

	if (outer)
		strbuf_addf(&chosen, "%s>", outer);
	for (; *id; id++)
		strbuf_add_n(&chosen, *id == '>' ? ">>" : id, *id == '>' ? 2 : 1);
	value = take_text(in, &chosen);
	if (!value)
		return;
	env_set(in, "chosen", value);
	env_export(in, "chosen");
}

/* The part of $default that is meant for the next menu down. */
static void pass_default(struct interp *in, const char *value)
{
	const char *tail = value ? menu_tail(value) : NULL;

	if (tail)
		env_set(in, "default", tail);
	else if (in->req->flavour != GRUB_RH)
		env_unset(in, "default");
}

static void put_back(struct interp *in, const char *name, const char *value)
{
	if (value)
		env_set(in, name, value);
	else
		env_unset(in, name);
}

static char *copy_value(struct interp *in, const char *name)
{
	const char *value = env_get(in, name);
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		(void)out_of_memory(in);
	return copy;
}

static void push_place(struct interp *in, const char *title, size_t index)
{
	char text[24];

	snprintf(text, sizeof(text), "%zu", index);
	interp_add(in, &in->titles, title);
	interp_add(in, &in->indexes, text);
}

static void pop_last(struct strlist *list)
{
	if (list->n)
		free(list->v[--list->n]);
}

static char *place(struct interp *in)
{
	struct strbuf text = { 0 };

	for (size_t i = 0; i < in->indexes.n; i++)
		strbuf_addf(&text, "%s%s", i ? ">" : "", in->indexes.v[i]);
	return take_text(in, &text);
}

/* grub_menu_execute_entry(), whether to boot or to look. */
static void run_entry(struct interp *in, const struct menu_entry *entry)
{
	_cleanup_free_ char *chosen = copy_value(in, "chosen"), *def = copy_value(in, "default");
	bool all = in->req->flavour == GRUB_RH;
	const char *file = in->file;
	unsigned line = in->line;

	if (entry->is_submenu) {
		if (!context_push(in, all))
			return;
		in->ctx->has_menu = true;
		env_set(in, "timeout", "0");
	}
	set_chosen(in, chosen, entry->id);
	in->quiet = true;
	pass_default(in, def);
	in->quiet = false;
	in->file = entry->file;
	in->line = entry->line;
	(void)exec_in_scope(in, entry->body, &entry->args, entry->file, entry->body_line);
	if (running(in) && in->is_loaded)
		in->stop = STOP_BOOT;
	if (entry->is_submenu) {
		if (running(in))
			show_menu(in, true);
		context_pop(in);
	}
	in->quiet = true;
	put_back(in, "chosen", chosen);
	put_back(in, "default", def);
	in->quiet = false;
	env_unset(in, "timeout");
	in->file = file;
	in->line = line;
}

/* Each entry has a limit of its own; when it is exceeded only this entry fails. */
static size_t cap_commands(struct interp *in)
{
	size_t max = in->commands_max;

	if (max - in->commands > GRUB_MAX_ENTRY_COMMANDS)
		in->commands_max = in->commands + GRUB_MAX_ENTRY_COMMANDS;
	return max;
}

static void uncap_commands(struct interp *in, size_t max, const struct menu_entry *entry)
{
	in->commands_max = max;
	if (in->fatal != -ELOOP || in->commands >= max || in->bytes >= in->bytes_max)
		return;
	in->fatal = 0;
	loaded_drop(in);
	(void)complain(in, 0, "entry \"%s\" does not come to an end", entry->title);
}

/* Version of a kernel by the name of its file, as grub-mkconfig's helpers take it. */
static char *kernel_version(const char *kernel)
{
	const char *name = kernel ? strrchr(kernel, '/') : NULL, *dash;

	if (!name)
		return NULL;
	name++;
	dash = strchr(name, '-');
	for (const char *p = name; dash && p < dash; p++)
		if (isdigit((unsigned char)*p))
			return NULL;
	return dash && isdigit((unsigned char)dash[1]) ? strdup(dash + 1) : NULL;
}

/* What was loaded, as an entry of the result. */
static void add_result(struct interp *in, const struct menu_entry *entry, const char *chosen,
		       struct strlist *warnings)
{
	struct boot_entry out = in->loaded;

	in->loaded = (struct boot_entry){ 0 };
	if (!in->is_loaded) {
		enum entry_type meant = out.type;

		boot_entry_done(&out);
		out.is_broken = in->load_failed && meant != ENTRY_CHAINLOAD;
		out.type = out.is_broken || meant == ENTRY_CHAINLOAD ? meant : ENTRY_OTHER;
	}
	in->is_loaded = in->load_failed = false;
	out.id = strdup(chosen);
	out.title = strdup(entry->title);
	out.version = kernel_version(out.kernel);
	for (size_t i = 0; i < in->titles.n; i++)
		interp_add(in, &out.path, in->titles.v[i]);
	out.source.kind = entry->kind;
	out.source.line = entry->line;
	out.source.file = file_to_system(in, entry->file);
	if (!out.source.file)
		out.source.file = strdup(entry->file);
	out.warnings = *warnings;
	*warnings = (struct strlist){ 0 };
	if (!out.id || !out.title || !out.source.file)
		(void)out_of_memory(in);
	if (in->fatal || boot_menu_add(&in->result->menu, &out) < 0) {
		if (!in->fatal)
			(void)out_of_memory(in);
		boot_entry_done(&out);
	} else {
		_cleanup_free_ char *position = place(in);

		interp_add(in, &in->positions, position ? position : "");
	}
}

/* State that looking at an entry must leave as it was. */
struct snapshot {
	struct boot_entry loaded;
	bool is_loaded;
	struct function *functions;
	struct envfile *envfiles;
	struct strbuf *output;
	struct strlist *warnings;
	struct grub_saved **saved;
	const char *file;
	unsigned line, depth, active_loops, active_breaks;
	bool function_return;
	struct scope *scope;
};

static bool snapshot_take(struct interp *in, struct snapshot *s, struct strlist *warnings)
{
	struct envfile *copy;

	if (!context_push(in, true))
		return false;
	in->ctx->has_menu = true;
	*s = (struct snapshot){
		.loaded = in->loaded,
		.is_loaded = in->is_loaded,
		.functions = in->functions,
		.envfiles = in->envfiles,
		.output = in->output,
		.warnings = in->warnings,
		.saved = in->saved,
		.file = in->file,
		.line = in->line,
		.depth = in->depth,
		.active_loops = in->active_loops,
		.active_breaks = in->active_breaks,
		.function_return = in->function_return,
		.scope = in->scope,
	};
	copy = envfiles_copy(in, in->envfiles);
	in->envfiles = copy;
	in->loaded = (struct boot_entry){ 0 };
	in->is_loaded = in->load_failed = false;
	in->output = NULL;
	in->warnings = warnings;
	in->saved = NULL;
	in->depth = 0;
	in->active_loops = in->active_breaks = 0;
	in->scratch++;
	return true;
}

static void snapshot_restore(struct interp *in, struct snapshot *s)
{
	in->scratch--;
	loaded_drop(in);
	in->loaded = s->loaded;
	in->is_loaded = s->is_loaded;
	functions_truncate(in, s->functions);
	(void)envfiles_free(in->envfiles);
	in->envfiles = s->envfiles;
	in->output = s->output;
	in->warnings = s->warnings;
	in->saved = s->saved;
	in->file = s->file;
	in->line = s->line;
	in->depth = s->depth;
	in->active_loops = s->active_loops;
	in->active_breaks = s->active_breaks;
	in->function_return = s->function_return;
	in->scope = s->scope;
	context_pop(in);
}

/* Looks at one entry, and through it at the menus below. */
static void list_entry(struct interp *in, const struct menu_entry *entry, size_t index)
{
	_cleanup_free_ char *outer = copy_value(in, "chosen");
	size_t n_before = in->result->menu.n_entries;
	struct strlist warnings = { 0 };
	struct snapshot s;
	const char *chosen;
	size_t max;

	if (!snapshot_take(in, &s, &warnings))
		return;
	push_place(in, entry->title, index);
	max = cap_commands(in);
	run_entry(in, entry);
	uncap_commands(in, max, entry);
	if (in->stop == STOP_LEAVE)
		loaded_drop(in);
	in->stop = STOP_NONE;
	if (entry->is_restricted)
		(void)complain(in, 0, "GRUB would ask for a password");
	set_chosen(in, outer, entry->id);
	chosen = env_get(in, "chosen");
	/* a submenu without entries is one that starts nothing */
	if (!in->fatal && (in->is_loaded || n_before == in->result->menu.n_entries))
		add_result(in, entry, chosen, &warnings);
	pop_last(&in->titles);
	pop_last(&in->indexes);
	strlist_done(&warnings);
	snapshot_restore(in, &s);
}

static void list_menu(struct interp *in)
{
	/* By index, since looking at an entry may add entries to the menu and move the array. */
	for (size_t i = 0; i < in->ctx->menu.n && running(in); i++)
		list_entry(in, &in->ctx->menu.entries[i], i);
}

/* Boots entry @index of the current menu, or gives up on it. */
static void boot_entry_of(struct interp *in, size_t index)
{
	/* By index as well: the entry may add entries to its menu. */
	struct menu menu = in->ctx->menu;
	const struct menu_entry *entry = &menu.entries[index];
	struct context *ctx = in->ctx;
	size_t max;

	push_place(in, entry->title, index);
	if (!entry->is_submenu && !in->default_position)
		in->default_position = place(in);
	if (entry->is_restricted)
		reason(in, "GRUB would ask for a password before it starts this entry");
	ctx->menu = (struct menu){ 0 };
	max = cap_commands(in);
	run_entry(in, entry);
	uncap_commands(in, max, entry);
	menu_done(&ctx->menu);
	ctx->menu = menu;
	if (!in->default_position && running(in)) /* an empty submenu */
		in->default_position = place(in);
	if (in->stop == STOP_BOOT || in->stop == STOP_LEAVE) {
		/* An entry was started: the path to it is kept for menu_finish(). */
		if (!in->default_position || in->stop == STOP_BOOT) {
			free(in->default_position);
			in->default_position = place(in);
		}
		return;
	}
	pop_last(&in->titles);
	pop_last(&in->indexes);
}

static size_t choose_default(struct interp *in)
{
	const struct menu *menu = &in->ctx->menu;
	const char *value = env_get(in, "default"), *how;
	int index = menu_choose(in->req->flavour, menu, value, &how);
	const struct menu_entry *entry = &menu->entries[index < 0 ? 0 : index];

	if (!value)
		reason(in, "default is not set: first entry, \"%s\"", entry->title);
	else if (index < 0)
		reason(in, "default \"%s\" is no entry of this menu: first entry, \"%s\"", value,
		       entry->title);
	else
		reason(in, "default \"%s\" is, by %s, entry %d, \"%s\"", value, how, index,
		       entry->title);
	return index < 0 ? 0 : (size_t)index;
}

/* The next entry to try when one failed, or -1. */
static int next_fallback(struct interp *in)
{
	const char *value = env_get(in, "fallback");
	_cleanup_free_ char *rest = NULL;
	int index;

	if (!value)
		return -1;
	index = menu_choose_first(in->req->flavour, &in->ctx->menu, value, &rest);
	if (index < 0)
		env_unset(in, "fallback");
	else if (rest) {
		in->quiet = true;
		env_set(in, "fallback", rest);
		in->quiet = false;
	} else
		(void)out_of_memory(in);
	return index;
}

static void boot_menu_now(struct interp *in)
{
	size_t index = choose_default(in);
	int fallback;

	boot_entry_of(in, index);
	while (running(in) && (fallback = next_fallback(in)) >= 0) {
		if ((size_t)fallback >= in->ctx->menu.n)
			continue;
		(void)complain(in, 0, "the default entry starts nothing: falling back to entry %d",
			       fallback);
		reason(in, "that starts nothing; fallback is entry %d, \"%s\"", fallback,
		       in->ctx->menu.entries[fallback].title);
		boot_entry_of(in, (size_t)fallback);
	}
}

/* What eval-grub shows of the script itself is what it left when its menu came up. */
static void note_variables(struct interp *in)
{
	struct grub_result *r = in->result;

	r->vars = calloc(in->ctx->n ? in->ctx->n : 1, sizeof(*r->vars));
	if (!r->vars)
		(void)out_of_memory(in);
	for (size_t i = 0; r->vars && i < in->ctx->n && running(in); i++) {
		struct grub_var *v = &r->vars[r->n_vars++];

		v->name = strdup(in->ctx->vars[i].name);
		v->value = strdup(in->ctx->vars[i].value);
		if (!v->name || !v->value)
			(void)out_of_memory(in);
	}
}

void show_menu(struct interp *in, bool is_submenu)
{
	if (!in->ctx->menu.n || !running(in))
		return;
	in->line = 0;
	if (in->scratch) {
		list_menu(in);
		return;
	}
	if (!in->menu_shown) {
		in->menu_shown = true;
		note_variables(in);
		list_menu(in);
		in->output = in->boot_output;
		in->saved = &in->result->boot_saved;
		in->n_saved = &in->result->n_boot_saved;
	}
	if (running(in))
		boot_menu_now(in);
	if (running(in) && !is_submenu)
		in->stop = STOP_WAIT;
}

static size_t find_position(const struct interp *in)
{
	for (size_t i = 0; i < in->positions.n && in->default_position; i++)
		if (!strcmp(in->positions.v[i], in->default_position))
			return i;
	return in->result->menu.n_entries;
}

/* What the default entry really loaded counts, where it differs from the look taken before. */
static void update_default(struct interp *in, struct boot_entry *entry)
{
	struct boot_entry *from = &in->loaded;

	free(entry->kernel);
	entry->kernel = TAKE_PTR(from->kernel);
	strlist_done(&entry->initrds);
	entry->initrds = TAKE(from->initrds, (struct strlist){ 0 });
	strlist_done(&entry->modules);
	entry->modules = TAKE(from->modules, (struct strlist){ 0 });
	free(entry->cmdline);
	entry->cmdline = TAKE_PTR(from->cmdline);
	free(entry->devicetree);
	entry->devicetree = TAKE_PTR(from->devicetree);
	entry->type = from->type;
	entry->bootable = from->bootable;
}

/* Started by the script itself, or by an entry that was not there when we looked. */
static void add_unlisted(struct interp *in)
{
	const char *title = in->titles.n ? in->titles.v[in->titles.n - 1] : "grub.cfg";
	struct menu_entry entry = {
		.kind = "grub", .line = in->line, .title = strdup(title), .file = strdup(in->file)
	};
	struct strlist warnings = { 0 };

	if (!entry.title || !entry.file)
		(void)out_of_memory(in);
	else
		add_result(in, &entry, title, &warnings);
	free(entry.title);
	free(entry.file);
}

void menu_finish(struct interp *in)
{
	struct boot_menu *menu = &in->result->menu;
	size_t i;

	if (!in->menu_shown)
		note_variables(in);
	if (in->fatal)
		return;
	i = find_position(in);
	if (in->stop == STOP_BOOT && i == menu->n_entries)
		add_unlisted(in);
	else if (in->stop == STOP_BOOT)
		update_default(in, &menu->entries[i]);
	else if (in->stop == STOP_LEAVE)
		reason(in, "the command %s leaves GRUB", in->stop_name);
	else
		reason(in, "nothing is started: GRUB waits for a person");
	menu->default_index = i < menu->n_entries ? i : menu->n_entries;
	if (i < menu->n_entries)
		menu->entries[i].is_default = true;
}

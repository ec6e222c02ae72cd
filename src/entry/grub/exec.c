// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Runs what the parser made (script/execute.c). A status is a GRUB error number; `if` looks at the
 * variable "?", loops at the status itself, as GRUB does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry/grub/commands.h"
#include "entry/grub/parse.h"

static void set_status(struct interp *in, int status)
{
	char text[16] = { (char)('0' + status) };

	/* Skips the assignment when "?" is 0 already, which is the usual case. */
	if (status < 0 || status > 9)
		snprintf(text, sizeof(text), "%d", status);
	if (!env_is(in, "?", text))
		env_set(in, "?", text);
}

struct function *function_find(const struct interp *in, const char *name)
{
	for (struct function *f = in->functions; f; f = f->next)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

static struct function *function_free(struct function *f)
{
	if (f) {
		free(f->name);
		(void)unit_unref(f->unit);
		free(f);
	}
	return NULL;
}

void functions_truncate(struct interp *in, struct function *keep)
{
	while (in->functions != keep) {
		struct function *next = in->functions->next;

		(void)function_free(in->functions);
		in->functions = next;
		in->n_functions--;
	}
}

void function_define(struct interp *in, struct unit *unit, const struct definition *def)
{
	struct function *f = function_find(in, def->name);

	if (f && f->executing) {
		(void)complain(in, 0, "function %s is running and cannot be defined anew",
			       def->name);
		return;
	}
	/* While entries are only looked at, new definitions are put at the start of the list, and
	 * removed afterwards. */
	if (f && !in->scratch) {
		(void)unit_unref(f->unit);
		f->unit = unit_ref(unit);
		f->body = def->body;
		return;
	}
	if (in->n_functions >= GRUB_MAX_FUNCTIONS) {
		in->fatal = -ELOOP;
		return;
	}
	f = calloc(1, sizeof(*f));
	if (f)
		f->name = strdup(def->name);
	if (!f || !f->name) {
		free(f);
		(void)out_of_memory(in);
		return;
	}
	f->unit = unit_ref(unit);
	f->body = def->body;
	f->next = in->functions;
	in->functions = f;
	in->n_functions++;
}

static int call_function(struct interp *in, struct function *f, const struct strlist *args)
{
	struct scope scope = { 0 }, *outer = in->scope;
	unsigned loops = in->active_loops;
	const char *file = in->file;
	unsigned line = in->line;
	int status;

	for (size_t i = 1; i < args->n; i++)
		interp_add(in, &scope.args, args->v[i]);
	in->active_loops = 0;
	in->scope = &scope;
	in->file = f->unit->file;
	f->executing++;
	status = exec_list(in, f->body);
	f->executing--;
	in->function_return = false;
	in->active_loops = loops;
	in->scope = outer;
	in->file = file;
	in->line = line;
	strlist_done(&scope.args);
	return status;
}

/* Neither command nor function: an assignment, or a mistake that GRUB takes for success. */
static int exec_unknown(struct interp *in, char *word)
{
	char *equals = strchr(word, '=');
	int status = GRUB_OK;

	if (equals) {
		*equals = 0;
		(void)env_assign(in, word, equals + 1);
		*equals = '=';
	} else {
		(void)complain(in, 0, "can't find command \"%s\": GRUB goes on as if it had worked",
			       word);
		status = status_of_unknown(in, word);
	}
	set_status(in, status);
	return status;
}

static int invert_status(int status)
{
	if (status == GRUB_TEST_FAILURE)
		return GRUB_OK;
	return status == GRUB_OK ? GRUB_TEST_FAILURE : GRUB_OK;
}

int exec_words(struct interp *in, struct strlist *words, const struct word *block, unsigned line)
{
	bool invert = words->n && !strcmp(words->v[0], "!");
	struct strlist args;
	const struct command *command;
	struct function *function;
	int status;

	if (!words->n)
		return GRUB_OK;
	args = (struct strlist){ words->v + invert, words->n - invert };
	if (!args.n) {
		status = complain(in, GRUB_BAD_ARGUMENT, "\"!\" without a command");
		set_status(in, status);
		return status;
	}
	if (++in->commands > in->commands_max) {
		in->fatal = -ELOOP;
		return GRUB_OK;
	}
	if (!spend(in, 0))
		return GRUB_OK;
	command = command_find(in, args.v[0]);
	function = command ? NULL : function_find(in, args.v[0]);
	if (!command && !function)
		return exec_unknown(in, args.v[0]);
	if (in->extracting && command && !(command->where & EXTRACTS))
		return GRUB_OK;
	status = command ? command_run(in, command, &args, block, line)
			 : call_function(in, function, &args);
	if (invert)
		status = invert_status(status);
	if (!in->fatal)
		set_status(in, status);
	return status;
}

static int exec_command(struct interp *in, const struct node *node)
{
	struct strlist words = { 0 };
	const struct word *block;
	int status;

	if (!expand_words(in, node->words, &words, &block))
		return GRUB_OK;
	status = exec_words(in, &words, block, node->line);
	strlist_done(&words);
	return status;
}

static int exec_level(struct interp *in, const struct node *node);

static int exec_if(struct interp *in, const struct node *node)
{
	int status = exec_list(in, node->cond);

	if (in->function_return || !running(in))
		return status;
	if (env_is(in, "?", "0"))
		return exec_list(in, node->body);
	if (node->elif)
		return exec_level(in, node->elif);
	if (node->orelse)
		return exec_list(in, node->orelse);
	set_status(in, GRUB_OK);
	return GRUB_OK;
}

/* After the body ran: a continue that ends here lets the loop go on. */
static void take_continue(struct interp *in)
{
	if (in->is_continue && in->active_breaks == 1)
		in->active_breaks = 0;
}

static void leave_loop(struct interp *in)
{
	if (in->active_breaks)
		in->active_breaks--;
	in->active_loops--;
}

static int exec_for(struct interp *in, const struct node *node)
{
	struct strlist words = { 0 };
	const struct word *block;
	int status = GRUB_OK;

	if (!expand_words(in, node->words, &words, &block))
		return GRUB_OK;
	in->active_loops++;
	for (size_t i = 0; i < words.n && running(in); i++) {
		take_continue(in);
		if (in->active_breaks)
			break;
		(void)env_assign(in, node->name, words.v[i]);
		status = exec_list(in, node->body);
		if (in->function_return)
			break;
	}
	if (!words.n)
		set_status(in, GRUB_OK);
	take_continue(in);
	leave_loop(in);
	strlist_done(&words);
	return status;
}

static int exec_while(struct interp *in, const struct node *node)
{
	int status = GRUB_OK;

	in->active_loops++;
	while (running(in)) {
		status = exec_list(in, node->cond);
		if (in->function_return || (node->until ? !status : status != 0))
			break;
		status = exec_list(in, node->body);
		if (in->function_return)
			break;
		take_continue(in);
		if (in->active_breaks)
			break;
		/* A loop of nothing at all must come to an end too. */
		if (++in->commands > in->commands_max)
			in->fatal = -ELOOP;
	}
	leave_loop(in);
	return status;
}

static int exec_node(struct interp *in, const struct node *node)
{
	in->line = node->line;
	switch (node->type) {
	case NODE_COMMAND:
		return exec_command(in, node);
	case NODE_IF:
		return exec_if(in, node);
	case NODE_FOR:
		return exec_for(in, node);
	case NODE_WHILE:
		return exec_while(in, node);
	}
	return GRUB_OK;
}

/*
 * Every list and every command in it counts as one level of GRUB's recursion; an elif is a command
 * without a list around it. A level that is one
 * too many is never given back: from then on GRUB runs out of levels for good.
 */
static int enter(struct interp *in)
{
	if (++in->depth < GRUB_MAX_RECURSION)
		return GRUB_OK;
	return complain(in, GRUB_RECURSION_DEPTH, "maximum recursion depth exceeded");
}

/* Every level that was entered sets "?" to its status; a level that was refused leaves it as it
 * is. */
static void leave(struct interp *in, int status)
{
	in->depth--;
	if (!in->fatal)
		set_status(in, status);
}

static int exec_level(struct interp *in, const struct node *node)
{
	int status = enter(in);

	if (!status) {
		status = exec_node(in, node);
		leave(in, status);
	}
	return status;
}

int exec_list(struct interp *in, const struct list *list)
{
	int status = enter(in);

	if (status)
		return status;
	for (const struct node *node = list->first; node && running(in); node = node->next) {
		if (in->active_breaks)
			break;
		status = exec_level(in, node);
		if (in->function_return)
			break;
	}
	leave(in, status);
	return status;
}

/* One unit; false when nothing more is to be read. */
static bool exec_unit(struct interp *in, struct reader *reader, const char *file, int *status)
{
	_cleanup_(unit_unrefp) struct unit *unit = NULL;
	unsigned line = 0;
	enum parse_status parsed =
		parse_unit(reader, file, in->req->flavour == GRUB_RH, &unit, &line);

	if (parsed == PARSE_NOMEM)
		(void)out_of_memory(in);
	if (parsed == PARSE_END || parsed == PARSE_NOMEM)
		return false;
	in->file = unit->file;
	for (struct definition *def = unit->definitions; def; def = def->next)
		function_define(in, unit, def);
	if (parsed == PARSE_ERROR) {
		in->line = line;
		(void)complain(in, 0, "syntax error: GRUB drops this line and what it belongs to");
		/* GRUB prints the error and goes on. */
		*status = GRUB_OK;
		return reader->is_file && running(in);
	}
	*status = unit->list->first ? exec_list(in, unit->list) : GRUB_OK;
	return running(in);
}

static int exec_reader(struct interp *in, struct reader *reader, const char *name)
{
	const char *file = in->file;
	unsigned line = in->line;
	int status = GRUB_OK;

	while (exec_unit(in, reader, name, &status))
		;
	/* The names of running commands pointed into units that are released now. */
	in->file = file;
	in->line = line;
	return status;
}

void exec_file_text(struct interp *in, const char *file, const uint8_t *text, size_t n)
{
	struct reader reader;

	reader_init(&reader, (const char *)text, n, 1, true);
	(void)exec_reader(in, &reader, file);
}

int exec_text(struct interp *in, const char *text, const char *file, unsigned line)
{
	struct reader reader;

	reader_init(&reader, text, strlen(text), line, false);
	return exec_reader(in, &reader, file);
}

int exec_in_scope(struct interp *in, const char *text, const struct strlist *args, const char *file,
		  unsigned line)
{
	struct scope scope = { 0 }, *outer = in->scope;
	unsigned loops = in->active_loops;
	int status;

	for (size_t i = 0; i < args->n; i++)
		interp_add(in, &scope.args, args->v[i]);
	in->active_loops = 0;
	in->scope = &scope;
	/* A return in an entry stays in force for what is booted after it: only functions end it. */
	status = exec_text(in, text, file, line);
	in->active_loops = loops;
	in->scope = outer;
	strlist_done(&scope.args);
	return status;
}

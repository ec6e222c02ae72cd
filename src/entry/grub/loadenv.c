// SPDX-License-Identifier: LGPL-2.1-or-later
/* load_env, save_env and list_env (commands/loadenv.c). What is saved stays in memory. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "entry/grub/commands.h"
#include "entry/grub/envblk.h"

static struct envfile *envfile_free(struct envfile *file)
{
	if (file) {
		free(file->device);
		free(file->path);
		free(file->text);
		free(file);
	}
	return NULL;
}

struct envfile *envfiles_free(struct envfile *list)
{
	while (list) {
		struct envfile *next = list->next;

		(void)envfile_free(list);
		list = next;
	}
	return NULL;
}

struct envfile *envfile_find(struct interp *in, const char *device, const char *path)
{
	for (struct envfile *f = in->envfiles; f; f = f->next)
		if (!strcmp(f->device, device) && !strcmp(f->path, path))
			return f;
	return NULL;
}

static struct envfile *envfile_new(struct interp *in, const char *device, const char *path,
				   const uint8_t *text, size_t n)
{
	struct envfile *f = calloc(1, sizeof(*f));

	if (f && spend(in, n)) {
		f->device = strdup(device);
		f->path = strdup(path);
		f->text = malloc(n + 1);
		f->n = n;
	}
	if (!f || !f->device || !f->path || !f->text) {
		(void)envfile_free(f);
		if (!in->fatal)
			(void)out_of_memory(in);
		return NULL;
	}
	memcpy(f->text, text, n);
	return f;
}

struct envfile *envfiles_copy(struct interp *in, const struct envfile *list)
{
	struct envfile *first = NULL, **tail = &first;

	for (; list; list = list->next) {
		*tail = envfile_new(in, list->device, list->path, list->text, list->n);
		if (!*tail)
			break;
		tail = &(*tail)->next;
	}
	return first;
}

static const struct option table[] = { { "file", 'f', OPTION_VALUE },
				       { "skip-sig", 's', OPTION_FLAG },
				       { NULL } };

/* A block outside of all files, as $env_block names one on btrfs: the entry that is saved is in it. */
static void say_unread(struct interp *in, const char *name)
{
	if (!in->guess.n)
		strbuf_addf(
			&in->guess,
			"GRUB keeps its environment in blocks of a disk, %s, which cannot be read "
			"here: which entry is saved is not known; ask as root on the machine itself",
			name);
}

/* Reads the block that the options name; a GRUB error number. */
static int read_block(struct interp *in, const struct call *call, const struct options *o,
		      char **ret_name, uint8_t **ret, size_t *ret_n)
{
	struct strbuf buf = { 0 };
	_cleanup_free_ char *name = NULL;
	_cleanup_free_ uint8_t *text = NULL;
	size_t n;
	int status;

	if (!o->values[0].n && !env_get(in, "prefix"))
		return complain(in, GRUB_FILE_NOT_FOUND, "%s: $prefix is not set", call->name);
	if (o->values[0].n)
		strbuf_add(&buf, o->values[0].v[0]);
	else
		strbuf_addf(&buf, "%s/grubenv", env_get_or(in, "prefix", ""));
	name = take_text(in, &buf);
	if (!name)
		return GRUB_FILE_NOT_FOUND;
	status = blocks_read(in, name, &text, &n);
	if (status && status != GRUB_BAD_FILENAME)
		say_unread(in, name);
	if (status == GRUB_BAD_FILENAME && running(in))
		status = file_read(in, name, &text, &n);
	if (status)
		return complain(in, status, "%s: cannot read %s", call->name, name);
	if (!envblk_is_valid(text, n))
		return complain(in, GRUB_BAD_FILE_TYPE, "%s: %s is no environment block",
				call->name, name);
	*ret_name = TAKE_PTR(name);
	*ret = TAKE_PTR(text);
	*ret_n = n;
	return GRUB_OK;
}

static bool is_wanted(const struct strlist *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (!strcmp(names->v[i], name))
			return true;
	return !names->n;
}

static void for_each_variable(struct interp *in, const uint8_t *text, size_t n,
			      const struct strlist *wanted, bool list)
{
	char *name, *value;
	size_t pos = 0;
	int r;

	while (running(in) && (r = envblk_next(text, n, &pos, &name, &value)) != 0) {
		if (r < 0) {
			(void)out_of_memory(in);
			return;
		}
		if (list) {
			print(in, name, strlen(name));
			print(in, "=", 1);
			print(in, value, strlen(value));
			print(in, "\n", 1);
		} else if (is_wanted(wanted, name)) {
			env_set(in, name, value);
		}
		free(name);
		free(value);
	}
}

static int load_or_list(struct interp *in, struct call *call, bool list)
{
	_cleanup_free_ char *name = NULL;
	_cleanup_free_ uint8_t *text = NULL;
	struct options o;
	size_t n;
	int r = options_parse(in, call, table, 0, &o), status;

	if (r != OPTIONS_OK) {
		status = r == OPTIONS_HELP ? GRUB_OK : GRUB_BAD_ARGUMENT;
	} else {
		status = read_block(in, call, &o, &name, &text, &n);
		if (!status)
			for_each_variable(in, text, n, &o.rest, list);
	}
	options_done(&o);
	return status;
}

int cmd_load_env(struct interp *in, struct call *call)
{
	return load_or_list(in, call, false);
}

int cmd_list_env(struct interp *in, struct call *call)
{
	return load_or_list(in, call, true);
}

static void note_saved(struct interp *in, const struct envfile *f, const char *name,
		       const char *value)
{
	struct grub_saved *bigger, *s;

	if (!in->saved || *in->n_saved >= GRUB_MAX_VARS)
		return;
	bigger = reallocarray(*in->saved, *in->n_saved + 1, sizeof(*bigger));
	if (!bigger) {
		(void)out_of_memory(in);
		return;
	}
	*in->saved = bigger;
	s = &bigger[(*in->n_saved)++];
	*s = (struct grub_saved){ strdup(f->device), strdup(f->path), strdup(name),
				  value ? strdup(value) : NULL };
	if (!s->device || !s->file || !s->name || (value && !s->value))
		(void)out_of_memory(in);
}

/* The copy of the block that was read as @name, made when it is changed for the first time. */
static struct envfile *open_copy(struct interp *in, const char *name, const uint8_t *text, size_t n)
{
	_cleanup_free_ char *device = NULL, *path = NULL;
	struct envfile *f;

	if (file_parse(in, name, &device, &path))
		return NULL;
	f = envfile_find(in, device, path);
	if (f)
		return f;
	f = envfile_new(in, device, path, text, n);
	if (f) {
		f->next = in->envfiles;
		in->envfiles = f;
	}
	return f;
}

static void save_variables(struct interp *in, struct envfile *f, const struct strlist *names)
{
	for (size_t i = 0; i < names->n && running(in); i++) {
		const char *value = env_get(in, names->v[i]);
		int r = envblk_set(f->text, f->n, names->v[i], value);

		if (r == -ENOMEM)
			(void)out_of_memory(in);
		else if (r < 0)
			(void)complain(in, 0, "save_env: no room for %s in the environment block",
				       names->v[i]);
		else
			note_saved(in, f, names->v[i], value);
	}
}

int cmd_save_env(struct interp *in, struct call *call)
{
	_cleanup_free_ char *name = NULL;
	_cleanup_free_ uint8_t *text = NULL;
	struct envfile *f;
	struct options o;
	size_t n;
	int r = options_parse(in, call, table, 0, &o), status;

	if (r != OPTIONS_OK) {
		status = r == OPTIONS_HELP ? GRUB_OK : GRUB_BAD_ARGUMENT;
	} else if (!o.rest.n) {
		status = complain(in, GRUB_BAD_ARGUMENT, "save_env: no variable is specified");
	} else {
		status = read_block(in, call, &o, &name, &text, &n);
		f = status ? NULL : open_copy(in, name, text, n);
		if (f)
			save_variables(in, f, &o.rest);
	}
	options_done(&o);
	return status;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* GRUB's file names, "(device)/path", to questions for the file system table. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "entry/grub/interp.h"
#include "entry/path.h"

int file_parse(struct interp *in, const char *name, char **ret_device, char **ret_path)
{
	const char *path = name;
	char *device;

	if (*name == '(') {
		path = strchr(name, ')');
		if (!path)
			return GRUB_BAD_FILENAME;
		device = strndup(name + 1, (size_t)(path - name - 1));
		path++;
	} else {
		device = strdup(env_get_or(in, "root", ""));
	}
	if (!device)
		(void)out_of_memory(in);
	/* What does not begin with a slash is a list of blocks. */
	if (!device || (*path && *path != '/')) {
		free(device);
		return GRUB_BAD_FILENAME;
	}
	if (path_join(NULL, path, ret_path) < 0) {
		free(device);
		(void)out_of_memory(in);
		return GRUB_BAD_FILENAME;
	}
	*ret_device = device;
	return GRUB_OK;
}

const char *fs_device(const struct interp *in, const char *device)
{
	return strcmp(device, in->device) ? device : "";
}

static int error_of(int r)
{
	return r == -ENODEV   ? GRUB_BAD_DEVICE
	       : r == -ENOENT ? GRUB_FILE_NOT_FOUND
			      : GRUB_BAD_FILE_TYPE;
}

int file_type(struct interp *in, const char *name, enum entry_file_type *ret)
{
	_cleanup_free_ char *device = NULL, *path = NULL;
	int r = file_parse(in, name, &device, &path);

	if (r)
		return r;
	r = in->fs->type(in->fs, fs_device(in, device), path, ret);
	if (r == -ENOMEM)
		(void)out_of_memory(in);
	return r < 0 ? error_of(r) : GRUB_OK;
}

/* A copy of @f's text as it is now. */
static int read_changed(struct interp *in, const struct envfile *f, uint8_t **ret, size_t *ret_n)
{
	uint8_t *copy = malloc(f->n + 1);

	if (!copy) {
		(void)out_of_memory(in);
		return GRUB_BAD_FILE_TYPE;
	}
	memcpy(copy, f->text, f->n);
	*ret = copy;
	*ret_n = f->n;
	return GRUB_OK;
}

int file_read(struct interp *in, const char *name, uint8_t **ret, size_t *ret_n)
{
	_cleanup_free_ char *device = NULL, *path = NULL;
	_cleanup_free_ uint8_t *text = NULL;
	size_t max = in->req->limits.file_size ? in->req->limits.file_size : GRUB_MAX_FILE, n;
	struct envfile *changed;
	int r = file_parse(in, name, &device, &path);

	if (r)
		return r;
	changed = envfile_find(in, device, path);
	if (changed)
		return read_changed(in, changed, ret, ret_n);
	r = in->fs->read(in->fs, fs_device(in, device), path, max, &text, &n);
	if (r == -ENOMEM || r == BUDGET_SPENT)
		in->fatal = r;
	if (r < 0)
		return error_of(r);
	if (!spend(in, n))
		return GRUB_BAD_FILENAME;
	*ret = TAKE_PTR(text);
	*ret_n = n;
	return GRUB_OK;
}

/* Environment blocks are small; more than this is none. */
enum { BLOCKS_MAX = 128 };

int blocks_read(struct interp *in, const char *name, uint8_t **ret, size_t *ret_n)
{
	const char *end = *name == '(' ? strchr(name, ')') : NULL, *p = end ? end + 1 : "";
	_cleanup_free_ char *device = NULL;
	unsigned first, n;
	int r;

	if (!take_unsigned(&p, &first) || !take_prefix(&p, "+") || !take_unsigned(&p, &n) || *p ||
	    !n || n > BLOCKS_MAX)
		return GRUB_BAD_FILENAME;
	device = strndup(name + 1, (size_t)(end - name - 1));
	if (!device) {
		(void)out_of_memory(in);
		return GRUB_BAD_FILENAME;
	}
	r = in->fs->blocks ? in->fs->blocks(in->fs, fs_device(in, device), first, n, ret) : -ENODEV;
	if (r == -ENOMEM || r == BUDGET_SPENT)
		in->fatal = r;
	if (r < 0)
		return GRUB_BAD_DEVICE;
	*ret_n = (size_t)n * 512;
	return GRUB_OK;
}

char *file_to_system(struct interp *in, const char *name)
{
	_cleanup_free_ char *device = NULL, *path = NULL;
	char *system;
	int r;

	if (file_parse(in, name, &device, &path))
		return NULL;
	r = in->fs->to_system(in->fs, fs_device(in, device), path, &system);
	if (r == -ENOMEM)
		(void)out_of_memory(in);
	return r < 0 ? NULL : system;
}

bool file_is_guess(struct interp *in, const char *name)
{
	_cleanup_free_ char *device = NULL, *path = NULL;

	return in->fs->is_guess && file_parse(in, name, &device, &path) == GRUB_OK &&
	       in->fs->is_guess(in->fs, fs_device(in, device));
}

char *file_full_name(struct interp *in, const char *name)
{
	struct strbuf full = { 0 };

	if (*name != '(')
		strbuf_addf(&full, "(%s)", env_get_or(in, "root", ""));
	strbuf_add(&full, name);
	return take_text(in, &full);
}

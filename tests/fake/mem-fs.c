// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fake/mem-fs.h"

static struct mem_fs *mem(struct entry_fs *fs)
{
	return (struct mem_fs *)fs;
}

static bool has_device(const struct mem_fs *fs, const char *device)
{
	for (size_t i = 0; i < fs->n_files; i++)
		if (!strcmp(fs->files[i].device, device))
			return true;
	return false;
}

/* @path lies below @dir; *ret_name is what follows the slash. */
static bool below(const char *path, const char *dir, const char **ret_name)
{
	size_t n = strlen(dir);

	if (n == 1)
		n = 0;
	if (strncmp(path, dir, n) != 0 || path[n] != '/' || !path[n + 1])
		return false;
	*ret_name = path + n + 1;
	return true;
}

static const struct mem_file *find(const struct mem_fs *fs, const char *device, const char *path,
				   bool *ret_directory)
{
	const char *name;

	*ret_directory = !strcmp(path, "/");
	for (size_t i = 0; i < fs->n_files; i++) {
		const struct mem_file *f = &fs->files[i];

		if (strcmp(f->device, device) != 0)
			continue;
		if (!strcmp(f->path, path)) {
			*ret_directory = !f->text;
			return f;
		}
		if (below(f->path, path, &name))
			*ret_directory = true;
	}
	return NULL;
}

static int mem_type(struct entry_fs *fs, const char *device, const char *path,
		    enum entry_file_type *ret)
{
	const struct mem_file *f;
	bool directory;

	device = device ? device : "";
	if (!has_device(mem(fs), device))
		return -ENODEV;
	f = find(mem(fs), device, path, &directory);
	*ret = directory ? ENTRY_FILE_DIRECTORY : f ? ENTRY_FILE_REGULAR : ENTRY_FILE_NONE;
	return 0;
}

static int mem_read(struct entry_fs *fs, const char *device, const char *path, size_t max,
		    uint8_t **ret, size_t *ret_n)
{
	const struct mem_file *f;
	bool directory;

	device = device ? device : "";
	if (!has_device(mem(fs), device))
		return -ENODEV;
	f = find(mem(fs), device, path, &directory);
	if (directory)
		return -EISDIR;
	if (!f)
		return -ENOENT;
	if (f->n > max)
		return -EFBIG;
	*ret = malloc(f->n + 1);
	if (!*ret)
		return -ENOMEM;
	memcpy(*ret, f->text, f->n);
	*ret_n = f->n;
	return 0;
}

static bool has_name(const struct strlist *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->v[i], name))
			return true;
	return false;
}

static int mem_list(struct entry_fs *fs, const char *device, const char *path, struct strlist *ret)
{
	struct strlist list = { 0 };
	bool directory;

	device = device ? device : "";
	if (!has_device(mem(fs), device))
		return -ENODEV;
	(void)find(mem(fs), device, path, &directory);
	if (!directory)
		return -ENOENT;
	for (size_t i = 0; i < mem(fs)->n_files; i++) {
		const struct mem_file *f = &mem(fs)->files[i];
		char name[256];
		const char *rest;
		size_t n;

		if (strcmp(f->device, device) != 0 || !below(f->path, path, &rest))
			continue;
		n = strcspn(rest, "/");
		if (n >= sizeof(name))
			continue;
		memcpy(name, rest, n);
		name[n] = 0;
		if (!has_name(&list, name) && strlist_add(&list, name) < 0) {
			strlist_done(&list);
			return -ENOMEM;
		}
	}
	*ret = list;
	return 0;
}

static int mem_search(struct entry_fs *fs, enum entry_search what, const char *key,
		      const struct strlist *hints, char **ret_device)
{
	const char *device = NULL;
	bool directory;

	for (size_t i = 0; i < mem(fs)->n_keys && !device; i++) {
		const struct mem_key *k = &mem(fs)->keys[i];

		if (k->what == what &&
		    !(what == ENTRY_SEARCH_UUID ? strcasecmp(k->key, key) : strcmp(k->key, key)))
			device = k->device;
	}
	for (size_t i = 0; i < mem(fs)->n_files && what == ENTRY_SEARCH_FILE && !device; i++)
		if (find(mem(fs), mem(fs)->files[i].device, key, &directory) || directory)
			device = mem(fs)->files[i].device;
	if (!device)
		return -ENOENT;
	*ret_device = strdup(device);
	return *ret_device ? 0 : -ENOMEM;
}

static int mem_probe(struct entry_fs *fs, const char *device, const char *what, char **ret)
{
	enum entry_search kind = !strcmp(what, "fs_uuid") ? ENTRY_SEARCH_UUID : ENTRY_SEARCH_LABEL;

	device = device ? device : "";
	if (strcmp(what, "fs_uuid") != 0 && strcmp(what, "fs_label") != 0)
		return -ENOENT;
	for (size_t i = 0; i < mem(fs)->n_keys; i++) {
		const struct mem_key *k = &mem(fs)->keys[i];

		if (k->what == kind && !strcmp(k->device, device)) {
			*ret = strdup(k->key);
			return *ret ? 0 : -ENOMEM;
		}
	}
	return -ENODEV;
}

/* The device's name in front: a test sees which file system was meant. */
static int mem_to_system(struct entry_fs *fs, const char *device, const char *path, char **ret)
{
	char *out;

	device = device ? device : "";
	if (!has_device(mem(fs), device))
		return -ENODEV;
	out = malloc(strlen(device) + strlen(path) + 2);
	if (!out)
		return -ENOMEM;
	*out = 0;
	if (*device) {
		strcat(out, "/");
		strcat(out, device);
	}
	strcat(out, path);
	*ret = out;
	return 0;
}

void mem_fs_init(struct mem_fs *fs)
{
	*fs = (struct mem_fs){ .fs = { .type = mem_type,
				       .read = mem_read,
				       .list = mem_list,
				       .search = mem_search,
				       .probe = mem_probe,
				       .to_system = mem_to_system } };
}

static void *checked(void *p)
{
	if (!p)
		abort();
	return p;
}

void mem_fs_add(struct mem_fs *fs, const char *device, const char *path, const void *text, size_t n)
{
	struct mem_file *f;

	fs->files = checked(reallocarray(fs->files, fs->n_files + 1, sizeof(*fs->files)));
	f = &fs->files[fs->n_files++];
	*f = (struct mem_file){ .device = checked(strdup(device)), .path = checked(strdup(path)) };
	if (text) {
		f->text = checked(malloc(n + 1));
		memcpy(f->text, text, n);
		f->n = n;
	}
}

void mem_fs_add_text(struct mem_fs *fs, const char *device, const char *path, const char *text)
{
	mem_fs_add(fs, device, path, text, strlen(text));
}

void mem_fs_add_directory(struct mem_fs *fs, const char *device, const char *path)
{
	mem_fs_add(fs, device, path, NULL, 0);
}

void mem_fs_add_key(struct mem_fs *fs, enum entry_search what, const char *key, const char *device)
{
	fs->keys = checked(reallocarray(fs->keys, fs->n_keys + 1, sizeof(*fs->keys)));
	fs->keys[fs->n_keys++] =
		(struct mem_key){ what, checked(strdup(key)), checked(strdup(device)) };
}

void mem_fs_done(struct mem_fs *fs)
{
	for (size_t i = 0; i < fs->n_files; i++) {
		free(fs->files[i].device);
		free(fs->files[i].path);
		free(fs->files[i].text);
	}
	free(fs->files);
	for (size_t i = 0; i < fs->n_keys; i++) {
		free(fs->keys[i].key);
		free(fs->keys[i].device);
	}
	free(fs->keys);
	*fs = (struct mem_fs){ 0 };
}

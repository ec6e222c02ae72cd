// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "entry/path.h"
#include "fuzz/inside.h"
#include "tests/fake/menu.h"

enum { SEPARATOR = 0x1c, LINKS_MAX = 8, TARGET_MAX = 2 * FILES_PATH_MAX };

/* What one input may cost, so that the fuzzer sees many: far more than any seed takes. */
static const uint64_t limits[BUDGET_KINDS] = {
	[BUDGET_FILES] = 512,	   [BUDGET_BYTES] = 256 << 10, [BUDGET_STEPS] = 4 << 20,
	[BUDGET_MEMORY] = 1 << 20, [BUDGET_TIME] = UINT64_MAX,
};

/* Quarantined memory is new memory for each input, and page faults cost more than the parsers do; so do
 * long traces of who allocated. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=8:malloc_context_size=5";
}

static struct files *files_of(struct entry_fs *fs)
{
	return (struct files *)fs;
}

/* @path is @dir, or below it: what follows, or NULL. */
static const char *after(const char *path, const char *dir)
{
	size_t n = strcmp(dir, "/") == 0 ? 0 : strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == 0) ? path + n : NULL;
}

static bool put_path(char *ret, size_t n, const char *dir, const char *name)
{
	_cleanup_free_ char *path = NULL;

	if (path_join(dir, name, &path) < 0)
		abort();
	if (strlen(path) >= n)
		return false;
	strcpy(ret, path);
	return true;
}

/* The device's name as a directory of the tree, "" for those whose paths are the tree's own. */
static int place(const struct files *files, const char *device, const char *path, char *ret)
{
	char dir[FILES_PATH_MAX] = "/";

	must(path != NULL);
	if (device && *device && strcmp(device, ENTRY_SYSTEM) != 0 && strcmp(device, "dev") != 0) {
		bool is_there = false;

		if (strlen(device) + 3 > sizeof(dir))
			return -ENODEV;
		strcpy(dir, "/@");
		strcat(dir, device);
		for (size_t i = 0; i < files->n && !is_there; i++)
			is_there = after(files->file[i].path, dir) != NULL;
		if (!is_there)
			return -ENODEV;
	}
	return put_path(ret, FILES_PATH_MAX, dir, path) ? 0 : -ENAMETOOLONG;
}

/* Follows one link in @path, the first on the way: 1, or 0 when there is none. */
static int follow(const struct files *files, char *path)
{
	const struct fuzz_file *link = NULL;
	char target[TARGET_MAX];
	_cleanup_free_ char *dir = NULL;
	const char *rest;

	for (size_t i = 0; i < files->n; i++)
		if (files->file[i].target[0] && after(path, files->file[i].path) &&
		    (!link || strlen(files->file[i].path) < strlen(link->path)))
			link = &files->file[i];
	if (!link)
		return 0;
	rest = after(path, link->path);
	if (path_parent(link->path, &dir) < 0)
		abort();
	strcpy(target, link->target);
	strcat(target, rest);
	return put_path(path, FILES_PATH_MAX, link->target[0] == '/' ? "/" : dir, target)
		       ? 1
		       : -ENAMETOOLONG;
}

static int lookup(struct files *files, const char *device, const char *path,
		  const struct fuzz_file **ret, bool *ret_is_dir, char *ret_path)
{
	int r = place(files, device, path, ret_path);

	for (int n = 0; r == 0 && (r = follow(files, ret_path)) == 1;)
		r = ++n > LINKS_MAX ? -ELOOP : 0;
	if (r < 0)
		return r;
	*ret = NULL;
	*ret_is_dir = strcmp(ret_path, "/") == 0;
	for (size_t i = 0; i < files->n && !*ret; i++)
		if (strcmp(files->file[i].path, ret_path) == 0)
			*ret = &files->file[i];
		else if (after(files->file[i].path, ret_path))
			*ret_is_dir = true;
	*ret_is_dir |= *ret && (*ret)->is_dir;
	return 0;
}

static int files_type(struct entry_fs *fs, const char *device, const char *path,
		      enum entry_file_type *ret)
{
	char real[FILES_PATH_MAX];
	const struct fuzz_file *f;
	bool is_dir;
	int r = budget_take(fs->budget, BUDGET_STEPS, 1000);

	if (r == 0)
		r = lookup(files_of(fs), device, path, &f, &is_dir, real);
	if (r == 0)
		*ret = is_dir ? ENTRY_FILE_DIRECTORY : f ? ENTRY_FILE_REGULAR : ENTRY_FILE_NONE;
	return r == -ENAMETOOLONG ? -ENOENT : r;
}

static int find(struct entry_fs *fs, const char *device, const char *path, struct bytes *ret)
{
	char real[FILES_PATH_MAX];
	const struct fuzz_file *f;
	bool is_dir;
	int r = budget_take(fs->budget, BUDGET_FILES, 1);

	if (r == 0)
		r = lookup(files_of(fs), device, path, &f, &is_dir, real);
	if (r == 0)
		r = is_dir ? -EISDIR : f ? 0 : -ENOENT;
	if (r == 0)
		r = budget_take(fs->budget, BUDGET_BYTES, f->text.n);
	if (r == 0)
		*ret = f->text;
	return r;
}

static int files_map(struct entry_fs *fs, const char *device, const char *path, const uint8_t **ret,
		     size_t *ret_n)
{
	struct bytes text;
	uint8_t *copy;
	int r = find(fs, device, path, &text);

	if (r < 0)
		return r;
	/* exactly this size, so that AddressSanitizer sees the first byte past its end */
	copy = malloc(text.n ? text.n : 1);
	if (!copy)
		abort();
	if (text.n)
		memcpy(copy, text.p, text.n);
	*ret = copy;
	*ret_n = text.n;
	return 0;
}

static void files_unmap(struct entry_fs *fs, const uint8_t *p, size_t n)
{
	(void)fs;
	(void)n;
	free((uint8_t *)(uintptr_t)p);
}

static int files_head(struct entry_fs *fs, const char *device, const char *path, uint8_t *buf,
		      size_t n, size_t *ret_n)
{
	struct bytes text;
	int r = find(fs, device, path, &text);

	if (r < 0)
		return r;
	*ret_n = text.n < n ? text.n : n;
	if (*ret_n)
		memcpy(buf, text.p, *ret_n);
	return 0;
}

static int files_load(struct entry_fs *fs, const char *device, const char *path, size_t max,
		      uint8_t **ret, size_t *ret_n)
{
	const uint8_t *p;
	size_t n;
	int r = files_map(fs, device, path, &p, &n);

	if (r == 0 && n > max) {
		files_unmap(fs, p, n);
		return -EFBIG;
	}
	if (r == 0) {
		*ret = (uint8_t *)(uintptr_t)p;
		*ret_n = n;
	}
	return r;
}

static bool has_name(const struct strlist *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i], name) == 0)
			return true;
	return false;
}

static int files_list(struct entry_fs *fs, const char *device, const char *path,
		      struct strlist *ret)
{
	struct strlist list = { 0 };
	char real[FILES_PATH_MAX];
	const struct fuzz_file *f;
	bool is_dir;
	int r = budget_take(fs->budget, BUDGET_FILES, 1);

	if (r == 0)
		r = lookup(files_of(fs), device, path, &f, &is_dir, real);
	if (r == 0 && !is_dir)
		r = f ? -ENOTDIR : -ENOENT;
	for (size_t i = 0; r == 0 && i < files_of(fs)->n; i++) {
		const char *rest = after(files_of(fs)->file[i].path, real);
		char name[FILES_PATH_MAX] = "";

		if (rest && *rest == '/')
			memcpy(name, rest + 1, strcspn(rest + 1, "/"));
		if (*name && !has_name(&list, name) && strlist_add(&list, name) < 0)
			abort();
	}
	if (r == 0)
		*ret = list;
	return r;
}

static int files_search(struct entry_fs *fs, enum entry_search what, const char *key,
			const struct strlist *hints, char **ret_device)
{
	char real[FILES_PATH_MAX];
	const struct fuzz_file *f = NULL;
	bool is_dir = false;
	int r = 0;

	(void)hints;
	if (what == ENTRY_SEARCH_FILE)
		r = *key == '/' ? lookup(files_of(fs), "", key, &f, &is_dir, real) : -ENOENT;
	if (r < 0 || (what == ENTRY_SEARCH_FILE && !f && !is_dir) || *key == 'x')
		return -ENOENT;
	if (what != ENTRY_SEARCH_FILE && place(files_of(fs), key, "/", real) < 0)
		key = "dev";
	*ret_device = strdup(what == ENTRY_SEARCH_FILE || *key == 'h' ? "" : key);
	return *ret_device ? 0 : -ENOMEM;
}

static int files_probe(struct entry_fs *fs, const char *device, const char *what, char **ret)
{
	(void)fs;
	(void)device;
	*ret = strdup(what);
	return *ret ? 0 : -ENOMEM;
}

static int files_to_system(struct entry_fs *fs, const char *device, const char *path, char **ret)
{
	char real[FILES_PATH_MAX];
	int r = place(files_of(fs), device, path, real);

	if (r < 0)
		return r;
	*ret = strdup(real);
	return *ret ? 0 : -ENOMEM;
}

static int files_set_home(struct entry_fs *fs, const char *path, char **ret)
{
	(void)fs;
	return path_join(NULL, path, ret);
}

static bool files_same(struct entry_fs *fs, const char *a, const char *b)
{
	(void)fs;
	return strcmp(a, b) == 0;
}

/* The line behind a separator; false for names that are none. */
static bool decode_name(struct fuzz_file *f, struct bytes line)
{
	char name[FILES_PATH_MAX];
	char *arrow;

	if (line.n == 0 || line.n >= sizeof(name) || memchr(line.p, 0, line.n))
		return false;
	memcpy(name, line.p, line.n);
	name[line.n] = 0;
	f->is_dir = name[line.n - 1] == '/';
	arrow = strchr(name, '>');
	if (arrow) {
		*arrow = 0;
		strcpy(f->target, arrow + 1);
	}
	return put_path(f->path, sizeof(f->path), "/", name) && strcmp(f->path, "/") != 0;
}

void files_decode(struct files *files, const char *config, struct bytes input)
{
	const uint8_t *end = input.p + input.n, *p = input.p;
	const uint8_t *stop = input.n ? memchr(p, SEPARATOR, input.n) : NULL;

	files->fs = (struct entry_fs){ .budget = &files->budget,
				       .type = files_type,
				       .read = files_load,
				       .list = files_list,
				       .search = files_search,
				       .probe = files_probe,
				       .to_system = files_to_system,
				       .set_home = files_set_home,
				       .head = files_head,
				       .map = files_map,
				       .unmap = files_unmap,
				       .same = files_same };
	budget_init(&files->budget, NULL, NULL);
	memcpy(files->budget.max, limits, sizeof(limits));
	files->n = 1;
	files->file[0] = (struct fuzz_file){ .text = { p, (size_t)((stop ? stop : end) - p) } };
	strcpy(files->file[0].path, config);
	while (stop && files->n < FILES_MAX) {
		struct fuzz_file *f = &files->file[files->n];
		const uint8_t *line = stop + 1, *newline;

		stop = memchr(line, SEPARATOR, (size_t)(end - line));
		newline = memchr(line, '\n', (size_t)((stop ? stop : end) - line));
		if (!newline)
			continue;
		*f = (struct fuzz_file){ .text = { newline + 1,
						   (size_t)((stop ? stop : end) - newline - 1) } };
		files->n += decode_name(f, (struct bytes){ line, (size_t)(newline - line) });
	}
}

void files_read(read_fn *read, const struct boot_find_opts *opts, const char *config,
		struct bytes input)
{
	static struct files files;
	struct boot_menu menu = { .default_index = 77 };
	struct kx_error err = { 0 };

	files_decode(&files, config, input);
	if (read(&files.fs, opts, config, &menu, &err) < 0) {
		must(menu.default_index == 77 && err.message[0]);
		return;
	}
	check_menu(&menu);
	boot_menu_done(&menu);
}

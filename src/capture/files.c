// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs of the running system with all that they need. Libraries are looked for where ld.so(8) does: in
 * the directories that the file itself names, in its cache, in the default directories.
 */
#include "capture/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/dir.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/open.h"
#include "base/strbuf.h"
#include "capture/elf-needs.h"
#include "capture/settings.h"

#define CACHE_FILE "/etc/ld.so.cache"

enum { CACHE_MAX = 16 << 20, LINKS_MAX = 8 };

void capture_files_done(struct capture_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		free(files->v[i].path);
		free(files->v[i].p);
	}
	files->n = 0;
}

bool capture_files_have(const struct capture_files *files, const char *path)
{
	for (size_t i = 0; i < files->n; i++)
		if (strcmp(files->v[i].path, path) == 0)
			return true;
	return false;
}

int capture_files_take(struct capture_files *files, const char *path, unsigned mode, uint8_t *p,
		       size_t n)
{
	_cleanup_free_ uint8_t *owned = p;
	char *copy;

	if (files->n == CAPTURE_FILES_MAX)
		return -E2BIG;
	copy = strdup(path + strspn(path, "/"));
	if (!copy)
		return -ENOMEM;
	files->v[files->n++] = (struct capture_file_member){ copy, TAKE_PTR(owned), n, mode };
	return 0;
}

int capture_files_text(struct capture_files *files, const char *path, unsigned mode,
		       const char *text)
{
	char *copy = strdup(text);

	return copy ? capture_files_take(files, path, mode, (uint8_t *)copy, strlen(copy))
		    : -ENOMEM;
}

/* ---- programs */

/* One program that is put in. */
struct putting {
	struct capture_files *files;
	int root;
	const char *program;
	uint16_t machine;
	struct bytes cache;   /* of ld.so, empty without one */
	char *loader_folder;  /* where the loader really is */
	struct names waiting; /* names of libraries, in the order in which they are put in */
	struct names paths;   /* DT_RUNPATH of what asked for them, "" for none */
};

static int read_file(const struct putting *p, const char *path, uint8_t **ret, size_t *ret_n)
{
	_cleanup_close_ int fd = open_trusted_in(p->root, path, O_RDONLY);

	return fd < 0 ? fd : read_fd(fd, CAPTURE_FILE_MAX, ret, ret_n);
}

/* A library of this name is in @path, and of the right machine? 1, and it is put in. */
static int try_path(void *data, const char *path)
{
	struct putting *p = data;
	_cleanup_elf_needs_ struct elf_needs needs = { 0 };
	_cleanup_strbuf_ struct strbuf inside = { 0 };
	_cleanup_free_ uint8_t *raw = NULL;
	size_t n;
	int r = read_file(p, path, &raw, &n);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r == 0)
		r = elf_needs_parse((struct bytes){ raw, n }, &needs);
	if (r < 0)
		return r == -ENOEXEC ? 0 : r; /* 32-bit ones are in the cache, too */
	if (needs.machine != p->machine)
		return 0;
	for (size_t i = 0; i < needs.libraries.n; i++) {
		const char *path_of = needs.path ? needs.path : "";

		if (capture_names_add(&p->waiting, needs.libraries.v[i],
				      strlen(needs.libraries.v[i])) < 0 ||
		    capture_names_add(&p->paths, path_of, strlen(path_of)) < 0)
			return -ENOMEM;
	}
	strbuf_addf(&inside, CAPTURE_LIBRARIES "/%s", strrchr(path, '/') + 1);
	if (inside.failed)
		return -ENOMEM;
	r = capture_files_take(p->files, inside.s, 0755, TAKE_PTR(raw), n);
	return r < 0 ? r : 1;
}

static int try_folder(struct putting *p, struct bytes folder, const char *name)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };

	if (!folder.n || folder.p[0] != '/')
		return 0;
	strbuf_addf(&path, "%.*s/%s", (int)folder.n, (const char *)folder.p, name);
	return path.failed ? -ENOMEM : try_path(p, path.s);
}

/* Each of a list that is separated by colons; $ORIGIN is the program's own folder. */
static int try_list(struct putting *p, const char *list, const char *name)
{
	const size_t folder_n = (size_t)(strrchr(p->program, '/') - p->program);
	int r = 0;

	while (r == 0 && *list) {
		const size_t n = strcspn(list, ":");
		_cleanup_strbuf_ struct strbuf folder = { 0 };
		const char *rest = list;

		if (strncmp(list, "$ORIGIN", 7) == 0 || strncmp(list, "${ORIGIN}", 9) == 0) {
			strbuf_add_n(&folder, p->program, folder_n);
			rest += list[1] == '{' ? 9 : 7;
		}
		strbuf_add_n(&folder, rest, n - (size_t)(rest - list));
		if (folder.failed)
			return -ENOMEM;
		r = try_folder(p, (struct bytes){ (const uint8_t *)folder.s, folder.n }, name);
		list += n + (list[n] == ':');
	}
	return r;
}

/* Debian's folders of an architecture, "x86_64-linux-gnu"; of which one it is, each library says itself. */
static int try_multiarch(struct putting *p, const char *above, const char *name)
{
	_cleanup_names_ struct names names = { 0 };
	int r = list_in(p->root, above, &names);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_strbuf_ struct strbuf folder = { 0 };

		if (!ends_with(names.v[i], "-linux-gnu") && !ends_with(names.v[i], "-linux-musl"))
			continue;
		strbuf_addf(&folder, "%s/%s", above, names.v[i]);
		r = folder.failed ? -ENOMEM : try_list(p, folder.s, name);
	}
	return r;
}

/* 1: put in; 0: there is none. */
static int find_library(struct putting *p, const char *name, const char *path)
{
	static const char defaults[] = "/lib64:/usr/lib64:/lib:/usr/lib:/usr/local/lib";
	_cleanup_strbuf_ struct strbuf usr = { 0 };
	int r;

	if (strchr(name, '/')) /* linked by a path, as nobody does */
		return try_path(p, name);
	r = try_list(p, path, name);
	if (r == 0 && p->cache.n)
		r = ld_cache_each(p->cache, name, try_path, p);
	if (r == -EBADMSG)
		r = 0;
	if (r == 0 && p->loader_folder) {
		strbuf_addf(&usr, "%s:/usr%s", p->loader_folder, p->loader_folder);
		r = usr.failed ? -ENOMEM : try_list(p, usr.s, name);
	}
	if (r == 0)
		r = try_list(p, defaults, name);
	if (r == 0)
		r = try_multiarch(p, "/lib", name);
	return r == 0 ? try_multiarch(p, "/usr/lib", name) : r;
}

static int put_libraries(struct putting *p, struct kx_error *err)
{
	/* the list grows while it is gone through */
	for (size_t i = 0; i < p->waiting.n; i++) {
		_cleanup_strbuf_ struct strbuf inside = { 0 };
		const char *name = p->waiting.v[i];
		int r;

		strbuf_addf(&inside, CAPTURE_LIBRARIES "/%s",
			    strrchr(name, '/') ? strrchr(name, '/') + 1 : name);
		if (inside.failed)
			return kx_fail(err, -ENOMEM, "out of memory");
		if (capture_files_have(p->files, inside.s))
			continue;
		r = find_library(p, name, p->paths.v[i]);
		if (r == 0)
			return kx_fail(err, -ENOENT,
				       "%s needs the library %s, which is not found by " CACHE_FILE
				       " and in the usual directories",
				       p->program, name);
		if (r < 0)
			return kx_fail(err, r,
				       "%s needs the library %s, which cannot be put in: %s",
				       p->program, name, open_strerror(r));
	}
	return 0;
}

/* The loader under the path that the program has for it, whatever links lead there. */
static int put_loader(struct putting *p, const char *path, struct kx_error *err)
{
	_cleanup_free_ char *at = strdup(path);
	uint8_t *raw = NULL;
	size_t n;
	int r = at ? read_file(p, path, &raw, &n) : -ENOMEM;

	if (r == 0 && !capture_files_have(p->files, path + 1))
		r = capture_files_take(p->files, path, 0755, TAKE_PTR(raw), n);
	free(raw);
	if (r < 0)
		return kx_fail(err, r, "%s needs %s: %s", p->program, path, open_strerror(r));
	for (unsigned i = 0; i < LINKS_MAX; i++) {
		_cleanup_free_ char *target = NULL;
		_cleanup_strbuf_ struct strbuf next = { 0 };

		if (readlink_in(p->root, at, &target) < 0)
			break;
		if (target[0] != '/')
			strbuf_add_n(&next, at, (size_t)(strrchr(at, '/') + 1 - at));
		strbuf_add(&next, target);
		free(TAKE_PTR(at));
		if (strbuf_take(&next, &at) < 0)
			return kx_fail(err, -ENOMEM, "out of memory");
	}
	*strrchr(at, '/') = '\0';
	p->loader_folder = TAKE_PTR(at);
	return 0;
}

static int put_program(struct putting *p, struct kx_error *err)
{
	_cleanup_elf_needs_ struct elf_needs needs = { 0 };
	uint8_t *raw = NULL;
	size_t n;
	int r = read_file(p, p->program, &raw, &n);

	if (r < 0)
		return kx_fail(err, r, "%s: %s", p->program, open_strerror(r));
	r = elf_needs_parse((struct bytes){ raw, n }, &needs);
	if (capture_files_take(p->files, p->program, 0755, raw, n) < 0)
		return kx_fail(err, -ENOMEM, "out of memory");
	if (r < 0)
		return kx_fail(
			err, r == -ENOEXEC ? -EOPNOTSUPP : r,
			"%s: cannot be put into the capture initramfs: it is no program of a "
			"64-bit machine (a script needs an interpreter, which is not there)",
			p->program);
	p->machine = needs.machine;
	if (needs.loader) {
		r = put_loader(p, needs.loader, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < needs.libraries.n; i++) {
		const char *path = needs.path ? needs.path : "";

		if (capture_names_add(&p->waiting, needs.libraries.v[i],
				      strlen(needs.libraries.v[i])) < 0 ||
		    capture_names_add(&p->paths, path, strlen(path)) < 0)
			return kx_fail(err, -ENOMEM, "out of memory");
	}
	return put_libraries(p, err);
}

int capture_files_add_program(struct capture_files *files, int root, const char *path,
			      struct kx_error *err)
{
	struct putting p = { .files = files, .root = root, .program = path };
	_cleanup_free_ uint8_t *cache = NULL;
	size_t n;
	int r;

	if (path[0] != '/')
		return kx_fail(err, -EINVAL, "%s: is no absolute path", path);
	if (capture_files_have(files, path + 1))
		return 0;
	if (read_file(&p, CACHE_FILE, &cache, &n) == 0)
		p.cache = (struct bytes){ cache, n };
	r = put_program(&p, err);
	free(p.loader_folder);
	names_done(&p.waiting);
	names_done(&p.paths);
	return r;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Chooses kernel modules by depmod's lists: those whose drivers have the target's devices now, those that
 * udev would load for them, and those of the file system with what it computes checksums by.
 */
#include "capture/modules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "image/image.h"
#include "image/modules.h"

enum { LIST_MAX = 16 << 20, MODULE_MAX = 64 << 20, FOLDERS = 2 };

void capture_modules_done(struct capture_modules *modules)
{
	for (size_t i = 0; i < modules->n; i++) {
		free(modules->v[i].name);
		free(modules->v[i].p);
	}
	free(modules->v);
	*modules = (struct capture_modules){ 0 };
}

/* depmod's files; contents are released together. */
struct lists {
	int root;
	const char *release;
	const char *folder; /* "/lib/modules" or "/usr/lib/modules" */
	struct bytes dep, alias, softdep, weakdep, builtin;
	struct modules modules;
	struct names order; /* paths in the order of loading */
};

static void lists_done(struct lists *l)
{
	const struct bytes all[] = { l->dep, l->alias, l->softdep, l->weakdep, l->builtin };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		free((void *)(uintptr_t)all[i].p);
	modules_done(&l->modules);
	names_done(&l->order);
}

static int read_list(const struct lists *l, const char *name, struct bytes *ret)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	uint8_t *p;
	int r;

	strbuf_addf(&path, "%s/%s/%s", l->folder, l->release, name);
	r = path.failed ? -ENOMEM : read_file_in(l->root, path.s, LIST_MAX, &p, &ret->n);
	if (r == 0)
		ret->p = p;
	return r;
}

static int read_lists(struct lists *l, struct kx_error *err)
{
	static const char *const folders[FOLDERS] = { "/lib/modules", "/usr/lib/modules" };
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < FOLDERS; i++) {
		l->folder = folders[i];
		r = read_list(l, "modules.dep", &l->dep);
	}
	if (r < 0)
		return kx_fail(err, r,
			       "/lib/modules/%s/modules.dep: %s: the capture initramfs needs "
			       "the modules of the kernel that runs after a crash",
			       l->release, strerror(-r));
	/* kernels and depmods do not write all of them */
	if (read_list(l, "modules.alias", &l->alias) == -ENOMEM ||
	    read_list(l, "modules.softdep", &l->softdep) == -ENOMEM ||
	    read_list(l, "modules.weakdep", &l->weakdep) == -ENOMEM ||
	    read_list(l, "modules.builtin", &l->builtin) == -ENOMEM)
		return kx_fail(err, -ENOMEM, "out of memory");
	r = modules_parse(l->dep, &l->modules);
	return r < 0 ? kx_fail(err, r, "%s/%s/modules.dep: %s", l->folder, l->release, strerror(-r))
		     : 0;
}

static struct bytes text_of(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

static bool is_built_in(const struct lists *l, const char *name)
{
	struct lines lines = lines_of(l->builtin);
	struct bytes line;

	while (lines_next(&lines, &line))
		if (modalias_compare(module_name(line), text_of(name)) == 0)
			return true;
	return false;
}

/* ---- choosing */

static int compare(const void *a, const void *b)
{
	return modalias_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

/* Marks what has one of the aliases in @text, a line each. */
static int need_aliases(struct lists *l, const struct strbuf *text)
{
	struct lines lines = lines_of((struct bytes){ (const uint8_t *)text->s, text->n });
	_cleanup_free_ struct bytes *names = calloc(text->n / 2 + 1, sizeof(*names));
	size_t n = 0;

	if (!names || text->failed)
		return -ENOMEM;
	while (lines_next(&lines, &names[n]))
		n += names[n].n > 0;
	qsort(names, n, sizeof(*names), compare);
	modules_need_aliases(&l->modules, l->alias, names, n);
	return 0;
}

/* What the driver asks for itself, and for which no program answers after a crash: transforms of the crypto
 * API by their names ("crypto-crc32c"). softdep lines tell them. */
static int need_asked_for(struct lists *l)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct lines lines = lines_of(l->softdep);
	struct bytes line;

	while (lines_next(&lines, &line)) {
		if (!bytes_is(bytes_word(&line), "softdep") ||
		    !modules_is_needed(&l->modules, bytes_word(&line)))
			continue;
		while (line.n) {
			const struct bytes word = bytes_word(&line);

			strbuf_addf(&text, "%.*s\ncrypto-%.*s\n", (int)word.n, (const char *)word.p,
				    (int)word.n, (const char *)word.p);
		}
	}
	return need_aliases(l, &text);
}

static size_t count_needed(const struct lists *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->modules.n; i++)
		n += l->modules.v[i].is_needed;
	return n;
}

/* Until nothing new is needed. */
static int need_deps(struct lists *l)
{
	const struct module_files files = { l->dep, l->alias, l->softdep, l->weakdep };
	size_t before;
	int r = 0;

	do {
		before = count_needed(l);
		modules_need_deps(&l->modules, &files);
		r = need_asked_for(l);
	} while (r == 0 && count_needed(l) != before);
	return r;
}

static int need_driver(struct lists *l, const char *name, struct kx_error *err)
{
	if (modules_have(&l->modules, text_of(name))) {
		(void)modules_need(&l->modules, text_of(name));
		return 0;
	}
	if (is_built_in(l, name))
		return 0;
	return kx_fail(
		err, -ENOENT,
		"the kernel %s has no module %s in %s/%s, which drives the disk now: install "
		"its modules, or name another kernel by CRASH_KERNEL",
		l->release, name, l->folder, l->release);
}

/* Kernels that have the file system built in do not always list it under its name (ext2 by ext4). */
static bool runs_with(int root, const char *release, const char *type)
{
	_cleanup_free_ char *running = NULL;
	_cleanup_free_ uint8_t *raw = NULL;
	struct bytes text, line;
	struct lines lines;

	if (read_line_in(root, "/proc/sys/kernel/osrelease", &running) < 0 ||
	    strcmp(running, release) != 0 ||
	    read_file_in(root, "/proc/filesystems", LIST_MAX, &raw, &text.n) < 0)
		return false;
	text.p = raw;
	lines = lines_of(text);
	while (lines_next(&lines, &line))
		if (bytes_is(bytes_trim(line), type))
			return true;
	return false;
}

static int need_file_system(struct lists *l, const char *type, struct kx_error *err)
{
	/* what fat and its kin ask for by name: the usual values of CONFIG_FAT_DEFAULT_CODEPAGE and
	 * CONFIG_FAT_DEFAULT_IOCHARSET */
	static const char *const tables[] = { "nls_cp437", "nls_ascii", "nls_iso8859-1",
					      "nls_utf8" };
	_cleanup_strbuf_ struct strbuf alias = { 0 };
	const size_t before = count_needed(l);
	const bool is_nfs = strcmp(type, "nfs4") == 0;
	int r;

	strbuf_add(&alias, "fs-");
	strbuf_add(&alias, type);
	strbuf_add(&alias, "\n");
	r = need_aliases(l, &alias);
	if (r < 0)
		return kx_fail(err, r, "out of memory");
	(void)modules_need(&l->modules, text_of(type));
	if (strcmp(type, "vfat") == 0 || strcmp(type, "msdos") == 0)
		for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
			(void)modules_need(&l->modules, text_of(tables[i]));
	/* the module of the file system asks for that of the version by its name */
	if (is_nfs && !modules_have(&l->modules, text_of("nfsv4")) && !is_built_in(l, "nfsv4") &&
	    !runs_with(l->root, l->release, type))
		return kx_fail(err, -ENOENT, "the kernel %s has no module nfsv4 in %s/%s",
			       l->release, l->folder, l->release);
	if (is_nfs)
		(void)modules_need(&l->modules, text_of("nfsv4"));
	if (count_needed(l) != before || modules_is_needed(&l->modules, text_of(type)) ||
	    is_built_in(l, type) || runs_with(l->root, l->release, type))
		return 0;
	return kx_fail(err, -ENOENT, "the kernel %s has no module of the file system %s in %s/%s",
		       l->release, type, l->folder, l->release);
}

static int choose(struct lists *l, const struct capture_device *device, const struct names *types,
		  struct kx_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < device->drivers.n; i++)
		r = need_driver(l, device->drivers.v[i], err);
	for (size_t i = 0; r == 0 && i < types->n; i++)
		r = need_file_system(l, types->v[i], err);
	if (r < 0)
		return r;
	r = need_aliases(l, &device->aliases);
	if (r == 0)
		r = need_deps(l);
	return r < 0 ? kx_fail(err, r, "out of memory") : 0;
}

/* ---- order */

static struct module *find_module(struct lists *l, struct bytes name)
{
	for (size_t i = 0; i < l->modules.n; i++)
		if (modalias_compare(l->modules.v[i].name, name) == 0)
			return &l->modules.v[i];
	return NULL;
}

/* Depth first, each once: is_followed says that it is in the list or on the way there. Softdeps after "post:"
 * come with the others, when their turn is. */
static int put_in_order(struct lists *l, struct module *m, unsigned depth)
{
	struct bytes deps = m->deps;
	struct lines lines = lines_of(l->softdep);
	struct bytes line;
	int r = 0;

	if (!m->is_needed || m->is_followed || depth > CAPTURE_MODULES_MAX)
		return 0;
	m->is_followed = true;
	while (r == 0 && deps.n) {
		struct module *before = find_module(l, module_name(bytes_word(&deps)));

		r = before ? put_in_order(l, before, depth + 1) : 0;
	}
	while (r == 0 && lines_next(&lines, &line)) {
		if (!bytes_is(bytes_word(&line), "softdep") ||
		    modalias_compare(bytes_word(&line), m->name) != 0)
			continue;
		while (r == 0 && line.n) {
			const struct bytes word = bytes_word(&line);
			struct module *before = find_module(l, word);

			if (bytes_is(word, "post:"))
				break;
			r = before ? put_in_order(l, before, depth + 1) : 0;
		}
	}
	return r < 0 ? r : capture_names_add(&l->order, (const char *)m->path.p, m->path.n);
}

static int order(struct lists *l)
{
	int r = 0;

	for (size_t i = 0; i < l->modules.n; i++)
		l->modules.v[i].is_followed = false;
	for (size_t i = 0; r == 0 && i < l->modules.n; i++)
		r = put_in_order(l, &l->modules.v[i], 0);
	return r;
}

/* ---- reading */

static int read_module(const struct lists *l, const char *path, struct capture_module *ret,
		       struct kx_error *err)
{
	const struct bytes name = module_name(text_of(path));
	_cleanup_strbuf_ struct strbuf full = { 0 };
	_cleanup_free_ uint8_t *raw = NULL;
	struct capture_module m = { 0 };
	struct kx_error why = { 0 };
	size_t n;
	int r;

	if (path[0] != '/') /* depmod writes whole paths for modules elsewhere */
		strbuf_addf(&full, "%s/%s/", l->folder, l->release);
	strbuf_add(&full, path);
	if (full.failed || asprintf(&m.name, "%.*s.ko", (int)name.n, (const char *)name.p) < 0)
		return kx_fail(err, -ENOMEM, "out of memory");
	r = read_file_in(l->root, full.s, MODULE_MAX, &raw, &n);
	if (r < 0) {
		free(m.name);
		return kx_fail_path(err, r, full.s);
	}
	if (ends_with(path, ".ko")) {
		m.p = TAKE_PTR(raw);
		m.n = n;
	} else {
		r = decompress((struct bytes){ raw, n }, MODULE_MAX, &m.p, &m.n, &why);
	}
	if (r < 0) {
		free(m.name);
		return kx_fail(err, r, "%s: %s", full.s, why.message);
	}
	*ret = m;
	return 0;
}

static int read_modules(const struct lists *l, struct capture_modules *ret, struct kx_error *err)
{
	_cleanup_capture_modules_ struct capture_modules modules = { 0 };

	if (l->order.n > CAPTURE_MODULES_MAX)
		return kx_fail(err, -E2BIG, "more than %d kernel modules are needed",
			       CAPTURE_MODULES_MAX);
	modules.v = calloc(l->order.n + 1, sizeof(*modules.v));
	if (!modules.v)
		return kx_fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < l->order.n; i++) {
		int r = read_module(l, l->order.v[i], &modules.v[i], err);

		if (r < 0)
			return r;
		modules.n++;
	}
	*ret = modules;
	modules = (struct capture_modules){ 0 };
	return 0;
}

int capture_modules_find(int root, const char *release, const struct capture_device *device,
			 const struct names *types, struct capture_modules *ret,
			 struct kx_error *err)
{
	_cleanup_(lists_done) struct lists l = { .root = root, .release = release };
	int r = read_lists(&l, err);

	if (r == 0)
		r = choose(&l, device, types, err);
	if (r < 0)
		return r;
	r = order(&l);
	return r < 0 ? kx_fail(err, r, "out of memory") : read_modules(&l, ret, err);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Puts the capture initramfs together, in memory: where /boot cannot be written does not matter. */
#include "capture/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/io.h"
#include "base/open.h"
#include "capture/files.h"
#include "capture/modules.h"
#include "capture/network.h"
#include "image/newc.h"

enum { PROGRAM_MAX = 64 << 20 };

static struct bytes text_of(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

static bool has_target(const struct capture_settings *s, const char *uuid)
{
	for (size_t i = 0; i < s->n_targets; i++)
		if (s->targets[i].uuid && strcmp(s->targets[i].uuid, uuid) == 0)
			return true;
	return false;
}

static int add_device(const struct capture_device *from, struct capture_device *to)
{
	for (size_t i = 0; i < from->drivers.n; i++)
		if (capture_names_add(&to->drivers, from->drivers.v[i],
				      strlen(from->drivers.v[i])) < 0)
			return -ENOMEM;
	if (from->aliases.n)
		strbuf_add(&to->aliases, from->aliases.s);
	return to->aliases.failed ? -ENOMEM : 0;
}

/* Adds where @directory is. What is only a way out when the first fails may be missing. */
static int add_target(int root, const struct capture_wish *w, const char *directory,
		      struct capture_device *device, struct names *types, struct kx_error *err)
{
	_cleanup_capture_device_ struct capture_device own = { 0 };
	struct capture_target found = { 0 }, *target;
	struct kx_error why = { 0 };
	int r = capture_target_find(root, directory, &found, &own, &why);

	if (r < 0)
		return r != -ENOMEM && w->settings->n_targets ? 0 : kx_fail_as(err, r, &why);
	target = has_target(w->settings, found.uuid) ? NULL : capture_target_add(w->settings);
	if (!target) {
		capture_target_done(&found);
		return 0;
	}
	*target = found;
	r = add_device(&own, device);
	return r < 0 ? r : capture_names_add(types, target->type, strlen(target->type));
}

/* Adds the other machine, and the client that reaches it, a program or the kernel's. */
static int add_remote(int root, const struct capture_wish *w, struct capture_files *files,
		      struct capture_device *device, struct names *types, struct kx_error *err)
{
	const struct capture_remote *remote = w->remote;
	_cleanup_free_ char *host = NULL;
	struct capture_target *t;
	char **name;
	int r = remote->ssh ? capture_ssh_add(files, root, remote->ssh, remote->address, err)
			    : capture_names_add(types, "nfs4", strlen("nfs4"));

	if (r < 0)
		return r;
	t = capture_target_add(w->settings);
	name = remote->ssh ? &t->ssh : &t->nfs;
	*name = strdup(remote->ssh ? remote->user_host : remote->nfs);
	t->directory = strdup(remote->directory);
	if (!*name || !t->directory)
		return -ENOMEM;
	/* machines share a directory there; a name that no directory can have is left out */
	if (read_line_in(root, "/proc/sys/kernel/hostname", &host) == 0 && host[0] &&
	    host[0] != '.' && !strpbrk(host, "/()' \t"))
		w->settings->host = TAKE_PTR(host);
	return capture_network_find(root, &remote->way, remote->address, &t->network, device, err);
}

/* Names of members, kept until the archive is made. */
struct members {
	struct newc_member v[CAPTURE_MODULES_MAX + 2 * CAPTURE_FILES_MAX + 16];
	struct names names;
	size_t n;
};

static int add_member(struct members *m, const char *directory, const char *name, unsigned mode,
		      struct bytes contents)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };

	strbuf_addf(&path, "%s%s%s", directory, *directory && *name ? "/" : "", name);
	if (path.failed || capture_names_add(&m->names, path.s, path.n) < 0)
		return -ENOMEM;
	m->v[m->n++] = (struct newc_member){ text_of(m->names.v[m->names.n - 1]), contents, mode };
	return 0;
}

/* What the program mounts on, and /root, which kernels have in every initramfs of their own. */
static int add_directories(struct members *m)
{
	static const char *const directories[] = { "dev",    "proc", "sys",
						   "target", "root", CAPTURE_MODULES_NAME };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(directories) / sizeof(directories[0]); i++)
		r = add_member(m, directories[i], "", S_IFDIR | 0755, (struct bytes){ 0 });
	return r;
}

static bool has_member(const struct members *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (bytes_is(m->v[i].name, name))
			return true;
	return false;
}

/* A file, and before it the directories that it is in. */
static int add_file(struct members *m, const struct capture_file_member *f)
{
	int r = 0;

	for (const char *slash = strchr(f->path, '/'); r == 0 && slash;
	     slash = strchr(slash + 1, '/')) {
		_cleanup_free_ char *folder = strndup(f->path, (size_t)(slash - f->path));

		if (!folder)
			return -ENOMEM;
		if (has_member(m, folder))
			continue;
		r = m->n < sizeof(m->v) / sizeof(m->v[0]) - 1
			    ? add_member(m, folder, "", S_IFDIR | 0755, (struct bytes){ 0 })
			    : -E2BIG;
	}
	return r < 0 ? r
		     : add_member(m, f->path, "", S_IFREG | f->mode, (struct bytes){ f->p, f->n });
}

static int pack(struct bytes program, const struct capture_modules *modules,
		const struct capture_files *files, const char *text, uint8_t **ret, size_t *ret_n)
{
	struct members *m = calloc(1, sizeof(*m));
	int r = m ? add_directories(m) : -ENOMEM;

	if (r == 0)
		r = add_member(m, "", CAPTURE_PROGRAM_NAME, S_IFREG | 0755, program);
	if (r == 0)
		r = add_member(m, "", CAPTURE_SETTINGS_NAME, S_IFREG | 0644, text_of(text));
	for (size_t i = 0; r == 0 && i < modules->n; i++)
		r = add_member(m, CAPTURE_MODULES_NAME, modules->v[i].name, S_IFREG | 0644,
			       (struct bytes){ modules->v[i].p, modules->v[i].n });
	for (size_t i = 0; r == 0 && i < files->n; i++)
		r = add_file(m, &files->v[i]);
	if (r == 0)
		r = newc_pack(m->v, m->n, ret, ret_n);
	if (m)
		names_done(&m->names);
	free(m);
	return r;
}

static int read_program(const struct capture_wish *w, uint8_t **ret, size_t *ret_n)
{
	_cleanup_close_ int fd = open_trusted_in(w->program_root, w->program, O_RDONLY);

	return fd < 0 ? fd : read_fd(fd, PROGRAM_MAX, ret, ret_n);
}

static int make(int root, const struct capture_wish *w, const struct capture_modules *modules,
		const struct capture_files *files, uint8_t **ret, size_t *ret_n,
		struct kx_error *err)
{
	_cleanup_free_ uint8_t *program = NULL;
	_cleanup_free_ char *text = NULL;
	size_t n;
	int r = 0;

	for (size_t i = 0; r == 0 && i < modules->n; i++)
		r = capture_names_add(&w->settings->modules, modules->v[i].name,
				      strlen(modules->v[i].name));
	if (r < 0)
		return kx_fail(err, r, "out of memory");
	r = capture_settings_text(w->settings, &text, err);
	if (r < 0)
		return kx_fail_in(err, r, "the capture initramfs: ");
	r = read_program(w, &program, &n);
	if (r < 0)
		return kx_fail(err, r,
			       "%s: %s: it is the program that saves a dump, and is installed with "
			       "rapidreboot",
			       w->program, open_strerror(r));
	r = pack((struct bytes){ program, n }, modules, files, text, ret, ret_n);
	return r < 0 ? kx_fail(err, r, "the capture initramfs: %s", strerror(-r)) : 0;
}

/* Archive and files lie in memory side by side while the kernel unpacks; every kernel of a distribution knows
 * gzip (CONFIG_RD_GZIP). */
static int pack_gzip(uint8_t **p, size_t *n)
{
	enum { GZIP = 16 + MAX_WBITS, MEMORY_LEVEL = 8 };
	z_stream z = { .next_in = *p, .avail_in = (uInt)*n };
	_cleanup_free_ uint8_t *packed = NULL;
	size_t room;
	int r;

	if (*n > UINT32_MAX / 2)
		return -EFBIG;
	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP, MEMORY_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	room = deflateBound(&z, (uLong)*n);
	packed = malloc(room);
	z.next_out = packed;
	z.avail_out = (uInt)room;
	r = packed ? deflate(&z, Z_FINISH) : Z_MEM_ERROR;
	room = z.total_out;
	(void)deflateEnd(&z);
	if (r != Z_STREAM_END)
		return -ENOMEM;
	free(*p);
	*p = TAKE_PTR(packed);
	*n = room;
	return 0;
}

static void files_freep(struct capture_files **files)
{
	if (*files)
		capture_files_done(*files);
	free(*files);
}

int capture_archive_make(int root, const struct capture_wish *w, uint8_t **ret, size_t *ret_n,
			 struct kx_error *err)
{
	_cleanup_(files_freep) struct capture_files *files = calloc(1, sizeof(*files));
	_cleanup_capture_modules_ struct capture_modules modules = { 0 };
	_cleanup_capture_device_ struct capture_device device = { 0 };
	_cleanup_names_ struct names types = { 0 };
	_cleanup_free_ uint8_t *p = NULL;
	size_t n = 0;
	int r = files ? 0 : -ENOMEM;

	if (r == 0 && w->remote)
		r = add_remote(root, w, files, &device, &types, err);
	for (size_t i = 0; r == 0 && i < w->n_directories; i++)
		r = add_target(root, w, w->directories[i], &device, &types, err);
	if (r == -ENOMEM)
		return kx_fail(err, r, "out of memory");
	if (r == 0)
		r = capture_modules_find(root, w->release, &device, &types, &modules, err);
	if (r == 0)
		r = make(root, w, &modules, files, &p, &n, err);
	if (r < 0)
		return r;
	/* a client of ssh or of NFS has several MiB */
	r = w->remote ? pack_gzip(&p, &n) : 0;
	if (r < 0)
		return kx_fail(err, r, "the capture initramfs: %s", strerror(-r));
	*ret = TAKE_PTR(p);
	*ret_n = n;
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From a block device to those that it is made of, by /sys/block/NAME/slaves. Sources: Documentation/ABI/testing/
 * sysfs-block-dm; Documentation/admin-guide/md.rst.
 */
#include "capture/stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/num.h"
#include "sys/file-system.h"
#include "sys/volumes.h"

enum { UUID_N = 64 };

/* One way down, with what every step needs. */
struct walk {
	int root;
	const char *directory;
	struct capture_target *target;
	struct capture_device *to;
	struct kx_error *err;
};

/* Reads the attribute @name of @device; NULL when there is none. */
static char *attribute(int root, const char *device, const char *name)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	char *line = NULL;

	strbuf_addf(&path, "%s/%s", device, name);
	return !path.failed && read_line_in(root, path.s, &line) == 0 ? line : NULL;
}

/* Names of what @device or, for a partition, its disk is made of. */
static int list_slaves(int root, const char *device, struct names *ret, char **ret_of)
{
	_cleanup_free_ char *at = strdup(device);

	if (!at)
		return -ENOMEM;
	for (; strcmp(at, "/sys/devices") != 0 && strrchr(at, '/') > at; *strrchr(at, '/') = '\0') {
		_cleanup_strbuf_ struct strbuf path = { 0 };
		int r;

		strbuf_addf(&path, "%s/slaves", at);
		r = path.failed ? -ENOMEM : list_in(root, path.s, ret);
		if (r == -ENOMEM)
			return r;
		if (r == 0 && ret->n) {
			*ret_of = TAKE_PTR(at);
			return 0;
		}
		names_done(ret);
		*ret = (struct names){ 0 };
	}
	return 0;
}

/* "/sys/devices/…" of the block device @name. */
static int path_of(int root, const char *name, char **ret)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };

	strbuf_addf(&path, "/sys/class/block/%s", name);
	return path.failed ? -ENOMEM : capture_device_of(root, path.s, ret);
}

static int add_layer(const struct walk *w, struct capture_layer *layer)
{
	struct capture_target *t = w->target;

	for (size_t i = 0; i < t->n_layers; i++) {
		const struct capture_layer *have = &t->layers[i];

		if ((have->uuid && layer->uuid && strcmp(have->uuid, layer->uuid) == 0) ||
		    (have->table && layer->table && strcmp(have->table, layer->table) == 0)) {
			capture_layer_done(layer);
			return 0;
		}
	}
	if (t->n_layers == CAPTURE_LAYERS_MAX) {
		capture_layer_done(layer);
		return kx_fail(w->err, -EOPNOTSUPP, "%s is on more than %d volumes and arrays",
			       w->directory, CAPTURE_LAYERS_MAX);
	}
	t->layers[t->n_layers++] = *layer;
	return 0;
}

static int refuse(const struct walk *w, const char *what)
{
	return kx_fail(
		w->err, -EOPNOTSUPP,
		"%s is on %s, which the capture initramfs of rapidreboot does not put together: "
		"name a directory on another file system by CRASH_TARGET, or an initial ramdisk "
		"of kdump-tools, kdumpctl or mkdumprd by CRASH_INITRD",
		w->directory, what);
}

static int needs_module(const struct walk *w, const char *name)
{
	return capture_names_add(&w->to->drivers, name, strlen(name)) < 0
		       ? kx_fail(w->err, -ENOMEM, "out of memory")
		       : 0;
}

/* ---- volumes */

/* The UUID of the device "MAJOR:MINOR" of a table. */
static int name_by_uuid(void *data, struct bytes device, struct strbuf *to)
{
	const struct walk *w = data;
	_cleanup_strbuf_ struct strbuf path = { 0 };
	_cleanup_free_ char *link = NULL, *node = NULL;
	char uuid[UUID_N];
	int r;

	strbuf_addf(&path, "/sys/dev/block/%.*s", (int)device.n, (const char *)device.p);
	r = path.failed ? -ENOMEM : readlink_in(w->root, path.s, &link);
	if (r == 0)
		r = capture_device_path(strrchr(link, '/') ? strrchr(link, '/') + 1 : link, &node);
	if (r == 0)
		r = linux_file_system_uuid(w->root, node, uuid, sizeof(uuid));
	if (r == 0)
		strbuf_add(to, uuid);
	return r;
}

static int add_volume(const struct walk *w, const char *device)
{
	_cleanup_free_ char *name = attribute(w->root, device, "dm/name"), *table = NULL;
	_cleanup_free_ char *lines = NULL;
	struct capture_layer layer = { 0 };
	struct walk walk = *w;
	size_t n;
	int r = name ? linux_volume_table(w->root, name, &table) : -ENOENT;

	if (r == 0)
		r = capture_volume_table((struct bytes){ (const uint8_t *)table, strlen(table) },
					 name_by_uuid, &walk, &lines);
	if (r == -EOPNOTSUPP || r == -EINVAL)
		return refuse(w, "a volume of LVM that is neither linear nor striped (thin, a "
				 "snapshot, RAID)");
	if (r < 0)
		return kx_fail(w->err, r, "%s: cannot find out what the volume %s is made of: %s",
			       w->directory, name ? name : device, strerror(-r));
	n = strlen(lines) - 1;
	lines[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if (lines[i] == '\n')
			lines[i] = ';';
	layer.table = TAKE_PTR(lines);
	r = needs_module(w, "dm_mod");
	if (r < 0) {
		capture_layer_done(&layer);
		return r;
	}
	return add_layer(w, &layer);
}

/* ---- arrays */

static int needs_level(const struct walk *w, const char *level)
{
	static const struct {
		const char *level, *module;
	} modules[] = { { "raid0", "raid0" },	{ "raid1", "raid1" },	{ "raid10", "raid10" },
			{ "raid4", "raid456" }, { "raid5", "raid456" }, { "raid6", "raid456" } };

	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		if (strcmp(level, modules[i].level) == 0)
			return needs_module(w, modules[i].module);
	return refuse(w, "an array of a level that is not known");
}

static int add_array(const struct walk *w, const char *device, const struct names *members)
{
	_cleanup_free_ char *version = attribute(w->root, device, "md/metadata_version");
	_cleanup_free_ char *level = attribute(w->root, device, "md/level"), *node = NULL;
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct capture_layer layer = { 0 };
	char uuid[UUID_N];
	int r = capture_device_path(members->v[0], &node);

	if (r == 0)
		r = linux_file_system_uuid(w->root, node, uuid, sizeof(uuid));
	if (r < 0)
		return kx_fail(w->err, r, "%s: cannot read the UUID of the array on %s: %s",
			       w->directory, members->v[0], strerror(-r));
	strbuf_addf(&text, "%s %zu %s", version ? version : "", members->n, uuid);
	r = text.failed ? -ENOMEM
			: capture_array_parse((struct bytes){ (const uint8_t *)text.s, text.n },
					      &layer);
	if (r < 0) /* "external:imsm" */
		return refuse(w, "an array whose superblocks are not md's own");
	r = needs_module(w, "md_mod");
	if (r == 0)
		r = needs_level(w, level ? level : "");
	if (r < 0) {
		capture_layer_done(&layer);
		return r;
	}
	return add_layer(w, &layer);
}

/* ---- down */

static bool is_encrypted(int root, const char *device)
{
	_cleanup_free_ char *uuid = attribute(root, device, "dm/uuid");

	return uuid && strncmp(uuid, "CRYPT-", strlen("CRYPT-")) == 0;
}

static int add_made(const struct walk *w, const char *device, const struct names *of)
{
	_cleanup_free_ char *uuid = attribute(w->root, device, "dm/uuid");
	_cleanup_free_ char *level = attribute(w->root, device, "md/level");

	if (uuid && strncmp(uuid, "LVM-", strlen("LVM-")) == 0)
		return add_volume(w, device);
	if (level)
		return add_array(w, device, of);
	return refuse(w, uuid ? "a mapped device" : "several devices (bcache or another)");
}

static int walk_down(const struct walk *w, const char *device, unsigned depth)
{
	_cleanup_names_ struct names slaves = { 0 };
	_cleanup_free_ char *of = NULL;
	int r = list_slaves(w->root, device, &slaves, &of);

	if (r == 0 && !of)
		r = capture_device_add(w->root, device, w->to);
	if (r < 0)
		return kx_fail(w->err, r, "out of memory");
	if (!of)
		return 0;
	if (depth == CAPTURE_LAYERS_MAX)
		return refuse(w, "too many layers");
	if (is_encrypted(w->root, of))
		return kx_fail(w->err, -EOPNOTSUPP, "%s is encrypted", w->directory);
	for (size_t i = 0; i < slaves.n; i++) {
		_cleanup_free_ char *path = NULL;

		r = path_of(w->root, slaves.v[i], &path);
		if (r < 0)
			return kx_fail(w->err, r, "%s: /sys/class/block/%s: %s", w->directory,
				       slaves.v[i], strerror(-r));
		r = walk_down(w, path, depth + 1);
		if (r < 0)
			return r;
	}
	return add_made(w, of, &slaves);
}

int capture_stack_add(int root, const char *device, const char *directory,
		      struct capture_target *target, struct capture_device *to,
		      struct kx_error *err)
{
	const struct walk walk = { root, directory, target, to, err };

	return walk_down(&walk, device, 0);
}

static bool has_encrypted(int root, const char *device, unsigned depth)
{
	_cleanup_names_ struct names slaves = { 0 };
	_cleanup_free_ char *of = NULL;

	if (list_slaves(root, device, &slaves, &of) < 0 || !of || depth == CAPTURE_LAYERS_MAX)
		return false;
	if (is_encrypted(root, of))
		return true;
	for (size_t i = 0; i < slaves.n; i++) {
		_cleanup_free_ char *path = NULL;

		if (path_of(root, slaves.v[i], &path) == 0 && has_encrypted(root, path, depth + 1))
			return true;
	}
	return false;
}

bool capture_stack_is_encrypted(int root, const char *device)
{
	return has_encrypted(root, device, 0);
}

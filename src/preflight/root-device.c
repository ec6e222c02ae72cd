// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finds the devices below "/": from proc_pid_mountinfo(5) through /sys/class/block/NAME/slaves down
 * to partitions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mountinfo.h"
#include "preflight/root-device.h"

static bool copy(char *dst, size_t n, struct bytes b)
{
	return path_make(dst, n, "%.*s", (int)b.n, (const char *)b.p);
}

/* The mount that lies on top of @dir: the last line about it. */
static int find_mount(struct bytes table, const char *dir, char device[32], struct root_device *ret)
{
	struct lines lines = lines_of(table);
	struct bytes line;
	int code = -ENOENT;

	while (lines_next(&lines, &line)) {
		struct mountinfo m;

		if (!mountinfo_split(line, &m) || !bytes_is(m.dir, dir))
			continue;
		if (!copy(device, 32, m.device) || !copy(ret->type, sizeof(ret->type), m.type) ||
		    !copy(ret->source, sizeof(ret->source), m.source))
			return -ENAMETOOLONG;
		code = 0;
	}
	return code;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int block_by_dm_name(const struct look *l, const char *dm_name, char *ret, size_t n)
{
	_cleanup_names_ struct names names = { 0 };
	int code = look_list(l, "/sys/class/block", &names);

	if (code < 0)
		return code;
	for (size_t i = 0; i < names.n; i++) {
		_cleanup_free_ char *name = NULL;
		char path[128];

		if (strncmp(names.v[i], "dm-", 3) != 0)
			continue;
		if (!path_make(path, sizeof(path), "/sys/class/block/%s/dm/name", names.v[i]))
			return -ENAMETOOLONG;
		code = look_line(l, path, &name);
		if (code < 0 && code != -ENOENT)
			return code;
		if (name && strcmp(name, dm_name) == 0)
			return path_make(ret, n, "%s", names.v[i]) ? 0 : -ENAMETOOLONG;
	}
	return -ENOENT;
}

/* The kernel's name of the device. File systems on several devices have an anonymous device number,
 * 0:N. */
static int block_name(const struct look *l, const char *device, const char *source, char *ret,
		      size_t n)
{
	_cleanup_free_ char *target = NULL;
	bool numbered = strncmp(device, "0:", 2) != 0;
	char path[300];
	int code;

	if (!numbered && strncmp(source, "/dev/", 5) != 0)
		return -ENOENT;
	if (!path_make(path, sizeof(path), "%s%s", numbered ? "/sys/dev/block/" : "",
		       numbered ? device : source))
		return -ENAMETOOLONG;
	code = look_link(l, path, &target);
	if (code == -EINVAL) { /* a device itself, not /dev/mapper's link to it */
		if (strncmp(source, "/dev/mapper/", 12) == 0 &&
		    block_by_dm_name(l, source + 12, ret, n) == 0)
			return 0;
		return path_make(ret, n, "%s", last_part(path)) ? 0 : -ENAMETOOLONG;
	}
	if (code < 0)
		return code;
	return path_make(ret, n, "%s", last_part(target)) ? 0 : -ENAMETOOLONG;
}

/* cryptsetup's lib/libdevmapper.c, dm_prepare_uuid(): "CRYPT-TYPE-…". Integrity and verity need no key. */
static bool is_encrypted(const char *dm_uuid)
{
	static const char *const types[] = { "CRYPT-LUKS",   "CRYPT-PLAIN", "CRYPT-LOOPAES",
					     "CRYPT-TCRYPT", "CRYPT-BITLK", "CRYPT-FVAULT2" };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strncmp(dm_uuid, types[i], strlen(types[i])) == 0)
			return true;
	return false;
}

int block_look(const struct look *l, struct block *b)
{
	_cleanup_free_ char *uuid = NULL, *name = NULL;
	char path[128];
	int code;

	if (!path_make(path, sizeof(path), "/sys/class/block/%s/dm/uuid", b->name))
		return -ENAMETOOLONG;
	code = look_line(l, path, &uuid);
	if (code < 0 && code != -ENOENT)
		return code;
	if (uuid && !path_make(b->dm_uuid, sizeof(b->dm_uuid), "%s", uuid))
		return -ENAMETOOLONG;
	b->is_luks = strncmp(b->dm_uuid, "CRYPT-LUKS", 10) == 0;
	b->is_crypt = is_encrypted(b->dm_uuid);
	if (!path_make(path, sizeof(path), "/sys/class/block/%s/dm/name", b->name))
		return -ENAMETOOLONG;
	code = look_line(l, path, &name);
	if (code < 0 && code != -ENOENT)
		return code;
	return name && !path_make(b->dm_name, sizeof(b->dm_name), "%s", name) ? -ENAMETOOLONG : 0;
}

int block_below(const struct look *l, const char *name, char *ret, size_t n)
{
	_cleanup_names_ struct names names = { 0 };
	char path[128];
	int code;

	if (!path_make(path, sizeof(path), "/sys/class/block/%s/slaves", name))
		return -ENAMETOOLONG;
	code = look_list(l, path, &names);
	if (code < 0 || names.n == 0)
		return code < 0 ? code : -ENOENT;
	return path_make(ret, n, "%s", names.v[0]) ? 0 : -ENAMETOOLONG;
}

static int add_block(struct root_device *d, const char *name)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->blocks[i].name, name) == 0)
			return 0; /* two volumes on one disk */
	if (d->n == STACK_MAX)
		return -E2BIG;
	if (!path_make(d->blocks[d->n].name, sizeof(d->blocks[0].name), "%s", name))
		return -ENAMETOOLONG;
	d->n++;
	return 0;
}

/* Appends the devices that a directory of /sys has links to. */
static int add_listed(const struct look *l, const char *path, struct root_device *d)
{
	_cleanup_names_ struct names names = { 0 };
	int code = look_list(l, path, &names);

	if (code == -ENOENT)
		return 0;
	for (size_t i = 0; code >= 0 && i < names.n; i++)
		code = add_block(d, names.v[i]);
	return code;
}

/* Appends the devices that @from is made of. */
static int add_slaves(const struct look *l, const char *from, struct root_device *d)
{
	char path[128];

	return path_make(path, sizeof(path), "/sys/class/block/%s/slaves", from)
		       ? add_listed(l, path, d)
		       : -ENAMETOOLONG;
}

/* mountinfo names one device of a btrfs; /sys/fs/btrfs/UUID/devices has all of them. */
static int add_btrfs(const struct look *l, struct root_device *d)
{
	static const char directory[] = "/sys/fs/btrfs";
	_cleanup_names_ struct names names = { 0 };
	int code = look_list(l, directory, &names);

	if (code < 0)
		return code == -ENOENT ? 0 : code;
	for (size_t i = 0; i < names.n; i++) {
		char devices[256], own[400];

		if (!path_make(devices, sizeof(devices), "%s/%s/devices", directory, names.v[i]) ||
		    !path_make(own, sizeof(own), "%s/%s", devices, d->blocks[0].name))
			return -ENAMETOOLONG;
		code = look_exists(l, own);
		if (code != 0)
			return code < 0 ? code : add_listed(l, devices, d);
	}
	return 0;
}

int root_device_find(const struct look *l, struct root_device *ret)
{
	struct root_device d = { .n = 0 };
	_cleanup_look_file_ struct look_file text = { 0 };
	char device[32];
	int code = look_file(l, "/proc/self/mountinfo", &text);

	if (code >= 0)
		code = find_mount(text.b, l->opts->target ? l->opts->target : "/", device, &d);
	if (code < 0)
		return code;
	code = block_name(l, device, d.source, d.blocks[0].name, sizeof(d.blocks[0].name));
	if (code < 0 && code != -ENOENT)
		return code;
	d.n = code == 0;
	if (d.n && strcmp(d.type, "btrfs") == 0) {
		code = add_btrfs(l, &d);
		if (code < 0)
			return code;
	}
	for (size_t i = 0; i < d.n; i++) {
		code = block_look(l, &d.blocks[i]);
		if (code >= 0)
			code = add_slaves(l, d.blocks[i].name, &d);
		if (code < 0)
			return code;
	}
	*ret = d;
	return 0;
}

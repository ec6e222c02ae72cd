// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A directory into the file system it is on (proc_pid_mountinfo(5)), its device, and the chain of devices
 * above that in /sys, each with the driver that has it (Documentation/ABI/testing/sysfs-devices).
 */
#include "capture/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/io.h"
#include "base/mountinfo.h"
#include "base/num.h"
#include "base/open.h"
#include "capture/stack.h"
#include "sys/file-system.h"

enum { MOUNTS_MAX = 4 << 20, EVENT_MAX = 64 << 10, LINKS_MAX = 8, UUID_N = 64, PLACES_MAX = 4 };

void capture_device_done(struct capture_device *d)
{
	names_done(&d->drivers);
	strbuf_done(&d->aliases);
}

/* ---- the file system */

/* Replaces the first symbolic link on the way down @path, if there is one: 1 when there was. */
static int follow_one(int root, char **path)
{
	for (size_t i = 1; i <= strlen(*path); i++) {
		_cleanup_free_ char *start = NULL, *target = NULL;
		_cleanup_strbuf_ struct strbuf out = { 0 };
		const char *slash;
		int r;

		if ((*path)[i] != '/' && (*path)[i])
			continue;
		start = strndup(*path, i);
		if (!start)
			return -ENOMEM;
		r = readlink_in(root, start, &target);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			continue;
		slash = strrchr(start, '/');
		if (target[0] != '/')
			strbuf_add_n(&out, start, (size_t)(slash + 1 - start));
		strbuf_add(&out, target);
		strbuf_add(&out, *path + i);
		free(TAKE_PTR(*path));
		r = strbuf_take(&out, path);
		return r < 0 ? r : 1;
	}
	return 0;
}

/* Takes "//", "." and ".." out of an absolute path without symbolic links. */
static int tidy(const char *path, char **ret)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };
	size_t n;

	for (const char *at = path; *at; at += n) {
		at += strspn(at, "/");
		n = strcspn(at, "/");
		if (n == 0 || (n == 1 && at[0] == '.'))
			continue;
		if (n == 2 && memcmp(at, "..", 2) == 0) {
			while (out.n && out.s[--out.n] != '/')
				;
			if (out.s)
				out.s[out.n] = '\0';
			continue;
		}
		strbuf_add(&out, "/");
		strbuf_add_n(&out, at, n);
	}
	if (!out.n)
		strbuf_add(&out, "/");
	return strbuf_take(&out, ret);
}

static int resolve(int root, const char *directory, char **ret)
{
	_cleanup_free_ char *path = NULL;
	int r = tidy(directory, &path);

	for (unsigned i = 0; r == 0 && i < LINKS_MAX; i++) {
		_cleanup_free_ char *before = NULL;

		r = follow_one(root, &path);
		if (r <= 0)
			break;
		before = TAKE_PTR(path);
		r = tidy(before, &path);
	}
	if (r == 0)
		*ret = TAKE_PTR(path);
	return r;
}

/* The part of @path below the mount point @dir, "" for the mount point itself; NULL when it is elsewhere. */
static const char *below(const char *path, const char *dir)
{
	const size_t n = strcmp(dir, "/") == 0 ? 0 : strlen(dir);

	if (strncmp(path, dir, n) != 0 || (path[n] != '/' && path[n]))
		return NULL;
	return strcmp(path, "/") == 0 ? "" : path + n;
}

struct found {
	struct capture_target target;
	char *source;
	unsigned major, minor;
	size_t n; /* length of the mount point */
};

static void found_done(struct found *f)
{
	capture_target_done(&f->target);
	free(f->source);
}

static int take_mount(const struct mountinfo *m, const char *rest, size_t n, struct found *found)
{
	_cleanup_(found_done) struct found f = { .n = n };
	_cleanup_free_ char *device = bytes_dup(m->device), *fsroot = bytes_dup_octal(m->fsroot);
	_cleanup_strbuf_ struct strbuf directory = { 0 };
	const char *at = device;

	f.target.type = bytes_dup(m->type);
	f.source = bytes_dup_octal(m->source);
	if (!device || !fsroot || !f.target.type || !f.source)
		return -ENOMEM;
	if (!take_unsigned(&at, &f.major) || !take_prefix(&at, ":") ||
	    !take_unsigned(&at, &f.minor))
		return -EBADMSG;
	if (strcmp(fsroot, "/") != 0)
		strbuf_add(&directory, fsroot);
	strbuf_add(&directory, rest);
	if (!directory.n)
		strbuf_add(&directory, "/");
	if (strbuf_take(&directory, &f.target.directory) < 0)
		return -ENOMEM;
	found_done(found);
	*found = f;
	f = (struct found){ 0 };
	return 0;
}

/* The last mount on the longest mount point counts: it hides those before it. */
static int find_mount(int root, const char *path, struct found *ret)
{
	_cleanup_free_ uint8_t *raw = NULL;
	struct bytes text, line;
	struct lines lines;
	bool has_any = false;
	int r = read_file_in(root, "/proc/self/mountinfo", MOUNTS_MAX, &raw, &text.n);

	if (r < 0)
		return r;
	text.p = raw;
	lines = lines_of(text);
	while (r == 0 && lines_next(&lines, &line)) {
		_cleanup_free_ char *dir = NULL;
		struct mountinfo m;
		const char *rest;

		if (!mountinfo_split(line, &m))
			continue;
		dir = bytes_dup_octal(m.dir);
		if (!dir)
			return -ENOMEM;
		rest = below(path, dir);
		if (!rest || (has_any && strlen(dir) < ret->n))
			continue;
		r = take_mount(&m, rest, strlen(dir), ret);
		has_any = true;
	}
	return r < 0 ? r : has_any ? 0 : -ENOENT;
}

/* btrfs has device numbers of its own making: those of the file that was mounted count. */
static int real_device(int root, struct found *f)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (f->major != 0)
		return 0;
	if (strncmp(f->source, "/dev/", 5) != 0 || strcmp(f->target.type, "btrfs") != 0)
		return -EOPNOTSUPP;
	fd = open_in(root, f->source, O_PATH);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISBLK(st.st_mode))
		return -EOPNOTSUPP;
	f->major = major(st.st_rdev);
	f->minor = minor(st.st_rdev);
	/* as it is without a subvolume: the directory begins at the top */
	f->target.options = strdup("subvolid=5");
	return f->target.options ? 0 : -ENOMEM;
}

/* ---- the devices */

static int add_driver(int root, const char *device, struct capture_device *to)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	_cleanup_free_ char *link = NULL;
	const char *name;
	int r;

	strbuf_addf(&path, "%s/driver/module", device);
	if (path.failed)
		return -ENOMEM;
	r = readlink_in(root, path.s, &link);
	if (r < 0)
		return r == -ENOMEM ? r : 0; /* built in, or no driver */
	name = strrchr(link, '/');
	name = name ? name + 1 : link;
	return capture_names_add(&to->drivers, name, strlen(name));
}

static int add_alias(int root, const char *device, struct capture_device *to)
{
	static const char key[] = "MODALIAS=";
	_cleanup_strbuf_ struct strbuf path = { 0 };
	_cleanup_free_ uint8_t *raw = NULL;
	struct bytes text, line;
	struct lines lines;

	strbuf_addf(&path, "%s/uevent", device);
	if (path.failed)
		return -ENOMEM;
	if (read_file_in(root, path.s, EVENT_MAX, &raw, &text.n) < 0)
		return 0;
	text.p = raw;
	lines = lines_of(text);
	while (lines_next(&lines, &line))
		if (bytes_starts(line, key)) {
			strbuf_add_n(&to->aliases, (const char *)line.p + sizeof(key) - 1,
				     line.n - (sizeof(key) - 1));
			strbuf_add(&to->aliases, "\n");
		}
	return to->aliases.failed ? -ENOMEM : 0;
}

int capture_device_add(int root, const char *path, struct capture_device *to)
{
	_cleanup_free_ char *device = strdup(path);
	int r = device ? 0 : -ENOMEM;

	while (r == 0 && strncmp(device, "/sys/devices/", strlen("/sys/devices/")) == 0) {
		r = add_driver(root, device, to);
		if (r == 0)
			r = add_alias(root, device, to);
		*strrchr(device, '/') = '\0';
	}
	return r;
}

int capture_device_of(int root, const char *path, char **ret)
{
	_cleanup_strbuf_ struct strbuf device = { 0 };
	_cleanup_free_ char *link = NULL;
	const char *part;
	int r = readlink_in(root, path, &link);

	if (r < 0)
		return r;
	part = strstr(link, "/devices/");
	if (!part || strstr(part, "/../"))
		return -ENOENT;
	strbuf_addf(&device, "/sys%s", part);
	return strbuf_take(&device, ret);
}

/* Directories on mounted file systems of disks that are not encrypted, for a sentence. */
static void list_plain(int root, struct strbuf *to)
{
	_cleanup_free_ uint8_t *raw = NULL;
	struct bytes text, line;
	struct lines lines;
	unsigned n = 0;

	if (read_file_in(root, "/proc/self/mountinfo", MOUNTS_MAX, &raw, &text.n) < 0)
		return;
	text.p = raw;
	lines = lines_of(text);
	while (n < PLACES_MAX && lines_next(&lines, &line)) {
		_cleanup_strbuf_ struct strbuf path = { 0 };
		_cleanup_free_ char *device = NULL, *dir = NULL;
		struct mountinfo m;

		if (!mountinfo_split(line, &m) || bytes_starts(m.device, "0:"))
			continue;
		strbuf_addf(&path, "/sys/dev/block/%.*s", (int)m.device.n,
			    (const char *)m.device.p);
		dir = bytes_dup_octal(m.dir);
		if (path.failed || !dir || capture_device_of(root, path.s, &device) < 0 ||
		    capture_stack_is_encrypted(root, device))
			continue;
		strbuf_addf(to, "%s%s (%.*s)", n++ ? ", " : "", dir, (int)m.type.n,
			    (const char *)m.type.p);
	}
}

static int refuse_encrypted(int root, const char *directory, struct kx_error *err)
{
	_cleanup_strbuf_ struct strbuf places = { 0 };

	list_plain(root, &places);
	return kx_fail(
		err, -EOPNOTSUPP,
		"%s is encrypted, and a crash kernel has no key for it: rapidreboot does not hand keys "
		"over (Linux can since 6.16, with CONFIG_CRASH_DM_CRYPT). A dump has the keys of "
		"this machine in it, so that a place which is not encrypted is for you to choose: "
		"name a directory of it by CRASH_TARGET, or another machine (ssh:, nfs:); %s%s",
		directory, places.n && !places.failed ? "not encrypted: " : "all disks are",
		places.n && !places.failed ? places.s : "");
}

static int find_devices(int root, struct found *f, const char *directory, struct capture_device *to,
			struct kx_error *err)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	_cleanup_free_ char *device = NULL;
	int r;

	strbuf_addf(&path, "/sys/dev/block/%u:%u", f->major, f->minor);
	r = path.failed ? -ENOMEM : capture_device_of(root, path.s, &device);
	if (r < 0)
		return kx_fail(err, r, "%s: it does not lead to a device: %s",
			       path.failed ? "" : path.s, strerror(-r));
	free(TAKE_PTR(f->source)); /* it may be "/dev/root", which is no file */
	if (capture_device_path(strrchr(device, '/') + 1, &f->source) < 0)
		return kx_fail(err, -ENOMEM, "out of memory");
	if (capture_stack_is_encrypted(root, device))
		return refuse_encrypted(root, directory, err);
	return capture_stack_add(root, device, directory, &f->target, to, err);
}

/* /sys/fs/btrfs/UUID/devices lists all devices of the file system. */
static bool has_several(int root, const char *uuid)
{
	_cleanup_names_ struct names names = { 0 };
	_cleanup_strbuf_ struct strbuf path = { 0 };

	strbuf_addf(&path, "/sys/fs/btrfs/%s/devices", uuid);
	return !path.failed && list_in(root, path.s, &names) == 0 && names.n > 1;
}

static int find_uuid(int root, struct found *f, const char *directory, struct kx_error *err)
{
	char uuid[UUID_N];
	int r = linux_file_system_uuid(root, f->source, uuid, sizeof(uuid));

	if (r < 0)
		return kx_fail(err, r, "%s, where %s is: cannot read its UUID: %s", f->source,
			       directory, strerror(-r));
	f->target.uuid = strdup(uuid);
	if (!f->target.uuid)
		return kx_fail(err, -ENOMEM, "out of memory");
	if (has_several(root, uuid))
		return kx_fail(err, -EOPNOTSUPP,
			       "%s is on a btrfs of several devices: name a directory on a plain "
			       "partition by CRASH_TARGET",
			       directory);
	return 0;
}

int capture_target_find(int root, const char *directory, struct capture_target *ret,
			struct capture_device *device, struct kx_error *err)
{
	_cleanup_(found_done) struct found f = { 0 };
	_cleanup_free_ char *path = NULL;
	int r = resolve(root, directory, &path);

	if (r == 0)
		r = find_mount(root, path, &f);
	if (r < 0)
		return kx_fail(err, r, "%s: cannot find out which file system it is on: %s",
			       directory, strerror(-r));
	r = real_device(root, &f);
	if (r < 0)
		return kx_fail(
			err, r,
			"%s is on %s (%s), which has no disk of this machine: name a directory "
			"on a disk by CRASH_TARGET in /etc/rapidreboot.conf",
			directory, f.source, f.target.type);
	r = find_devices(root, &f, directory, device, err);
	if (r == 0)
		r = find_uuid(root, &f, directory, err);
	if (r < 0)
		return r;
	*ret = f.target;
	f.target = (struct capture_target){ 0 };
	return 0;
}

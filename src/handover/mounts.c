// SPDX-License-Identifier: LGPL-2.1-or-later
/* proc_pid_mountinfo(5) -> file systems unmounted or read-only. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/mountinfo.h"
#include "handover/mounts.h"
#include "record/boot.h"

#define TABLE "/proc/self/mountinfo"
#define SYSRQ "/proc/sysrq-trigger"

enum {
	TABLE_MAX = 1 << 30, /* far above any table: the kernel writes this file */
	/* rounds of unmounting: mounts may lie on each other in another order than the table has */
	PASSES_MAX = 8,
	EMERGENCY_ROUNDS = 50, /* the kernel remounts from a work queue */
	EMERGENCY_MS = 100,
};

void mount_points_done(struct mount_points *points)
{
	for (size_t i = 0; i < points->n; i++) {
		free(points->v[i].dir);
		free(points->v[i].source);
	}
	free(points->v);
	*points = (struct mount_points){ 0 };
}

static bool is_one_of(struct bytes type, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes_is(type, names[i]))
			return true;
	return false;
}

/* File systems in memory: their contents end with the kernel, so they need not be unmounted. */
static bool is_pseudo(struct bytes type)
{
	static const char *const names[] = {
		"proc",	      "sysfs",	   "devtmpfs", "devpts",      "tmpfs",	  "ramfs",
		"rootfs",     "cgroup",	   "cgroup2",  "mqueue",      "debugfs",  "tracefs",
		"securityfs", "pstore",	   "bpf",      "configfs",    "efivarfs", "hugetlbfs",
		"fusectl",    "selinuxfs", "autofs",   "binfmt_misc", "nsfs",	  "rpc_pipefs",
	};

	return is_one_of(type, names, sizeof(names) / sizeof(names[0]));
}

static bool is_network(struct bytes type)
{
	static const char *const names[] = { "nfs", "nfs4", "cifs", "smb3", "ceph", "9p", "afs" };

	return is_one_of(type, names, sizeof(names) / sizeof(names[0]));
}

/* "rw,relatime,errors=remount-ro": the first word is "rw" or "ro". */
static bool is_writable(struct bytes options)
{
	return bytes_is(options, "rw") || bytes_starts(options, "rw,");
}

static int take_line(struct mount_points *points, struct bytes line)
{
	struct mount_point m;
	struct mountinfo info;

	if (!mountinfo_split(line, &info))
		return 0;
	if (array_room(&points->v, points->n, &points->room, sizeof(*points->v)) < 0)
		return -ENOMEM;
	m = (struct mount_point){ bytes_dup_octal(info.dir), bytes_dup_octal(info.source),
				  is_pseudo(info.type), is_writable(info.super_options),
				  is_network(info.type) };
	points->v[points->n++] = m;
	return m.dir && m.source ? 0 : -ENOMEM;
}

int mount_points_read(struct sys *sys, struct mount_points *ret, struct kx_error *err)
{
	_cleanup_close_ int root = machine_open(sys);
	_cleanup_mount_points_ struct mount_points points = { 0 };
	_cleanup_free_ uint8_t *text = NULL;
	struct lines lines;
	struct bytes line;
	size_t n = 0;
	int r = read_file_in(root, TABLE, TABLE_MAX, &text, &n);

	lines = lines_of((struct bytes){ text, n });
	while (r >= 0 && lines_next(&lines, &line))
		r = take_line(&points, line);
	if (r < 0)
		return kx_fail(err, r, TABLE ": cannot be read: %s; is /proc mounted?",
			       strerror(-r));
	*ret = points;
	points = (struct mount_points){ 0 };
	return 0;
}

static bool is_below(const char *dir, const char *top)
{
	size_t n = strlen(top);

	while (n && top[n - 1] == '/')
		n--;
	return strncmp(dir, top, n) == 0 && (dir[n] == '\0' || dir[n] == '/');
}

/* File systems that the way down and the jump itself read: they stay mounted. */
static bool stays(const struct mount_point *m)
{
	static const char *const tops[] = { "/proc", "/sys", "/dev", "/run" };

	if (strcmp(m->dir, "/") == 0)
		return true;
	for (size_t i = 0; m->pseudo && i < sizeof(tops) / sizeof(tops[0]); i++)
		if (is_below(m->dir, tops[i]))
			return true;
	return false;
}

/* True when something could be unmounted. */
static bool unmount_once(struct sys *sys, const struct mount_points *points, const char *top)
{
	bool progress = false;

	for (size_t i = points->n; i-- > 0;) {
		const struct mount_point *m = &points->v[i];

		if (is_below(m->dir, top) && (strcmp(top, "/") != 0 || !stays(m)))
			progress |= sys->unmount(sys, m->dir) == 0;
	}
	return progress;
}

static size_t count_writable(const struct mount_points *points, const char *top)
{
	size_t n = 0;

	for (size_t i = 0; i < points->n; i++)
		n += is_below(points->v[i].dir, top) && !points->v[i].pseudo &&
		     points->v[i].writable;
	return n;
}

static void make_read_only(struct sys *sys, const struct mount_points *points, const char *top,
			   const struct teller *t)
{
	for (size_t i = points->n; i-- > 0;) {
		const struct mount_point *m = &points->v[i];
		int r;

		if (!is_below(m->dir, top) || m->pseudo || !m->writable)
			continue;
		r = sys->remount_read_only(sys, m->dir);
		if (r < 0)
			teller_say(t, "%s: cannot be made read-only: %s", m->dir, strerror(-r));
		else if (strcmp(m->dir, "/") != 0)
			teller_say(t, "%s: is in use; it is read-only now", m->dir);
	}
}

static int leave(struct sys *sys, const char *top, const struct teller *t, struct mount_points *ret,
		 struct kx_error *err)
{
	struct mount_points points = { 0 };
	int r = mount_points_read(sys, &points, err);

	for (int pass = 0; r == 0 && pass < PASSES_MAX; pass++) {
		bool progress = unmount_once(sys, &points, top);

		mount_points_done(&points);
		r = mount_points_read(sys, &points, err);
		if (!progress)
			break;
	}
	if (r < 0)
		return r;
	make_read_only(sys, &points, top, t);
	mount_points_done(&points);
	return mount_points_read(sys, ret, err);
}

int mounts_leave_below(struct sys *sys, const char *dir, const struct teller *t,
		       struct kx_error *err)
{
	_cleanup_mount_points_ struct mount_points points = { 0 };
	int r = leave(sys, dir, t, &points, err);

	return r < 0 ? r : (int)count_writable(&points, dir);
}

/* File systems that are busy with writers can only be made read-only by the kernel itself: its
 * emergency remount. */
static int emergency(struct sys *sys, struct mount_points *points, struct kx_error *err)
{
	_cleanup_close_ int root = machine_open(sys);
	int r = file_write_in(root, SYSRQ, "u");

	for (int i = 0; r == 0 && i < EMERGENCY_ROUNDS && count_writable(points, "/"); i++) {
		sys->sleep_ms(sys, EMERGENCY_MS);
		mount_points_done(points);
		r = mount_points_read(sys, points, err);
	}
	return r < 0 ? r : (int)count_writable(points, "/");
}

int mounts_leave_all(struct sys *sys, const struct teller *t, bool *ret_network,
		     struct kx_error *err)
{
	_cleanup_mount_points_ struct mount_points points = { 0 };
	int r = leave(sys, "/", t, &points, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < points.n; i++)
		*ret_network |= points.v[i].network;
	return count_writable(&points, "/") ? emergency(sys, &points, err) : 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Package managers lock a file with fcntl(2) or with flock(2), leave one only while they work, or write their
 * process into one. */
#include "preflight/package-locks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/mountinfo.h"
#include "base/num.h"
#include "base/statx.h"

/* 1 when another process holds a lock of fcntl(2) on it, 0 when not. */
static int is_locked(const struct look *l, const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	_cleanup_close_ int fd = open_in(l->root, path, O_RDONLY);

	if (fd < 0)
		return fd;
	if (fcntl(fd, F_GETLK, &lock) < 0)
		return -errno;
	return lock.l_type != F_UNLCK;
}

/* ---- flock(2): proc_locks(5) tells who holds one without taking it */

/* A file as /proc/locks names it, "MAJ:MIN:INODE", with hexadecimal MAJ and MIN. On btrfs they are those of
 * the mount, which stat(2) does not tell. */
struct lock_name {
	char by_stat[64], by_mount[64];
};

static void name_by_mount(const struct look *l, const struct statx *st, struct lock_name *ret)
{
	_cleanup_look_file_ struct look_file text = { 0 };
	unsigned long long id = st->stx_mask & STATX_MNT_ID ? st->stx_mnt_id : 0;
	struct bytes line, rest;
	struct mountinfo m;
	struct lines lines;
	unsigned major, minor;
	char want[32];

	(void)snprintf(want, sizeof(want), "%llu", id);
	if (id == 0 || look_file(l, "/proc/self/mountinfo", &text) < 0)
		return;
	lines = lines_of(text.b);
	while (lines_next(&lines, &line)) {
		_cleanup_free_ char *device = NULL;

		rest = line;
		if (!bytes_is(bytes_word(&rest), want) || !mountinfo_split(line, &m))
			continue;
		device = bytes_dup(m.device);
		if (device && sscanf(device, "%u:%u", &major, &minor) == 2)
			(void)snprintf(ret->by_mount, sizeof(ret->by_mount), "%02x:%02x:%llu",
				       major, minor, (unsigned long long)st->stx_ino);
	}
}

static int lock_name_of(const struct look *l, const char *path, struct lock_name *ret)
{
	_cleanup_close_ int fd = open_in(l->root, path, O_PATH);
	struct statx st;

	if (fd < 0)
		return fd;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &st) < 0)
		return -errno;
	*ret = (struct lock_name){ .by_mount = "" };
	(void)snprintf(ret->by_stat, sizeof(ret->by_stat), "%02x:%02x:%llu", st.stx_dev_major,
		       st.stx_dev_minor, (unsigned long long)st.stx_ino);
	name_by_mount(l, &st, ret);
	return 0;
}

/* "1: FLOCK  ADVISORY  WRITE 708 08:01:131 0 EOF"; "->" behind the number is one that waits. */
static int is_flocked(const struct look *l, const char *path)
{
	_cleanup_look_file_ struct look_file text = { 0 };
	struct lock_name name;
	struct lines lines;
	struct bytes line;
	int code = lock_name_of(l, path, &name);

	if (code < 0)
		return code;
	code = look_file(l, "/proc/locks", &text);
	if (code < 0)
		return code == -ENOENT ? -ENODATA : code;
	lines = lines_of(text.b);
	while (lines_next(&lines, &line)) {
		struct bytes file = { 0 };

		(void)bytes_word(&line);
		if (!bytes_is(bytes_word(&line), "FLOCK"))
			continue;
		for (unsigned i = 0; i < 4; i++)
			file = bytes_word(&line);
		if (bytes_is(file, name.by_stat) ||
		    (name.by_mount[0] && bytes_is(file, name.by_mount)))
			return 1;
	}
	return 0;
}

/* ---- libzypp: the process that works stands in it */

static bool is_zypp_at_work(const struct look *l, struct report *r)
{
	static const char path[] = "/run/zypp.pid";
	_cleanup_free_ char *line = NULL;
	char process[64];
	uint64_t pid;

	if (!seen(r, path, look_line(l, path, &line)) || parse_u64(line, &pid) < 0)
		return false;
	(void)snprintf(process, sizeof(process), "/proc/%llu", (unsigned long long)pid);
	if (!look_there(l, r, process))
		return false;
	evidencef(r, "%s: process %llu is at work", path, (unsigned long long)pid);
	return true;
}

static bool take(struct report *r, const char *path, int code)
{
	if (code > 0)
		evidencef(r, "%s is locked", path);
	else if (code < 0 && code != -ENOENT)
		unseen(r, path, code);
	return code > 0;
}

bool package_locks_held(const struct look *l, struct report *r)
{
	/* with fcntl(2): dpkg, rpm, Portage; XBPS, whose way is not known, is in both tables */
	static const char *const locks[] = { "/var/lib/dpkg/lock-frontend",
					     "/var/lib/dpkg/lock",
					     "/var/lib/rpm/.rpm.lock",
					     "/usr/lib/sysimage/rpm/.rpm.lock",
					     "/var/db/.pkg.portage_lockfile",
					     "/var/db/xbps/pkgdb-0.38.plist",
					     "/var/db/xbps/lock" };
	/* with flock(2): apk, nixos-rebuild */
	static const char *const flocks[] = { "/lib/apk/db/lock", "/var/db/xbps/lock",
					      "/run/nixos/switch-to-configuration.lock" };
	/* pacman has it only while it works */
	static const char *const files[] = { "/var/lib/pacman/db.lck" };
	bool held = false;

	for (size_t i = 0; i < sizeof(locks) / sizeof(*locks); i++)
		held |= take(r, locks[i], is_locked(l, locks[i]));
	for (size_t i = 0; i < sizeof(flocks) / sizeof(*flocks); i++)
		held |= take(r, flocks[i], is_flocked(l, flocks[i]));
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (look_there(l, r, files[i])) {
			evidencef(r, "%s is there", files[i]);
			held = true;
		}
	held |= is_zypp_at_work(l, r);
	return held;
}

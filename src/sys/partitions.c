// SPDX-License-Identifier: LGPL-2.1-or-later
/* Partitions of the running machine, asked of libblkid, and file systems that are mounted for this process
 * alone: fsopen(2), fsconfig(2), fsmount(2) of Linux 5.2, without move_mount(2). */
#include "sys/partitions.h"

#include <blkid/blkid.h>
#include <ctype.h>
#include <errno.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

/* Partitions of one disk: what a GPT of the usual size has room for. */
enum { PARTITIONS_MAX = 128 };

static void cache_put(blkid_cache *cache)
{
	if (*cache)
		blkid_put_cache(*cache);
}

static void probe_free(blkid_probe *probe)
{
	if (*probe)
		blkid_free_probe(*probe);
}

static void copy_small(char *to, size_t max, const char *from)
{
	size_t i = 0;

	for (; from && from[i] && i + 1 < max; i++)
		to[i] = (char)tolower((unsigned char)from[i]);
	to[i] = '\0';
}

/* The device with that PARTUUID: udev's link, else every device is probed. */
static int find_device(const char *uuid, dev_t *ret)
{
	_cleanup_(cache_put) blkid_cache cache = NULL;
	_cleanup_free_ char *name = NULL;
	struct stat st;

	if (blkid_get_cache(&cache, "/dev/null") < 0) /* nothing is written to /run/blkid */
		return -ENOMEM;
	name = blkid_evaluate_tag("PARTUUID", uuid, &cache);
	if (!name || stat(name, &st) < 0 || !S_ISBLK(st.st_mode))
		return -ENOENT;
	*ret = st.st_rdev;
	return 0;
}

static void read_file_system(struct sys_partition *p)
{
	_cleanup_(probe_free) blkid_probe probe = blkid_new_probe_from_filename(p->device);
	const char *type = NULL;

	if (!probe || blkid_probe_enable_superblocks(probe, 1) < 0 ||
	    blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE) < 0 ||
	    blkid_do_safeprobe(probe) != 0 ||
	    blkid_probe_lookup_value(probe, "TYPE", &type, NULL) < 0)
		return;
	copy_small(p->fs, sizeof(p->fs), type);
}

static bool fill(const char *disk, blkid_partition from, struct sys_partition *ret)
{
	const char *uuid = blkid_partition_get_uuid(from), *type;
	const size_t n = strlen(disk);
	struct sys_partition p = { 0 };
	struct stat st;

	if (!uuid)
		return false;
	copy_small(p.uuid, sizeof(p.uuid), uuid);
	type = blkid_partition_get_type_string(from);
	if (type)
		copy_small(p.type, sizeof(p.type), type);
	else
		(void)snprintf(p.type, sizeof(p.type), "%#x",
			       (unsigned)blkid_partition_get_type(from));
	(void)snprintf(p.device, sizeof(p.device), "%s%s%d", disk,
		       n && isdigit((unsigned char)disk[n - 1]) ? "p" : "",
		       blkid_partition_get_partno(from));
	if (stat(p.device, &st) < 0 || !S_ISBLK(st.st_mode))
		return false;
	*ret = p;
	return true;
}

static int read_table(const char *disk, struct sys_partition **ret, size_t *ret_n)
{
	_cleanup_(probe_free) blkid_probe probe = blkid_new_probe_from_filename(disk);
	_cleanup_free_ struct sys_partition *v = calloc(PARTITIONS_MAX, sizeof(*v));
	blkid_partlist list;
	size_t n = 0;

	if (!v)
		return -ENOMEM;
	if (!probe)
		return errno ? -errno : -EIO;
	list = blkid_probe_get_partitions(probe);
	if (!list)
		return -EBADMSG;
	for (int i = 0; i < blkid_partlist_numof_partitions(list) && n < PARTITIONS_MAX; i++)
		if (fill(disk, blkid_partlist_get_partition(list, i), &v[n])) {
			read_file_system(&v[n]);
			n++;
		}
	*ret = TAKE_PTR(v);
	*ret_n = n;
	return 0;
}

int linux_partitions(struct sys *sys, const char *uuid, struct sys_partition **ret, size_t *ret_n)
{
	_cleanup_free_ char *disk = NULL;
	dev_t device, whole;
	int r = find_device(uuid, &device);

	if (r < 0)
		return r;
	if (blkid_devno_to_wholedisk(device, NULL, 0, &whole) < 0)
		return -ENOENT;
	disk = blkid_devno_to_devname(whole);
	return disk ? read_table(disk, ret, ret_n) : -ENOENT;
}

static int set_string(int context, const char *key, const char *value)
{
	return syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value, 0) < 0 ? -errno : 0;
}

static int set_flag(int context, const char *key)
{
	return syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, key, NULL, 0) < 0 ? -errno : 0;
}

int linux_mount_apart(struct sys *sys, const char *device, const char *type, const char *option)
{
	_cleanup_close_ int context = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
	int r, fd;

	if (context < 0)
		return -errno;
	r = set_string(context, "source", device);
	if (r == 0)
		r = set_flag(context, "ro");
	if (r == 0 && option)
		r = set_flag(context, option);
	if (r == 0 && syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		r = -errno;
	if (r < 0)
		return r;
	fd = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC,
			  MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				  MOUNT_ATTR_NOEXEC);
	return fd < 0 ? -errno : fd;
}

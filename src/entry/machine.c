// SPDX-License-Identifier: LGPL-2.1-or-later
#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "entry/machine.h"

static void cache_put(blkid_cache *cache)
{
	if (*cache)
		blkid_put_cache(*cache);
}

/* libblkid's cache file is /dev/null, so that a search does not write /run/blkid. */
static int cache_get(blkid_cache *ret)
{
	return blkid_get_cache(ret, "/dev/null") < 0 ? -ENOMEM : 0;
}

int machine_device(const char *path, dev_t *ret)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISBLK(st.st_mode))
		return -ENOTBLK;
	*ret = st.st_rdev;
	return 0;
}

int machine_read_at(const char *path, uint64_t at, size_t n, uint8_t **ret)
{
	_cleanup_free_ uint8_t *buf = malloc(n);
	_cleanup_close_ int fd = -1;
	ssize_t got;
	dev_t d;
	int r = machine_device(path, &d);

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!buf)
		return -ENOMEM;
	got = pread(fd, buf, n, (off_t)at);
	if (got < 0)
		return -errno;
	if ((size_t)got < n)
		return -ENODATA;
	*ret = TAKE_PTR(buf);
	return 0;
}

int machine_find_tag(const char *tag, const char *value, dev_t *ret)
{
	_cleanup_(cache_put) blkid_cache cache = NULL;
	_cleanup_free_ char *name = NULL;
	int r = cache_get(&cache);

	if (r < 0)
		return r;
	/* udev's links first, which any user may read; then every device is probed. */
	name = blkid_evaluate_tag(tag, value, &cache);
	return name ? machine_device(name, ret) : -ENOENT;
}

int machine_get_tag(const char *device, const char *tag, char **ret)
{
	_cleanup_(cache_put) blkid_cache cache = NULL;
	char *value;
	int r = cache_get(&cache);

	if (r < 0)
		return r;
	value = blkid_get_tag_value(cache, tag, device);
	if (!value)
		return -ENODATA;
	*ret = value;
	return 0;
}

static int first_match(const char *pattern, dev_t *ret)
{
	glob_t g = { 0 };
	int r = -ENOENT;

	if (glob(pattern, GLOB_NOSORT, NULL, &g) == 0 && g.gl_pathc > 0)
		r = machine_device(g.gl_pathv[0], ret);
	globfree(&g);
	return r;
}

/* Copies without dashes: UUIDs of LVM have them in GRUB's names, but not in udev's. */
static void copy_plain(char *out, size_t max, const char *s)
{
	size_t n = 0;

	for (; *s && n + 1 < max; s++)
		if (*s != '-')
			out[n++] = *s;
	out[n] = 0;
}

static bool is_plain_name(const char *s)
{
	for (; *s; s++)
		if (strchr("*?[\\/", *s))
			return false;
	return true;
}

/* "lvmid/VG-UUID/LV-UUID" */
static int find_lvm_id(const char *ids, dev_t *ret)
{
	const char *slash = strchr(ids, '/');
	char vg[64], lv[64], path[256];
	_cleanup_free_ char *first = NULL;

	if (!slash || !is_plain_name(slash + 1))
		return -ENOENT;
	first = strndup(ids, (size_t)(slash - ids));
	if (!first)
		return -ENOMEM;
	if (!is_plain_name(first))
		return -ENOENT;
	copy_plain(vg, sizeof(vg), first);
	copy_plain(lv, sizeof(lv), slash + 1);
	(void)snprintf(path, sizeof(path), "/dev/disk/by-id/dm-uuid-LVM-%s%s", vg, lv);
	return machine_device(path, ret);
}

int machine_find_volume(const char *name, dev_t *ret)
{
	static const struct {
		const char *prefix, *pattern;
	} forms[] = {
		{ "lvm/", "/dev/mapper/%s" },
		{ "mduuid/", "/dev/disk/by-id/md-uuid-%s" },
		{ "md/", "/dev/md/%s" },
		{ "md", "/dev/md%s" },
		{ "cryptouuid/", "/dev/disk/by-id/dm-uuid-CRYPT-*-%s-*" },
	};
	char path[512];

	if (strncmp(name, "lvmid/", 6) == 0)
		return find_lvm_id(name + 6, ret);

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const char *pattern = forms[i].pattern, *mark = strstr(pattern, "%s");
		size_t n = strlen(forms[i].prefix);

		if (strncmp(name, forms[i].prefix, n) != 0 || !is_plain_name(name + n))
			continue;
		(void)snprintf(path, sizeof(path), "%.*s%s%s", (int)(mark - pattern), pattern,
			       name + n, mark + 2);
		return first_match(path, ret);
	}
	return -ENOENT;
}

/* libblkid has to read the disk. A user who may not gets the more likely answer. */
static bool disk_is_gpt(dev_t disk)
{
	_cleanup_free_ char *name = blkid_devno_to_devname(disk);
	const char *type = NULL;
	blkid_probe probe;
	bool is_gpt = true;

	probe = name ? blkid_new_probe_from_filename(name) : NULL;
	if (!probe)
		return true;
	if (blkid_probe_enable_partitions(probe, 1) == 0 && blkid_do_safeprobe(probe) == 0 &&
	    blkid_probe_lookup_value(probe, "PTTYPE", &type, NULL) == 0)
		is_gpt = strcmp(type, "gpt") == 0;
	blkid_free_probe(probe);
	return is_gpt;
}

/* /sys/dev/block/MAJ:MIN is a link to …/DISK/PARTITION. */
int machine_partition(dev_t device, struct machine_partition *ret)
{
	_cleanup_free_ char *disk = NULL;
	const char *p;
	unsigned maj, min;
	uint64_t number;
	char path[128];
	int r;

	(void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/partition", major(device),
		       minor(device));
	r = read_u64_in(ROOT_HERE, path, &number);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/../dev", major(device),
		       minor(device));
	r = read_line_in(ROOT_HERE, path, &disk);
	if (r < 0)
		return r;
	p = disk;
	if (number > 255 || !take_unsigned(&p, &maj) || !take_prefix(&p, ":") ||
	    !take_unsigned(&p, &min))
		return -EBADMSG;

	ret->disk = makedev(maj, min);
	ret->number = (unsigned)number;
	ret->is_gpt = disk_is_gpt(ret->disk);
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "entry/machine.h"
#include "entry/volume-names.h"

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

/* "/sys/block/DEVICE/dm/uuid" -> the number of the device */
static int number_of(const char *file, dev_t *ret)
{
	_cleanup_free_ char *line = NULL;
	char path[PATH_MAX];
	unsigned maj, min;
	const char *p;
	int n, r;

	n = snprintf(path, sizeof(path), "%.*s/../dev", (int)(strrchr(file, '/') - file), file);
	r = n < PATH_MAX ? read_line_in(ROOT_HERE, path, &line) : -ENAMETOOLONG;
	if (r < 0)
		return r;
	p = line;
	if (!take_unsigned(&p, &maj) || !take_prefix(&p, ":") || !take_unsigned(&p, &min))
		return -EBADMSG;
	*ret = makedev(maj, min);
	return 0;
}

static int find_marked(const struct volume_mark *mark, dev_t *ret)
{
	glob_t g = { 0 };
	char pattern[64];
	int r = -ENOENT;

	(void)snprintf(pattern, sizeof(pattern), "/sys/block/*/%s", mark->file);
	if (glob(pattern, GLOB_NOSORT, NULL, &g) != 0)
		g.gl_pathc = 0;
	for (size_t i = 0; r == -ENOENT && i < g.gl_pathc; i++) {
		_cleanup_free_ char *line = NULL;

		if (read_line_in(ROOT_HERE, g.gl_pathv[i], &line) == 0 &&
		    fnmatch(mark->line, line, FNM_CASEFOLD) == 0)
			r = number_of(g.gl_pathv[i], ret);
	}
	globfree(&g);
	return r;
}

int machine_find_volume(const char *name, dev_t *ret)
{
	struct volume_places places;
	struct volume_mark mark;
	int r = -ENOENT;

	volume_places(name, &places);
	for (size_t i = 0; r == -ENOENT && i < places.n; i++)
		r = first_match(places.v[i], ret);
	return r == -ENOENT && volume_mark(name, &mark) ? find_marked(&mark, ret) : r;
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

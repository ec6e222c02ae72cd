// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names of volumes and tags -> mounts of a captured system, by its links of udev's. */
#include "entry/fs-captured.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "entry/path.h"
#include "entry/volume-names.h"

/* Of the budget: for looking up where a path leads. */
enum { LOOK_STEPS = 128 };

static bool is_one_file(struct root_fs *fs, const char *a, const char *b)
{
	struct outside_stat x, y;

	return strcmp(a, b) == 0 ||
	       (fs->out->stat(fs->out, a, &x) == 0 && fs->out->stat(fs->out, b, &y) == 0 &&
		x.dev == y.dev && x.ino == y.ino);
}

static int mount_of_path(struct root_fs *fs, const char *path, size_t *ret)
{
	const char *last = "";

	for (size_t i = 0; i < fs->mounts.n; i++) {
		const char *source = fs->mounts.v[i].source;

		if (source[0] != '/' || strcmp(source, last) == 0)
			continue;
		if (budget_take(fs->fs.budget, BUDGET_STEPS, LOOK_STEPS) < 0)
			return BUDGET_SPENT;
		if (is_one_file(fs, path, source)) {
			*ret = i;
			return 0;
		}
		last = source;
	}
	return -ENODEV;
}

/* The first name in @dir that @is_it holds of. */
static int mount_of_match(struct root_fs *fs, const char *dir, const char *wanted,
			  bool (*is_it)(const char *wanted, const char *name), size_t *ret)
{
	_cleanup_strlist_ struct strlist names = { 0 };
	int r = fs->out->list(fs->out, dir, &names);

	if (r < 0)
		return r == -ENOMEM ? r : -ENODEV;
	r = budget_take(fs->fs.budget, BUDGET_STEPS, names.n);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_free_ char *path = NULL;

		if (!is_it(wanted, names.v[i]))
			continue;
		r = path_join(dir, names.v[i], &path);
		return r < 0 ? r : mount_of_path(fs, path, ret);
	}
	return r < 0 ? r : -ENODEV;
}

static bool matches(const char *pattern, const char *name)
{
	return fnmatch(pattern, name, 0) == 0;
}

static bool is_uuid(const char *wanted, const char *name)
{
	return strcasecmp(wanted, name) == 0;
}

static bool is_name(const char *wanted, const char *name)
{
	return strcmp(wanted, name) == 0;
}

int fs_captured_volume(struct root_fs *fs, const char *name, size_t *ret)
{
	struct volume_places places;
	int r = -ENODEV;

	volume_places(name, &places);
	for (size_t i = 0; r == -ENODEV && i < places.n; i++) {
		char *place = places.v[i], *base = strrchr(place, '/');

		if (!strchr(place, '*')) {
			r = mount_of_path(fs, place, ret);
			continue;
		}
		*base = '\0';
		r = mount_of_match(fs, place, base + 1, matches, ret);
	}
	return r;
}

unsigned fs_captured_partition(const char *source, char ret_disk[DISK_NAME_MAX])
{
	const char *name = strrchr(source, '/');
	size_t n = strlen(source), n_disk;
	const char *digits;
	unsigned number;

	if (!name || strncmp(source, "/dev/", 5) != 0 || name != source + 4)
		return 0;
	while (n > 5 && isdigit((unsigned char)source[n - 1]))
		n--;
	digits = source + n;
	n_disk = n > 6 && source[n - 1] == 'p' && isdigit((unsigned char)source[n - 2]) ? n - 1 : n;
	/* a whole nvme0n1, md0 or dm-0 has a number, too */
	if (n_disk == n && strncmp(name, "/sd", 3) != 0 && strncmp(name, "/vd", 3) != 0 &&
	    strncmp(name, "/xvd", 4) != 0 && strncmp(name, "/hd", 3) != 0)
		return 0;
	if (n_disk >= DISK_NAME_MAX || !take_unsigned(&digits, &number) || *digits)
		return 0;
	memcpy(ret_disk, source, n_disk);
	ret_disk[n_disk] = '\0';
	return number;
}

int fs_captured_tag(struct root_fs *fs, const char *tag, const char *value, size_t *ret)
{
	static const struct {
		const char *tag, *dir;
		bool (*is_it)(const char *wanted, const char *name);
	} links[] = {
		{ "UUID", "/dev/disk/by-uuid", is_uuid },
		{ "LABEL", "/dev/disk/by-label", is_name },
		{ "PARTUUID", "/dev/disk/by-partuuid", is_uuid },
		{ "PARTLABEL", "/dev/disk/by-partlabel", is_name },
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (strcmp(tag, links[i].tag) == 0)
			return mount_of_match(fs, links[i].dir, value, links[i].is_it, ret);
	return -ENODEV;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Images of file systems that a loader opens by a command ("loopback" of GRUB), and that are mounted
 * here: Linux has them on loop devices, whose backing files are in /sys/block/loopN/loop/backing_file.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/strbuf.h"
#include "entry/fs-devices.h"
#include "entry/path.h"
#include "entry/read.h"

/* The image @file, a path of this system, @path on its own file system, is behind the loop device. The
 * kernel writes a path that leads nowhere here as the file system has it. */
static bool is_backed_by(struct entry_fs *fs, const char *loop, const char *file, const char *path)
{
	_cleanup_text_ struct text text = { 0 };
	_cleanup_free_ char *attribute = NULL;
	struct lines lines;
	struct bytes backing;

	if (asprintf(&attribute, "/sys/block/%s/loop/backing_file", loop) < 0)
		return false;
	if (read_text(fs, attribute, &text) < 0)
		return false;
	lines = lines_of(text.bytes);
	return lines_next(&lines, &backing) && (bytes_is(backing, file) || bytes_is(backing, path));
}

/* The mount of "/dev/NAME" with the whole file system, or of any part of it. */
static int mount_of_loop(const struct root_fs *fs, const char *loop, size_t *ret)
{
	bool found = false;

	for (size_t i = 0; i < fs->mounts.n; i++) {
		const struct mount *m = &fs->mounts.v[i];

		if (strncmp(m->source, "/dev/", 5) != 0 || strcmp(m->source + 5, loop) != 0)
			continue;
		if (!found || strcmp(m->fsroot, "/") == 0)
			*ret = i;
		found = true;
	}
	return found ? 0 : -ENODEV;
}

static int find_image(struct root_fs *fs, const char *file, const char *path, size_t *ret)
{
	_cleanup_strlist_ struct strlist names = { 0 };
	int r = fs->fs.list(&fs->fs, ENTRY_SYSTEM, "/sys/block", &names);

	if (r < 0)
		return r;
	r = -ENODEV;
	for (size_t i = 0; r == -ENODEV && i < names.n; i++)
		if (strncmp(names.v[i], "loop", 4) == 0 &&
		    is_backed_by(&fs->fs, names.v[i], file, path))
			r = mount_of_loop(fs, names.v[i], ret);
	return r;
}

/* The mount at "/", when the image is not shown to be anywhere. */
static int mount_of_root(const struct root_fs *fs, size_t *ret)
{
	const struct mount *m = mounts_holding(&fs->mounts, "/");

	if (!m)
		return -ENODEV;
	*ret = (size_t)(m - fs->mounts.v);
	return 0;
}

int fs_image(struct entry_fs *table, const char *name, const char *device, const char *path)
{
	struct root_fs *fs = (struct root_fs *)table;
	_cleanup_free_ char *file = NULL, *clean = NULL;
	size_t mount = 0;
	int r;

	if (fs_device_is_given(fs, name))
		return 0;
	r = path_join(NULL, path, &clean);
	if (r == 0)
		r = table->to_system(table, device, clean, &file);
	if (r == 0 && find_image(fs, file, clean, &mount) == 0)
		return fs_device_name_image(fs, name, mount);
	if (r == 0)
		r = mount_of_root(fs, &mount);
	if (r == 0)
		r = fs_device_name_image(fs, name, mount);
	return r < 0 ? r : 1;
}

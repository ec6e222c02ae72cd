// SPDX-License-Identifier: LGPL-2.1-or-later
/* The device that kdump.conf(5) names behind "ext4", "xfs" and others, into the place where it is mounted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/lines.h"
#include "base/mountinfo.h"
#include "base/strbuf.h"
#include "crash/rules.h"

enum { MOUNTS_MAX = 4 << 20 };

/* "sda1", of a path in /dev, UUID=… or LABEL=…, by the links that udev makes. */
static int device_name(int root, const char *device, char **ret)
{
	static const struct {
		const char *word, *folder;
	} kinds[] = { { "UUID=", "/dev/disk/by-uuid/" },
		      { "LABEL=", "/dev/disk/by-label/" },
		      { "PARTUUID=", "/dev/disk/by-partuuid/" },
		      { "PARTLABEL=", "/dev/disk/by-partlabel/" },
		      { "/dev/", "/dev/" } };
	_cleanup_strbuf_ struct strbuf path = { 0 };
	_cleanup_free_ char *link = NULL;
	const char *name;
	int r;

	for (size_t i = 0; !path.n && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(device, kinds[i].word, strlen(kinds[i].word)) == 0)
			strbuf_addf(&path, "%s%s", kinds[i].folder, device + strlen(kinds[i].word));
	if (path.failed)
		return -ENOMEM;
	if (!path.n)
		return -ENOENT;
	r = readlink_in(root, path.s, &link);
	if (r == -ENOMEM)
		return r;
	if (r < 0 && device[0] != '/')
		return -ENOENT;
	name = strrchr(r < 0 ? path.s : link, '/');
	*ret = strdup(name ? name + 1 : link);
	return *ret ? 0 : -ENOMEM;
}

/* btrfs has device numbers of its own making: there the path that was mounted counts. */
static bool is_of(const struct mountinfo *m, const char *numbers, const char *name)
{
	static const char dev[] = "/dev/";
	const size_t n = strlen(dev);

	if (!bytes_is(m->fsroot, "/"))
		return false;
	if (numbers && bytes_is(m->device, numbers))
		return true;
	return bytes_starts(m->source, dev) &&
	       bytes_is((struct bytes){ m->source.p + n, m->source.n - n }, name);
}

int crash_mounted_at(int root, const char *device, const char *path, char **ret)
{
	_cleanup_free_ char *name = NULL, *numbers = NULL;
	_cleanup_strbuf_ struct strbuf file = { 0 };
	_cleanup_free_ uint8_t *raw = NULL;
	struct bytes text, line;
	struct lines lines;
	int r = device_name(root, device, &name);

	if (r < 0)
		return r;
	strbuf_addf(&file, "/sys/class/block/%s/dev", name);
	if (file.failed || read_line_in(root, file.s, &numbers) == -ENOMEM)
		return -ENOMEM;
	r = read_file_in(root, "/proc/self/mountinfo", MOUNTS_MAX, &raw, &text.n);
	if (r < 0)
		return r == -ENOMEM ? r : -ENOENT;
	text.p = raw;
	lines = lines_of(text);
	while (lines_next(&lines, &line)) {
		_cleanup_free_ char *dir = NULL;
		_cleanup_strbuf_ struct strbuf full = { 0 };
		struct mountinfo m;

		if (!mountinfo_split(line, &m) || !is_of(&m, numbers, name))
			continue;
		dir = bytes_dup_octal(m.dir);
		if (!dir)
			return -ENOMEM;
		strbuf_addf(&full, "%s%s%s", strcmp(dir, "/") == 0 ? "" : dir,
			    path[0] == '/' ? "" : "/", path);
		return strbuf_take(&full, ret);
	}
	return -ENOENT;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Values of root= that name a dataset of a pool, a directory of a server or host, or flash: there when the
 * file system is mounted here under that name, otherwise not known. */
#include "preflight/root-elsewhere.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mountinfo.h"
#include "preflight/device-names.h"

/* "zfs:" and "ZFS=" of zfs-dracut and zfs-initramfs, "nfs:" and the like of dracut.cmdline(7). */
static const char *without_prefix(const char *spec)
{
	static const char *const prefixes[] = { "zfs:",	 "ZFS=",      "nfs:", "nfs4:",
						"cifs:", "virtiofs:", "9p:" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (strncmp(spec, prefixes[i], strlen(prefixes[i])) == 0)
			return spec + strlen(prefixes[i]);
	return spec;
}

/* Linux Documentation/admin-guide/nfs/nfsroot.rst: root=/dev/nfs nfsroot=[SERVER:]DIRECTORY[,OPTIONS] */
static int name_of(const char *spec, const char *cmdline, char **ret)
{
	if (strcmp(spec, "/dev/nfs") == 0)
		return cmdline_value(cmdline, "nfsroot=", ret) < 0 ? -EOPNOTSUPP : 0;
	*ret = strdup(without_prefix(spec));
	return *ret ? 0 : -ENOMEM;
}

/* Their sources in mountinfo are names, and a name with options behind it is one of NFS. */
static bool is_named(const struct mountinfo *m, const char *name)
{
	static const char *const types[] = { "zfs",	 "nfs", "nfs4",	 "cifs", "smb3",
					     "virtiofs", "9p",	"ubifs", "jffs2" };
	const size_t n = m->source.n;

	if (n == 0 || strncmp(name, (const char *)m->source.p, n) != 0)
		return false;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (bytes_is(m->type, types[i]))
			return !name[n] || (bytes_starts(m->type, "nfs") && strchr(":,", name[n]));
	return false;
}

static int mounted_presence(const struct look *l, const char *name)
{
	_cleanup_look_file_ struct look_file text = { 0 };
	int code = look_file(l, "/proc/self/mountinfo", &text);
	struct mountinfo m;
	struct lines lines;
	struct bytes line;

	if (code < 0)
		return code;
	lines = lines_of(text.b);
	while (lines_next(&lines, &line))
		if (mountinfo_split(line, &m) && is_named(&m, name))
			return DEVICE_THERE;
	return -EOPNOTSUPP;
}

/* Links of systemd's 99-systemd.rules to the partition, or to the LUKS volume on it. */
static int gpt_auto_presence(const struct look *l)
{
	static const char *const links[] = { "/dev/gpt-auto-root", "/dev/gpt-auto-root-luks" };

	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		int code = look_exists(l, links[i]);

		if (code != 0)
			return code < 0 ? code : DEVICE_THERE;
	}
	return -EOPNOTSUPP;
}

static bool is_memory(const char *name)
{
	return strcmp(name, "tmpfs") == 0 || strcmp(name, "ramfs") == 0;
}

int root_elsewhere(const struct look *l, const char *spec, const char *cmdline)
{
	_cleanup_free_ char *type = NULL, *name = NULL;
	int code;

	/* nothing has to be there for these */
	if (is_memory(spec) ||
	    (cmdline_value(cmdline, "rootfstype=", &type) >= 0 && is_memory(type)))
		return DEVICE_THERE;
	if (strcmp(spec, "gpt-auto") == 0 || strcmp(spec, "gpt-auto-force") == 0)
		return gpt_auto_presence(l);
	code = name_of(spec, cmdline, &name);
	return code < 0 ? code : mounted_presence(l, name);
}

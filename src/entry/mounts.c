// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tables of mounts: the kernel's and fstab's, bytes in, struct mounts out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/mountinfo.h"
#include "entry/mounts.h"
#include "entry/path.h"

/* More than any machine has; keeps a hostile table from costing more than it should. */
enum { MOUNTS_MAX = 65536 };

void mount_done(struct mount *m)
{
	free(m->dir);
	free(m->fsroot);
	free(m->type);
	free(m->source);
	*m = (struct mount){ 0 };
}

void mounts_done(struct mounts *mounts)
{
	for (size_t i = 0; i < mounts->n; i++)
		mount_done(&mounts->v[i]);
	free(mounts->v);
	*mounts = (struct mounts){ 0 };
}

static int add(struct mounts *mounts, struct mount *m)
{
	struct mount *bigger;

	if (mounts->n >= MOUNTS_MAX)
		return -E2BIG;
	bigger = reallocarray(mounts->v, mounts->n + 1, sizeof(*mounts->v));
	if (!bigger)
		return -ENOMEM;
	mounts->v = bigger;
	mounts->v[mounts->n++] = *m;
	*m = (struct mount){ 0 };
	return 0;
}

int mounts_add(struct mounts *mounts, const char *dir, const char *fsroot, const char *type,
	       const char *source)
{
	struct mount m = {
		.dir = strdup(dir),
		.fsroot = strdup(fsroot),
		.type = strdup(type),
		.source = strdup(source),
	};
	int r = m.dir && m.fsroot && m.type && m.source ? add(mounts, &m) : -ENOMEM;

	if (r < 0)
		mount_done(&m);
	return r;
}

/* File systems that no boot loader reads. */
static bool is_pseudo(struct bytes type)
{
	static const char *const names[] = {
		"proc",	   "sysfs",    "devtmpfs", "devpts",	"tmpfs",      "cgroup",
		"cgroup2", "mqueue",   "debugfs",  "tracefs",	"securityfs", "pstore",
		"bpf",	   "configfs", "efivarfs", "hugetlbfs", "fusectl",    "binfmt_misc",
		"autofs",  "ramfs",    "swap",	   "nsfs",	"rpc_pipefs",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (bytes_is(type, names[i]))
			return true;
	return false;
}

/* A new mount at a place hides what was mounted there and below. */
static void drop_covered(struct mounts *mounts, const char *dir)
{
	size_t kept = 0;

	for (size_t i = 0; i < mounts->n; i++) {
		if (path_below(mounts->v[i].dir, dir))
			mount_done(&mounts->v[i]);
		else
			mounts->v[kept++] = mounts->v[i];
	}
	mounts->n = kept;
}

static int take_mountinfo_line(struct mounts *mounts, struct bytes line, const char *root)
{
	_cleanup_free_ char *dir = NULL, *fsroot = NULL, *type = NULL, *source = NULL;
	_cleanup_free_ char *below = NULL;
	struct mountinfo m;
	const char *rest;
	int r;

	if (!mountinfo_split(line, &m))
		return 0;
	dir = bytes_dup_octal(m.dir);
	fsroot = bytes_dup_octal(m.fsroot);
	type = bytes_dup_octal(m.type);
	source = bytes_dup_octal(m.source);
	if (!dir || !fsroot || !type || !source)
		return -ENOMEM;
	rest = path_below(dir, root);
	if (!rest)
		return 0;
	r = path_join(NULL, rest, &below);
	if (r < 0)
		return r;
	drop_covered(mounts, below);
	return is_pseudo(m.type) ? 0 : mounts_add(mounts, below, fsroot, type, source);
}

int mounts_parse_mountinfo(struct bytes file, const char *root, struct mounts *ret)
{
	struct mounts mounts = { 0 };
	struct lines lines = lines_of(file);
	struct bytes line;
	int r = 0;

	while (r == 0 && lines_next(&lines, &line))
		r = take_mountinfo_line(&mounts, line, root);
	if (r < 0)
		mounts_done(&mounts);
	else
		*ret = mounts;
	return r;
}

/* "subvol=@" of btrfs names the directory of the file system; for all others it is "/". */
static int fstab_fsroot(struct bytes type, struct bytes options, char **ret)
{
	_cleanup_free_ char *text = bytes_dup(options);
	char *state = NULL;

	if (!text)
		return -ENOMEM;
	if (bytes_is(type, "btrfs"))
		for (char *o = strtok_r(text, ",", &state); o; o = strtok_r(NULL, ",", &state))
			if (strncmp(o, "subvol=", 7) == 0)
				return path_join(NULL, o + 7, ret);
	return path_join(NULL, "/", ret);
}

/* Tags may be quoted: UUID="…". */
static void unquote(char *s)
{
	char *out = s;

	for (; *s; s++)
		if (*s != '"')
			*out++ = *s;
	*out = 0;
}

static int take_fstab_line(struct mounts *mounts, struct bytes line)
{
	_cleanup_free_ char *source = NULL, *raw = NULL, *dir = NULL, *type = NULL, *fsroot = NULL;
	struct bytes f_source = bytes_word(&line), f_dir = bytes_word(&line);
	struct bytes f_type = bytes_word(&line);
	int r;

	if (!f_type.n || f_dir.p[0] != '/' || is_pseudo(f_type))
		return 0;
	source = bytes_dup_octal(f_source);
	raw = bytes_dup_octal(f_dir);
	type = bytes_dup_octal(f_type);
	if (!source || !raw || !type)
		return -ENOMEM;
	unquote(source);
	r = path_join(NULL, raw, &dir);
	if (r == 0)
		r = fstab_fsroot(f_type, bytes_word(&line), &fsroot);
	return r < 0 ? r : mounts_add(mounts, dir, fsroot, type, source);
}

int mounts_parse_fstab(struct bytes file, struct mounts *ret)
{
	struct mounts mounts = { 0 };
	struct lines lines = lines_of(file);
	struct bytes line;
	int r = 0;

	while (r == 0 && lines_next(&lines, &line)) {
		line = bytes_trim(line);
		if (line.n && line.p[0] != '#')
			r = take_fstab_line(&mounts, line);
	}
	if (r < 0)
		mounts_done(&mounts);
	else
		*ret = mounts;
	return r;
}

const struct mount *mounts_holding(const struct mounts *mounts, const char *path)
{
	const struct mount *best = NULL;

	for (size_t i = 0; i < mounts->n; i++) {
		const struct mount *m = &mounts->v[i];

		if (path_below(path, m->dir) && (!best || strlen(m->dir) >= strlen(best->dir)))
			best = m;
	}
	return best;
}

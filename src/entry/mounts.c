// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tables of mounts: the kernel's and fstab's, bytes in, struct mounts out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/lines.h"
#include "base/mountinfo.h"
#include "entry/mounts.h"
#include "entry/path.h"

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
	/* how many there are is bounded by the size of the file that they are read from */
	if (array_room(&mounts->v, mounts->n, &mounts->room, sizeof(*mounts->v)) < 0)
		return -ENOMEM;
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

/* A line of the table, by where it mounts. */
struct place {
	char *dir; /* below the root we look at */
	size_t line;
};

struct places {
	struct place *v;
	size_t n, room;
};

static void places_done(struct places *places)
{
	for (size_t i = 0; i < places->n; i++)
		free(places->v[i].dir);
	free(places->v);
}

/* A directory before what is below it, and nothing in between: "/a", "/a/b", "/a-b". */
static int compare_places(const void *p, const void *q)
{
	const char *a = ((const struct place *)p)->dir, *b = ((const struct place *)q)->dir;

	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b)
		return 0;
	if (!*a || !*b)
		return *a ? 1 : -1;
	if (*a == '/' || *b == '/')
		return *a == '/' ? -1 : 1;
	return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

/*
 * A later mount at a place hides what was mounted there and below. In the order of compare_places()
 * the directories above the current one are a stack; the @line of each is the last that it, or any
 * above it, was mounted by.
 */
static int find_covered(struct places *places, bool *ret_covered)
{
	struct place *stack = calloc(places->n + 1, sizeof(*stack));
	struct place *v = places->v;
	size_t depth = 0;

	if (!stack)
		return -ENOMEM;
	if (places->n)
		qsort(v, places->n, sizeof(*v), compare_places);
	for (size_t i = 0, end; i < places->n; i = end) {
		size_t last = 0;

		for (end = i; end < places->n && strcmp(v[end].dir, v[i].dir) == 0; end++)
			last = v[end].line > last ? v[end].line : last;
		while (depth && !path_below(v[i].dir, stack[depth - 1].dir))
			depth--;
		if (depth && stack[depth - 1].line > last)
			last = stack[depth - 1].line;
		for (size_t k = i; k < end; k++)
			ret_covered[v[k].line] = v[k].line < last;
		stack[depth++] = (struct place){ v[i].dir, last };
	}
	free(stack);
	return 0;
}

/* Where a line mounts, below @root; NULL when that is elsewhere. */
static int place_of(const struct mountinfo *m, const char *root, char **ret)
{
	_cleanup_free_ char *dir = bytes_dup_octal(m->dir);
	const char *rest;

	if (!dir)
		return -ENOMEM;
	rest = path_below(dir, root);
	*ret = NULL;
	return rest ? path_join(NULL, rest, ret) : 0;
}

static int add_place(struct places *places, struct bytes line, size_t number, const char *root)
{
	struct mountinfo m;
	char *dir;
	int r;

	if (!mountinfo_split(line, &m))
		return 0;
	if (array_room(&places->v, places->n, &places->room, sizeof(*places->v)) < 0)
		return -ENOMEM;
	r = place_of(&m, root, &dir);
	if (r == 0 && dir)
		places->v[places->n++] = (struct place){ dir, number };
	return r;
}

static int add_mountinfo_line(struct mounts *mounts, struct bytes line, const char *root)
{
	_cleanup_free_ char *dir = NULL, *fsroot = NULL, *type = NULL, *source = NULL;
	struct mountinfo m;
	int r;

	if (!mountinfo_split(line, &m) || is_pseudo(m.type))
		return 0;
	r = place_of(&m, root, &dir);
	if (r < 0 || !dir)
		return r;
	fsroot = bytes_dup_octal(m.fsroot);
	type = bytes_dup_octal(m.type);
	source = bytes_dup_octal(m.source);
	if (!fsroot || !type || !source)
		return -ENOMEM;
	return mounts_add(mounts, dir, fsroot, type, source);
}

static int parse_mountinfo(struct bytes file, const char *root, struct mounts *mounts)
{
	_cleanup_(places_done) struct places places = { 0 };
	_cleanup_free_ bool *covered = NULL;
	struct lines lines = lines_of(file);
	struct bytes line;
	size_t n = 0;
	int r = 0;

	while (r == 0 && lines_next(&lines, &line))
		r = add_place(&places, line, n++, root);
	covered = calloc(n + 1, sizeof(*covered));
	if (r == 0)
		r = covered ? find_covered(&places, covered) : -ENOMEM;
	lines = lines_of(file);
	for (size_t i = 0; r == 0 && lines_next(&lines, &line); i++)
		if (!covered[i])
			r = add_mountinfo_line(mounts, line, root);
	return r;
}

int mounts_parse_mountinfo(struct bytes file, const char *root, struct mounts *ret)
{
	struct mounts mounts = { 0 };
	int r = parse_mountinfo(file, root, &mounts);

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

	while (r == 0 && lines_next_said(&lines, &line))
		r = take_fstab_line(&mounts, line);
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

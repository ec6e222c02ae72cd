// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Neither /proc nor /sys tells whether a dataset of ZFS is encrypted. Files that do: zfs-list.cache, which
 * zfs-mount-generator(8) reads at boot, and the mapping that Ubuntu's keystore is opened as. Of bcachefs
 * the superblock tells.
 */
#include "preflight/pools.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/open.h"

#define LIST_CACHE "/etc/zfs/zfs-list.cache"

static void add_lock(struct report *r, struct pool_locks *locks, const char *name,
		     struct unlock unlock)
{
	struct pool_lock *lock;

	if (locks->n == POOL_LOCKS_MAX) {
		unseen(r, name, -E2BIG);
		return;
	}
	lock = &locks->v[locks->n++];
	lock->unlock = unlock;
	if (!path_make(lock->name, sizeof(lock->name), "%s", name))
		lock->name[0] = '\0';
}

/* ---- zfs-list.cache: `zfs list -H -o` of these columns, with a tab between them */

enum column {
	NAME = 0,
	MOUNTPOINT = 1,
	CANMOUNT = 2,
	ENCROOT = 10,
	KEYLOCATION = 11,
	NOFAIL = 18,
	IGNORE = 19
};

static struct bytes column(struct bytes line, enum column want)
{
	struct bytes field = { 0 };

	for (unsigned i = 0; i <= (unsigned)want; i++) {
		const uint8_t *tab = memchr(line.p, '\t', line.n);
		const size_t n = tab ? (size_t)(tab - line.p) : line.n;

		field = (struct bytes){ line.p, n };
		if (!tab && i < (unsigned)want)
			return (struct bytes){ line.p, 0 };
		line = (struct bytes){ line.p + n + (tab != NULL), line.n - n - (tab != NULL) };
	}
	return field;
}

static bool find_dataset(struct bytes text, struct bytes name, struct bytes *ret)
{
	struct lines lines = lines_of(text);
	struct bytes line;

	while (lines_next(&lines, &line)) {
		struct bytes own = column(line, NAME);

		if (own.n != name.n || memcmp(own.p, name.p, own.n) != 0)
			continue;
		*ret = line;
		return true;
	}
	return false;
}

static enum ease ease_of_location(struct bytes location)
{
	if (bytes_starts(location, "file:///run/keystore/"))
		return EASE_PERSON;
	if (bytes_starts(location, "file://") || bytes_starts(location, "http"))
		return EASE_ALONE;
	/* Ubuntu's: the file lies on a LUKS volume that asks */
	return bytes_is(location, "prompt") ? EASE_PERSON : EASE_UNKNOWN;
}

/* The root's dataset, by the line of what it inherits its key from. */
static struct unlock unlock_of_dataset(struct report *r, const char *file, struct bytes text,
				       const char *dataset)
{
	const struct bytes name = { (const uint8_t *)dataset, strlen(dataset) };
	struct bytes line, encroot, location;

	if (!find_dataset(text, name, &line))
		return (struct unlock){ .ease = EASE_UNKNOWN, .error = -ENOENT };
	encroot = column(line, ENCROOT);
	if (bytes_is(encroot, "-")) {
		evidencef(r, "%s: %s is not encrypted", file, dataset);
		return (struct unlock){ .ease = EASE_ALONE, .error = 0 };
	}
	if (!encroot.n || !find_dataset(text, encroot, &line))
		return (struct unlock){ .ease = EASE_UNKNOWN, .error = -ENOENT };
	location = column(line, KEYLOCATION);
	evidencef(r, "%s: %.*s: keylocation %.*s", file, (int)encroot.n, (const char *)encroot.p,
		  (int)location.n, (const char *)location.p);
	return (struct unlock){ .ease = ease_of_location(location), .error = 0 };
}

/* zfs-mount-generator(8) loads the key of what it mounts, and waits unless "nofail" is on. */
static bool is_mounted_with_key_of(struct bytes text, struct bytes encroot)
{
	struct lines lines = lines_of(text);
	struct bytes line;

	while (lines_next(&lines, &line)) {
		const struct bytes key = column(line, ENCROOT), where = column(line, MOUNTPOINT);

		if (key.n && bytes_equal(key, encroot) && bytes_is(column(line, CANMOUNT), "on") &&
		    !bytes_is(where, "none") && !bytes_is(where, "legacy") &&
		    !bytes_is(column(line, NOFAIL), "on") && !bytes_is(column(line, IGNORE), "on"))
			return true;
	}
	return false;
}

/* Other datasets whose keys are loaded while the system comes up. */
static void add_prompts(struct report *r, const char *file, struct bytes text, const char *root,
			struct pool_locks *locks)
{
	struct lines lines = lines_of(text);
	struct bytes line;

	while (lines_next(&lines, &line)) {
		struct bytes name = column(line, NAME), encroot = column(line, ENCROOT);
		_cleanup_free_ char *dataset = bytes_dup(name);

		if (!name.n || name.n != encroot.n || memcmp(name.p, encroot.p, name.n) != 0 ||
		    !bytes_is(column(line, KEYLOCATION), "prompt") ||
		    !is_mounted_with_key_of(text, name) || !dataset ||
		    (root && strncmp(root, dataset, name.n) == 0))
			continue;
		evidencef(r, "%s: %s: keylocation prompt", file, dataset);
		add_lock(r, locks, dataset, (struct unlock){ .ease = EASE_PERSON, .error = 0 });
	}
}

static void look_at_caches(const struct look *l, struct report *r, const char *root,
			   struct pool_locks *locks)
{
	_cleanup_names_ struct names pools = { 0 };

	if (!seen(r, LIST_CACHE, look_list(l, LIST_CACHE, &pools)))
		return;
	for (size_t i = 0; i < pools.n; i++) {
		_cleanup_look_file_ struct look_file text = { 0 };
		char path[300];

		if (path_make(path, sizeof(path), LIST_CACHE "/%s", pools.v[i]) &&
		    seen(r, path, look_file(l, path, &text)))
			add_prompts(r, path, text.b, root, locks);
	}
}

/* ---- ZFS */

/* Ubuntu: the key of the pool lies on a LUKS volume inside of it, which the initrd opens first. */
static bool add_keystore(const struct look *l, struct report *r, const char *pool,
			 struct volumes *volumes)
{
	char name[128], mapped[160], device[160], block[64];

	if (!path_make(name, sizeof(name), "keystore-%s", pool) ||
	    !path_make(mapped, sizeof(mapped), "/dev/mapper/%s", name) ||
	    !path_make(device, sizeof(device), "/dev/zvol/%s/keystore", pool))
		return false;
	if (!look_there(l, r, mapped) && !look_there(l, r, device) &&
	    !seen(r, "/sys/class/block", block_by_dm_name(l, name, block, sizeof(block))))
		return false;
	volumes_add(volumes, name, device, true);
	return true;
}

static void look_at_dataset(const struct look *l, struct report *r, const char *dataset,
			    struct volumes *volumes, struct pool_locks *locks)
{
	_cleanup_free_ char *pool = strndup(dataset, strcspn(dataset, "/"));
	_cleanup_look_file_ struct look_file text = { 0 };
	struct unlock unlock = { .ease = EASE_UNKNOWN, .error = -ENOENT };
	char path[300];

	if (!pool || add_keystore(l, r, pool, volumes))
		return;
	if (path_make(path, sizeof(path), LIST_CACHE "/%s", pool) && look_file(l, path, &text) == 0)
		unlock = unlock_of_dataset(r, path, text.b, dataset);
	if (unlock.ease == EASE_UNKNOWN)
		evidencef(
			r,
			"/ is %s of ZFS: `zfs get encryption,keylocation %s` tells whether it asks "
			"for a passphrase",
			dataset, dataset);
	add_lock(r, locks, dataset, unlock);
}

/* ---- bcachefs */

/* fs/bcachefs/bcachefs_format.h: struct bch_sb at sector 8 */
enum {
	SB_AT = 4096,
	SB_N = 4096,
	SB_MAGIC = 24,
	SB_FLAGS_1 = 152,
	TYPE_SHIFT = 10,
	TYPE_MASK = 15
};

static struct unlock unlock_of_superblock(const struct look *l, const char *device)
{
	static const char magic[] =
		"\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef";
	_cleanup_close_ int fd = open_device_in(l->root, device, O_RDONLY);
	uint8_t buf[SB_N];
	struct bytes sb;
	uint64_t flags;
	ssize_t n;

	if (fd < 0)
		return (struct unlock){ .ease = EASE_UNKNOWN, .error = fd };
	n = pread(fd, buf, sizeof(buf), SB_AT);
	if (n < 0)
		return (struct unlock){ .ease = EASE_UNKNOWN, .error = -errno };
	sb = (struct bytes){ buf, (size_t)n };
	if (!bytes_is_at(sb, SB_MAGIC, magic, sizeof(magic) - 1) ||
	    !bytes_le64(sb, SB_FLAGS_1, &flags))
		return (struct unlock){ .ease = EASE_UNKNOWN, .error = -EBADMSG };
	/* A key that no passphrase guards stands there in plain. */
	if ((flags >> TYPE_SHIFT & TYPE_MASK) == 0 || memmem(sb.p, sb.n, "bch**key", 8))
		return (struct unlock){ .ease = EASE_ALONE, .error = 0 };
	return (struct unlock){ .ease = EASE_PERSON, .error = 0 };
}

static void look_at_bcachefs(const struct look *l, struct report *r, const char *source,
			     struct pool_locks *locks)
{
	/* "/dev/sda:/dev/sdb"; one superblock tells of all of them */
	_cleanup_free_ char *device = strndup(source, strcspn(source, ":"));
	struct unlock unlock;

	if (!device)
		return;
	unlock = unlock_of_superblock(l, device);
	evidencef(r, "bcachefs on %s: %s", device,
		  unlock.ease == EASE_PERSON  ? "encrypted"
		  : unlock.ease == EASE_ALONE ? "no passphrase"
					      : open_strerror(unlock.error));
	add_lock(r, locks, device, unlock);
}

/* "UUID=…", by udev's link */
static void look_at_tag(const struct look *l, struct report *r, const char *spec,
			struct pool_locks *locks)
{
	const char *value = strchr(spec, '=');
	char path[300];

	if (value && strncmp(spec, "UUID=", 5) == 0 &&
	    path_make(path, sizeof(path), "/dev/disk/by-uuid/%s", value + 1)) {
		look_at_bcachefs(l, r, path, locks);
		return;
	}
	evidencef(r, "bcachefs on %s: not known whether it is encrypted", spec);
	add_lock(r, locks, spec, (struct unlock){ .ease = EASE_UNKNOWN, .error = -EOPNOTSUPP });
}

/* fstab(5): what else is mounted before anybody can log in */
static void look_at_fstab(const struct look *l, struct report *r, struct pool_locks *locks)
{
	_cleanup_look_file_ struct look_file text = { 0 };
	struct bytes line;
	struct lines lines;
	char path[512];

	if (!path_make(path, sizeof(path), "%s/etc/fstab",
		       l->opts->target ? l->opts->target : "") ||
	    !seen(r, path, look_file(l, path, &text)))
		return;
	lines = lines_of(text.b);
	while (lines_next(&lines, &line)) {
		struct bytes source = bytes_word(&line), dir = bytes_word(&line),
			     type = bytes_word(&line), options = bytes_word(&line);
		_cleanup_free_ char *device = bytes_dup(source);

		if (!device || !bytes_is(type, "bcachefs") || bytes_is(dir, "/") ||
		    option_is(options, "noauto") || option_is(options, "nofail"))
			continue;
		if (device[0] == '/')
			look_at_bcachefs(l, r, device, locks);
		else
			look_at_tag(l, r, device, locks);
	}
}

/* File systems without a block device of ours: what lies below them is not known here. */
static bool is_opaque(const char *type)
{
	static const char *const types[] = { "overlay", "unionfs", "aufs", "fuse", "fuseblk" };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

void pools_look(const struct look *l, struct report *r, struct volumes *volumes,
		struct pool_locks *locks)
{
	const struct root_device *root = &volumes->root;
	const bool is_zfs = strcmp(root->type, "zfs") == 0;

	if (is_zfs)
		look_at_dataset(l, r, root->source, volumes, locks);
	else if (strcmp(root->type, "bcachefs") == 0)
		look_at_bcachefs(l, r, root->source, locks);
	else if (is_opaque(root->type) && root->n == 0) {
		evidencef(r, "/ is %s: what it lies on is not told", root->type);
		add_lock(r, locks, "/",
			 (struct unlock){ .ease = EASE_UNKNOWN, .error = -EOPNOTSUPP });
	}
	look_at_caches(l, r, is_zfs ? root->source : NULL, locks);
	look_at_fstab(l, r, locks);
}

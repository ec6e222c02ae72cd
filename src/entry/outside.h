/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * All that readers of configurations get from outside of their process: files of the system that is looked at, and
 * names of its block devices.
 */

#include <sys/types.h>

#include "base/error.h"
#include "entry/entry.h"
#include "entry/machine.h"
#include "entry/mounts.h"

/* Names in one directory. */
enum { OUTSIDE_NAMES_MAX = 100000 };

struct outside_stat {
	uint64_t dev, ino;
};

/* Where a table of mounts was found. */
enum outside_mounts {
	OUTSIDE_MOUNTS_NONE,	 /* nowhere; there may be an fstab(5) */
	OUTSIDE_MOUNTS_CAPTURED, /* in a file that was copied from the system that is looked at */
	OUTSIDE_MOUNTS_LIVE,	 /* it is that of the running kernel */
};

/*
 * Paths are absolute and without "." and "..": those of the system that is looked at, below its root; devices are those
 * of the running system. All return 0 or a negative errno, and what they return is the caller's.
 */
struct outside {
	/* 0 for what is neither a file nor a directory; -ENOENT and others. */
	int (*type)(struct outside *out, const char *path, enum entry_file_type *ret);
	/* Which file it is. */
	int (*stat)(struct outside *out, const char *path, struct outside_stat *ret);
	/* -EFBIG above @max bytes; what open_in() returns for what is no file. */
	int (*read)(struct outside *out, const char *path, size_t max, uint8_t **ret,
		    size_t *ret_n);
	int (*head)(struct outside *out, const char *path, uint8_t *buf, size_t n, size_t *ret_n);
	/* -E2BIG above OUTSIDE_NAMES_MAX. */
	int (*list)(struct outside *out, const char *path, struct strlist *ret);
	/* A descriptor of a regular file, to be read. */
	int (*open)(struct outside *out, const char *path);
	/* -ENODATA for an empty file. */
	int (*map)(struct outside *out, const char *path, const uint8_t **ret, size_t *ret_n);
	void (*unmap)(struct outside *out, const uint8_t *p, size_t n);
	/* mountinfo as text; *ret_root is where the system that is looked at is mounted. */
	int (*mounts)(struct outside *out, enum outside_mounts *ret_where, uint8_t **ret,
		      size_t *ret_n, char **ret_root);
	/* As in entry/machine.h. */
	int (*device)(struct outside *out, const char *path, dev_t *ret);
	int (*find_tag)(struct outside *out, const char *tag, const char *value, dev_t *ret);
	int (*get_tag)(struct outside *out, const char *device, const char *tag, char **ret);
	int (*find_volume)(struct outside *out, const char *name, dev_t *ret);
	int (*partition)(struct outside *out, dev_t device, struct machine_partition *ret);
	int (*read_at)(struct outside *out, const char *device, uint64_t at, size_t n,
		       uint8_t **ret);
	/* Adds mounts of the partition with that PARTUUID, unless it is mounted, and of an XBOOTLDR
	 * partition beside it; see entry_fs.look. NULL: nobody may look. */
	int (*look)(struct outside *out, const char *uuid, bool is_mounted, struct mounts *mounts,
		    struct kx_error *err);
};

/* For outside.map: all of the file behind @fd, which stays the caller's. */
_must_check_ int outside_map_fd(int fd, const uint8_t **ret, size_t *ret_n);

/* The system itself: released by nobody, it holds nothing. */
struct outside_system {
	struct outside out;
	int root; /* borrowed; ROOT_HERE for the running system */
	int (*look)(void *data, const char *uuid, bool is_mounted, struct mounts *mounts,
		    struct kx_error *err);
	void *look_data;
	bool has_looked;
};

/* @look may be NULL. */
void outside_system_init(struct outside_system *system, int root,
			 int (*look)(void *data, const char *uuid, bool is_mounted,
				     struct mounts *mounts, struct kx_error *err),
			 void *look_data);

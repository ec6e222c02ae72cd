/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/cleanup.h"
#include "fundamental/bytes.h"

/* One place where a file system, or a part of it, can be reached. */
struct mount {
	char *dir;    /* absolute, below the root we look at */
	char *fsroot; /* directory of the file system that is visible there, "/" for all of it */
	char *type;   /* "ext4", …; "" when unknown */
	char *source; /* "/dev/sda2", "UUID=…", "rpool/ROOT/x", …; same source, same file system */
};

struct mounts {
	struct mount *v;
	size_t n, room;
};

void mount_done(struct mount *m);
void mounts_done(struct mounts *mounts);
/* A copy of the four strings; -ENOMEM. */
_must_check_ int mounts_add(struct mounts *mounts, const char *dir, const char *fsroot,
			    const char *type, const char *source);

/*
 * /proc/PID/mountinfo (proc(5)): the mounts at or below @root, which is cut off their directories;
 * mounts that a later mount hides are left out. Pseudo file systems are left out.
 */
_must_check_ int mounts_parse_mountinfo(struct bytes file, const char *root, struct mounts *ret);
/* fstab(5): what would be mounted; swap and pseudo file systems are left out. */
_must_check_ int mounts_parse_fstab(struct bytes file, struct mounts *ret);

/* The mount that holds @path, or NULL. */
const struct mount *mounts_holding(const struct mounts *mounts, const char *path);

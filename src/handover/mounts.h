/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* File systems, when they have to be left without an init system to do it. */

#include "base/error.h"
#include "base/teller.h"
#include "sys/sys.h"

struct mount_point {
	char *dir, *source;
	bool pseudo;   /* nothing of it is on a disk */
	bool writable; /* the file system, not this view of it */
	bool network;
};

struct mount_points {
	struct mount_point *v; /* as mountinfo has them: what lies below comes later */
	size_t n, room;
};

/* -ENOENT without /proc, -ENOMEM. */
_must_check_ int mount_points_read(struct sys *sys, struct mount_points *ret, struct kx_error *err);
void mount_points_done(struct mount_points *points);
#define _cleanup_mount_points_ _cleanup_(mount_points_done)

/* Unmounts what is mounted at @dir and below, the last one first, and makes read-only what stays
 * busy. Returns how many file systems can still be written to, or a negative errno. */
_must_check_ int mounts_leave_below(struct sys *sys, const char *dir, const struct teller *t,
				    struct kx_error *err);

/* The same for the whole machine: the root and what the kernel offers its state by stay mounted.
 * What stays writable gets the kernel's emergency remount. @ret_network: the root is on it. */
_must_check_ int mounts_leave_all(struct sys *sys, const struct teller *t, bool *ret_network,
				  struct kx_error *err);

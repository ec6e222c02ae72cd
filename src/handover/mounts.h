/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* File systems, when they have to be left without an init system to do it. */

#include "base/error.h"
#include "base/teller.h"
#include "sys/sys.h"

struct mount_point {
	char *dir, *source;
	bool pseudo;   /* nothing of it is on a disk */
	bool writable; /* state of the file system, not of this mount of it */
	bool network;
};

struct mount_points {
	/* in the order of mountinfo: a mount comes after the one that it lies on */
	struct mount_point *v;
	size_t n, room;
};

/* -ENOENT without /proc, -ENOMEM. */
_must_check_ int mount_points_read(struct sys *sys, struct mount_points *ret, struct kx_error *err);
void mount_points_done(struct mount_points *points);
#define _cleanup_mount_points_ _cleanup_(mount_points_done)

/* Unmounts everything mounted at @dir and below it, the last one first, and makes file systems
 * read-only that stay busy. Returns how many file systems can still be written to, or a negative
 * errno. */
_must_check_ int mounts_leave_below(struct sys *sys, const char *dir, const struct teller *t,
				    struct kx_error *err);

/* The same for the whole machine: the root and file systems such as /proc and /sys stay mounted.
 * File systems that stay writable get the kernel's emergency remount. @ret_network: the root is on
 * it. */
_must_check_ int mounts_leave_all(struct sys *sys, const struct teller *t, bool *ret_network,
				  struct kx_error *err);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How each tool finds its kernel and makes its command line: parts of crash_choose(). */

#include "config/legacy-vars.h"
#include "crash/crash.h"

/* Release of the running kernel; -ENOENT without /proc. */
_must_check_ int crash_running_release(int root, char **ret, struct kx_error *err);

/* Fill in @ret->kernel and @ret->initrd; errors as crash_choose(). */
_must_check_ int crash_find_files(int root, const struct crash_settings *settings,
				  struct crash_choice *ret, struct kx_error *err);
/* The whole command line; errors as crash_choose(). */
_must_check_ int crash_words(struct kx_ctx *ctx, int root, const char *machine,
			     const struct crash_settings *settings, bool has_own_initrd, char **ret,
			     struct kx_error *err);

/* Fills target, remote and ssh_key of the settings. -EINVAL with a sentence for a host that is none; -ENOMEM. */
_must_check_ int crash_target_find(int root, const struct config *config,
				   struct crash_settings *settings, struct kx_error *err);

/*
 * The directory @path of the file system on @device (a path in /dev, UUID=…, LABEL=…), where that is mounted
 * whole. -ENOENT: it is not there, or not mounted; -ENOMEM.
 */
_must_check_ int crash_mounted_at(int root, const char *device, const char *path, char **ret);

/* Adds to not_followed (and to elsewhere) what @name means in kdump.conf or a shell file, if it is something that
 * our own initial ramdisk does not do. @place: "FILE:LINE". -ENOMEM. */
_must_check_ int crash_unfollowed_add(struct crash_settings *settings, const char *place,
				      const char *name, const char *value);
/* All variables that such a file sets. -ENOMEM. */
_must_check_ int crash_unfollowed_vars(struct crash_settings *settings, const struct vars *vars);
/* A target that only another tool reaches. -ENOMEM. */
_must_check_ int crash_unfollowed_url(struct crash_settings *settings, const char *place,
				      const char *name, const char *value);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/cleanup.h"

/* A root of AT_FDCWD is the running system: paths mean what they mean to open(2). Any other
 * descriptor is a directory that stands for "/": paths, symlinks and ".." stay inside it
 * (openat2(2), RESOLVE_IN_ROOT, Linux 5.6). */
#define ROOT_HERE (-100) /* AT_FDCWD, without its header */

/*
 * Opens @path below @root; O_CLOEXEC is added. Returns a descriptor or a negative errno.
 *
 * But for O_PATH and O_DIRECTORY only a regular file is opened, and without waiting for anybody: -EISDIR
 * for a directory, NOT_A_FILE for a device, FIFO or socket. Everything that is read or overwritten
 * comes through here.
 */
_must_check_ int open_in(int root, const char *path, int flags);
/* A device whose path we chose ourselves or root's own files name, or the regular file in its place
 * below a root. */
_must_check_ int open_device_in(int root, const char *path, int flags);
/* How open_in() finds a path on kernels without openat2(2): O_PATH, component by component. */
_must_check_ int open_path_walking(int root, const char *path, int flags);

#define NOT_A_FILE (-124)  /* -EMEDIUMTYPE, which open(2) gives for nothing else */
#define NOT_TRUSTED (-129) /* -EKEYREJECTED */

/*
 * The same for what decides what root does: NOT_TRUSTED when the file, a directory or a link on the way
 * down from the root belongs to another user than root (or than the one who runs this), or can be
 * written by group or others. With O_PATH only found and looked at.
 */
_must_check_ int open_trusted_in(int root, const char *path, int flags);
/* strerror(3) of what open_in() returned, for a sentence. */
const char *open_strerror(int code);

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
 * Except with O_PATH and O_DIRECTORY only regular files are opened, and the call never blocks. It
 * returns -EISDIR for a directory and NOT_A_FILE for a device, FIFO or socket. Every file that is
 * read or overwritten is opened by this function. Paths in a place (base/place.h) are those of its file
 * system.
 */
_must_check_ int open_in(int root, const char *path, int flags);
/* Opens a device whose path is fixed in this program or named by files of root; below the root of a
 * captured machine, the regular file in its place. */
_must_check_ int open_device_in(int root, const char *path, int flags);
/* How open_in() finds a path on kernels without openat2(2): O_PATH, component by component. */
_must_check_ int open_path_walking(int root, const char *path, int flags);

#define NOT_A_FILE (-124)  /* -EMEDIUMTYPE: open(2) never returns it */
#define NOT_TRUSTED (-129) /* -EKEYREJECTED */

/*
 * The same for files that control what root does: NOT_TRUSTED when the file, a directory or a link
 * on the way down from the root belongs to another user than root (or than the one who runs this),
 * or can be written by group or others. With O_PATH the file is only found and checked.
 */
_must_check_ int open_trusted_in(int root, const char *path, int flags);
/* strerror(3) of what open_in() returned, for a sentence. */
const char *open_strerror(int code);

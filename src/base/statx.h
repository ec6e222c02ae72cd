/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* statx(2): the C library musl declares it since 1.2.5 only. */

#include <sys/stat.h>

#ifndef STATX_BTIME
#include <linux/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int statx(int fd, const char *path, int flags, unsigned mask, struct statx *ret)
{
	return (int)syscall(SYS_statx, fd, path, flags, mask, ret);
}
#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "preflight/look.h"

/**
 * root_elsewhere() - is a root that is no block device of this machine known to be there?
 * @cmdline: the line that has root=@spec; nfsroot= and rootfstype= of it count
 *
 * Pools, servers and hosts are not asked. What can be seen here is whether the same file system is mounted
 * now, and whether udev has found the partition that systemd-gpt-auto-generator(8) takes.
 *
 * Return: DEVICE_THERE; -EOPNOTSUPP: it was not looked at; other errors of reading /proc and /dev.
 */
_must_check_ int root_elsewhere(const struct look *l, const char *spec, const char *cmdline);

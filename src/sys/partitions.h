/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sys/sys.h"

/* struct sys: partitions, mount_apart. */
int linux_partitions(struct sys *sys, const char *uuid, struct sys_partition **ret, size_t *ret_n);
int linux_mount_apart(struct sys *sys, const char *device, const char *type, const char *option);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The block device that the kernel makes of the range. */

#include "keep/range.h"

/* The range that the running kernel's command line sets aside: as keep_word_find(), or what opening /proc/cmdline says. */
_must_check_ int keep_range_of_machine(int root, struct range *ret);

/* Path of the device whose memory begins where @range does, "/dev/pmem0"; -ENODEV when there is none. The attribute is
 * "resource" of drivers/nvdimm/namespace_devs.c. */
_must_check_ int keep_device_find(int root, struct range range, char **ret);

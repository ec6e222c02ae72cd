/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"

/* UUID of the file system on @device, as libblkid gives it; below a root other than that of the running system
 * it is the regular file of that name. -ENODATA: none, or one without a UUID; -EFBIG: longer than @n;
 * -ENOMEM; or as open_device_in(). */
_must_check_ int linux_file_system_uuid(int root, const char *device, char *ret, size_t n);

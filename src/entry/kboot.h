/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/entry.h"
#include "fundamental/bytes.h"

/* kboot.conf: bytes in, menu out, paths as written, the default chosen. */
_must_check_ int kboot_parse(struct bytes file, struct boot_menu *ret);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/budget.h"
#include "entry/entry.h"
#include "fundamental/bytes.h"

/*
 * A script of iPXE: bytes in, menu out, paths as written. The script is run once for what starts by itself,
 * and once more for each item of its first menu. -EINVAL when it does not begin with "#!ipxe";
 * BUDGET_SPENT. @budget may be NULL.
 */
_must_check_ int ipxe_parse(struct bytes file, struct budget *budget, struct boot_menu *ret);

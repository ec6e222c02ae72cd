// SPDX-License-Identifier: LGPL-2.1-or-later
/* Multiboot kernels. */
#include "plan/x86_64/x86_64.h"

#include <errno.h>

#include "base/error.h"

int plan_multiboot(struct planner *p)
{
	return kx_fail(p->err, -EOPNOTSUPP, "multiboot images cannot be started yet");
}

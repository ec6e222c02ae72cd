// SPDX-License-Identifier: LGPL-2.1-or-later
/* aarch64: known by name, and refused until it has a planner. */

#include "lib/arch.h"

const struct arch arch_aarch64 = { .id = ARCH_AARCH64 };

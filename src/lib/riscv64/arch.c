// SPDX-License-Identifier: LGPL-2.1-or-later
/* riscv64: known by name, and refused until it has a planner. */

#include "lib/arch.h"

const struct arch arch_riscv64 = { .id = ARCH_RISCV64 };

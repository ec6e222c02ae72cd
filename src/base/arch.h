/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which architecture the machine below a root has. It is found in the machine's files and not taken
 * from the compiler, so that any host can plan for any machine. */

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

enum arch_id {
	ARCH_UNKNOWN,
	ARCH_X86_64,
	ARCH_I386,
	ARCH_AARCH64,
	ARCH_ARM,
	ARCH_RISCV64,
	ARCH_LOONGARCH64,
	ARCH_PPC64LE,
	ARCH_PPC64,
	ARCH_S390X,
	ARCH_MIPS64,
	ARCH_N,
};

struct arch_found {
	enum arch_id id;
	const char *from; /* file that it was found in, or ARCH_GUESSED; static */
};

/* No file shows it: the architecture of the kernel that runs this program is assumed. */
#define ARCH_GUESSED "uname"

/*
 * What the root's files say, the surest first: /proc/sys/kernel/arch (Linux 6.1 and newer),
 * /proc/cpuinfo, the ELF header of a program of the system. When none of them is there: what
 * uname(2) says of the kernel that runs this program. A name that is not known is ARCH_UNKNOWN.
 */
struct arch_found arch_find(int root);

/* As uname(2) spells it; "unknown". */
const char *arch_name(enum arch_id id);
/* Can kernels be started on it? src/lib/arch.c says how. */
bool arch_is_supported(enum arch_id id);

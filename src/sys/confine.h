/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* What a confined process may use up. */
struct confine_limits {
	uint64_t
		memory; /* bytes of address space beside what is mapped before; 0: as much as the machine has */
	unsigned cpu_s; /* processor time of all its threads together */
};

/*
 * Takes from this process, a child made by fork(2) that goes on computing, everything else: it closes every
 * descriptor, gives up capabilities and new privileges, has no file system (Landlock) where the kernel can,
 * and ends by SIGSYS at the first system call that threads and memory do not need. It leaves no core dump,
 * and is the first that the kernel ends when memory is short.
 *
 * Returns NULL, or why that cannot be, a static sentence: it must not go on then.
 */
const char *confine_self(const struct confine_limits *limits);

/* Ends this process and its threads, without anything that a program does at its end. */
_Noreturn void confine_leave(int status);

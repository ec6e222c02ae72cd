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
 * and has no system calls but those that threads and memory need: others do not exist (ENOSYS), and those that
 * open, start, trace or talk end it by SIGSYS. It leaves no core dump,
 * and is the first that the kernel ends when memory is short.
 *
 * @channel is the one descriptor that stays, as number 0, to ask the parent for something and to be handed one file
 * at a time by it (recvmsg(2)); -1: there is none.
 *
 * Returns NULL, or why that cannot be, a static sentence: it must not go on then.
 */
const char *confine_self(const struct confine_limits *limits, int channel);

/* Ends this process and its threads, without anything that a program does at its end. */
_Noreturn void confine_leave(int status);

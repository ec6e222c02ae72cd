/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Signals that end a command: of a person, of a terminal that is closed, of another program. They
 * are held back while the command must not end in the middle of something. For commands only; a
 * library leaves the signals of its program alone. */

#include <signal.h>

struct interrupts {
	sigset_t held, before;
};

/* Blocks SIGHUP, SIGINT, SIGQUIT and SIGTERM, but for those that this process ignores (nohup(1)), and
 * SIGPIPE, since nobody may be left who reads what is said. Programs that are started meanwhile get
 * them. */
void interrupts_hold(struct interrupts *ret);
/* The signal that has come and waits, or 0. A closed pipe is none. */
int interrupts_waiting(const struct interrupts *interrupts);
/* Name of a signal that interrupts_waiting() has returned. */
const char *interrupts_name(int signal);
/* The one that waits takes effect now. */
void interrupts_release(const struct interrupts *interrupts);
/* What was to be ended is done: the ones that wait mean nothing any more. */
void interrupts_forget(const struct interrupts *interrupts);

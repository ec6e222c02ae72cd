// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sys/interrupts.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* sigabbrev_np(3) is glibc's alone. */
static const struct {
	int number;
	const char *name;
} signals[] = {
	{ SIGHUP, "SIGHUP" },
	{ SIGINT, "SIGINT" },
	{ SIGQUIT, "SIGQUIT" },
	{ SIGTERM, "SIGTERM" },
};

enum { N_SIGNALS = sizeof(signals) / sizeof(signals[0]) };

/* The kernel keeps a blocked signal that is ignored, as it could be handled by the time it is
 * unblocked. */
static bool is_ignored(int signal)
{
	struct sigaction action;

	return sigaction(signal, NULL, &action) == 0 && !(action.sa_flags & SA_SIGINFO) &&
	       action.sa_handler == SIG_IGN;
}

void interrupts_hold(struct interrupts *ret)
{
	(void)sigemptyset(&ret->held);
	(void)sigaddset(&ret->held, SIGPIPE);
	for (size_t i = 0; i < N_SIGNALS; i++)
		if (!is_ignored(signals[i].number))
			(void)sigaddset(&ret->held, signals[i].number);
	(void)sigprocmask(SIG_BLOCK, &ret->held, &ret->before);
}

int interrupts_waiting(const struct interrupts *interrupts)
{
	sigset_t waiting;

	if (sigpending(&waiting) < 0)
		return 0;
	for (size_t i = 0; i < N_SIGNALS; i++)
		if (sigismember(&interrupts->held, signals[i].number) == 1 &&
		    sigismember(&waiting, signals[i].number) == 1)
			return signals[i].number;
	return 0;
}

const char *interrupts_name(int signal)
{
	for (size_t i = 0; i < N_SIGNALS; i++)
		if (signals[i].number == signal)
			return signals[i].name;
	return "a signal";
}

void interrupts_release(const struct interrupts *interrupts)
{
	(void)sigprocmask(SIG_SETMASK, &interrupts->before, NULL);
}

void interrupts_forget(const struct interrupts *interrupts)
{
	static const struct timespec now = { 0, 0 };

	while (sigtimedwait(&interrupts->held, NULL, &now) > 0)
		;
	interrupts_release(interrupts);
}

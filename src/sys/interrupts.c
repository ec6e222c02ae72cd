// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sys/interrupts.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

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
		if (!is_ignored(signals[i]))
			(void)sigaddset(&ret->held, signals[i]);
	(void)sigprocmask(SIG_BLOCK, &ret->held, &ret->before);
}

int interrupts_waiting(const struct interrupts *interrupts)
{
	sigset_t waiting;

	if (sigpending(&waiting) < 0)
		return 0;
	for (size_t i = 0; i < N_SIGNALS; i++)
		if (sigismember(&interrupts->held, signals[i]) == 1 &&
		    sigismember(&waiting, signals[i]) == 1)
			return signals[i];
	return 0;
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

// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/protect.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>

static int (*is_ours)(const void *address);

static void on_sigbus(int number, siginfo_t *info, void *context)
{
	const int saved = errno;

	/* when it is another's the same access ends the process, as without a handler */
	if (info->si_code != BUS_ADRERR || !is_ours(info->si_addr))
		(void)signal(SIGBUS, SIG_DFL);
	errno = saved;
}

void protect_process(int (*is_file)(const void *address))
{
	struct sigaction action = { .sa_sigaction = on_sigbus,
				    .sa_flags = SA_SIGINFO | SA_NODEFER };

	/* not RLIMIT_CORE: it is inherited, and a pipe in core_pattern ignores it when it is zero */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (!is_file)
		return;
	is_ours = is_file;
	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGBUS, &action, NULL);
}

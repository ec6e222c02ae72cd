// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sysvinit, with its own scripts or OpenRC's services: runlevel 6 is a reboot, 0 is not. The
 * inittab of some OpenRC systems ends with `reboot -dk`, which jumps whenever an image is loaded.
 *
 * init writes the runlevel into its own command line, "init [6]" (sysvinit's src/init.c,
 * setproctitle). It has precedence over the environment, which can be inherited from any program
 * and which OpenRC clears; under Debian's `openrc off`, which stops the services first, RC_REBOOT
 * is not set either.
 */

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "handover/init.h"

static bool is_sysvinit(const struct pid1 *pid1)
{
	return strcmp(pid1->name, "init") == 0 || strcmp(pid1->name, "sysvinit") == 0;
}

static int sysvinit_ask(struct sys *sys, const struct reboot_wish *wish, struct reboot_call *ret,
			struct kx_error *err)
{
	static const char *const programs[] = { "shutdown", NULL };
	const char *const words[] = { "-r", wish->when ? wish->when_minutes : "now", NULL };
	int r = call_program(sys, ret, programs, err);

	if (r == 0)
		r = call_words(ret, words, err);
	if (r == 0 && wish->message)
		r = call_operand(ret, wish->message, err);
	ret->needs_hook = wish->mode == REBOOT_KEXEC;
	ret->waits = wish->when != NULL;
	return r;
}

static int sysvinit_cancel(struct sys *sys, struct reboot_call *ret, struct kx_error *err)
{
	static const char *const programs[] = { "shutdown", NULL };
	int r = call_program(sys, ret, programs, err);

	return r < 0 ? r : call_word(ret, "-c", err);
}

static enum going going_by_title(struct sys *sys)
{
	static const char head[] = "init [";
	_cleanup_close_ int root = machine_open(sys);
	_cleanup_free_ char *title = NULL;
	char runlevel[2] = "";

	if (read_line_in(root, "/proc/1/cmdline", &title) < 0 ||
	    strncmp(title, head, strlen(head)) != 0)
		return GOING_UNKNOWN;
	runlevel[0] = title[strlen(head)];
	return runlevel[0] && title[strlen(head) + 1] == ']' ? going_by_runlevel(runlevel)
							     : GOING_UNKNOWN;
}

static enum going sysvinit_going(struct sys *sys, const struct signals *signals)
{
	enum going going = going_by_title(sys);

	if (going == GOING_UNKNOWN)
		going = going_by_runlevel(signals->runlevel);
	if (going != GOING_UNKNOWN)
		return going;
	return openrc_init.going(sys, signals) == GOING_REBOOT ? GOING_REBOOT : GOING_UNKNOWN;
}

static void sysvinit_hooks(int root, const struct pid1 *pid1, struct hook_places *ret)
{
	if (pid1->openrc)
		openrc_services(root, ret);
	else
		sysv_hooks(root, ret);
}

const struct init_system sysvinit_init = {
	.name = "sysvinit",
	.is = is_sysvinit,
	.ask = sysvinit_ask,
	.going = sysvinit_going,
	.cancel = sysvinit_cancel,
	.hooks = sysvinit_hooks,
	.spares = "/etc/init.d/umountfs", /* Debian's; others unmount by type */
};

// SPDX-License-Identifier: LGPL-2.1-or-later
/* OpenRC with its own process 1. Services see RC_REBOOT=YES in a reboot; RC_GOINGDOWN alone says
 * no more than that services stop. The word "kexec" jumps, and reboots when that fails. */

#include <string.h>

#include "handover/init.h"

static bool is_openrc(const struct pid1 *pid1)
{
	return strcmp(pid1->name, "openrc-init") == 0;
}

static int openrc_ask(struct sys *sys, const struct reboot_wish *wish, struct reboot_call *ret,
		      struct kx_error *err)
{
	static const char *const programs[] = { "openrc-shutdown", NULL };
	int r = call_program(sys, ret, programs, err);

	if (r == 0)
		r = call_word(ret, wish->mode == REBOOT_COLD ? "--reboot" : "--kexec", err);
	if (r == 0)
		r = call_word(ret, wish->when ? wish->when_minutes : "now", err);
	ret->avoids_image = wish->mode == REBOOT_COLD;
	ret->waits = wish->when != NULL;
	return r;
}

static int openrc_cancel(struct sys *sys, struct reboot_call *ret, struct kx_error *err)
{
	static const char *const programs[] = { "openrc-shutdown", NULL };
	int r = call_program(sys, ret, programs, err);

	return r < 0 ? r : call_word(ret, "--cancel", err);
}

static enum going openrc_going(struct sys *sys, const struct signals *signals)
{
	if (signals->rc_reboot && strcmp(signals->rc_reboot, "YES") == 0)
		return GOING_REBOOT;
	if (signals->rc_down && strcmp(signals->rc_down, "YES") == 0)
		return GOING_DOWN;
	return GOING_NOWHERE;
}

const struct init_system openrc_init = {
	.name = "OpenRC",
	.is = is_openrc,
	.ask = openrc_ask,
	.going = openrc_going,
	.cancel = openrc_cancel,
	.spares = "",
};

// SPDX-License-Identifier: LGPL-2.1-or-later
/* GNU Shepherd: a Guile program; `reboot --kexec` falls back to a reboot by itself. */

#include <string.h>

#include "handover/init.h"

static bool is_shepherd(const struct pid1 *pid1)
{
	return strcmp(pid1->name, "shepherd") == 0 || strcmp(pid1->name, "guile") == 0;
}

static int shepherd_ask(struct sys *sys, const struct reboot_wish *wish, struct reboot_call *ret,
			struct kx_error *err)
{
	static const char *const programs[] = { "reboot", NULL };
	int r = call_program(sys, ret, programs, err);

	if (r == 0 && wish->mode == REBOOT_KEXEC)
		r = call_word(ret, "--kexec", err);
	ret->avoids_image = wish->mode == REBOOT_COLD;
	return r;
}

static enum going shepherd_going(struct sys *sys, const struct signals *signals)
{
	return GOING_UNKNOWN;
}

const struct init_system shepherd_init = {
	.name = "Shepherd",
	.program = "shepherd",
	.is = is_shepherd,
	.ask = shepherd_ask,
	.going = shepherd_going,
};

// SPDX-License-Identifier: LGPL-2.1-or-later
/* finit: has no kexec, and nothing of ours is run late enough to jump. */

#include <errno.h>
#include <string.h>

#include "handover/init.h"

static bool is_finit(const struct pid1 *pid1)
{
	return strcmp(pid1->name, "finit") == 0;
}

static int finit_ask(struct sys *sys, const struct reboot_wish *wish, struct reboot_call *ret,
		     struct kx_error *err)
{
	static const char *const programs[] = { "initctl", "reboot", NULL };
	int r;

	if (wish->mode == REBOOT_KEXEC)
		return kx_fail(err, -EOPNOTSUPP,
			       "finit cannot start another kernel when it goes down; reboot "
			       "through the firmware instead");
	r = call_program(sys, ret, programs, err);
	if (r == 0 && strstr(ret->words[0], "initctl"))
		r = call_word(ret, "reboot", err);
	ret->avoids_image = true;
	return r;
}

static enum going finit_going(struct sys *sys, const struct signals *signals)
{
	return going_by_runlevel(signals->runlevel);
}

const struct init_system finit_init = {
	.name = "finit",
	.is = is_finit,
	.ask = finit_ask,
	.going = finit_going,
};

// SPDX-License-Identifier: LGPL-2.1-or-later
/* dinit. Its shutdown program has no option for a time. When its kexec fails, no reboot follows:
 * src/shutdown.cc waits for ever. So dinit is asked only while an image is loaded. */

#include <string.h>

#include "handover/init.h"

static bool is_dinit(const struct pid1 *pid1)
{
	return strcmp(pid1->name, "dinit") == 0;
}

static int dinit_ask(struct sys *sys, const struct reboot_wish *wish, struct reboot_call *ret,
		     struct kx_error *err)
{
	static const char *const programs[] = { "dinit-shutdown", "shutdown", NULL };
	const bool cold = wish->mode == REBOOT_COLD;
	int r = call_program(sys, ret, programs, err);

	if (r == 0)
		r = call_word(ret, cold ? "-r" : "-k", err);
	ret->avoids_image = cold;
	ret->image_required = !cold;
	return r;
}

static enum going dinit_going(struct sys *sys, const struct signals *signals)
{
	return going_by_verb(signals->verb);
}

const struct init_system dinit_init = {
	.name = "dinit",
	.program = "dinit",
	.is = is_dinit,
	.ask = dinit_ask,
	.going = dinit_going,
};

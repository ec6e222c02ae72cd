// SPDX-License-Identifier: LGPL-2.1-or-later
/* dinit. Its shutdown program has no option for a time. When its kexec fails, no reboot follows:
 * src/shutdown.cc waits for ever. So dinit is asked only while an image is loaded. It jumps after its hook, which
 * gets "reboot" for both; before it had "-k", its program had no word of kexec. */

#include <stdio.h>
#include <string.h>

#include "base/open.h"
#include "handover/init.h"

#define PROGRAMS                                   \
	{                                          \
		"dinit-shutdown", "shutdown", NULL \
	}

static bool is_dinit(const struct pid1 *pid1)
{
	return strcmp(pid1->name, "dinit") == 0;
}

static int dinit_ask(struct sys *sys, const struct reboot_wish *wish, struct reboot_call *ret,
		     struct kx_error *err)
{
	static const char *const programs[] = PROGRAMS;
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

static void dinit_hooks(int root, const struct pid1 *pid1, struct hook_places *ret)
{
	static const char *const programs[] = PROGRAMS;
	char path[128];
	int has;

	hook_none_loads(ret);
	if (program_find_in(root, programs, path, sizeof(path)) < 0) {
		ret->unsure = true;
		hook_found(ret, "there is no program %s or %s", programs[0], programs[1]);
		return;
	}
	has = hook_program_has(root, path, "kexec");
	ret->unsure = has < 0;
	ret->jumps = has > 0;
	hook_found(ret, "%s: %s", path,
		   has < 0   ? open_strerror(has)
		   : has > 0 ? "knows kexec"
			     : "no word of kexec");
	if (has == 0)
		(void)snprintf(ret->advice, sizeof(ret->advice),
			       "Upgrade dinit to a version whose shutdown(8) has \"-k\".");
}

const struct init_system dinit_init = {
	.name = "dinit",
	.program = "dinit",
	.is = is_dinit,
	.ask = dinit_ask,
	.going = dinit_going,
	.hooks = dinit_hooks,
};

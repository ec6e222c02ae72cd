// SPDX-License-Identifier: LGPL-2.1-or-later
/* s6-linux-init: has no kexec, and its scripts are not told whether this is a reboot. So
 * rc.shutdown.final depends on the request file. */

#include <string.h>

#include "base/file.h"
#include "handover/init.h"

static bool is_s6(const struct pid1 *pid1)
{
	return strcmp(pid1->name, "s6-svscan") == 0;
}

static int s6_ask(struct sys *sys, const struct reboot_wish *wish, struct reboot_call *ret,
		  struct kx_error *err)
{
	static const char *const programs[] = { "s6-linux-init-hpr", "reboot", NULL };
	int r = call_program(sys, ret, programs, err);

	if (r == 0 && strstr(ret->words[0], "hpr"))
		r = call_word(ret, "-r", err);
	ret->needs_hook = wish->mode == REBOOT_KEXEC;
	ret->avoids_image = wish->mode == REBOOT_COLD;
	return r;
}

static enum going s6_going(struct sys *sys, const struct signals *signals)
{
	return GOING_UNKNOWN;
}

static void s6_hooks(int root, const struct pid1 *pid1, struct hook_places *ret)
{
	static const char path[] = "/etc/s6-linux-init/current/scripts/rc.shutdown.final";

	ret->jumps = is_program_in(root, path) && hook_script_does(root, path, hook_jump_words);
	ret->loads = true; /* as with BusyBox: a reboot cannot be told from a poweroff */
	if (ret->jumps)
		return;
	hook_found(ret, "%s %s", path,
		   is_there_in(root, path) ? "does not run `rapidreboot hook jump`"
					   : "is not there");
	if (is_there_in(root, path))
		hook_remedy(ret, "add the line `rapidreboot hook jump` to %s", path);
	else
		hook_remedy(ret, "install -m 755 %s/s6/rc.shutdown.final %s", hook_share(root),
			    path);
}

const struct init_system s6_init = {
	.name = "s6-linux-init",
	.is = is_s6,
	.ask = s6_ask,
	.going = s6_going,
	.hooks = s6_hooks,
};

// SPDX-License-Identifier: LGPL-2.1-or-later
/* finit: has no kexec. Since 4.4 it runs hook scripts, the last of them when file systems are
 * unmounted, with FINIT_SHUTDOWN saying where it goes (its plugins.md); that needs a plugin. */

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "handover/init.h"

static bool is_finit(const struct pid1 *pid1)
{
	return strcmp(pid1->name, "finit") == 0;
}

/* Where Debian and `make install` put them. */
static bool jumps(struct sys *sys)
{
	_cleanup_close_ int root = machine_open(sys);

	return is_program_in(root, "/usr/libexec/finit/hook/sys/down/rapidreboot") &&
	       is_there_in(root, "/usr/lib/finit/plugins/hook-scripts.so");
}

static int finit_ask(struct sys *sys, const struct reboot_wish *wish, struct reboot_call *ret,
		     struct kx_error *err)
{
	static const char *const programs[] = { "initctl", "reboot", NULL };
	int r;

	if (wish->mode == REBOOT_KEXEC && !jumps(sys))
		return kx_fail(err, -EOPNOTSUPP,
			       "finit starts another kernel only by a hook script: either "
			       "/usr/libexec/finit/hook/sys/down/rapidreboot is missing or "
			       "finit's plugin hook-scripts.so; reboot through the firmware "
			       "instead");
	r = call_program(sys, ret, programs, err);
	if (r == 0 && strstr(ret->words[0], "initctl"))
		r = call_word(ret, "reboot", err);
	ret->needs_hook = wish->mode == REBOOT_KEXEC;
	ret->avoids_image = !jumps(sys);
	return r;
}

static enum going finit_going(struct sys *sys, const struct signals *signals)
{
	return signals->verb && signals->verb[0] ? going_by_verb(signals->verb)
						 : going_by_runlevel(signals->runlevel);
}

const struct init_system finit_init = {
	.name = "finit",
	.is = is_finit,
	.ask = finit_ask,
	.going = finit_going,
};

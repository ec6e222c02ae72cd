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

#define HOOKS "/usr/libexec/finit/hook/sys"
#define PLUGIN "/usr/lib/finit/plugins/hook-scripts.so"

/* Where Debian puts them, and `make install PREFIX=/usr`. */
static void finit_hooks(int root, const struct pid1 *pid1, struct hook_places *ret)
{
	static const char *const places[][2] = { { "shutdown", "load" }, { "down", "jump" } };
	const bool has_plugin = is_there_in(root, PLUGIN);

	ret->jumps = has_plugin && is_program_in(root, HOOKS "/down/rapidreboot");
	ret->loads = has_plugin && is_program_in(root, HOOKS "/shutdown/rapidreboot");
	if (!has_plugin) {
		hook_found(ret, "no " PLUGIN);
		hook_remedy(ret, "install finit's plugin hook-scripts.so (Debian: finit-plugins)");
	}
	for (size_t i = 0; i < 2; i++) {
		if (is_program_in(root,
				  i ? HOOKS "/down/rapidreboot" : HOOKS "/shutdown/rapidreboot"))
			continue;
		hook_found(ret, "no program " HOOKS "/%s/rapidreboot", places[i][0]);
		hook_remedy(ret,
			    "install -D -m 755 %s/finit/rapidreboot-%s " HOOKS "/%s/rapidreboot",
			    hook_share(root), places[i][1], places[i][0]);
	}
}

static bool jumps(struct sys *sys)
{
	_cleanup_close_ int root = machine_open(sys);
	struct hook_places places = { .jumps = false };

	finit_hooks(root, NULL, &places);
	return places.jumps;
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
	.program = "finit",
	.is = is_finit,
	.ask = finit_ask,
	.going = finit_going,
	.hooks = finit_hooks,
};

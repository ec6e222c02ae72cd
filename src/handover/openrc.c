// SPDX-License-Identifier: LGPL-2.1-or-later
/* OpenRC with its own process 1. Services see RC_REBOOT=YES in a reboot; RC_GOINGDOWN alone means
 * only that services stop. Its kexec option jumps, and reboots when the jump fails. */

#include <stdio.h>
#include <string.h>

#include "base/file.h"
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

/* A script of sysvinit or a service of OpenRC, in a runlevel; Debian's update-rc.d(8) makes "off" of those
 * that are stopped in runlevel 6. */
static bool is_in_runlevel(int root, const char *runlevel, const char *name, struct hook_places *p)
{
	_cleanup_free_ char *target = NULL;
	char path[128];

	(void)snprintf(path, sizeof(path), "/etc/runlevels/%s/%s", runlevel, name);
	if (!is_there_in(root, path) && link_read_in(root, path, &target) == 0) {
		hook_found(p, "%s leads to nothing", path);
		return false;
	}
	return is_program_in(root, path) && (hook_script_does(root, path, hook_jump_words) ||
					     hook_script_does(root, path, hook_load_words));
}

static bool is_in_one_of(int root, const char *const *runlevels, const char *name,
			 struct hook_places *p)
{
	for (size_t i = 0; runlevels[i]; i++)
		if (is_in_runlevel(root, runlevels[i], name, p))
			return true;
	hook_found(p, "%s is not in /etc/runlevels/%s", name, runlevels[0]);
	return false;
}

void openrc_services(int root, struct hook_places *p)
{
	static const char *const down[] = { "shutdown", "off", "reboot", NULL }, *const up[] = {
		"default", "boot", NULL
	};
	const bool is_debian = is_program_in(root, "/usr/sbin/update-rc.d");

	p->loads = is_in_one_of(root, up, "rapidreboot-load", p);
	p->jumps = is_in_one_of(root, down, "rapidreboot-jump", p) ||
		   is_in_one_of(root, down, "kexec-exec", &(struct hook_places){ .found = "" });
	if (p->jumps && p->loads)
		return;
	if (!is_program_in(root, "/etc/init.d/rapidreboot-jump"))
		hook_remedy(p, "cp %s/%s/rapidreboot-* /etc/init.d/", hook_share(root),
			    is_debian ? "sysvinit" : "openrc");
	if (is_debian)
		hook_remedy(p,
			    "for i in load stopped jump; do update-rc.d rapidreboot-$i defaults; "
			    "done");
	else
		hook_remedy(p, "rc-update add rapidreboot-load default && rc-update add "
			       "rapidreboot-stopped shutdown && rc-update add rapidreboot-jump "
			       "shutdown");
}

/* openrc-shutdown --kexec jumps by itself; only loading needs a script of ours. */
static void openrc_hooks(int root, const struct pid1 *pid1, struct hook_places *ret)
{
	openrc_services(root, ret);
	ret->jumps = true;
}

const struct init_system openrc_init = {
	.name = "OpenRC",
	.program = "openrc",
	.is = is_openrc,
	.ask = openrc_ask,
	.going = openrc_going,
	.cancel = openrc_cancel,
	.hooks = openrc_hooks,
	.spares = "",
};

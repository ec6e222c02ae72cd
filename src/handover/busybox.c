// SPDX-License-Identifier: LGPL-2.1-or-later
/* BusyBox init, as on Alpine with OpenRC: its one ::shutdown: line of inittab is run alike for
 * reboot and poweroff, so that only our request file tells them apart. */

#include <string.h>

#include "handover/init.h"

/* The same program as a shell may be process 1 of a rescue system or an initramfs, and is no init
 * then. init/init.c sets its argv[0] to "init", whatever it was started as. */
static bool is_busybox(const struct pid1 *pid1)
{
	return strcmp(pid1->name, "busybox") == 0 &&
	       (!pid1->called[0] || strcmp(pid1->called, "init") == 0 ||
		strcmp(pid1->called, "linuxrc") == 0);
}

static int busybox_ask(struct sys *sys, const struct reboot_wish *wish, struct reboot_call *ret,
		       struct kx_error *err)
{
	static const char *const programs[] = { "reboot", NULL };

	ret->needs_hook = wish->mode == REBOOT_KEXEC;
	ret->avoids_image = wish->mode == REBOOT_COLD;
	return call_program(sys, ret, programs, err);
}

static enum going busybox_going(struct sys *sys, const struct signals *signals)
{
	return GOING_UNKNOWN;
}

/* Without OpenRC it is a line of inittab. */
static void busybox_hooks(int root, const struct pid1 *pid1, struct hook_places *ret)
{
	if (pid1->openrc) {
		openrc_services(root, ret);
		return;
	}
	ret->jumps = hook_script_does(root, "/etc/inittab", hook_jump_words);
	/* `reboot` of BusyBox never jumps by itself: an image that is loaded is not started */
	ret->loads = true;
	if (ret->jumps)
		return;
	hook_found(ret, "/etc/inittab has no line with `rapidreboot hook jump`");
	hook_remedy(ret, "cat %s/busybox/inittab >>/etc/inittab && kill -HUP 1", hook_share(root));
}

const struct init_system busybox_init = {
	.name = "BusyBox init",
	.is = is_busybox,
	.ask = busybox_ask,
	.going = busybox_going,
	.hooks = busybox_hooks,
};

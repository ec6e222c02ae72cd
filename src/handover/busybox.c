// SPDX-License-Identifier: LGPL-2.1-or-later
/* BusyBox init, as on Alpine with OpenRC: its one ::shutdown: line of inittab is run alike for
 * reboot and poweroff, so that only the sign in our request file tells them apart. */

#include <signal.h>
#include <string.h>

#include "base/io.h"
#include "base/lines.h"
#include "base/num.h"
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

enum { STATUS_MAX = 65536 };

/* "SigBlk:" and "SigCgt:" of proc_pid_status(5), with a mask in hexadecimal. */
static bool take_mask(struct bytes line, uint64_t *ret)
{
	const struct bytes name = bytes_word(&line);
	char number[2 + 16 + 1] = "0x";

	if ((!bytes_is(name, "SigBlk:") && !bytes_is(name, "SigCgt:")) || line.n != 16)
		return false;
	memcpy(number + 2, line.p, line.n);
	return parse_u64(number, ret) == 0;
}

/* Do the masks of process 1 say that it takes no orders? False when they cannot be read. */
static bool takes_no_signals(int root)
{
	static const uint64_t orders = UINT64_C(1) << (SIGTERM - 1) | UINT64_C(1) << (SIGUSR1 - 1) |
				       UINT64_C(1) << (SIGUSR2 - 1);
	_cleanup_free_ uint8_t *text = NULL;
	uint64_t taken = 0;
	unsigned n_masks = 0;
	struct lines lines;
	struct bytes line;
	size_t n;

	if (read_file_in(root, "/proc/1/status", STATUS_MAX, &text, &n) < 0)
		return false;
	lines = lines_of((struct bytes){ text, n });
	while (lines_next(&lines, &line)) {
		uint64_t mask;

		if (!take_mask(line, &mask))
			continue;
		taken |= mask;
		n_masks++;
	}
	return n_masks == 2 && !(taken & orders);
}

/* Does process 1 sleep in the kernel in another function than that of sigtimedwait(2)? False when that
 * is not told: "0" is a process that runs, or a kernel without names of its functions. */
static bool sleeps_elsewhere(int root)
{
	_cleanup_free_ char *function = NULL;

	if (read_line_in(root, "/proc/1/wchan", &function) < 0)
		return false;
	return *function && strcmp(function, "0") != 0 && !strstr(function, "sigtimedwait");
}

/* halt_reboot_pwoff() of init/init.c gives the signals that ask for a reboot, poweroff or halt back to the
 * kernel before it runs the first ::shutdown: line. Until then they are caught (before 1.33), or blocked
 * and waited for: while it waits the kernel takes them out of the blocked ones (kernel/signal.c,
 * do_sigtimedwait()). */
static bool busybox_has_begun(struct sys *sys)
{
	_cleanup_close_ int root = machine_open(sys);

	return takes_no_signals(root) && sleeps_elsewhere(root);
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
	.program = "busybox",
	.is = is_busybox,
	.ask = busybox_ask,
	.going = busybox_going,
	.has_begun = busybox_has_begun,
	.hooks = busybox_hooks,
};

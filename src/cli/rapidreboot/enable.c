// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot enable, rapidreboot disable: whether an ordinary reboot is a fast one. */

#include "cli/page.h"
#include "cli/rapidreboot/options.h"
#include "handover/arm.h"
#include "handover/init.h"

static int set(bool on)
{
	struct sys *sys = sys_machine();
	const struct init_system *init;
	struct kx_error err = { 0 };
	struct pid1 pid1;

	pid1_read(sys, &pid1);
	init = init_detect(&pid1);
	/* disable works everywhere: in a chroot, under another init system */
	if (!init && on) {
		fprintf(stderr,
			"rapidreboot: process 1 is \"%s\", no init system that is known "
			"here\n",
			pid1.name);
		return EXIT_HANDOVER;
	}
	if (set_enabled(sys, init, on, &err) < 0)
		return fail_with(&err);
	page_text(
		stderr, 0,
		on ? "rapidreboot: an ordinary reboot is a fast one from now on; `rapidreboot disable` undoes it"
		   : "rapidreboot: an ordinary reboot goes through the firmware from now on");
	return EXIT_OK;
}

static int run(const struct command *command, int argc, char **argv, bool on)
{
	_cleanup_(command_done) struct options o;
	int r = command_take(command, argc, argv, &o);

	return r >= 0 ? r : set(on);
}

static int run_enable(int argc, char **argv)
{
	return run(&enable_command, argc, argv, true);
}

static int run_disable(int argc, char **argv)
{
	return run(&disable_command, argc, argv, false);
}

const struct command enable_command = {
	.name = "enable",
	.synopsis = "",
	.summary = "make every ordinary reboot a fast one",
	.run = run_enable,
	.taker = BY_ENABLE,
	.about = "From now on every ordinary reboot starts the next kernel directly.",
};
const struct command disable_command = {
	.name = "disable",
	.synopsis = "",
	.summary = "undo enable",
	.run = run_disable,
	.taker = BY_DISABLE,
	.about = "From now on an ordinary reboot goes through the firmware again.",
};

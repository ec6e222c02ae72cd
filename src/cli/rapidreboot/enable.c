// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot enable, rapidreboot disable: what an ordinary reboot is. */

#include "cli/rapidreboot/start.h"

static int set(bool on)
{
	struct sys *sys = sys_machine();
	const struct init_system *init;
	struct kx_error err = { 0 };
	struct pid1 pid1;

	pid1_read(sys, &pid1);
	init = init_detect(&pid1);
	/* what was enabled can be undone anywhere: in a chroot, under another init */
	if (!init && on) {
		fprintf(stderr,
			"rapidreboot: process 1 is \"%s\", no init system that is known "
			"here\n",
			pid1.name);
		return EXIT_HANDOVER;
	}
	return set_enabled(sys, init, on, &err) < 0 ? fail_with(&err) : EXIT_OK;
}

static int run(int argc, char **argv, bool on, const char *help)
{
	struct start_options o;
	int r = start_options_parse(&o, 0, argc, argv);

	if (r == EXIT_OK && o.help)
		puts(help);
	else if (r == EXIT_OK)
		r = set(on);
	start_options_done(&o);
	return r;
}

static int run_enable(int argc, char **argv)
{
	return run(argc, argv, true,
		   "Usage: rapidreboot enable\n\n"
		   "From now on every ordinary reboot starts the next kernel directly.");
}

static int run_disable(int argc, char **argv)
{
	return run(argc, argv, false,
		   "Usage: rapidreboot disable\n\n"
		   "From now on an ordinary reboot goes through the firmware again.");
}

const struct command enable_command = { "enable", "", "make every ordinary reboot a fast one",
					run_enable };
const struct command disable_command = { "disable", "", "undo enable", run_disable };

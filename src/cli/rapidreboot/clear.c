// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot clear: marks the failed attempt as looked into, so that check H1 no longer
 * refuses. */

#include "cli/rapidreboot/options.h"
#include "record/attempts.h"

static int clear(void)
{
	struct kx_error err = { 0 };
	int r = attempts_forgive(sys_machine(), &err);

	if (r < 0)
		return fail_with(&err);
	if (r > 0) {
		fputs("rapidreboot: the last attempt no longer stands in the way of the next one\n",
		      stderr);
		return EXIT_OK;
	}
	fputs("rapidreboot: no attempt stands in the way of the next one\n", stderr);
	return EXIT_NOTHING;
}

static int run(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	int r = command_take(&clear_command, argc, argv, &o);

	return r >= 0 ? r : clear();
}

const struct command clear_command = {
	.name = "clear",
	.synopsis = "",
	.summary = "let an attempt that failed rest",
	.run = run,
	.taker = BY_CLEAR,
	.about =
		"The last fast reboot came back through the firmware, or was never confirmed, and you\n"
		"have found out why: the next one is not refused for it (check H1).",
};

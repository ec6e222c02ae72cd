// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot clear: check H1 is content again. */

#include "cli/rapidreboot/start.h"

static int clear(void)
{
	struct kx_error err = { 0 };
	int r = attempts_forgive(sys_machine(), &err);

	if (r < 0)
		return fail_with(&err);
	if (r > 0)
		return EXIT_OK;
	fputs("rapidreboot: no attempt stands in the way of the next one\n", stderr);
	return EXIT_NOTHING;
}

static int run(int argc, char **argv)
{
	struct start_options o;
	int r = start_options_parse(&o, 0, argc, argv);

	if (r == EXIT_OK && o.help)
		puts("Usage: rapidreboot clear\n\n"
		     "The last fast reboot came back through the firmware, or was never confirmed, and\n"
		     "you have found out why: the next one is not refused for it (check H1).");
	else if (r == EXIT_OK)
		r = clear();
	start_options_done(&o);
	return r;
}

const struct command clear_command = { "clear", "", "let an attempt that failed rest", run };

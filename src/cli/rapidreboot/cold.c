// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot cold: the program coldreboot. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/rapidreboot/command.h"

static int run(int argc, char **argv)
{
	static char name[] = "coldreboot";

	argv[0] = name;
	(void)execvp(name, argv);
	fprintf(stderr, "rapidreboot: coldreboot cannot be started: %s\n", strerror(errno));
	return EXIT_HANDOVER;
}

const struct command cold_command = { "cold", "", "reboot through the firmware, see coldreboot(8)",
				      run };

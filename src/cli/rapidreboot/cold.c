// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot cold: runs the program coldreboot. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/io.h"
#include "cli/plain.h"
#include "cli/rapidreboot/command.h"

static int run(int argc, char **argv)
{
	_cleanup_free_ char *program = NULL;
	static char name[] = "coldreboot";
	int r = path_beside_self_in(ROOT_HERE, name, &program);

	if (r < 0) {
		fprintf(stderr,
			"rapidreboot: where coldreboot is cannot be told: /proc/self/exe: %s\n",
			strerror(-r));
		return EXIT_HANDOVER;
	}
	argv[0] = name;
	(void)execv(program, argv);
	plain_printf(stderr, "rapidreboot: %s cannot be started: %s\n", program, strerror(errno));
	return EXIT_HANDOVER;
}

const struct command cold_command = { "cold", "", "reboot through the firmware, see coldreboot(8)",
				      run };

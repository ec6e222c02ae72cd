// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "handover/shutdown.h"

/* Every init system has shutdown(8) in one of the first two places; the others are historical and
 * what plain `kexec` has always tried. */
int shutdown_reboot(void)
{
	static const char *const paths[] = { "/sbin/shutdown", "/etc/shutdown", "/bin/shutdown" };
	char name[] = "shutdown", reboot[] = "-r", now[] = "now";
	char *argv[] = { name, reboot, now, NULL };
	int r = -ENOENT;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		(void)execv(paths[i], argv);
		if (errno != ENOENT)
			r = -errno;
	}
	return r;
}

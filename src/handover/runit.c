// SPDX-License-Identifier: LGPL-2.1-or-later
/* runit: the owner's execute bit of a file in /run is the reboot, its absence the halt. The bit is
 * read with stat: access(2) would say no where /run is mounted noexec. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "handover/init.h"

static bool is_runit(const struct pid1 *pid1)
{
	return strcmp(pid1->name, "runit") == 0 || strcmp(pid1->name, "runit-init") == 0;
}

static int runit_ask(struct sys *sys, const struct reboot_wish *wish, struct reboot_call *ret,
		     struct kx_error *err)
{
	static const char *const programs[] = { "runit-init", "init", NULL };
	int r = call_program(sys, ret, programs, err);

	if (r == 0)
		r = call_word(ret, "6", err);
	ret->needs_hook = wish->mode == REBOOT_KEXEC;
	return r;
}

static enum going runit_going(struct sys *sys, const struct signals *signals)
{
	/* Debian's, Void's, upstream's */
	static const char *const flags[] = { "/run/runit.reboot", "/run/runit/reboot",
					     "/etc/runit/reboot" };
	_cleanup_close_ int root = machine_open(sys);

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		_cleanup_close_ int fd = open_in(root, flags[i], O_PATH);
		struct stat st;

		if (fd >= 0 && fstat(fd, &st) == 0)
			return st.st_mode & S_IXUSR ? GOING_REBOOT : GOING_DOWN;
	}
	return GOING_UNKNOWN;
}

const struct init_system runit_init = {
	.name = "runit",
	.is = is_runit,
	.ask = runit_ask,
	.going = runit_going,
};

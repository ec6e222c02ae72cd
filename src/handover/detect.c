// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which init system runs, by process 1; installed packages do not count. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/io.h"
#include "handover/init.h"

static const struct init_system *const all[] = {
	&systemd_init, &openrc_init,   &runit_init,   &s6_init,	      &dinit_init,
	&finit_init,   &shepherd_init, &busybox_init, &sysvinit_init,
};

/* A program whose file was replaced by an upgrade reads as "/sbin/init (deleted)". */
static void take_name(char *path, char *ret, size_t n)
{
	char *deleted = strstr(path, " (deleted)"), *slash;

	if (deleted)
		*deleted = '\0';
	slash = strrchr(path, '/');
	(void)snprintf(ret, n, "%s", slash ? slash + 1 : path);
}

void pid1_read_in(int root, struct pid1 *ret)
{
	_cleanup_free_ char *text = NULL, *argv0 = NULL;

	*ret = (struct pid1){ 0 };
	ret->systemd = is_directory_in(root, "/run/systemd/system");
	/* /run/openrc since OpenRC 0.30; Debian and Gentoo used the other place before */
	ret->openrc = is_there_in(root, "/run/openrc/softlevel") ||
		      is_there_in(root, "/lib/rc/init.d/softlevel");
	if (read_line_in(root, "/proc/1/cmdline", &argv0) == 0)
		take_name(argv0, ret->called, sizeof(ret->called));
	if (link_read_in(root, "/proc/1/exe", &text) < 0) {
		ret->from_comm = true;
		if (read_line_in(root, "/proc/1/comm", &text) < 0)
			return;
	}
	take_name(text, ret->name, sizeof(ret->name));
	/* Several programs call themselves init; without the file's name nobody can say which. */
	if (ret->from_comm && strcmp(ret->name, "init") == 0)
		ret->name[0] = '\0';
}

void pid1_read(struct sys *sys, struct pid1 *ret)
{
	_cleanup_close_ int root = machine_open(sys);

	*ret = (struct pid1){ 0 };
	if (root >= 0 || root == ROOT_HERE)
		pid1_read_in(root, ret);
}

bool init_spares_pages(struct sys *sys)
{
	_cleanup_close_ int root = machine_open(sys);
	const struct init_system *init;
	struct pid1 pid1;

	pid1_read(sys, &pid1);
	init = init_detect(&pid1);
	if (!init || !init->spares)
		return false;
	return !init->spares[0] || pid1.openrc || is_there_in(root, init->spares);
}

const struct init_system *init_detect(const struct pid1 *pid1)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i]->is(pid1))
			return all[i];
	return NULL;
}

const struct init_system *init_by_program(const char *name)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i]->program && strncmp(name, all[i]->program, strlen(all[i]->program)) == 0)
			return all[i];
	return NULL;
}

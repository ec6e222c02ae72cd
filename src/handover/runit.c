// SPDX-License-Identifier: LGPL-2.1-or-later
/* runit: the owner's execute bit of a file in /run is the reboot, its absence the halt. The bit is
 * read with stat: access(2) would say no where /run is mounted noexec. Debian has that file from
 * boot on; its stage 3 first writes the runlevel file, so without that file the machine is not
 * going down. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
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
	static const struct {
		const char *flag, *stage_3;
	} places[] = {
		{ "/run/runit.reboot", "/run/runit.runlevel" }, /* Debian's */
		{ "/run/runit/reboot", NULL },			/* Void's */
		{ "/etc/runit/reboot", NULL },			/* upstream's */
	};
	_cleanup_close_ int root = machine_open(sys);

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		_cleanup_close_ int fd = open_in(root, places[i].flag, O_PATH);
		struct stat st;

		if (fd < 0 || fstat(fd, &st) < 0)
			continue;
		if (places[i].stage_3 && !is_there_in(root, places[i].stage_3))
			return GOING_NOWHERE;
		return st.st_mode & S_IXUSR ? GOING_REBOOT : GOING_DOWN;
	}
	return GOING_UNKNOWN;
}

/* Stage 3 is the distributor's script: Void runs /etc/runit/shutdown.d, Debian the scripts of sysvinit or,
 * with native boot, /etc/runit/shutdown-run. */
static bool is_blocked(int root, struct hook_places *p)
{
	static const char *const files[] = {
		"/etc/runit/override-sysv.d/rapidreboot-jump.block",
		"/etc/runit/override-sysv.d/rapidreboot-jump.pkgblock"
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (!is_there_in(root, files[i]))
			continue;
		hook_found(p, "%s is there", files[i]);
		hook_remedy(p, "rm %s", files[i]);
		return true;
	}
	return false;
}

static bool directory_hooks(int root, const char *directory, struct hook_places *p)
{
	const char *share = hook_share(root);

	if (!is_directory_in(root, directory))
		return false;
	p->loads = hook_directory_does(root, directory, ".sh", hook_load_words);
	p->jumps = hook_directory_does(root, directory, ".sh", hook_jump_words);
	if (p->jumps && p->loads)
		return true;
	hook_found(p, "no file of %s runs `rapidreboot hook %s`", directory,
		   p->jumps ? "load" : "jump");
	hook_remedy(p,
		    "cp %s/runit/rapidreboot-load.sh %s/05-rapidreboot-load.sh && cp "
		    "%s/runit/rapidreboot-stopped.sh %s/75-rapidreboot-stopped.sh && cp "
		    "%s/runit/rapidreboot-jump.sh %s/95-rapidreboot-jump.sh",
		    share, directory, share, directory, share, directory);
	return true;
}

static void runit_hooks(int root, const struct pid1 *pid1, struct hook_places *ret)
{
	const bool is_native = is_there_in(root, "/etc/runit/native.boot.run");

	if (directory_hooks(root, "/etc/runit/shutdown.d", ret) ||
	    (is_native && directory_hooks(root, "/etc/runit/shutdown-run", ret)))
		return;
	if (hook_script_does(root, "/etc/runit/3", hook_jump_words)) {
		ret->jumps = true;
		ret->loads = hook_script_does(root, "/etc/runit/3", hook_load_words);
		return;
	}
	sysv_hooks(root, ret);
	ret->jumps &= !is_blocked(root, ret);
}

const struct init_system runit_init = {
	.name = "runit",
	.program = "runit",
	.is = is_runit,
	.ask = runit_ask,
	.going = runit_going,
	.hooks = runit_hooks,
	.spares = "/etc/init.d/umountfs", /* Debian's; Void unmounts by type */
};

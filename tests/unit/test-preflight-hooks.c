// SPDX-License-Identifier: LGPL-2.1-or-later
/* G8: does init run what we installed? What each init system runs on the way down: Debian Policy 9.3.1
 * (links of /etc/rc6.d, made by update-rc.d(8)), chkconfig(8), inittab(5) and reboot(8) of sysvinit ("-k"),
 * Slackware's rc.6, OpenRC's user guide (runlevels), void-runit(8), Debian's runit (native.boot.run), BusyBox's
 * example inittab, s6-linux-init's documentation (rc.shutdown.final), finit's plugins.md. */
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/preflight-rows.h"

#define PID1(program)                       \
	{                                   \
		"/proc/1/exe", "->" program \
	}
#define COMMAND                                           \
	{                                                 \
		"/usr/sbin/rapidreboot", "#!/bin/false\n" \
	}
#define JUMP "#!/bin/sh\ntest -d /run/systemd/system || /usr/sbin/rapidreboot hook jump\n"
#define LOAD "#!/bin/sh\n/usr/sbin/rapidreboot hook load\n"
#define ENABLED                                      \
	{                                            \
		"/var/lib/rapidreboot/enabled", "\n" \
	}
#define UPDATE_RC_D                                       \
	{                                                 \
		"/usr/sbin/update-rc.d", "#!/bin/false\n" \
	}

static void test_sysvinit(void **state)
{
	const struct row rows[] = {
		/* `make install` on Debian: in /etc/init.d and in no runlevel */
		{ "G8",
		  { PID1("/sbin/init"),
		    COMMAND,
		    UPDATE_RC_D,
		    { "/etc/init.d/rapidreboot-load", LOAD },
		    { "/etc/init.d/rapidreboot-jump", JUMP },
		    { "/etc/rc6.d/K01reboot", "->../init.d/reboot" } },
		  REFUSE,
		  .evidence = "/etc/rc6.d/K*rapidreboot-jump",
		  .remedy = "for i in load stopped jump; do update-rc.d rapidreboot-$i defaults" },
		/* not copied to /etc/init.d either */
		{ "G8",
		  { PID1("/sbin/init"),
		    COMMAND,
		    UPDATE_RC_D,
		    { "/usr/local/share/rapidreboot/integration/sysvinit/x", "" } },
		  REFUSE,
		  .remedy = "cp /usr/local/share/rapidreboot/integration/sysvinit/rapidreboot-* "
			    "/etc/init.d/" },
		{ "G8",
		  { PID1("/sbin/init"),
		    COMMAND,
		    { "/etc/init.d/rapidreboot-jump", JUMP },
		    { "/etc/rc6.d/K09rapidreboot-jump", "->../init.d/rapidreboot-jump" } },
		  OK },
		/* rc(8) runs names of two digits: K[0-9][0-9]* */
		{ "G8",
		  { PID1("/sbin/init"),
		    COMMAND,
		    { "/etc/init.d/rapidreboot-jump", JUMP },
		    { "/etc/rc6.d/K9rapidreboot-jump", "->../init.d/rapidreboot-jump" } },
		  REFUSE },
		/* a link to nothing; a script that may not be run; one whose program is gone */
		{ "G8",
		  { PID1("/sbin/init"),
		    COMMAND,
		    { "/etc/rc6.d/K09rapidreboot-jump", "->../init.d/rapidreboot-jump" } },
		  REFUSE,
		  .evidence = "leads to nothing" },
		{ "G8",
		  { PID1("/sbin/init"),
		    COMMAND,
		    { "/etc/rc6.d/K09rapidreboot-jump", "/usr/sbin/rapidreboot hook jump\n" } },
		  REFUSE },
		{ "G8",
		  { PID1("/sbin/init"), { "/etc/rc6.d/K09rapidreboot-jump", JUMP } },
		  REFUSE },
		/* in the order of rc(8): K before S, then by number; "reboot" does not come back */
		{ "G8",
		  { PID1("/sbin/init"),
		    COMMAND,
		    { "/etc/rc6.d/K09rapidreboot-jump", JUMP },
		    { "/etc/rc6.d/K10reboot", "->../init.d/reboot" } },
		  OK },
		{ "G8",
		  { PID1("/sbin/init"),
		    COMMAND,
		    { "/etc/rc6.d/K20rapidreboot-jump", JUMP },
		    { "/etc/rc6.d/K10reboot", "->../init.d/reboot" } },
		  REFUSE,
		  .evidence = "rapidreboot-jump comes after reboot" },
		{ "G8",
		  { PID1("/sbin/init"),
		    COMMAND,
		    { "/etc/rc6.d/K20rapidreboot-jump", JUMP },
		    { "/etc/rc6.d/S10reboot", "->../init.d/reboot" } },
		  OK },
		/* the script of kexec-tools jumps as well */
		{ "G8",
		  { PID1("/sbin/init"),
		    { "/sbin/kexec", "#!/bin/false\n" },
		    { "/etc/rc6.d/K08kexec", "#!/bin/sh\ndo_stop () {\n\t/sbin/kexec -e\n}\n" } },
		  OK },
		{ "G8",
		  { PID1("/sbin/init"),
		    { "/etc/rc6.d/K08kexec", "#!/bin/sh\n# /sbin/kexec -e\n" } },
		  REFUSE },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

static void test_others_than_debian(void **state)
{
	const struct row rows[] = {
		/* chkconfig's roof */
		{ "G8",
		  { PID1("/sbin/init"), COMMAND, { "/etc/rc.d/rc6.d/S00rapidreboot-jump", JUMP } },
		  OK },
		{ "G8",
		  { PID1("/sbin/init"),
		    COMMAND,
		    { "/sbin/chkconfig", "#!/bin/false\n" },
		    { "/etc/rc.d/rc6.d/S01reboot", "#!/bin/false\n" } },
		  REFUSE,
		  .remedy = "chkconfig --add rapidreboot-$i" },
		/* reboot(8): -k */
		{ "G8",
		  { PID1("/sbin/init"), { "/etc/inittab", "r6:6:wait:/sbin/reboot -dk\n" } },
		  OK },
		{ "G8",
		  { PID1("/sbin/init"), { "/etc/inittab", "r0:0:wait:/sbin/reboot -dk\n" } },
		  REFUSE },
		{ "G8",
		  { PID1("/sbin/init"), { "/etc/inittab", "#r6:6:wait:/sbin/reboot -dk\n" } },
		  REFUSE },
		{ "G8",
		  { PID1("/sbin/init"), { "/etc/inittab", "r6:6:wait:/sbin/reboot -d\n" } },
		  REFUSE },
		/* Slackware */
		{ "G8",
		  { PID1("/sbin/init"),
		    COMMAND,
		    { "/etc/rc.d/rc.6", "#!/bin/sh\nrapidreboot hook jump\nreboot\n" } },
		  OK },
		{ "G8",
		  { PID1("/sbin/init"), { "/etc/rc.d/rc.6", "#!/bin/sh\n/sbin/reboot\n" } },
		  REFUSE,
		  .remedy = "/etc/rc.d/rc.6" },
		/* sh(1): the rest of the line is a comment; a "#" inside of a word or of quotes is none */
		{ "G8",
		  { PID1("/sbin/init"),
		    COMMAND,
		    { "/etc/rc.d/rc.6", "#!/bin/sh\nreboot # rapidreboot hook jump\n" } },
		  REFUSE },
		{ "G8",
		  { PID1("/sbin/init"),
		    COMMAND,
		    { "/etc/rc.d/rc.6", "#!/bin/sh\necho a#b; rapidreboot hook jump # now\n" } },
		  OK },
		{ "G8",
		  { PID1("/sbin/init"),
		    COMMAND,
		    { "/etc/rc.d/rc.6", "#!/bin/sh\necho ' # '; rapidreboot hook jump\n" } },
		  OK },
		/* after `enable` each reboot has to load, too */
		{ "G8",
		  { PID1("/sbin/init"),
		    COMMAND,
		    ENABLED,
		    { "/etc/rc6.d/K09rapidreboot-jump", JUMP } },
		  WARN,
		  .evidence = "rapidreboot-load" },
		{ "G8",
		  { PID1("/sbin/init"),
		    COMMAND,
		    ENABLED,
		    { "/etc/rc6.d/K01rapidreboot-load", LOAD },
		    { "/etc/rc6.d/K09rapidreboot-jump", JUMP } },
		  OK },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

static void test_openrc(void **state)
{
	static const struct row_file softlevel = { "/run/openrc/softlevel", "default\n" };
	const struct row rows[] = {
		/* its own process 1 has a word for a jump */
		{ "G8", { PID1("/usr/bin/openrc-init"), softlevel }, OK },
		{ "G8",
		  { PID1("/usr/bin/openrc-init"), softlevel, ENABLED },
		  WARN,
		  .remedy = "rc-update add rapidreboot-load default" },
		{ "G8",
		  { PID1("/usr/bin/openrc-init"),
		    softlevel,
		    ENABLED,
		    COMMAND,
		    { "/etc/runlevels/default/rapidreboot-load", LOAD } },
		  OK },
		/* below sysvinit or BusyBox a service jumps */
		{ "G8",
		  { PID1("/sbin/init"), softlevel, COMMAND },
		  REFUSE,
		  .remedy = "rc-update add rapidreboot-jump shutdown" },
		{ "G8",
		  { PID1("/bin/busybox"),
		    softlevel,
		    COMMAND,
		    { "/etc/init.d/rapidreboot-jump", JUMP },
		    { "/etc/runlevels/shutdown/rapidreboot-jump",
		      "->/etc/init.d/rapidreboot-jump" } },
		  OK },
		{ "G8",
		  { PID1("/bin/busybox"),
		    softlevel,
		    COMMAND,
		    { "/etc/init.d/rapidreboot-jump", JUMP },
		    { "/etc/runlevels/default/rapidreboot-jump",
		      "->/etc/init.d/rapidreboot-jump" } },
		  REFUSE },
		/* OpenRC's own service for images that kexec has loaded */
		{ "G8",
		  { PID1("/bin/busybox"),
		    softlevel,
		    { "/etc/runlevels/shutdown/kexec-exec", "#!/sbin/openrc-run\nkexec -e\n" } },
		  OK },
		/* Debian's OpenRC: update-rc.d(8), runlevel "off" */
		{ "G8",
		  { PID1("/sbin/init"),
		    softlevel,
		    COMMAND,
		    { "/etc/runlevels/off/rapidreboot-jump", JUMP } },
		  OK },
		{ "G8",
		  { PID1("/sbin/init"), softlevel, COMMAND, UPDATE_RC_D },
		  REFUSE,
		  .remedy = "update-rc.d rapidreboot-$i defaults" },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

static void test_runit(void **state)
{
	const struct row rows[] = {
		/* Void's stage 3 sources these */
		{ "G8",
		  { PID1("/usr/bin/runit"),
		    COMMAND,
		    { "/etc/runit/shutdown.d/80-filesystems.sh", "umount -a\n" } },
		  REFUSE,
		  .remedy = "/etc/runit/shutdown.d/95-rapidreboot-jump.sh" },
		{ "G8",
		  { PID1("/usr/bin/runit"),
		    COMMAND,
		    { "/etc/runit/shutdown.d/95-x.sh", "/usr/sbin/rapidreboot hook jump || :\n" } },
		  OK },
		/* stage 3 takes *.sh only */
		{ "G8",
		  { PID1("/usr/bin/runit"),
		    COMMAND,
		    { "/etc/runit/shutdown.d/95-x", "/usr/sbin/rapidreboot hook jump || :\n" } },
		  REFUSE },
		/* Debian's runs the scripts of sysvinit */
		{ "G8",
		  { PID1("/usr/sbin/runit"), COMMAND, { "/etc/rc6.d/K09rapidreboot-jump", JUMP } },
		  OK },
		{ "G8",
		  { PID1("/usr/sbin/runit"), COMMAND, UPDATE_RC_D },
		  REFUSE,
		  .remedy = "update-rc.d rapidreboot-$i defaults" },
		{ "G8",
		  { PID1("/usr/sbin/runit"),
		    COMMAND,
		    { "/etc/rc6.d/K09rapidreboot-jump", JUMP },
		    { "/etc/runit/override-sysv.d/rapidreboot-jump.block", "" } },
		  REFUSE,
		  .remedy = "rm /etc/runit/override-sysv.d/rapidreboot-jump.block" },
		/* or, with native boot, its own */
		{ "G8",
		  { PID1("/usr/sbin/runit"),
		    COMMAND,
		    { "/etc/runit/native.boot.run", "" },
		    { "/etc/rc6.d/K09rapidreboot-jump", JUMP },
		    { "/etc/runit/shutdown-run/10-x.sh", "true\n" } },
		  REFUSE },
		{ "G8",
		  { PID1("/usr/sbin/runit"),
		    COMMAND,
		    { "/etc/runit/3", "#!/bin/sh\nsv stop /service/*\nrapidreboot hook jump\n" } },
		  OK },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

/* from the help text of its src/shutdown.cc */
#define DINIT_HELP "#!ELF -k               : execute kernel loaded via kexec.\n"
#define SHEPHERD(prefix) BYTES("/proc/1/cmdline", "/bin/guile\0" prefix "/bin/shepherd\0--config\0")
#define FINIT "/usr/libexec/finit/hook/sys/"

static void test_others(void **state)
{
	const struct row rows[] = {
		{ "G8",
		  { PID1("/bin/busybox"),
		    COMMAND,
		    { "/etc/inittab", "::shutdown:/bin/umount -a\n" } },
		  REFUSE,
		  .remedy = "/busybox/inittab >>/etc/inittab" },
		{ "G8",
		  { PID1("/bin/busybox"),
		    COMMAND,
		    { "/etc/inittab", "::shutdown:/usr/sbin/rapidreboot hook jump\n" } },
		  OK },
		{ "G8",
		  { PID1("/bin/busybox"),
		    { "/etc/inittab", "::shutdown:/usr/sbin/rapidreboot hook jump\n" } },
		  REFUSE },

		{ "G8",
		  { PID1("/usr/bin/s6-svscan"), COMMAND },
		  REFUSE,
		  .remedy = "/etc/s6-linux-init/current/scripts/rc.shutdown.final" },
		{ "G8",
		  { PID1("/usr/bin/s6-svscan"),
		    COMMAND,
		    { "/etc/s6-linux-init/current/scripts/rc.shutdown.final", JUMP } },
		  OK },
		{ "G8",
		  { PID1("/usr/bin/s6-svscan"),
		    COMMAND,
		    { "/etc/s6-linux-init/current/scripts/rc.shutdown.final", "#!/bin/sh\n" } },
		  REFUSE,
		  .remedy = "add the line" },

		{ "G8",
		  { PID1("/sbin/finit"), COMMAND, { FINIT "down/rapidreboot", JUMP } },
		  REFUSE,
		  .remedy = "finit-plugins" },
		{ "G8",
		  { PID1("/sbin/finit"),
		    COMMAND,
		    { "/usr/lib/finit/plugins/hook-scripts.so", "ELF" } },
		  REFUSE,
		  .remedy = FINIT "down/rapidreboot" },
		{ "G8",
		  { PID1("/sbin/finit"),
		    COMMAND,
		    { "/usr/lib/finit/plugins/hook-scripts.so", "ELF" },
		    { FINIT "down/rapidreboot", JUMP } },
		  OK },

		/* who jumps without init needs nothing of it; none that is known is no answer */
		{ "G8", { PID1("/sbin/init"), COMMAND }, .opts = { .direct = true }, OK },
		{ "G8", { PID1("/usr/bin/tini") }, UNKNOWN },
		{ "G8", { { NULL } }, .bare = true, UNKNOWN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

static void test_own_kexec(void **state)
{
	const struct row rows[] = {
		/* these jump by themselves */
		{ "G8", { PID1("/sbin/dinit"), { "/sbin/shutdown", DINIT_HELP } }, OK },
		{ "G8",
		  { PID1("/sbin/dinit"), { "/sbin/dinit-shutdown", DINIT_HELP }, ENABLED },
		  WARN,
		  .remedy = "rapidreboot disable" },
		/* before it had "-k" */
		{ "G8",
		  { PID1("/sbin/dinit"), { "/usr/sbin/shutdown", "#!ELF -r : reboot.\n" } },
		  REFUSE,
		  .remedy = "Upgrade dinit" },
		{ "G8", { PID1("/sbin/dinit") }, UNKNOWN },
		{ "G8", { PID1("/sbin/dinit"), ENABLED }, WARN },

		/* NEWS of the Shepherd: --kexec since 1.0 */
		{ "G8",
		  { PID1("/gnu/store/a-guile-3.0.9/bin/guile"),
		    SHEPHERD("/gnu/store/b-shepherd-1.0.2") },
		  OK },
		{ "G8",
		  { PID1("/gnu/store/a-guile-3.0.9/bin/guile"),
		    SHEPHERD("/gnu/store/b-shepherd-0.10.5") },
		  REFUSE,
		  .remedy = "Upgrade the Shepherd" },
		{ "G8",
		  { PID1("/usr/bin/guile"), SHEPHERD("/usr") },
		  UNKNOWN,
		  .evidence = "no version" },
		{ "G8", { PID1("/usr/bin/guile") }, UNKNOWN },
		{ "G8", { PID1("/usr/bin/guile"), { "/proc/1/cmdline/x", "" } }, UNKNOWN },
		{ "G8",
		  { PID1("/usr/bin/guile"), SHEPHERD("/gnu/store/b-shepherd-1.0.2"), ENABLED },
		  WARN },
		{ "G8", { PID1("/usr/lib/systemd/systemd"), { "/run/systemd/system/x", "" } }, OK },
		{ "G8",
		  { PID1("/usr/lib/systemd/systemd"), { "/run/systemd/system/x", "" }, ENABLED },
		  WARN,
		  .remedy = "rapidreboot enable" },
		{ "G8",
		  { PID1("/usr/lib/systemd/systemd"),
		    { "/run/systemd/system/x", "" },
		    ENABLED,
		    { "/etc/systemd/system/multi-user.target.wants/rapidreboot-load.service",
		      "->/usr/lib/systemd/system/rapidreboot-load.service" } },
		  OK },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sysvinit), cmocka_unit_test(test_others_than_debian),
		cmocka_unit_test(test_openrc),	 cmocka_unit_test(test_runit),
		cmocka_unit_test(test_others),	 cmocka_unit_test(test_own_kexec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

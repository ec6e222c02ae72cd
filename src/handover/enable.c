// SPDX-License-Identifier: LGPL-2.1-or-later
/* `rapidreboot enable` and `disable`: whether every ordinary reboot is a fast one. */

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "handover/arm.h"

#define STATE_DIRECTORY "/var/lib/rapidreboot"
#define MARK STATE_DIRECTORY "/enabled"
#define LOAD_SERVICE "/etc/init.d/rapidreboot-load"
/* Where `systemctl enable` puts the unit that records when services have stopped. */
#define RECORD_LINK "/etc/systemd/system/sysinit.target.wants/rapidreboot-stopped.service"
#define REBOOT_TARGET "/etc/systemd/system/reboot.target"

bool is_enabled_in(int root)
{
	return is_there_in(root, MARK);
}

bool is_enabled(struct sys *sys)
{
	_cleanup_close_ int root = machine_open(sys);

	return is_enabled_in(root);
}

static int mark(int root, bool on)
{
	static const char text[] = "ordinary reboots start the next kernel directly\n";
	int r;

	if (!on)
		return file_remove_in(root, MARK);
	r = directories_make_in(root, STATE_DIRECTORY, 0755);
	if (r == 0)
		r = file_replace_in(root, MARK, 0644, text, sizeof(text) - 1, true);
	return r;
}

/* systemd's units are in /usr/lib or, without a merged /usr, in /lib. */
static const char *kexec_target(int root)
{
	return is_there_in(root, "/usr/lib/systemd/system/kexec.target")
		       ? "/usr/lib/systemd/system/kexec.target"
		       : "/lib/systemd/system/kexec.target";
}

static int link_target(int root, bool on, struct kx_error *err)
{
	_cleanup_free_ char *target = NULL;
	int r = link_read_in(root, REBOOT_TARGET, &target);

	if (r == 0 && !strstr(target, "kexec.target") && !on)
		return 0; /* not ours */
	if (r == 0 && !strstr(target, "kexec.target"))
		return kx_fail(err, -EEXIST,
			       REBOOT_TARGET ": points to %s, which somebody else wanted; remove "
					     "it first",
			       target);
	if (r < 0 && r != -ENOENT)
		return kx_fail(err, r, REBOOT_TARGET ": is there and no link; remove it first");
	if ((r == 0) == on)
		return 0;
	r = on ? link_make_in(root, kexec_target(root), REBOOT_TARGET)
	       : file_remove_in(root, REBOOT_TARGET);
	return r < 0 ? kx_fail(err, r, REBOOT_TARGET ": cannot be changed: %s", strerror(-r)) : 0;
}

/* What @program says is told when it fails: systemctl names each link that it makes. */
static int run(struct sys *sys, const char *program, const char *const *words, struct kx_error *err)
{
	const char *const programs[] = { program, NULL };
	_cleanup_(reboot_call_done) struct reboot_call call = { 0 };
	_cleanup_free_ char *said = NULL;
	char last[CALL_SAID_MAX];
	int r = call_program(sys, &call, programs, err);

	if (r == 0)
		r = call_words(&call, words, err);
	if (r < 0)
		return r;
	r = process_run_quiet(sys, call.words, NULL, &said);
	return r == 0 ? 0
		      : kx_fail(err, -EIO, "%s %s %s: failed%s", program, words[0],
				words[1] ? words[1] : "", call_said(said, last));
}

static int systemctl(struct sys *sys, const char *const *words, struct kx_error *err)
{
	return run(sys, "systemctl", words, err);
}

static int set_systemd(struct sys *sys, int root, bool on, struct kx_error *err)
{
	const char *const unit[] = { on ? "enable" : "disable", "--now", "rapidreboot-load.service",
				     NULL };
	/* `systemctl disable` of the loader disables this unit as well (Also=), but it has to close
	 * the record of every fast reboot, so it is enabled again. */
	static const char *const record[] = { "enable", "rapidreboot-boot.service", NULL };
	static const char *const reload[] = { "daemon-reload", NULL };
	int r;

	/* Order: the loading unit is enabled before reboot.target becomes kexec.target, and
	 * disabled after it, since kexec.target with nothing loaded is a reboot through the
	 * firmware. Stopping the unit while the machine stays up loads nothing. */
	r = on ? systemctl(sys, unit, err) : link_target(root, false, err);
	if (r == 0)
		r = on ? link_target(root, true, err) : systemctl(sys, unit, err);
	if (r == 0 && !on)
		r = systemctl(sys, record, err);
	return r < 0 ? r : systemctl(sys, reload, err);
}

/* OpenRC stops only services that it has started. Installing the package starts nothing, so the
 * service is started here; else the first reboot would not load anything. Scripts of sysvinit count
 * as started only when openrc-run has run them; Debian's rc-service(8) runs them directly. */
static int start_openrc(struct sys *sys, int root, struct kx_error *err)
{
	static const char *const start[] = { LOAD_SERVICE, "start", NULL };

	return is_there_in(root, LOAD_SERVICE) ? run(sys, "openrc-run", start, err) : 0;
}

int load_hook_start(struct sys *sys, const struct init_system *init, struct kx_error *err)
{
	static const char *const start[] = { "start", "rapidreboot-load.service", NULL };
	_cleanup_close_ int root = machine_open(sys);
	struct pid1 pid1;

	if (init == &systemd_init)
		return systemctl(sys, start, err);
	pid1_read(sys, &pid1);
	return pid1.openrc ? start_openrc(sys, root, err) : 0;
}

void record_hook_start(struct sys *sys, const struct init_system *init)
{
	static const char *const start[] = { "start", "rapidreboot-stopped.service", NULL };

	_cleanup_close_ int root = machine_open(sys);

	if (init == &systemd_init && is_there_in(root, RECORD_LINK))
		(void)!systemctl(sys, start, NULL);
}

int set_enabled(struct sys *sys, const struct init_system *init, bool on, struct kx_error *err)
{
	_cleanup_close_ int root = machine_open(sys);
	struct pid1 pid1;
	int r = 0;

	pid1_read(sys, &pid1);
	if (init == &systemd_init)
		r = set_systemd(sys, root, on, err);
	else if (on && pid1.openrc)
		r = start_openrc(sys, root, err);
	else if (!on && is_there_in(root, MARK))
		/* enabled while systemd ran: in a chroot, or after a change of init */
		r = link_target(root, false, err);
	if (r < 0)
		return r;
	r = mark(root, on);
	return r < 0 ? kx_fail(err, r, MARK ": cannot be changed: %s", strerror(-r)) : 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "handover/direct.h"
#include "handover/processes.h"

#define SYSRQ "/proc/sysrq-trigger"

int direct_prepare(struct sys *sys, struct kx_error *err)
{
	_cleanup_mount_points_ struct mount_points points = { 0 };

	return mount_points_read(sys, &points, err);
}

static void stop_everything(struct sys *sys, const struct teller *t)
{
	struct kx_error err = { 0 };

	process_shield(sys);
	if (processes_stop(sys, t, &err) < 0)
		teller_say(t, "%s", err.message);
	sys->sync(sys);
}

/* true: the way to the root file system is the network, which then stays up */
static bool leave_mounts(struct sys *sys, const struct teller *t)
{
	struct kx_error err = { 0 };
	bool network = false;
	int r = mounts_leave_all(sys, t, &network, &err);

	if (r < 0)
		teller_say(t, "%s", err.message);
	else if (r > 0)
		teller_say(t, "%d file system%s still writable; what was written is on the disk", r,
			   r == 1 ? " is" : "s are");
	return network;
}

static int reboot_cold(struct sys *sys, const struct teller *t, struct kx_error *err)
{
	_cleanup_close_ int root = machine_open(sys);
	int r;

	sys->sync(sys);
	r = sys->reboot_cold(sys);
	teller_say(t, "reboot(2): %s", strerror(-r));
	/* no way is left: reset by reboot(2) */
	(void)!file_write_in(root, SYSRQ, "b");
	return kx_fail(err, r, "the machine cannot be rebooted: %s", strerror(-r));
}

int direct_go(struct sys *sys, struct kx_ctx *ctx, const struct last_word *last,
	      const struct teller *t, struct kx_error *err)
{
	struct kx_error why = { 0 };
	bool jump, network;

	stop_everything(sys, t);
	jump = last->may_jump(last->data);
	network = leave_mounts(sys, t);
	if (jump) {
		(void)kx_jump(ctx, KX_JUMP_SYNC | (network ? 0 : KX_JUMP_IFDOWN), &why);
		teller_say(t, "%s; rebooting through the firmware", why.message);
	}
	return reboot_cold(sys, t, err);
}

int direct_go_cold(struct sys *sys, const struct teller *t, struct kx_error *err)
{
	stop_everything(sys, t);
	(void)leave_mounts(sys, t);
	return reboot_cold(sys, t, err);
}

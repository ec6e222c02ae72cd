// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "base/container.h"
#include "base/file.h"
#include "handover/cold.h"
#include "handover/request.h"

#define LOAD_DISABLED "/proc/sys/kernel/kexec_load_disabled"

int cold_prepare(struct sys *sys, struct kx_ctx *ctx, const struct reboot_wish *wish,
		 struct cold *ret, struct kx_error *err)
{
	struct kx_state state = { .size = sizeof(state) };
	struct cold cold = { .ctx = ctx };
	_cleanup_close_ int root = machine_open(sys);
	const char *mark = container_mark_in(root);
	struct pid1 pid1;
	int r;

	/* init of a container would end the container only, and the sysctl below is the host's */
	if (mark)
		return kx_fail(err, -EOPNOTSUPP,
			       "this runs in a container (%s): the machine is its host's; run "
			       "coldreboot there",
			       mark);
	r = kx_state(ctx, &state, err);
	if (r < 0)
		return r;
	pid1_read(sys, &pid1);
	cold.init = init_detect(&pid1);
	cold.loaded = state.loaded;
	if (cold.init)
		loaders_find(root, &cold.others);
	if (!cold.init)
		return kx_fail(err, -EOPNOTSUPP,
			       "process 1 is \"%s\", no init system that is known here: reboot "
			       "as it wants to be asked; kexec -u unloads the kernel before",
			       pid1.name);
	r = cold.init->ask(sys, wish, &cold.call, err);
	if (r < 0) {
		cold_done(&cold);
		return r;
	}
	*ret = cold;
	return 0;
}

/* "Nothing is loaded" and "no kexec in this kernel" are both answers that need no unload. */
static bool has_image(const struct cold *cold)
{
	return cold->loaded == 1 || (cold->loaded < 0 && cold->loaded != -ENOENT);
}

static int drop_image(struct cold *cold, struct kx_error *err)
{
	struct kx_error why = { 0 };
	int r = has_image(cold) ? kx_unload(cold->ctx, KX_WAY_AUTO, 0, &why) : 0;

	if (r == -ENOSYS)
		r = 0; /* no kexec, no image */
	/* Where IMA or Secure Boot forbids kexec_load it forbids unloading with it too, hence AUTO:
	 * the file call first. */
	if (r == 0 || cold->call.avoids_image || cold->force)
		return 0;
	return kx_fail(err, r,
		       "the loaded kernel cannot be unloaded, and %s may start it: %s. Nothing "
		       "was done; --force reboots all the same",
		       cold->init->name, why.message);
}

/* kexec_load_disabled cannot be taken back before the next boot, which begins right after this. A
 * kernel without the sysctl has no kexec. */
static int forbid_loading(struct sys *sys)
{
	_cleanup_close_ int root = machine_open(sys);

	return file_write_in(root, LOAD_DISABLED, "1\n");
}

/* The request file keeps our own hooks from loading a kernel. Where it cannot be written, the
 * sysctl, which is set before they run, has the same effect, so this goes on without it. */
static bool leave_request(struct sys *sys, const struct cold *cold)
{
	struct request request = { .mode = REBOOT_COLD };
	struct kx_error why = { 0 };

	if (request_write(sys, &request, &why) == 0)
		return true;
	teller_warn(cold->teller,
		    "%s; going on without the request, which our own hooks would look for",
		    why.message);
	return false;
}

int cold_go(struct sys *sys, struct cold *cold, enum cold_stage *ret_stage, struct kx_error *err)
{
	bool requested;
	int r;

	*ret_stage = COLD_UNLOAD;
	r = drop_image(cold, err);
	if (r < 0)
		return r;
	*ret_stage = COLD_ASK;
	requested = leave_request(sys, cold);
	r = reboot_ask(sys, &cold->call, err);
	/* a program that a signal has ended may have asked before: then our hooks have to see the request */
	if (r < 0 && r != -EINTR)
		(void)!request_remove(sys, NULL);
	if (r < 0)
		return r;
	*ret_stage = COLD_ASKED;
	r = forbid_loading(sys);
	/* without the sysctl, but with an answer to whether one is loaded: a kernel that was made so */
	if (r < 0 && cold->others.found.n && (r != -ENOENT || cold->loaded >= 0))
		teller_warn(cold->teller,
			    LOAD_DISABLED ": %s: this may not go through the firmware: %s",
			    strerror(-r), cold->others.found.s);
	if (r < 0 && r != -ENOENT && !requested)
		teller_warn(cold->teller,
			    LOAD_DISABLED
			    ": %s: where fast reboots are enabled this may become one",
			    strerror(-r));
	return 0;
}

void cold_done(struct cold *cold)
{
	loaders_done(&cold->others);
	reboot_call_done(&cold->call);
}

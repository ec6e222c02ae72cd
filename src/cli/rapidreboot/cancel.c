// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot --cancel: takes back what --when ordered, with everything that was made for it. */

#include <errno.h>

#include "cli/rapidreboot/wait.h"

/* Init first: as long as it is going to reboot, the image may be wanted. */
static int cancel_init(struct sys *sys)
{
	_cleanup_(reboot_call_done) struct reboot_call call = { 0 };
	const struct init_system *init;
	struct kx_error err = { 0 };
	struct pid1 pid1;

	pid1_read(sys, &pid1);
	init = init_detect(&pid1);
	if (!init) {
		fputs("rapidreboot: this init system is not known\n", stderr);
		return EXIT_HANDOVER;
	}
	if (wait_is_ours(init))
		return EXIT_OK;
	if (init->cancel(sys, &call, &err) < 0 || reboot_ask(sys, &call, &err) < 0) {
		(void)fail_with(&err);
		return EXIT_HANDOVER;
	}
	return EXIT_OK;
}

int reboot_take_back(struct sys *sys, bool verbose)
{
	_cleanup_(kx_ctx_freep) struct kx_ctx *ctx = NULL;
	struct kx_error err = { 0 };
	int r = running_open(&verbose, &ctx);

	if (r != EXIT_OK)
		return r;
	(void)!attempt_withdraw(sys, NULL);
	if (kx_unload(ctx, KX_WAY_AUTO, 0, &err) < 0) {
		(void)fail_with(&err);
		return EXIT_LOAD;
	}
	if (request_remove(sys, &err) < 0 || loaded_remove(sys, &err) < 0)
		return fail_with(&err);
	return EXIT_OK;
}

int cancel_reboot(bool verbose)
{
	struct sys *sys = sys_machine();
	struct request request;
	int r;

	/* -ESTALE: it is there, and its time has not come */
	r = request_read(sys, &request, NULL);
	if (r < 0 && r != -ESTALE) {
		fputs("rapidreboot: no reboot is ordered\n", stderr);
		return EXIT_NOTHING;
	}
	r = cancel_init(sys);
	if (r != EXIT_OK)
		return r;
	r = reboot_take_back(sys, verbose);
	if (r == EXIT_OK)
		fputs("rapidreboot: the reboot is taken back, and the kernel unloaded\n", stderr);
	return r;
}

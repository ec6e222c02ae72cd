// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot --cancel: takes back what --when ordered, with everything that was made for it. The same
 * when others took it back, with the init system's own command. */

#include <errno.h>

#include "cli/rapidreboot/hook.h"
#include "cli/rapidreboot/wait.h"

/* Between the end of a schedule and the first job of the reboot that it was for. */
enum { SETTLE_MS = 5000 };

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

void cancel_watch(struct sys *sys, const struct init_system *init)
{
	_cleanup_(reboot_call_done) struct reboot_call call = { 0 };
	struct kx_error err = { 0 };

	if (!init->watch)
		return;
	if (init->watch(sys, &call, &err) < 0 || reboot_ask(sys, &call, &err) < 0)
		fprintf(stderr,
			"rapidreboot: warning: %s; should somebody else take the reboot back, "
			"`rapidreboot --cancel` unloads the kernel\n",
			err.message);
}

void hook_cancelled(struct sys *sys)
{
	const struct init_system *init;
	struct request request;
	uint64_t left_ms;
	struct pid1 pid1;

	pid1_read(sys, &pid1);
	init = init_detect(&pid1);
	if (!init || !init->waits)
		return;
	sys->sleep_ms(sys, SETTLE_MS);
	if (request_read_due(sys, &request, &left_ms, NULL) < 0 || init->waits(sys))
		return;
	if (reboot_take_back(sys, true) == EXIT_OK)
		fputs("rapidreboot: the reboot was taken back by others: the kernel is unloaded\n",
		      stderr);
}

// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot hook wait: --when where init knows no time. A process of ours waits for it and asks init
 * then. It obeys the request file only: when that is gone or another one, the reboot was taken back. */

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "cli/rapidreboot/hook.h"
#include "cli/rapidreboot/renew.h"
#include "cli/rapidreboot/wait.h"
#include "handover/cold.h"

/* A reboot that was taken back ends the process within that time. */
enum { WAIT_ROUND_MS = 30 * 1000 };

bool wait_is_ours(const struct init_system *init)
{
	return init && !init->cancel;
}

int wait_call(struct sys *sys, struct reboot_call *call, struct kx_error *err)
{
	_cleanup_close_ int root = machine_open(sys);
	_cleanup_free_ char *self = NULL;
	int r = link_read_in(root, "/proc/self/exe", &self);

	reboot_call_done(call);
	if (r < 0)
		return kx_fail(err, r, "/proc/self/exe: cannot be read: %s; is /proc mounted?",
			       strerror(-r));
	r = call_words(call, (const char *const[]){ self, "hook", "wait", NULL }, err);
	call->waits = true;
	return r;
}

/* dinit would never come back from an attempt with nothing loaded. */
static int check_loaded(struct kx_ctx *ctx, struct kx_error *err)
{
	struct kx_state state = { .size = sizeof(state) };
	int r = kx_state(ctx, &state, err);

	if (r == 0 && state.loaded == 0)
		r = kx_fail(err, -ENOENT,
			    "the kernel was loaded and is gone again: nothing is rebooted");
	return r;
}

static int go_fast(struct sys *sys, struct kx_error *err)
{
	const struct reboot_wish wish = { .mode = REBOOT_KEXEC };
	_cleanup_(reboot_call_done) struct reboot_call call = { 0 };
	const struct init_system *init;
	struct pid1 pid1;
	int r;

	pid1_read(sys, &pid1);
	init = init_detect(&pid1);
	if (!init)
		return kx_fail(err, -EOPNOTSUPP,
			       "process 1 is \"%s\" by now, no init system that "
			       "is known here",
			       pid1.name);
	r = init->ask(sys, &wish, &call, err);
	return r < 0 ? r : reboot_ask(sys, &call, err);
}

/* What was ordered is a reboot, and the kernel for the fast one is gone. */
static int go_cold(struct sys *sys, struct kx_ctx *ctx, struct kx_error *err)
{
	const struct reboot_wish wish = { .mode = REBOOT_COLD };
	_cleanup_(cold_done) struct cold cold = { 0 };
	enum cold_stage stage;
	int r = cold_prepare(sys, ctx, &wish, &cold, err);

	fputs("rapidreboot: rebooting through the firmware\n", stderr);
	return r < 0 ? r : cold_go(sys, &cold, &stage, err);
}

static int ask(struct sys *sys, struct request *request, struct kx_error *err)
{
	_cleanup_(kx_ctx_freep) struct kx_ctx *ctx = NULL;
	bool verbose = false;
	int r;

	if (running_open(&verbose, &ctx) != EXIT_OK)
		return kx_fail(err, -EIO, "what is loaded cannot be told");
	r = check_loaded(ctx, err);
	if (r < 0)
		return r;
	return renew(sys, ctx, request, false) == EXIT_OK ? go_fast(sys, err)
							  : go_cold(sys, ctx, err);
}

void hook_wait(struct sys *sys)
{
	struct request first = { 0 }, request;
	struct kx_error err = { 0 };
	uint64_t left_ms = 0;
	int r = request_read_due(sys, &first, &left_ms, &err);

	request = first;
	while (r == 0 && request.time_ms == first.time_ms && left_ms > 0) {
		sys->sleep_ms(sys, left_ms < WAIT_ROUND_MS ? (unsigned)left_ms : WAIT_ROUND_MS);
		r = request_read_due(sys, &request, &left_ms, &err);
	}
	if (r < 0) {
		fprintf(stderr, "rapidreboot: %s\n", err.message);
		return;
	}
	if (request.time_ms == first.time_ms && ask(sys, &request, &err) < 0) {
		(void)fail_with(&err);
		(void)reboot_take_back(sys, true);
	}
}

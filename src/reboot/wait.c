// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/wait.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "handover/cold.h"
#include "reboot/ask.h"
#include "reboot/order.h"
#include "record/boot.h"
#include "sys/interrupts.h"

/* How often the request file is read: a process whose reboot was cancelled ends within that
 * time. */
enum { WAIT_ROUND_MS = 30 * 1000 };

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

static int ask_fast(const struct reboot *rb, struct request *request, struct kx_error *err)
{
	const struct reboot_wish wish = { .mode = REBOOT_KEXEC };
	_cleanup_(reboot_call_done) struct reboot_call call = { 0 };
	const struct init_system *init;
	struct pid1 pid1;
	int r;

	pid1_read(rb->sys, &pid1);
	init = init_detect(&pid1);
	if (!init)
		return kx_fail(err, -EOPNOTSUPP,
			       "process 1 is \"%s\" by now, no init system that is known here",
			       pid1.name);
	r = init->ask(rb->sys, &wish, &call, err);
	return r < 0 ? r : ask_with_sign(rb, init, &call, request, err);
}

/* A reboot was ordered, but there is no kernel for a fast one: reboots through the firmware. */
static int ask_cold(const struct reboot *rb, struct kx_error *err)
{
	const struct reboot_wish wish = { .mode = REBOOT_COLD };
	_cleanup_(cold_done) struct cold cold = { 0 };
	enum cold_stage stage;
	int r = cold_prepare(rb->sys, rb->ctx, &wish, &cold, err);

	cold.teller = &rb->teller;
	teller_say(&rb->teller, "rebooting through the firmware");
	return r < 0 ? r : cold_go(rb->sys, &cold, &stage, err);
}

static int check_signals(const struct interrupts *held, struct kx_error *err)
{
	const int signal = interrupts_waiting(held);

	return signal ? kx_fail(err, -EINTR,
				"%s ended the process that waited: the reboot is taken back",
				interrupts_name(signal))
		      : 0;
}

static int ask(const struct reboot *rb, const struct interrupts *held, struct request *request,
	       struct kx_error *err)
{
	struct kx_error why = { 0 };
	int r = check_signals(held, err);

	if (r == 0)
		r = check_loaded(rb->ctx, err);
	if (r < 0)
		return r;
	if (order_renew(rb, request, false, &why) != REASON_NONE) {
		teller_say(&rb->teller, "%s", why.message);
		return ask_cold(rb, err);
	}
	r = check_signals(held, err);
	return r < 0 ? r : ask_fast(rb, request, err);
}

/* The time has come, or a signal: asks init for the reboot; when that fails, everything is
 * withdrawn. */
static void end(const struct reboot *rb, const struct interrupts *held, struct request *request)
{
	struct kx_error err = { 0 }, why = { 0 };

	if (ask(rb, held, request, &err) == 0)
		return;
	teller_say(&rb->teller, "%s", err.message);
	if (order_take_back(rb, &why) != REASON_NONE)
		teller_say(&rb->teller, "%s", why.message);
}

/* false: a signal came, or the order is not there any more as it was. */
static bool wait_until_due(const struct reboot *rb, const struct interrupts *held,
			   struct request *ret)
{
	struct sys *sys = rb->sys;
	struct request first;
	struct kx_error err = { 0 };
	uint64_t left_ms = 0;
	int r = request_read_due(sys, ret, &left_ms, &err);

	if (r == 0)
		first = *ret;
	while (r == 0 && ret->time_ms == first.time_ms && left_ms > 0 &&
	       !interrupts_waiting(held)) {
		sys->sleep_ms(sys, left_ms < WAIT_ROUND_MS ? (unsigned)left_ms : WAIT_ROUND_MS);
		r = request_read_due(sys, ret, &left_ms, &err);
	}
	if (r < 0)
		teller_say(&rb->teller, "%s", err.message);
	return r == 0 && ret->time_ms == first.time_ms;
}

void wait_for_order(const struct reboot *rb)
{
	struct interrupts held;
	struct request request;

	interrupts_hold(&held);
	if (wait_until_due(rb, &held, &request))
		end(rb, &held, &request);
	interrupts_release(&held);
}

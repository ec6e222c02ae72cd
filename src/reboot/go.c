// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/go.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "handover/arm.h"
#include "handover/direct.h"
#include "handover/init.h"
#include "handover/request.h"
#include "reboot/ask.h"
#include "reboot/attempt.h"
#include "reboot/event.h"
#include "reboot/farewell.h"
#include "reboot/order.h"
#include "reboot/wait.h"
#include "record/boot.h"
#include "sys/interrupts.h"

/* ---- the way down */

void way_down_done(struct way_down *way)
{
	reboot_call_done(&way->call);
	*way = (struct way_down){ 0 };
}

static enum reason ask_init_for(const struct reboot *rb, const struct wish *wish,
				struct way_down *way, struct kx_error *err)
{
	const struct reboot_wish told = told_to_init(wish, REBOOT_KEXEC);
	const bool waits = wish->when.text[0] && order_is_ours(way->init);

	if (way->init->ask(rb->sys, &told, &way->call, err) < 0 ||
	    (waits && wait_call(rb->sys, &way->call, err) < 0))
		return REASON_INIT;
	return REASON_NONE;
}

enum reason way_down_find(const struct reboot *rb, const struct wish *wish, struct way_down *ret,
			  struct kx_error *err)
{
	struct pid1 pid1;
	enum reason reason;

	*ret = (struct way_down){ .direct = wish->direct };
	pid1_read(rb->sys, &pid1);
	ret->init = init_detect(&pid1);
	if (wish->direct)
		return direct_prepare(rb->sys, err) < 0 ? REASON_FAILED : REASON_NONE;
	if (!ret->init) {
		kx_fail(err, -EOPNOTSUPP,
			"process 1 is \"%s\", no init system that is known here; --direct stops the "
			"processes, unmounts and starts the kernel without one",
			pid1.name);
		return REASON_INIT_UNKNOWN;
	}
	reason = order_is_ours(ret->init) ? order_is_free(rb, err) : REASON_NONE;
	return reason == REASON_NONE ? ask_init_for(rb, wish, ret, err) : reason;
}

/* ---- into the loaded kernel */

/* Withdraws everything, whatever init may still do: no image may stay that somebody starts
 * later. */
static void withdraw(const struct reboot *rb)
{
	struct kx_error err = { 0 };

	if (kx_unload(rb->ctx, KX_WAY_AUTO, 0, &err) < 0)
		teller_say(&rb->teller, "%s", err.message);
	else
		teller_say(&rb->teller, "the kernel is unloaded again");
	(void)!request_remove(rb->sys, NULL);
	(void)!loaded_remove(rb->sys, NULL);
	(void)!attempt_withdraw(rb->sys, NULL);
	keys_withdraw(rb);
}

/* An init that asks for a kexec with nothing loaded would reboot through the firmware, or hang. */
static enum reason verify_loaded(const struct reboot *rb, struct kx_error *err)
{
	struct kx_state state = { .size = sizeof(state) };

	if (kx_state(rb->ctx, &state, err) < 0)
		return REASON_FAILED;
	if (state.loaded != 0)
		return REASON_NONE;
	kx_fail(err, -ENOENT, "the kernel was loaded and is gone again: somebody else unloads it");
	return REASON_GONE;
}

struct direct_way {
	const struct reboot *rb;
	struct start *s;
};

static bool pre_jump_agrees(void *data)
{
	const struct direct_way *way = data;
	struct hooks_answer answer;
	struct kx_error err = { 0 };
	enum reason reason = hooks_agree(way->rb, &way->s->choice.config, "pre-jump",
					 way->s->choice.title, &answer, &err);

	if (reason != REASON_NONE)
		teller_say(&way->rb->teller, "%s", err.message);
	attempt_late_hooks(way->rb, &answer);
	return reason == REASON_NONE;
}

static enum reason go_direct(const struct reboot *rb, struct start *s, struct kx_error *err)
{
	struct direct_way way = { rb, s };
	const struct last_word last = { pre_jump_agrees, &way };

	farewell_fast(rb, s);
	start_let_go(s);
	(void)direct_go(rb->sys, rb->ctx, &last, &rb->teller, err);
	return REASON_INIT;
}

/* With --root: unmounts the system that was just installed before the running one goes down, so
 * that all its data is on the disk, whatever init does. Its kernel is in memory already. */
static void leave_installed(const struct reboot *rb, struct start *s)
{
	_cleanup_free_ char *dir = NULL;
	struct kx_error err = { 0 };
	int r;

	if (rb->place != PLACE_INSTALLED)
		return;
	dir = realpath(rb->root, NULL);
	if (!dir || strcmp(dir, "/") == 0)
		return;
	start_let_go(s);
	rb->sys->sync(rb->sys);
	r = mounts_leave_below(rb->sys, dir, &rb->teller, &err);
	if (r < 0)
		teller_warn(&rb->teller, "%s", err.message);
	else if (r > 0)
		teller_warn(&rb->teller,
			    "%d file system%s below %s still writable; init is left with it", r,
			    r == 1 ? " is" : "s are", dir);
}

static enum reason ask_now(const struct reboot *rb, const struct way_down *way,
			   struct request *request, struct kx_error *err)
{
	const int r = ask_with_sign(rb, way->init, &way->call, request, err);

	if (r == 0)
		return REASON_NONE;
	return r == -EIO || r == -EINTR || r == -EBUSY || r == -ETIMEDOUT ? REASON_INIT
									  : REASON_FAILED;
}

static enum reason ask_init(const struct reboot *rb, const struct wish *wish, struct start *s,
			    struct way_down *way, struct kx_error *err)
{
	struct request request = { .mode = REBOOT_KEXEC };
	const bool has_time = wish->when.text[0];

	(void)snprintf(request.entry, sizeof(request.entry), "%s", s->choice.title);
	(void)snprintf(request.digest, sizeof(request.digest), "%s", s->digest);
	if (has_time)
		request.due_ms = rb->sys->boottime_ms(rb->sys) + wish->when.in_ms;
	if (has_time || s->twice)
		order_fill(rb, wish, s, &request);
	if (!has_time) {
		farewell_fast(rb, s);
		return ask_now(rb, way, &request, err);
	}
	if (request_write(rb->sys, &request, err) < 0)
		return REASON_FAILED;
	if (reboot_ask(rb->sys, &way->call, err) < 0)
		return REASON_INIT;
	order_watch(rb, way->init);
	return REASON_NONE;
}

static enum reason not_interrupted(const struct interrupts *held, struct kx_error *err)
{
	const int signal = interrupts_waiting(held);

	if (!signal)
		return REASON_NONE;
	kx_fail(err, -EINTR, "%s came before init was asked: nothing is rebooted",
		interrupts_name(signal));
	return REASON_INTERRUPTED;
}

/* Everything that can still say no to a kernel that is loaded. */
static enum reason still_agreed(const struct reboot *rb, struct start *s,
				const struct interrupts *held, struct kx_error *err)
{
	enum reason reason = verify_loaded(rb, err);

	if (reason == REASON_NONE)
		reason = not_interrupted(held, err);
	if (reason == REASON_NONE)
		reason = hooks_agree(rb, &s->choice.config, "pre-handover", s->choice.title,
				     &s->hooks, err);
	return reason == REASON_NONE ? not_interrupted(held, err) : reason;
}

/* Before init is asked: afterwards services end, the journal with them. */
static void log_asked(const struct reboot *rb, const struct wish *wish, const struct start *s)
{
	const char *values[] = { s->choice.title, s->image_info.version,
				 s->plan_info.way == KX_WAY_FILE ? "kexec_file_load"
								 : "kexec_load" };
	char words[START_WORDS_MAX], sentence[START_WORDS_MAX + 80];

	start_words(s, words);
	(void)snprintf(sentence, sizeof(sentence), "%s is loaded, and a fast reboot is ordered%s%s",
		       words, wish->when.text[0] ? ": " : "", wish->when.text);
	(void)event_log(rb, EVENT_ASKED, values, sentence);
}

static void log_withdrawn(const struct reboot *rb, const struct start *s,
			  const struct kx_error *err)
{
	char sentence[sizeof(err->message) + 80];

	(void)snprintf(sentence, sizeof(sentence), "the fast reboot does not take place: %s",
		       err->message);
	(void)event_log(rb, EVENT_WITHDRAWN, (const char *const[]){ s->choice.title, err->message },
			sentence);
}

static enum reason hand_over(const struct reboot *rb, const struct wish *wish, struct start *s,
			     struct way_down *way, const struct interrupts *held,
			     struct kx_error *err)
{
	enum reason reason = still_agreed(rb, s, held, err);

	if (reason != REASON_NONE)
		return reason;
	reason = attempt_remember(rb, s, err);
	if (reason != REASON_NONE)
		return reason;
	log_asked(rb, wish, s);
	if (way->direct)
		return go_direct(rb, s, err);
	if (!boot_is_watched(rb->sys))
		record_hook_start(rb->sys, way->init);
	leave_installed(rb, s);
	reason = not_interrupted(held, err);
	return reason == REASON_NONE ? ask_init(rb, wish, s, way, err) : reason;
}

static enum reason load_and_go(const struct reboot *rb, const struct wish *wish, struct start *s,
			       struct way_down *way, const struct interrupts *held,
			       struct kx_error *err)
{
	enum reason reason = start_load(rb, wish, s, err);

	if (reason != REASON_NONE)
		return reason;
	/* kexec_load(2) was refused, and would be again */
	if (s->plan_info.way != KX_WAY_SEGMENTS)
		s->twice = false;
	reason = hand_over(rb, wish, s, way, held, err);
	if (reason == REASON_INTERRUPTED) /* the signal may end this before anybody else says so */
		teller_say(&rb->teller, "%s", err->message);
	/* past init nothing can be withdrawn: services are stopped */
	if (reason != REASON_NONE && !(way->direct && reason == REASON_INIT)) {
		withdraw(rb);
		log_withdrawn(rb, s, err);
	}
	return reason;
}

enum reason go_fast(const struct reboot *rb, const struct wish *wish, struct start *s,
		    struct way_down *way, struct kx_error *err)
{
	enum reason reason = go_permitted(rb, err);
	struct interrupts held;

	if (reason != REASON_NONE)
		return reason;
	if (!s->asked.boot_us)
		s->asked = moment_now(rb->sys);
	interrupts_hold(&held);
	reason = load_and_go(rb, wish, s, way, &held, err);
	if (reason == REASON_NONE)
		interrupts_forget(&held);
	else
		interrupts_release(&held);
	return reason;
}

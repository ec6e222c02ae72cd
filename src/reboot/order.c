// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "handover/arm.h"
#include "handover/init.h"
#include "reboot/attempt.h"
#include "reboot/keys.h"

enum {
	MINUTE_MS = 60 * 1000,
	/* time between the moment when logind removes its schedule and the first job of the
	 * reboot */
	SETTLE_MS = 5000,
};

static const struct init_system *init_of(struct sys *sys)
{
	struct pid1 pid1;

	pid1_read(sys, &pid1);
	return init_detect(&pid1);
}

/* ---- what is ordered */

bool order_is_ours(const struct init_system *init)
{
	return init && !init->cancel;
}

bool order_read(const struct reboot *rb, struct order *ret)
{
	struct sys seen = rb->seen;

	return request_read_due(&seen, &ret->request, &ret->left_ms, NULL) == 0;
}

enum reason order_is_free(const struct reboot *rb, struct kx_error *err)
{
	struct order order;

	if (!order_read(rb, &order) || order.left_ms == 0)
		return REASON_NONE;
	kx_fail(err, -EALREADY,
		"a reboot is ordered already, in %llu minutes; --cancel takes it back",
		(unsigned long long)(order.left_ms + MINUTE_MS - 1) / MINUTE_MS);
	return REASON_ORDERED;
}

void order_fill(const struct reboot *rb, const struct wish *wish, const struct start *s,
		struct request *request)
{
	_cleanup_free_ char *text = NULL;

	if (wish_write(wish, &text) < 0 || strlen(text) >= sizeof(request->wish)) {
		teller_warn(
			&rb->teller,
			"the words of this order are too long to be kept: what is loaded now is "
			"started then, whatever is installed until then");
		return;
	}
	(void)snprintf(request->wish, sizeof(request->wish), "%s", text);
	(void)snprintf(request->choice, sizeof(request->choice), "%s", s->choice.digest);
}

void order_watch(const struct reboot *rb, const struct init_system *init)
{
	_cleanup_(reboot_call_done) struct reboot_call call = { 0 };
	struct kx_error err = { 0 };

	if (load_hook_start(rb->sys, init, &err) < 0)
		teller_warn(&rb->teller,
			    "%s; what is loaded now is started then, whatever is installed until "
			    "then",
			    err.message);
	if (init->watch &&
	    (init->watch(rb->sys, &call, &err) < 0 || reboot_ask(rb->sys, &call, &err) < 0))
		teller_warn(&rb->teller,
			    "%s; should somebody else take the reboot back, `rapidreboot "
			    "--cancel` unloads the kernel",
			    err.message);
}

/* ---- loading for a reboot that is under way */

void image_drop(const struct reboot *rb)
{
	struct request cold = { .mode = REBOOT_COLD };
	struct kx_error err = { 0 };

	if (kx_unload(rb->ctx, KX_WAY_AUTO, 0, &err) == 0)
		return;
	teller_say(&rb->teller, "%s", err.message);
	if (request_write(rb->sys, &cold, &err) < 0)
		teller_say(&rb->teller, "%s", err.message);
}

static enum reason judge_on_the_way(const struct reboot *rb, const struct wish *wish,
				    bool going_down, struct start *ret, struct kx_error *err)
{
	_cleanup_verdict_ struct verdict verdict;

	judge(rb, wish, going_down ? JUDGE_GOING_DOWN : JUDGE_LOAD, ret, &verdict);
	tell_findings(rb, &verdict.findings);
	if (verdict.reason == REASON_CHECKS || verdict.reason == REASON_FIRMWARE)
		kx_fail(err, -EPERM, "the checks say no");
	else if (verdict.reason != REASON_NONE)
		*err = verdict.err;
	return verdict.reason;
}

enum reason load_for_reboot(const struct reboot *rb, const struct wish *wish, const char *why,
			    bool going_down, struct start *ret, struct kx_error *err)
{
	const struct moment asked = moment_now(rb->sys);
	enum reason reason = judge_on_the_way(rb, wish, going_down, ret, err);

	ret->asked = asked;
	ret->why = why;
	/* nobody is asked here: by key files only, which keys_by() has said */
	if (reason == REASON_NONE && ret->takes_keys)
		reason = keys_from_files(rb, ret, err);
	if (reason == REASON_NONE)
		reason = start_load(rb, wish, ret, err);
	if (reason != REASON_NONE)
		return reason;
	teller_say(&rb->teller, "loaded %s", ret->choice.title);
	reason = hooks_agree(rb, &ret->choice.config, "pre-handover", ret->choice.title,
			     &ret->hooks, err);
	if (reason == REASON_NONE)
		reason = attempt_remember(rb, ret, err);
	if (reason != REASON_NONE) {
		image_drop(rb);
		keys_withdraw(rb);
	}
	return reason;
}

/* ---- renewing: choosing again by the same wish */

/* Does the name of the entry mean another entry than when it was ordered? A number may. */
static bool is_another(const struct wish *wish, const struct choice *c,
		       const struct request *request)
{
	return wish->entry && strncmp(c->title, request->entry, sizeof(request->entry) - 1) != 0;
}

/* Chooses by the wish of the order. REASON_NONE: @ret_same tells whether it is what is loaded; else
 * why nothing can be loaded. */
static enum reason choose_again(const struct reboot *rb, const struct wish *wish,
				const struct request *request, bool *ret_same, struct kx_error *err)
{
	struct choice c;
	enum reason reason = choice_make(rb, wish, &c, err);

	*ret_same = reason == REASON_NONE && strcmp(c.digest, request->choice) == 0;
	if (reason == REASON_NONE && !*ret_same && is_another(wish, &c, request)) {
		kx_fail(err, -ESTALE,
			"\"%s\" was ordered, and \"%s\" means \"%s\" by now: it is not started",
			request->entry, wish->entry, c.title);
		reason = REASON_OTHER_ENTRY;
	}
	choice_done(&c);
	return reason;
}

static enum reason load_anew(const struct reboot *rb, const struct wish *wish,
			     struct request *request, bool going_down, struct kx_error *err)
{
	struct start s;
	enum reason reason = load_for_reboot(rb, wish, "command", going_down, &s, err);

	if (reason == REASON_NONE) {
		(void)snprintf(request->entry, sizeof(request->entry), "%s", s.choice.title);
		(void)snprintf(request->digest, sizeof(request->digest), "%s", s.digest);
		(void)snprintf(request->choice, sizeof(request->choice), "%s", s.choice.digest);
		if (request_write(rb->sys, request, err) < 0)
			reason = REASON_FAILED;
	}
	start_done(&s);
	return reason;
}

static enum reason stay(const struct reboot *rb)
{
	/* fails only without a record, and then there is no time to set */
	(void)!attempt_begins(rb->sys, NULL);
	return REASON_NONE;
}

static void drop(const struct reboot *rb)
{
	image_drop(rb);
	(void)!attempt_withdraw(rb->sys, NULL);
	(void)!loaded_remove(rb->sys, NULL);
}

static enum reason renew_by(const struct reboot *rb, const struct wish *wish,
			    struct request *request, bool going_down, struct kx_error *err)
{
	bool same = false;
	enum reason reason = choose_again(rb, wish, request, &same, err);

	if (same)
		return stay(rb);
	if (reason != REASON_NONE)
		return reason;
	teller_say(&rb->teller,
		   "what was ordered has changed since it was loaded: it is loaded anew");
	drop(rb);
	return load_anew(rb, wish, request, going_down, err);
}

enum reason order_renew(const struct reboot *rb, struct request *request, bool going_down,
			struct kx_error *err)
{
	_cleanup_wish_ struct wish wish = { 0 };
	enum reason reason = REASON_FAILED;

	if (!request->choice[0])
		return stay(rb);
	if (wish_read(request->wish, &wish, err) == 0)
		reason = renew_by(rb, &wish, request, going_down, err);
	if (reason != REASON_NONE) {
		(void)!request_remove(rb->sys, NULL);
		drop(rb);
	}
	return reason;
}

/* ---- taking it back */

enum reason order_take_back(const struct reboot *rb, struct kx_error *err)
{
	(void)!attempt_withdraw(rb->sys, NULL);
	if (kx_unload(rb->ctx, KX_WAY_AUTO, 0, err) < 0)
		return REASON_UNLOAD;
	keys_withdraw(rb);
	if (request_remove(rb->sys, err) < 0 || loaded_remove(rb->sys, err) < 0)
		return REASON_FAILED;
	return REASON_NONE;
}

/* Init is told before the image is unloaded: as long as it is going to reboot, the image may be
 * needed. */
static enum reason cancel_init(const struct reboot *rb, struct kx_error *err)
{
	_cleanup_(reboot_call_done) struct reboot_call call = { 0 };
	const struct init_system *init = init_of(rb->sys);

	if (!init) {
		kx_fail(err, -EOPNOTSUPP, "this init system is not known");
		return REASON_INIT_UNKNOWN;
	}
	if (order_is_ours(init))
		return REASON_NONE;
	if (init->cancel(rb->sys, &call, err) < 0 || reboot_ask(rb->sys, &call, err) < 0)
		return REASON_INIT;
	return REASON_NONE;
}

enum reason order_cancel(const struct reboot *rb, struct kx_error *err)
{
	struct request request;
	enum reason reason;
	/* -ESTALE: it is there, and its time has not come */
	int r = request_read(rb->sys, &request, NULL);

	if (r < 0 && r != -ESTALE) {
		kx_fail(err, -ENOENT, "no reboot is ordered");
		return REASON_NOT_ORDERED;
	}
	reason = cancel_init(rb, err);
	return reason == REASON_NONE ? order_take_back(rb, err) : reason;
}

void order_was_cancelled(const struct reboot *rb)
{
	const struct init_system *init = init_of(rb->sys);
	struct kx_error err = { 0 };
	struct order order;

	if (!init || !init->waits)
		return;
	rb->sys->sleep_ms(rb->sys, SETTLE_MS);
	if (!order_read(rb, &order) || init->waits(rb->sys))
		return;
	if (order_take_back(rb, &err) == REASON_NONE)
		teller_say(&rb->teller,
			   "the reboot was taken back by others: the kernel is unloaded");
	else
		teller_say(&rb->teller, "%s", err.message);
}

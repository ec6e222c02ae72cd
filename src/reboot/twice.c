// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/twice.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "handover/arm.h"
#include "handover/init.h"
#include "reboot/order.h"

/* ---- before init is asked */

static bool is_short(const struct wish *wish)
{
	_cleanup_free_ char *text = NULL;

	return wish_write(wish, &text) == 0 && strlen(text) < REQUEST_WISH_MAX;
}

/* Only systemd both runs the hook "load" on every way down into a kernel and waits for it. */
static bool may_begin(const struct reboot *rb, const struct wish *wish, const struct start *s,
		      const struct init_system *init)
{
	return init == &systemd_init && rb->place == PLACE_HERE && !wish->direct &&
	       !wish->when.text[0] && s->plan_info.way == KX_WAY_SEGMENTS &&
	       s->plan_info.is_open == 2 && is_short(wish) && start_is_known(rb, s);
}

bool twice_begin(const struct reboot *rb, const struct wish *wish, const struct start *s,
		 const struct init_system *init)
{
	struct kx_error err = { 0 };

	if (!may_begin(rb, wish, s, init))
		return false;
	if (load_hook_start(rb->sys, init, &err) == 0)
		return true;
	teller_detail(&rb->teller, "%s; it is unpacked before init is asked", err.message);
	return false;
}

/* ---- while services stop */

/* With a time, the request has a choice as well, and is renewed when that has come. */
bool twice_is_open(const struct request *request)
{
	return request->mode == REBOOT_KEXEC && request->choice[0] && !request->due_ms;
}

/* Plans the second load. Why it is not made is in @err. */
static enum reason plan_again(const struct reboot *rb, const struct request *request,
			      struct start *ret, struct kx_error *err)
{
	_cleanup_wish_ struct wish wish = { 0 };
	_cleanup_verdict_ struct verdict verdict = { .reason = REASON_NONE };

	*ret = (struct start){ 0 };
	if (wish_read(request->wish, &wish, err) < 0)
		return REASON_FAILED;
	judge(rb, &wish, JUDGE_GOING_DOWN, ret, &verdict);
	if (verdict.reason != REASON_NONE) {
		kx_fail(err, -EPERM, "%s",
			verdict.err.message[0] ? verdict.err.message : "the checks say no");
		return verdict.reason;
	}
	if (strcmp(ret->choice.digest, request->choice) != 0) {
		kx_fail(err, -ESTALE, "files or boot entry have changed since init was asked");
		return REASON_FILES_CHANGED;
	}
	if (ret->plan_info.way == KX_WAY_SEGMENTS && strcmp(ret->plan_info.rung, "bzImage") != 0)
		return REASON_NONE;
	kx_fail(err, -EOPNOTSUPP, "%s", ret->plan_info.rung_reason);
	return REASON_PLAN;
}

/* The second image is started only for a request that is still there. */
static void drop_if_withdrawn(const struct reboot *rb)
{
	struct request now;

	if (request_read(rb->sys, &now, NULL) == 0)
		return;
	teller_say(&rb->teller, "the reboot was taken back: nothing stays loaded");
	image_drop(rb);
}

void twice_end(const struct reboot *rb, const struct request *request)
{
	_cleanup_start_ struct start s;
	struct kx_state state = { .size = sizeof(state) };
	struct kx_error err = { 0 };
	enum reason reason = plan_again(rb, request, &s, &err);

	if (reason == REASON_NONE)
		reason = start_load_again(rb, &s, &err);
	if (reason == REASON_NONE) {
		teller_say(&rb->teller, "loaded %s, unpacked (%s)", s.choice.title,
			   s.plan_info.rung);
		(void)!attempt_loaded_again(rb->sys, s.plan_info.rung, s.plan_info.is_diet != 0,
					    NULL);
		drop_if_withdrawn(rb);
		return;
	}
	/* files that changed during the load take what was loaded of them along */
	if (kx_state(rb->ctx, &state, NULL) == 0 && state.loaded == 0)
		teller_say(&rb->teller,
			   "%s; nothing is loaded: this is a reboot through the firmware",
			   err.message);
	else
		teller_say(&rb->teller, "what was loaded first stays, and starts more slowly: %s",
			   err.message);
}

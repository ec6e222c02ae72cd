// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/cold.h"

#include <stdio.h>

#include "base/error.h"
#include "handover/direct.h"
#include "reboot/choice-legacy.h"
#include "reboot/event.h"
#include "reboot/farewell.h"
#include "record/attempts.h"

enum reason go_permitted(const struct reboot *rb, struct kx_error *err)
{
	if (rb->sys->has_boot_capability(rb->sys))
		return REASON_NONE;
	kx_fail(err, -EPERM, "only root can reboot this way (CAP_SYS_BOOT)");
	return REASON_PERMISSION;
}

struct reboot_wish told_to_init(const struct wish *wish, enum reboot_mode mode)
{
	return (struct reboot_wish){
		.mode = mode,
		.message = wish->message,
		.no_wall = wish->no_wall,
		.ignore_inhibitors = wish->ignore_inhibitors,
		.when = wish->when.text[0] ? wish->when.text : NULL,
		.when_minutes = wish->when.minutes,
	};
}

void cold_way_done(struct cold_way *way)
{
	cold_done(&way->cold);
	*way = (struct cold_way){ .direct = false };
}

enum reason cold_way_find(const struct reboot *rb, const struct wish *wish, struct cold_way *ret,
			  struct kx_error *err)
{
	const struct reboot_wish told = told_to_init(wish, REBOOT_COLD);

	*ret = (struct cold_way){ .direct = wish->direct };
	if (wish->direct)
		return direct_prepare(rb->sys, err) < 0 ? REASON_FAILED : REASON_NONE;
	if (cold_prepare(rb->sys, rb->ctx, &told, &ret->cold, err) < 0)
		return REASON_INIT;
	ret->cold.teller = &rb->teller;
	return REASON_NONE;
}

static enum reason reason_of(enum cold_stage stage)
{
	switch (stage) {
	case COLD_UNLOAD:
		return REASON_UNLOAD;
	case COLD_ASK:
		return REASON_INIT;
	case COLD_ASKED:
		break;
	}
	return REASON_NONE;
}

enum reason go_cold(const struct reboot *rb, struct cold_way *way, bool force, struct kx_error *err)
{
	enum reason reason = go_permitted(rb, err);
	enum cold_stage stage;

	if (reason != REASON_NONE)
		return reason;
	farewell_cold(rb);
	if (way->direct) {
		legacy_cold_honoured(rb->system, &rb->teller);
		(void)direct_go_cold(rb->sys, &rb->teller, err);
		return REASON_INIT;
	}
	way->cold.force = force;
	if (cold_go(rb->sys, &way->cold, &stage, err) < 0)
		return reason_of(stage);
	legacy_cold_honoured(rb->system, &rb->teller);
	return REASON_NONE;
}

/* Before init is asked: afterwards services end, the journal with them. */
static void log_instead(const struct reboot *rb, const char *why)
{
	char sentence[1024];

	(void)snprintf(sentence, sizeof(sentence),
		       "restarting through the firmware, as --or-cold has it: %s", why);
	(void)event_log(rb, EVENT_COLD_INSTEAD, (const char *const[]){ why }, sentence);
}

static void log_refused(const struct reboot *rb, const struct kx_error *err)
{
	char sentence[sizeof(err->message) + 80];

	(void)snprintf(sentence, sizeof(sentence),
		       "the reboot through the firmware does not take place: %s", err->message);
	(void)event_log(rb, EVENT_COLD_REFUSED, (const char *const[]){ err->message }, sentence);
}

enum reason go_cold_instead(const struct reboot *rb, struct cold_way *way, const char *why,
			    struct kx_error *err)
{
	const struct moment now = moment_now(rb->sys);
	const struct attempt a = attempt_cold(&now, reboot_init_name(rb), why);
	struct kx_error unwritten = { 0 };
	enum reason reason;

	if (attempts_close(rb->sys, NULL, &unwritten) < 0 ||
	    attempt_begin(rb->sys, &a, &unwritten) < 0)
		teller_warn(&rb->teller, "this reboot is not recorded: %s", unwritten.message);
	log_instead(rb, why);
	reason = go_cold(rb, way, false, err);
	if (reason != REASON_NONE) {
		(void)!attempt_withdraw(rb->sys, NULL);
		log_refused(rb, err);
	}
	return reason;
}

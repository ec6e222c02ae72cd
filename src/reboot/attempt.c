// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/attempt.h"

#include <stdio.h>

#include "base/error.h"
#include "base/io.h"
#include "handover/init.h"

/* "pre-jump: 10-a=0 20-b=3": @to is ATTEMPT_TEXT_MAX + 1 bytes. */
static void with_stage(char *to, const char *stage, const struct hooks_answer *answer)
{
	char text[ATTEMPT_TEXT_MAX + 32] = "";

	if (answer->text[0])
		(void)snprintf(text, sizeof(text), "%s: %s", stage, answer->text);
	attempt_text(to, ATTEMPT_TEXT_MAX + 1, text);
}

void attempt_late_hooks(const struct reboot *rb, const struct hooks_answer *answer)
{
	char text[ATTEMPT_TEXT_MAX + 1];

	with_stage(text, "pre-jump", answer);
	(void)!attempt_ended(rb->sys, text, NULL);
}

static struct attempt describe(const struct reboot *rb, const struct start *s)
{
	const struct moment now = moment_now(rb->sys);
	const char *init = reboot_init_name(rb);
	_cleanup_free_ char *from = NULL;
	struct attempt a = attempt_new(s->asked.boot_us ? &s->asked : &now);

	a.at[POINT_LOADED] = (int64_t)(now.boot_us - a.asked.boot_us);
	attempt_text(a.why, sizeof(a.why), s->why ? s->why : "command");
	attempt_text(a.way, sizeof(a.way),
		     s->plan_info.way == KX_WAY_FILE ? "kexec_file_load" : "kexec_load");
	attempt_text(a.rung, sizeof(a.rung), s->plan_info.rung ? s->plan_info.rung : "");
	a.diet = s->plan_info.is_diet != 0;
	attempt_text(a.init, sizeof(a.init), init ? init : "");
	attempt_text(a.version, sizeof(a.version),
		     s->image_info.version ? s->image_info.version : "");
	attempt_text(a.entry, sizeof(a.entry), s->choice.title);
	if (read_line_in(rb->machine, "/proc/sys/kernel/osrelease", &from) == 0)
		attempt_text(a.from, sizeof(a.from), from);
	with_stage(a.hooks, "pre-handover", &s->hooks);
	return a;
}

enum reason attempt_remember(const struct reboot *rb, const struct start *s, struct kx_error *err)
{
	const struct attempt a = describe(rb, s);
	struct kx_error why = { 0 };

	if (attempts_close(rb->sys, NULL, &why) == 0 && attempt_begin(rb->sys, &a, &why) == 0)
		return REASON_NONE;
	if (s->person_agreed) {
		teller_warn(&rb->teller, "this attempt is not recorded: %s", why.message);
		return REASON_NONE;
	}
	kx_fail(err, why.code,
		"this attempt cannot be recorded (%.300s), so that a kernel which does not come up would "
		"be started again: mend that, or agree to it on a terminal",
		why.message);
	return REASON_UNRECORDED;
}

enum reason hooks_agree(const struct reboot *rb, const struct config *config, const char *stage,
			const char *entry, struct hooks_answer *ret, struct kx_error *err)
{
	const struct hooks hooks = {
		.directory = config->hooks,
		.stage = stage,
		.entry = entry,
		.setting = config->unload_displays ? "RAPIDREBOOT_DISPLAY_DRIVERS=unload" : NULL,
		.timeout_s = config->hook_timeout_s,
		.teller = &rb->teller,
	};

	hooks_run(rb->sys, &hooks, ret);
	if (ret->n_failed == 0)
		return REASON_NONE;
	if (config->hook_failure_ignored) {
		teller_say(&rb->teller, "going on all the same (HOOK_FAILURE=ignore)");
		return REASON_NONE;
	}
	if (ret->n_later == ret->n_failed) {
		kx_fail(err, -EAGAIN,
			"a hook wants no fast reboot for now: try it again later (HOOK_FAILURE=stop)");
		return REASON_LATER;
	}
	kx_fail(err, -ECANCELED, "a hook failed, so there is no fast reboot (HOOK_FAILURE=stop)");
	return REASON_HOOK;
}

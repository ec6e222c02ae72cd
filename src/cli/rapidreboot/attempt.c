// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/rapidreboot/attempt.h"

static void say(void *data, enum tell kind, const char *sentence)
{
	fprintf(stderr, "rapidreboot: %s\n", sentence);
}

static const char *init_name(struct sys *sys)
{
	const struct init_system *init;
	struct pid1 pid1;

	pid1_read(sys, &pid1);
	init = init_detect(&pid1);
	return init ? init->name : "";
}

static struct attempt describe(struct sys *sys, const struct start *s)
{
	const struct moment now = moment_now(sys);
	struct attempt a = attempt_new(s->asked.boot_us ? &s->asked : &now);

	a.at[POINT_LOADED] = (int64_t)(now.boot_us - a.asked.boot_us);
	attempt_text(a.why, sizeof(a.why), s->why ? s->why : "command");
	attempt_text(a.way, sizeof(a.way),
		     s->plan_info.way == KX_WAY_FILE ? "kexec_file_load" : "kexec_load");
	attempt_text(a.rung, sizeof(a.rung), s->plan_info.rung ? s->plan_info.rung : "");
	a.diet = s->plan_info.is_diet != 0;
	attempt_text(a.init, sizeof(a.init), init_name(sys));
	attempt_text(a.version, sizeof(a.version),
		     s->image_info.version ? s->image_info.version : "");
	attempt_text(a.entry, sizeof(a.entry), s->title);
	attempt_text(a.hooks, sizeof(a.hooks), s->hooks.text);
	return a;
}

void attempt_remember(struct sys *sys, const struct start *s)
{
	const struct attempt a = describe(sys, s);
	struct kx_error err = { 0 };

	if (attempts_close(sys, NULL, &err) < 0 || attempt_begin(sys, &a, &err) < 0)
		fprintf(stderr, "rapidreboot: warning: this attempt is not recorded: %s\n",
			err.message);
}

const char *attempt_unconfirmed(struct sys *sys, struct attempts *all)
{
	const struct attempt *a;

	/* without records, of a live system for example, there is nothing to hold against it */
	if (attempts_read(sys, all, NULL) < 0)
		return NULL;
	a = attempts_unconfirmed(sys, all);
	return a ? a->entry : NULL;
}

bool attempt_diet_failed(struct sys *sys, const char *version)
{
	struct attempts all;

	return attempts_read(sys, &all, NULL) >= 0 &&
	       attempts_diet_failed(sys, &all, version ? version : "");
}

int attempt_hooks(struct sys *sys, const struct config *config, const char *stage,
		  const char *entry, struct hooks_answer *ret)
{
	const struct teller teller = { say, NULL };
	const struct hooks hooks = {
		.directory = config->hooks,
		.stage = stage,
		.entry = entry,
		.setting = config->unload_displays ? "RAPIDREBOOT_DISPLAY_DRIVERS=unload" : NULL,
		.timeout_s = config->hook_timeout_s,
		.teller = &teller,
	};

	hooks_run(sys, &hooks, ret);
	if (ret->n_failed == 0)
		return EXIT_OK;
	if (config->hook_failure_ignored) {
		say(NULL, TELL_NOTICE, "going on all the same (HOOK_FAILURE=ignore)");
		return EXIT_OK;
	}
	say(NULL, TELL_NOTICE, "a hook failed, so there is no fast reboot (HOOK_FAILURE=stop)");
	return EXIT_REFUSED;
}

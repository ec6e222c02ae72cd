// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot load, rapidreboot unload: without going down. */

#include "cli/json.h"
#include "cli/page.h"
#include "cli/rapidreboot/front.h"
#include "cli/rapidreboot/unlock.h"
#include "cli/reason-status.h"
#include "reboot/order.h"
#include "reboot/same.h"
#include "reboot/way-down.h"

/* What an ordinary reboot does now that a kernel is loaded. */
static const char *then(const struct reboot *rb)
{
	switch (ordinary_reboot(rb)) {
	case ORDINARY_LOADED:
		return "an ordinary reboot starts it";
	case ORDINARY_FAST:
		return "an ordinary reboot is a fast one";
	case ORDINARY_FIRMWARE:
		return "`rapidreboot` starts it, an ordinary reboot goes through the firmware";
	case ORDINARY_UNKNOWN:
		break;
	}
	return "whether an ordinary reboot starts it is not known under this init system";
}

static void say_loaded(const struct reboot *rb, const struct start *s)
{
	const char *version = s->image_info.version;

	page_field(stderr, 0, "",
		   "rapidreboot: %s%s%s%s%s (%s)%s: %s; `rapidreboot unload` drops it",
		   s->is_loaded ? "" : "loaded ", s->choice.title, version ? ", Linux " : "",
		   version ? version : "", s->choice.guess ? ", guessed" : "", s->plan_info.rung,
		   s->is_loaded ? " is loaded already" : "", then(rb));
}

static int tell(const struct reboot *rb, const struct start *s, const struct options *o,
		bool loaded)
{
	if (o->json) {
		json_t *all = start_json(s);

		json_object_set_new(all, "loaded", json_boolean(loaded));
		json_object_set_new(all, "already", json_boolean(s->is_loaded));
		return json_print(all) < 0 ? EXIT_FAILED : EXIT_OK;
	}
	if (!loaded || o->verbose)
		start_print(s);
	else if (s->choice.guess)
		teller_warn(&rb->teller, "%s", s->choice.guess);
	if (loaded)
		say_loaded(rb, s);
	return EXIT_OK;
}

/* What is loaded already is not unpacked. A dry run prints what a load would do. */
static void look(const struct reboot *rb, const struct wish *wish, const struct options *o,
		 struct start *s, struct verdict *verdict)
{
	judge(rb, wish, o->dry_run ? JUDGE_LOAD : JUDGE_LOOK, s, verdict);
	if (verdict->reason == REASON_NONE && !o->dry_run && !same_find(rb, wish, s))
		judge_unpacked(rb, wish, s, verdict);
}

static int load(const struct options *o)
{
	_cleanup_reboot_ struct reboot rb = { .machine = -1, .system = -1 };
	_cleanup_wish_ struct wish wish = { 0 };
	_cleanup_verdict_ struct verdict verdict = { .reason = REASON_NONE };
	_cleanup_start_ struct start s = { 0 };
	struct kx_error err = { 0 };
	enum reason reason = REASON_NONE;
	int r = front_wish(&load_command, o, &wish);

	if (r < 0)
		r = front_open(&rb, wish.root, o->verbose);
	if (r != EXIT_OK)
		return r;
	look(&rb, &wish, o, &s, &verdict);
	r = front_verdict(&verdict, o->verbose);
	if (r == EXIT_COLD)
		fprintf(stderr, "rapidreboot: only the firmware and the boot loader can do that. "
				"Choose another entry, or reboot with coldreboot.\n");
	if (r != EXIT_OK)
		return r;
	if (!o->dry_run)
		r = unlock_ask(&rb, &wish, &s, o);
	if (r > EXIT_OK)
		return r;
	if (!o->dry_run)
		reason = start_load(&rb, &wish, &s, &err);
	return reason != REASON_NONE ? fail_reason(reason, &err) : tell(&rb, &s, o, !o->dry_run);
}

static int run_load(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	int r = command_take(&load_command, argc, argv, &o);

	return r >= 0 ? r : load(&o);
}

static int run_unload(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	_cleanup_reboot_ struct reboot rb = { .machine = -1, .system = -1 };
	struct kx_state before = { .size = sizeof(before) };
	struct kx_error err = { 0 };
	enum reason reason;
	int r = command_take(&unload_command, argc, argv, &o);

	if (r >= 0)
		return r;
	r = front_open(&rb, NULL, o.verbose);
	if (r != EXIT_OK)
		return r;
	if (kx_state(rb.ctx, &before, NULL) < 0)
		before.loaded = -1;
	reason = order_take_back(&rb, &err);
	if (reason == REASON_NONE)
		fprintf(stderr, "rapidreboot: no kernel %s loaded%s\n",
			before.loaded == 0 ? "was" : "is", before.loaded == 0 ? "" : " any more");
	return fail_reason(reason, &err);
}

const struct command load_command = {
	.name = "load",
	.synopsis = "[ENTRY]",
	.summary = "load a kernel and stay up",
	.run = run_load,
	.taker = BY_LOAD,
	.operands_max = 1,
	.about =
		"Loads a kernel, by default the one that the boot loader would start next, and does\n"
		"not reboot. What a reboot would refuse is refused here.",
};
const struct command unload_command = {
	.name = "unload",
	.synopsis = "",
	.summary = "drop the loaded kernel",
	.run = run_unload,
	.taker = BY_UNLOAD,
	.about =
		"Drops the loaded kernel, so that the next reboot goes through the firmware unless\n"
		"`rapidreboot enable` was used. A crash kernel stays.",
};

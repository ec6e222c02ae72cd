// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot without a command: load, then have init take the machine down into the kernel. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/json.h"
#include "cli/page.h"
#include "cli/plain.h"
#include "cli/rapidreboot/front.h"
#include "cli/rapidreboot/unlock.h"
#include "cli/reason-status.h"
#include "reboot/farewell.h"
#include "reboot/go.h"
#include "reboot/order.h"
#include "reboot/present.h"
#include "reboot/same.h"
#include "reboot/twice.h"

/* ---- what would be done */

/* Prints how @init would be asked, or that it is not asked (@direct). */
static void print_call(const struct init_system *init, bool direct, const struct reboot_call *call)
{
	_cleanup_strbuf_ struct strbuf words = { 0 };

	for (size_t i = 0; i < call->n_words; i++)
		strbuf_add_word(&words, call->words[i]);
	if (direct)
		page_field(stdout, 14,
			   "Hand over:", "direct: stop all processes, unmount, start the kernel");
	else
		page_field(stdout, 14, "Hand over:", "%s: %s", init->name, words.s ? words.s : "");
}

static int tell(const struct start *s, const struct options *o, const struct init_system *init,
		bool direct, const struct reboot_call *call)
{
	json_t *all, *command;

	if (!o->dry_run && !o->verbose && !o->json)
		return EXIT_OK;
	if (!o->json) {
		start_print(s);
		print_call(init, direct, call);
		return EXIT_OK;
	}
	all = start_json(s);
	command = json_array();
	for (size_t i = 0; i < call->n_words; i++)
		json_array_append_new(command, json_text(call->words[i]));
	json_object_set_new(all, "init", json_text(init ? init->name : NULL));
	json_object_set_new(all, "direct", json_boolean(direct));
	json_object_set_new(all, "command", command);
	return json_print(all) < 0 ? EXIT_FAILED : EXIT_OK;
}

/* ---- questions */

static int not_agreed(void)
{
	fputs("rapidreboot: nothing was done\n", stderr);
	json_answer_error("nobody agreed: nothing was done");
	return EXIT_NOTHING;
}

/* " in 5 minutes" of "+5", " at 23:00", or "" */
static void when_words(const char *when, char *ret, size_t size)
{
	if (when[0] == '+')
		(void)snprintf(ret, size, " in %.40s minute%s", when + 1,
			       strcmp(when, "+1") == 0 ? "" : "s");
	else if (when[0] && strcmp(when, "now") != 0)
		(void)snprintf(ret, size, " at %.40s", when);
	else
		ret[0] = '\0';
}

static bool agreed_to_start(const struct reboot *rb, struct start *s, const struct way_down *way,
			    const struct wish *wish, const struct options *o)
{
	char how[512], what[START_WORDS_MAX], when[64];

	start_words(s, what);
	when_words(wish->when.text, when, sizeof(when));
	(void)snprintf(how, sizeof(how), " into %s%s%s%s", what,
		       s->choice.guess ? ", which is a guess," : "", when,
		       way->direct ? " without stopping services" : "");
	return front_agreed(rb, &s->choice.config, o, how, &s->person_agreed);
}

/* ---- acting */

/* When only the firmware can do what is wanted, reboots through it, unless --when or --dry-run is
 * given. */
static int through_firmware(const struct reboot *rb, const struct wish *wish, const struct start *s,
			    const struct options *o)
{
	_cleanup_cold_way_ struct cold_way way = { .direct = false };
	struct kx_error err = { 0 };
	bool was_asked;
	enum reason reason = cold_way_find(rb, wish, &way, &err);

	if (reason != REASON_NONE)
		return fail_reason(reason, &err);
	if (tell(s, o, way.cold.init, way.direct, &way.cold.call) != EXIT_OK)
		return EXIT_FAILED;
	if (o->dry_run || wish->when.text[0] || rb->place == PLACE_CAPTURED) {
		fputs("rapidreboot: only a reboot through the firmware does what is wanted: see "
		      "coldreboot(8). Nothing was done\n",
		      stderr);
		return EXIT_COLD;
	}
	if (!front_agreed(rb, &s->choice.config, o,
			  " through the firmware, which alone can do that", &was_asked))
		return not_agreed();
	reason = go_cold(rb, &way, false, &err);
	return fail_reason(reason, &err);
}

/* --or-cold, after the fast reboot has ended with @status for @reason, which a person was told. */
static int or_cold(const struct reboot *rb, const struct wish *wish, const struct start *s,
		   const struct verdict *verdict, enum reason reason, const struct kx_error *why,
		   int status, const struct options *o)
{
	_cleanup_cold_way_ struct cold_way way = { .direct = false };
	struct kx_error err = { 0 };
	char text[400];
	bool was_asked;

	if (!o->or_cold || !may_go_cold(wish, verdict, reason))
		return status;
	verdict_why(verdict, reason, why, text, sizeof(text));
	reason = cold_way_find(rb, wish, &way, &err);
	if (reason != REASON_NONE)
		return fail_reason(reason, &err);
	if (o->dry_run || rb->place == PLACE_CAPTURED) {
		fputs("rapidreboot: it would reboot through the firmware instead (--or-cold)\n",
		      stderr);
		return EXIT_COLD;
	}
	if (!front_agreed(rb, &s->choice.config, o, " through the firmware instead", &was_asked))
		return not_agreed();
	fputs("rapidreboot: rebooting through the firmware instead (--or-cold)\n", stderr);
	reason = go_cold_instead(rb, &way, text, &err);
	return fail_reason(reason, &err);
}

/* "rapidreboot: web1 restarts into Debian in 5 minutes; …" */
static void say_ordered(const struct reboot *rb, const struct start *s, const struct wish *wish)
{
	char what[START_WORDS_MAX], when[64], host[PRESENT_HOST_MAX];

	start_words(s, what);
	when_words(wish->when.text, when, sizeof(when));
	present_host(rb->machine, host);
	page_field(stderr, 0, "",
		   "rapidreboot: %s restarts into %s%s; its kernel is loaded, and `rapidreboot "
		   "--cancel` takes all of it back",
		   host, what, when);
}

/* @ret_reason, @err: why it does not go on after a person has agreed */
static int into_kernel(const struct reboot *rb, const struct wish *wish, struct start *s,
		       struct verdict *verdict, struct way_down *way, const struct options *o,
		       enum reason *ret_reason, struct kx_error *err)
{
	enum reason reason;
	int r;

	if (tell(s, o, way->init, way->direct, &way->call) != EXIT_OK)
		return EXIT_FAILED;
	if (o->dry_run)
		return EXIT_OK;
	reason = go_permitted(rb, err);
	if (reason != REASON_NONE)
		return fail_reason(reason, err);
	if (!agreed_to_start(rb, s, way, wish, o))
		return not_agreed();
	r = unlock_ask(rb, wish, s, o);
	if (r >= 0)
		return r;
	if (s->person_agreed)
		s->asked = moment_now(rb->sys);
	/* the second load, by a hook of init, would not have the keys */
	s->twice = !same_find(rb, wish, s) && s->keys.n == 0 && twice_begin(rb, wish, s, way->init);
	if (!s->twice && !s->is_loaded)
		judge_unpacked(rb, wish, s, verdict);
	if (verdict->reason != REASON_NONE) {
		*ret_reason = verdict->reason;
		*err = verdict->err;
		return front_verdict(verdict, o->verbose);
	}
	*ret_reason = go_fast(rb, wish, s, way, err);
	if (*ret_reason == REASON_NONE && wish->when.text[0])
		say_ordered(rb, s, wish);
	return fail_reason(*ret_reason, err);
}

/* An init system that cannot be asked is reported before findings of checks, since it prevents
 * starting any kernel. */
static int act(const struct reboot *rb, const struct wish *wish, struct start *s,
	       struct verdict *verdict, const struct options *o)
{
	_cleanup_way_down_ struct way_down way = { .direct = false };
	const bool needs_way = verdict->reason == REASON_NONE || verdict->reason == REASON_CHECKS;
	struct kx_error err = { 0 };
	enum reason reason = needs_way ? way_down_find(rb, wish, &way, &err) : REASON_NONE;
	int r = reason != REASON_NONE ? fail_reason(reason, &err)
				      : front_verdict(verdict, o->verbose);

	if (r == EXIT_COLD)
		return through_firmware(rb, wish, s, o);
	if (r != EXIT_OK)
		return or_cold(rb, wish, s, verdict,
			       reason != REASON_NONE ? reason : verdict->reason,
			       reason != REASON_NONE ? &err : &verdict->err, r, o);
	r = into_kernel(rb, wish, s, verdict, &way, o, &reason, &err);
	return reason == REASON_NONE ? r : or_cold(rb, wish, s, verdict, reason, &err, r, o);
}

/* ---- the command */

int reboot_with(const struct options *o, const char *why, struct pick *pick, const char *cmdline,
		enum reason *ret_reason)
{
	_cleanup_reboot_ struct reboot rb = { .machine = -1, .system = -1 };
	_cleanup_(pick_freep) struct pick *picked = pick;
	_cleanup_wish_ struct wish wish = { 0 };
	_cleanup_verdict_ struct verdict verdict = { .reason = REASON_NONE };
	_cleanup_start_ struct start s = { 0 };
	struct moment began;
	int r = front_wish(&reboot_command, o, &wish);

	if (r < 0)
		r = front_open(&rb, wish.root, o->verbose);
	if (r != EXIT_OK)
		return r;
	wish.pick = TAKE_PTR(picked);
	if (cmdline && wish_set(&wish.cmdline, cmdline) < 0)
		return EXIT_FAILED;
	began = moment_now(rb.sys);
	judge(&rb, &wish, JUDGE_LOOK, &s, &verdict);
	s.why = why;
	s.asked = began;
	if (ret_reason)
		*ret_reason = verdict.reason;
	r = act(&rb, &wish, &s, &verdict, o);
	if (verdict.reason == REASON_NO_ENTRY && wish.entry && *hint_command(wish.entry).text)
		fprintf(stderr, "rapidreboot: there is no command of that name either%s\n",
			hint_command(wish.entry).text);
	return r;
}

static int cancel(const struct options *o)
{
	_cleanup_reboot_ struct reboot rb = { .machine = -1, .system = -1 };
	_cleanup_wish_ struct wish wish = { 0 };
	struct kx_error err = { 0 };
	enum reason reason;
	int r = front_wish(&reboot_command, o, &wish);

	if (r < 0)
		r = front_open(&rb, NULL, o->verbose);
	if (r != EXIT_OK)
		return r;
	reason = order_cancel(&rb, &err);
	if (reason == REASON_NONE)
		fputs("rapidreboot: the reboot is taken back, and the kernel unloaded\n", stderr);
	return fail_reason(reason, &err);
}

/* As process 1: the kernel would panic when this process ends, so it is replaced by a shell. */
static int stay_process_1(int r)
{
	static char sh[] = "sh";
	char *const argv[] = { sh, NULL };

	if (getpid() != 1)
		return r;
	fputs("rapidreboot: this is process 1, which must not end: starting a shell\n", stderr);
	(void)execv("/bin/sh", argv);
	perror("rapidreboot: /bin/sh");
	return r;
}

static int run(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	int r = command_take(&reboot_command, argc, argv, &o);

	if (r < 0)
		r = o.cancel ? cancel(&o) : reboot_with(&o, "command", NULL, NULL, NULL);
	return stay_process_1(r);
}

const struct command reboot_command = {
	.name = "reboot",
	.synopsis = "[ENTRY]",
	.summary = "load and reboot into it; this is what no command means",
	.run = run,
	.taker = BY_REBOOT,
	.operands_max = 1,
};

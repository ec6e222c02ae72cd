// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot without a command: load, then have init take the machine down into the kernel. */

#include <getopt.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/json.h"
#include "cli/rapidreboot/attempt.h"
#include "handover/cold.h"

struct handover {
	struct sys *sys;
	const struct init_system *init;
	struct reboot_call call;
};

static int handover_prepare(struct handover *h, const struct reboot_wish *wish)
{
	struct kx_error err = { 0 };
	struct pid1 pid1;

	*h = (struct handover){ .sys = sys_machine() };
	pid1_read(h->sys, &pid1);
	h->init = init_detect(&pid1);
	if (!h->init) {
		fprintf(stderr,
			"rapidreboot: process 1 is \"%s\", no init system that is known here; "
			"`rapidreboot load` and kexec -e start the kernel without stopping "
			"anything\n",
			pid1.name);
		return EXIT_HANDOVER;
	}
	if (h->init->ask(h->sys, wish, &h->call, &err) < 0) {
		(void)fail_with(&err);
		return EXIT_HANDOVER;
	}
	return EXIT_OK;
}

static int tell(const struct start *s, const struct handover *h, const struct start_options *o)
{
	json_t *all, *command;

	if (!o->json) {
		start_print(s);
		printf("%-13s %s:", "Hand over:", h->init->name);
		for (size_t i = 0; i < h->call.n_words; i++)
			printf(" %s", h->call.words[i]);
		putchar('\n');
		return EXIT_OK;
	}
	all = start_json(s);
	command = json_array();
	for (size_t i = 0; i < h->call.n_words; i++)
		json_array_append_new(command, json_text(h->call.words[i]));
	json_object_set_new(all, "init", json_text(h->init->name));
	json_object_set_new(all, "command", command);
	return json_print(all) < 0 ? EXIT_FAILED : EXIT_OK;
}

/* --yes is an answer; the configuration may want none, or one even where nobody can give it. */
static bool agreed(const struct start *s, const struct start_options *o, const char *question)
{
	if (o->yes || s->config.confirm == CONFIG_CONFIRM_NEVER)
		return true;
	if (s->config.confirm == CONFIG_CONFIRM_ALWAYS && !can_ask()) {
		fputs("rapidreboot: the configuration wants a person to agree (CONFIRM=always): "
		      "--yes does\n",
		      stderr);
		return false;
	}
	return ask_person(question);
}

static bool agreed_to_start(const struct start *s, const struct handover *h,
			    const struct start_options *o)
{
	const char *version = s->image_info.version;
	char question[512];

	(void)snprintf(question, sizeof(question), "Stop %s and start %s%s%s%s now?", h->init->name,
		       s->title, version ? " (" : "", version ? version : "", version ? ")" : "");
	return agreed(s, o, question);
}

/* Whatever init was going to do with the image, nobody may find it later. */
static void withdraw(struct start *s, struct handover *h)
{
	struct kx_error err = { 0 };

	if (kx_unload(s->ctx, KX_WAY_AUTO, 0, &err) < 0)
		(void)fail_with(&err);
	else
		fputs("rapidreboot: the kernel is unloaded again\n", stderr);
	(void)!request_remove(h->sys, NULL);
	(void)!loaded_remove(h->sys, NULL);
	(void)!attempt_withdraw(h->sys, NULL);
}

/* What only the firmware can do it shall do, unless the configuration says otherwise. */
static int go_cold(struct start *s, const struct start_options *o)
{
	_cleanup_(cold_done) struct cold cold = { 0 };
	struct reboot_wish wish = o->wish;
	struct kx_error err = { 0 };
	enum cold_stage stage;

	if (s->config.firmware == CONFIG_FIRMWARE_REFUSE || o->dry_run) {
		fputs("rapidreboot: only a reboot through the firmware does what is wanted: see "
		      "coldreboot(8). Nothing was done\n",
		      stderr);
		return EXIT_REFUSED;
	}
	wish.mode = REBOOT_COLD;
	if (cold_prepare(sys_machine(), s->ctx, &wish, &cold, &err) < 0) {
		(void)fail_with(&err);
		return EXIT_HANDOVER;
	}
	if (!agreed(s, o, "Only the firmware can do that. Reboot through it now?")) {
		fputs("rapidreboot: nothing was done\n", stderr);
		return EXIT_NOTHING;
	}
	if (cold_go(sys_machine(), &cold, &stage, &err) < 0) {
		(void)fail_with(&err);
		return EXIT_HANDOVER;
	}
	return EXIT_OK;
}

static int check(const struct start *s, struct sys *sys, const struct start_options *o,
		 enum preflight_severity *ret_outcome)
{
	struct attempts all;
	int r = start_check(s, o, attempt_unconfirmed(sys, &all), ret_outcome);

	if (r != EXIT_OK || *ret_outcome != PREFLIGHT_REFUSE)
		return r;
	fputs("rapidreboot: refused; nothing was done\n", stderr);
	return EXIT_REFUSED;
}

/* An init that asks for a kexec with nothing loaded would reboot through the firmware, or hang. */
static int verify_loaded(struct start *s)
{
	struct kx_state state = { .size = sizeof(state) };
	struct kx_error err = { 0 };

	if (kx_state(s->ctx, &state, &err) < 0)
		return fail_with(&err);
	if (state.loaded != 0)
		return EXIT_OK;
	fputs("rapidreboot: the kernel was loaded and is gone again: somebody else unloads it\n",
	      stderr);
	return EXIT_LOAD;
}

static int ask_init(struct start *s, struct handover *h)
{
	struct request request = { .mode = REBOOT_KEXEC };
	struct kx_error err = { 0 };

	attempt_remember(h->sys, s);
	(void)snprintf(request.entry, sizeof(request.entry), "%s", s->title);
	if (request_write(h->sys, &request, &err) < 0)
		return fail_with(&err);
	if (reboot_ask(h->sys, &h->call, &err) < 0) {
		(void)fail_with(&err);
		return EXIT_HANDOVER;
	}
	return EXIT_OK;
}

static int go(struct start *s, struct handover *h, const struct start_options *o)
{
	int r;

	if (!h->sys->has_boot_capability(h->sys)) {
		fputs("rapidreboot: only root can start another kernel (CAP_SYS_BOOT)\n", stderr);
		return EXIT_FAILED;
	}
	if (!agreed_to_start(s, h, o)) {
		fputs("rapidreboot: nothing was done\n", stderr);
		return EXIT_NOTHING;
	}
	s->asked = moment_now(h->sys);
	s->why = o->why;
	r = start_load(s);
	if (r != EXIT_OK)
		return r;
	r = verify_loaded(s);
	if (r == EXIT_OK)
		r = attempt_hooks(h->sys, &s->config, "pre-handover", s->title, &s->hooks);
	if (r == EXIT_OK)
		r = ask_init(s, h);
	if (r != EXIT_OK)
		withdraw(s, h);
	return r;
}

static int reboot(const struct start_options *o)
{
	enum preflight_severity outcome = PREFLIGHT_NOTE;
	struct handover h = { 0 };
	struct start s;
	int r = start_prepare(&s, o);

	if (r == EXIT_OK)
		r = handover_prepare(&h, &o->wish);
	if (r == EXIT_OK)
		r = check(&s, h.sys, o, &outcome);
	if (r == EXIT_OK && (o->dry_run || o->verbose || o->json))
		r = tell(&s, &h, o);
	if (r == EXIT_OK && outcome == PREFLIGHT_COLD)
		r = go_cold(&s, o);
	else if (r == EXIT_OK && !o->dry_run)
		r = go(&s, &h, o);
	reboot_call_done(&h.call);
	start_done(&s);
	return r;
}

int reboot_run(const char *why, int argc, char **argv)
{
	struct start_options o;
	int r;

	optind = 0; /* menu has read options already */
	r = start_options_parse(&o, TAKES_TARGET | TAKES_HANDOVER | TAKES_DRY_RUN, argc, argv);
	o.why = why;
	if (r == EXIT_OK && o.help)
		r = print_help();
	else if (r == EXIT_OK)
		r = reboot(&o);
	start_options_done(&o);
	return r;
}

static int run(int argc, char **argv)
{
	return reboot_run("command", argc, argv);
}

const struct command reboot_command = { "reboot", "[ENTRY]",
					"load and reboot into it; this is what no command means",
					run };

// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot without a command: load, then have init take the machine down into the kernel. */

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/json.h"
#include "cli/rapidreboot/attempt.h"
#include "cli/rapidreboot/legacy.h"
#include "cli/rapidreboot/renew.h"
#include "cli/rapidreboot/wait.h"
#include "handover/cold.h"
#include "handover/direct.h"

enum { MINUTE_MS = 60 * 1000 };

struct handover {
	struct sys *sys;
	const struct init_system *init; /* NULL: none that is known here */
	bool direct;			/* it is not asked */
	struct reboot_call call;
};

static int prepare_direct(struct handover *h)
{
	struct kx_error err = { 0 };

	h->direct = true;
	return direct_prepare(h->sys, &err) < 0 ? fail_with(&err) : EXIT_OK;
}

/* Two that wait would take the kernel from each other. Other inits say so themselves. */
static bool is_ordered(struct sys *sys)
{
	struct request request;
	uint64_t left_ms;

	if (request_read_due(sys, &request, &left_ms, NULL) < 0 || left_ms == 0)
		return false;
	fprintf(stderr,
		"rapidreboot: a reboot is ordered already, in %llu minutes; --cancel takes it back\n",
		(unsigned long long)(left_ms + MINUTE_MS - 1) / MINUTE_MS);
	return true;
}

static int handover_prepare(struct handover *h, const struct start_options *o)
{
	struct kx_error err = { 0 };
	struct pid1 pid1;

	*h = (struct handover){ .sys = sys_machine() };
	pid1_read(h->sys, &pid1);
	h->init = init_detect(&pid1);
	if (o->direct)
		return prepare_direct(h);
	if (!h->init) {
		fprintf(stderr,
			"rapidreboot: process 1 is \"%s\", no init system that is known here; "
			"--direct stops the processes, unmounts and starts the kernel without "
			"one\n",
			pid1.name);
		return EXIT_HANDOVER;
	}
	if (wait_is_ours(h->init) && is_ordered(h->sys))
		return EXIT_REFUSED;
	if (h->init->ask(h->sys, &o->wish, &h->call, &err) < 0 ||
	    (o->has_when && wait_is_ours(h->init) && wait_call(h->sys, &h->call, &err) < 0)) {
		(void)fail_with(&err);
		return EXIT_HANDOVER;
	}
	return EXIT_OK;
}

static void tell_call(const struct handover *h)
{
	printf("%-13s ", "Hand over:");
	if (h->direct) {
		puts("direct: stop all processes, unmount, start the kernel");
		return;
	}
	printf("%s:", h->init->name);
	for (size_t i = 0; i < h->call.n_words; i++)
		printf(" %s", h->call.words[i]);
	putchar('\n');
}

static int tell(const struct start *s, const struct handover *h, const struct start_options *o)
{
	json_t *all, *command;

	if (!o->json) {
		start_print(s);
		tell_call(h);
		return EXIT_OK;
	}
	all = start_json(s);
	command = json_array();
	for (size_t i = 0; i < h->call.n_words; i++)
		json_array_append_new(command, json_text(h->call.words[i]));
	json_object_set_new(all, "init", json_text(h->init ? h->init->name : NULL));
	json_object_set_new(all, "direct", json_boolean(h->direct));
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

	(void)snprintf(question, sizeof(question), "Stop %s and start %s%s%s%s %s?",
		       h->direct ? "everything" : h->init->name, s->title, version ? " (" : "",
		       version ? version : "", version ? ")" : "",
		       o->has_when ? o->when.text : "now");
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

static void say(void *data, enum tell kind, const char *line)
{
	fprintf(stderr, "rapidreboot: %s\n", line);
}

static bool pre_jump_agrees(void *data)
{
	struct start *s = data;
	struct hooks_answer answer;
	int r = attempt_hooks(sys_machine(), &s->config, "pre-jump", s->title, &answer);

	(void)!attempt_add_hooks(sys_machine(), answer.text, NULL);
	return r == EXIT_OK;
}

static int go_direct(struct start *s, struct handover *h, enum reboot_mode mode)
{
	const struct last_word last = { pre_jump_agrees, s };
	const struct teller teller = { say, NULL };
	struct kx_error err = { 0 };

	start_let_go(s);
	if (mode == REBOOT_COLD)
		(void)direct_go_cold(h->sys, &teller, &err);
	else
		(void)direct_go(h->sys, s->ctx, &last, &teller, &err);
	(void)fail_with(&err);
	return EXIT_HANDOVER;
}

/* A system that was just installed, before the one that runs goes down: what was written to it is on
 * the disk then, whatever init does. The kernel is in memory already. */
static void leave_target(struct start *s, struct handover *h, const struct start_options *o)
{
	const struct teller teller = { say, NULL };
	_cleanup_free_ char *dir = o->find.root ? realpath(o->find.root, NULL) : NULL;
	struct kx_error err = { 0 };
	int r;

	if (!dir || strcmp(dir, "/") == 0)
		return;
	start_let_go(s);
	h->sys->sync(h->sys);
	r = mounts_leave_below(h->sys, dir, &teller, &err);
	if (r < 0)
		fprintf(stderr, "rapidreboot: warning: %s\n", err.message);
	else if (r > 0)
		fprintf(stderr,
			"rapidreboot: warning: %d file system%s below %s still writable; init is "
			"left with it\n",
			r, r == 1 ? " is" : "s are", dir);
}

/* What only the firmware can do it shall do, unless the configuration says otherwise. */
static int go_cold(struct start *s, struct handover *h, const struct start_options *o)
{
	_cleanup_close_ int root = machine_open(h->sys);
	_cleanup_(cold_done) struct cold cold = { 0 };
	struct reboot_wish wish = o->wish;
	struct kx_error err = { 0 };
	enum cold_stage stage;

	if (s->config.firmware == CONFIG_FIRMWARE_REFUSE || o->dry_run || o->has_when) {
		fputs("rapidreboot: only a reboot through the firmware does what is wanted: see "
		      "coldreboot(8). Nothing was done\n",
		      stderr);
		return EXIT_REFUSED;
	}
	wish.mode = REBOOT_COLD;
	if (!h->direct && cold_prepare(sys_machine(), s->ctx, &wish, &cold, &err) < 0) {
		(void)fail_with(&err);
		return EXIT_HANDOVER;
	}
	if (!agreed(s, o, "Only the firmware can do that. Reboot through it now?")) {
		fputs("rapidreboot: nothing was done\n", stderr);
		return EXIT_NOTHING;
	}
	if (h->direct) {
		legacy_cold_honoured(root);
		return go_direct(s, h, REBOOT_COLD);
	}
	if (cold_go(sys_machine(), &cold, &stage, &err) < 0) {
		(void)fail_with(&err);
		return EXIT_HANDOVER;
	}
	legacy_cold_honoured(root);
	return EXIT_OK;
}

static int check(const struct start *s, const struct handover *h, const struct start_options *o,
		 enum preflight_severity *ret_outcome)
{
	struct attempts all;
	int r = start_check(s, o, attempt_unconfirmed(h->sys, &all), h->direct && h->init,
			    ret_outcome);

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

static int ask_init(struct start *s, struct handover *h, const struct start_options *o)
{
	struct request request = { .mode = REBOOT_KEXEC };
	struct kx_error err = { 0 };

	attempt_remember(h->sys, s);
	leave_target(s, h, o);
	(void)snprintf(request.entry, sizeof(request.entry), "%s", s->title);
	(void)snprintf(request.digest, sizeof(request.digest), "%s", s->digest);
	if (o->has_when) {
		request.due_ms = h->sys->boottime_ms(h->sys) + o->when.in_ms;
		renew_prepare(s, o, &request);
	}
	if (request_write(h->sys, &request, &err) < 0)
		return fail_with(&err);
	if (reboot_ask(h->sys, &h->call, &err) < 0) {
		(void)fail_with(&err);
		return EXIT_HANDOVER;
	}
	if (o->has_when) {
		renew_watch(h->sys, h->init);
		cancel_watch(h->sys, h->init);
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
	if (r == EXIT_OK && h->direct) {
		attempt_remember(h->sys, s);
		return go_direct(s, h, REBOOT_KEXEC);
	}
	if (r == EXIT_OK)
		r = ask_init(s, h, o);
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
		r = handover_prepare(&h, o);
	if (r == EXIT_OK)
		r = check(&s, &h, o, &outcome);
	if (r == EXIT_OK && (o->dry_run || o->verbose || o->json))
		r = tell(&s, &h, o);
	if (r == EXIT_OK && outcome == PREFLIGHT_COLD)
		r = go_cold(&s, &h, o);
	else if (r == EXIT_OK && !o->dry_run)
		r = go(&s, &h, o);
	reboot_call_done(&h.call);
	start_done(&s);
	return r;
}

/* The kernel panics when process 1 ends: whoever started us as that gets a shell. */
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
		r = o.cancel ? cancel_reboot(o.verbose) : reboot(&o);
	start_options_done(&o);
	return stay_process_1(r);
}

static int run(int argc, char **argv)
{
	return reboot_run("command", argc, argv);
}

const struct command reboot_command = { "reboot", "[ENTRY]",
					"load and reboot into it; this is what no command means",
					run };

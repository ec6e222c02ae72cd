// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot crash test: causes a crash, so that somebody knows whether a dump comes. */

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/ask.h"
#include "cli/json.h"
#include "cli/plain.h"
#include "cli/present.h"
#include "cli/rapidreboot/crash.h"
#include "cli/rapidreboot/front.h"
#include "crash/load.h"
#include "crash/trial.h"

#define SYSRQ "/proc/sysrq-trigger"

/* What is known before. */
struct trial {
	struct reboot rb;
	struct config config;
	struct crash_settings settings;
	struct crash_choice loaded; /* empty when another tool loaded it */
};

static void trial_done(struct trial *t)
{
	crash_choice_done(&t->loaded);
	crash_settings_done(&t->settings);
	config_done(&t->config);
	reboot_close(&t->rb);
}

static int look(struct trial *t)
{
	struct kx_state state = { .size = sizeof(state) };
	struct crash_options options;
	struct kx_error err = { 0 };
	int r = front_open(&t->rb, NULL, false);

	if (r != EXIT_OK)
		return r;
	if (kx_state(t->rb.ctx, &state, &err) < 0 ||
	    config_read(t->rb.machine, &t->config, &err) < 0 ||
	    crash_settings_read(t->rb.machine, &t->config, &t->settings, &err) < 0)
		return fail_with(&err);
	if (state.crash_loaded != 1) {
		fputs("rapidreboot: no crash kernel is loaded, so that a crash would end in nothing: "
		      "rapidreboot crash load\n",
		      stderr);
		return EXIT_REFUSED;
	}
	(void)!crash_note_read(t->rb.machine, &t->loaded, &options);
	return EXIT_OK;
}

/* Where a dump goes that is not a directory of this machine; NULL: nowhere else. */
static const char *place_of(const struct trial *t)
{
	const bool is_own = t->loaded.initrd && strcmp(t->loaded.initrd, CRASH_ARCHIVE_FILE) == 0;
	const char *remote = crash_remote_name(&t->settings);

	/* only the initial ramdisk of the tool that is configured so goes there */
	return remote || is_own ? remote : t->settings.elsewhere;
}

static void print_plan(FILE *to, const struct trial *t)
{
	const char *place = place_of(t);

	plain_printf(
		to,
		"This machine crashes now (%s). Nothing is stopped or unmounted; what programs have "
		"not written to a disk is lost.\n"
		"The crash kernel%s%s starts, %s%s%s below %s, and reboots.\n"
		"rapidreboot crash status then says what came of it%s.\n",
		SYSRQ, t->loaded.kernel ? " " : "", t->loaded.kernel ? t->loaded.kernel : "",
		place ? "sends a dump to " : "saves a dump", place ? place : "",
		place ? ", or else saves it" : "", t->settings.target,
		place ? " here; the other place is not looked at" : "");
}

static int tell_plan(const struct trial *t, const struct options *o)
{
	if (o->json)
		return json_print(json_pack("{s:s, s:o, s:o, s:o, s:o}", "trigger", SYSRQ, "kernel",
					    json_text(t->loaded.kernel), "initrd",
					    json_text(t->loaded.initrd), "directory",
					    json_text(t->settings.target), "place",
					    json_text(place_of(t)))) < 0
			       ? EXIT_FAILED
			       : EXIT_OK;
	print_plan(stdout, t);
	return EXIT_OK;
}

/* Nobody who crashes a machine by a script does so by mistake: it has to say --yes. */
static int confirm(const struct trial *t, const struct options *o)
{
	if (o->yes)
		return EXIT_OK;
	if (!can_ask()) {
		fputs("rapidreboot: crash test crashes this machine: without a terminal it needs --yes\n",
		      stderr);
		return EXIT_REFUSED;
	}
	print_plan(stderr, t);
	return present_ask(t->rb.machine, "Crash", "") ? EXIT_OK : EXIT_NOTHING;
}

static int crash(const struct trial *t)
{
	struct kx_error err = { 0 };
	int r;

	if (crash_trial_begin(t->rb.machine, t->settings.target, place_of(t), (uint64_t)time(NULL),
			      &err) < 0)
		return fail_with(&err);
	sync();
	r = file_write_in(t->rb.machine, SYSRQ, "c");
	/* still here */
	if (crash_trial_drop(t->rb.machine, &err) < 0)
		(void)fail_with(&err);
	plain_printf(stderr, "rapidreboot: the kernel did not crash: " SYSRQ ": %s\n",
		     r < 0 ? strerror(-r) : "it was written, and nothing happened");
	return EXIT_FAILED;
}

static int test(const struct options *o)
{
	_cleanup_(trial_done) struct trial t = { .rb = { .machine = -1, .system = -1 } };
	int r = look(&t);

	if (r != EXIT_OK)
		return r;
	if (o->dry_run)
		return tell_plan(&t, o);
	r = confirm(&t, o);
	return r == EXIT_OK ? crash(&t) : r;
}

static int run(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	const int r = command_take(&crash_test_command, argc, argv, &o);

	return r >= 0 ? r : test(&o);
}

const struct command crash_test_command = {
	.name = "crash test",
	.synopsis = "",
	.summary = "crash the machine, to see whether a dump comes",
	.run = run,
	.taker = BY_CRASH_TEST,
	.about =
		"Asks, writes down that this is a test, and crashes the machine. The boot after it, and\n"
		"`rapidreboot crash status`, say whether a dump came and how long each step took.",
};

/* ---- what came of it, for others */

static void print_steps(const struct crash_trial *t)
{
	const char *before = "              after the start of the crash kernel: ";

	for (enum crash_step i = 0; i < N_CRASH_STEPS; i++) {
		if (!t->steps_ms[i])
			continue;
		printf("%s%s %llu.%llu s", before, crash_step_name(i),
		       (unsigned long long)(t->steps_ms[i] / 1000),
		       (unsigned long long)(t->steps_ms[i] % 1000 / 100));
		before = ", ";
	}
	if (before[0] == ',')
		putchar('\n');
}

static unsigned long long days(uint64_t from, uint64_t now)
{
	return now > from ? (unsigned long long)(now - from) / 86400 : 0;
}

void crash_print_trial(const struct crash_trial *t, uint64_t now)
{
	if (!t->boot) {
		puts("last test:    none: rapidreboot crash test");
		return;
	}
	printf("last test:    %llu days ago: ", days(t->started_at, now));
	switch (t->result) {
	case CRASH_TRIAL_OPEN:
		puts("begun, and this machine has not restarted since");
		break;
	case CRASH_TRIAL_SAVED:
		plain_printf(stdout, "a dump of %llu MiB came, %s",
			     (unsigned long long)t->dump_bytes >> 20, t->dump);
		if (t->place)
			plain_printf(stdout, ", and not to %s, which was to be the first",
				     t->place);
		if (t->back_at > t->started_at)
			printf("; the next kernel started %llu s after the crash",
			       (unsigned long long)(t->back_at - t->started_at));
		putchar('\n');
		print_steps(t);
		break;
	case CRASH_TRIAL_SENT:
		plain_printf(
			stdout,
			"the dump was to be sent to %s, where this machine does not look; none "
			"came to %s instead: look there\n",
			t->place, t->directory);
		break;
	case CRASH_TRIAL_NOTHING:
		if (t->log)
			plain_printf(stdout, "no dump came to %s (%s), but the log did: %s\n",
				     t->directory, t->reason ? t->reason : "why is not known",
				     t->log);
		else
			plain_printf(
				stdout,
				"no dump came to %s, and no log; the console of the crash kernel "
				"says why\n",
				t->directory);
		if (t->good_at)
			printf("              the last good one was %llu days ago\n",
			       days(t->good_at, now));
		break;
	}
}

json_t *crash_trial_json(const struct crash_trial *t, uint64_t now)
{
	json_t *steps, *all;

	if (!t->boot)
		return json_null();
	steps = json_object();
	for (enum crash_step i = 0; i < N_CRASH_STEPS; i++)
		if (t->steps_ms[i])
			json_object_set_new(steps, crash_step_name(i),
					    json_integer((json_int_t)t->steps_ms[i]));
	all = json_pack("{s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:o}", "result",
			crash_trial_result_name(t->result), "started_at", (json_int_t)t->started_at,
			"age_s", (json_int_t)(now > t->started_at ? now - t->started_at : 0),
			"directory", json_text(t->directory), "place", json_text(t->place), "dump",
			json_text(t->dump), "log", json_text(t->log), "reason",
			json_text(t->reason), "dump_bytes", (json_int_t)t->dump_bytes, "steps_ms",
			steps);
	json_object_set_new(all, "back_s",
			    t->back_at > t->started_at
				    ? json_integer((json_int_t)(t->back_at - t->started_at))
				    : json_null());
	json_object_set_new(
		all, "last_good_age_s",
		t->good_at ? json_integer((json_int_t)(now > t->good_at ? now - t->good_at : 0))
			   : json_null());
	return all;
}

void crash_report_boot(int root)
{
	_cleanup_crash_trial_ struct crash_trial t = { 0 };
	struct kx_error err = { 0 };
	int r = crash_trial_close(root, &t, &err);

	if (r < 0 && r != -ENOENT)
		(void)fail_with(&err);
	if (r == 1)
		crash_print_trial(&t, (uint64_t)time(NULL));
}

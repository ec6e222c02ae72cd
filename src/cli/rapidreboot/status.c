// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot status: what is loaded, what a reboot would be, and whether one is due. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/io.h"
#include "cli/json.h"
#include "cli/page.h"
#include "cli/plain.h"
#include "cli/rapidreboot/front.h"
#include "handover/arm.h"
#include "reboot/check.h"
#include "reboot/metrics.h"
#include "reboot/order.h"
#include "reboot/waiting.h"
#include "reboot/way-down.h"

enum { MINUTE_MS = 60 * 1000 };

/**
 * struct status - what is told
 * @init: NULL: unknown
 * @ordinary: what an ordinary reboot would do
 * @ours: @loaded was loaded by us in this boot
 * @armed: @request is on its way
 * @is_ordered: @order waits for its time
 * @running: release, or NULL
 * @reason: why @next is not known, with @err
 */
struct status {
	struct kx_state kernel;
	const char *init;
	bool enabled, ours, armed, is_ordered;
	enum ordinary ordinary;
	struct request loaded, request;
	struct order order;
	char *running;
	struct waiting waiting;
	struct choice next;
	enum reason reason;
	struct kx_error err;
};

static void read_next(const struct reboot *rb, bool may_run, struct status *s)
{
	const struct wish wish = { 0 };

	if (read_line_in(rb->machine, "/proc/sys/kernel/osrelease", &s->running) < 0)
		s->running = NULL;
	s->reason = choice_make(rb, &wish, &s->next, &s->err);
	waiting_read(rb, s->reason == REASON_NONE ? &s->next : NULL, s->running, may_run,
		     &s->waiting);
}

static int status_read(const struct reboot *rb, struct status *s)
{
	struct sys seen = rb->seen;
	struct kx_error err = { 0 };

	s->kernel.size = sizeof(s->kernel);
	if (kx_state(rb->ctx, &s->kernel, &err) < 0)
		return fail_with(&err);
	s->init = reboot_init_name(rb);
	s->enabled = is_enabled(&seen);
	s->ours = s->kernel.loaded == 1 && loaded_read(&seen, &s->loaded, NULL) == 0;
	s->armed = request_read(&seen, &s->request, NULL) == 0;
	s->is_ordered = order_read(rb, &s->order) && s->order.left_ms > 0;
	s->ordinary = ordinary_reboot(rb);
	read_next(rb, rb->sys->has_boot_capability(rb->sys), s);
	return EXIT_OK;
}

static void status_done(struct status *s)
{
	free(s->running);
	waiting_done(&s->waiting);
	choice_done(&s->next);
}

/* ---- for a person */

static const char *yes_no(int value)
{
	return value == 1 ? "yes" : value == 0 ? "no" : "unknown";
}

static const char *ordinary_text(enum ordinary ordinary)
{
	switch (ordinary) {
	case ORDINARY_FIRMWARE:
		return "an ordinary one goes through the firmware";
	case ORDINARY_FAST:
		return "an ordinary one is a fast one";
	case ORDINARY_LOADED:
		return "an ordinary one starts what is loaded";
	case ORDINARY_UNKNOWN:
		break;
	}
	return "it is not known what an ordinary one does under this init system";
}

enum { VALUE_COLUMN = 15 };

static void print_line(const char *name, const char *text)
{
	page_field(stdout, VALUE_COLUMN, name, "%s", text);
}

static void print_loaded(const struct status *s)
{
	const bool is_loaded = s->kernel.loaded == 1;

	page_field(stdout, VALUE_COLUMN, "Loaded:", "%s%s%s", yes_no(s->kernel.loaded),
		   !is_loaded ? ""
		   : s->ours  ? ", by rapidreboot: "
			      : ", by another program",
		   is_loaded && s->ours ? s->loaded.entry : "");
}

static void print_ordered(const struct status *s)
{
	const unsigned long long minutes = (s->order.left_ms + MINUTE_MS - 1) / MINUTE_MS;

	page_colored_field(stdout, VALUE_COLUMN, "Ordered:", PAGE_YELLOW,
			   "in %llu minute%s: %s (rapidreboot --cancel takes it back)", minutes,
			   plural(minutes), s->order.request.entry);
}

static void print_next(const struct status *s)
{
	const struct choice *c = &s->next;

	if (s->reason != REASON_NONE) {
		page_colored_field(stdout, VALUE_COLUMN, "Next:", PAGE_RED, "unknown: %s",
				   s->err.message);
		return;
	}
	page_field(stdout, VALUE_COLUMN, "Next:", "%s%s%s%s%s", c->title, c->version ? ", " : "",
		   c->version ? c->version : "", c->decided_by ? ", decided by " : "",
		   c->decided_by ? c->decided_by : "");
	if (c->guess)
		print_line("Guessed:", c->guess);
}

enum { PACKAGES_SHOWN = 5 };

static void add_packages(const struct names *packages, struct strbuf *b)
{
	for (size_t i = 0; i < packages->n && i < PACKAGES_SHOWN; i++)
		strbuf_addf(b, "%s%s", i ? ", " : " (", packages->v[i]);
	if (packages->n > PACKAGES_SHOWN)
		strbuf_addf(b, " and %zu more", packages->n - PACKAGES_SHOWN);
	strbuf_add(b, packages->n ? ")" : "");
}

/* "a newer kernel waits, Linux 6.1.0-22: run `rapidreboot`" */
static void print_waiting(const struct waiting *w, size_t column)
{
	static const char *const what[] = {
		[WAITING_KERNEL] = "a newer kernel waits",
		[WAITING_SERVICES] = "upgraded programs wait for a reboot",
		[WAITING_FIRMWARE] = "something waits that only the firmware starts",
		[WAITING_SOMETHING] = "a reboot is asked for",
		[WAITING_NOT_DEFAULT] = "another kernel is installed, which is not the default",
	};
	static const char *const remedy[] = {
		[WAITING_KERNEL] = "run `rapidreboot`",
		[WAITING_SERVICES] = "run `rapidreboot`",
		[WAITING_FIRMWARE] = "run `coldreboot`",
		[WAITING_SOMETHING] = "run `rapidreboot`",
		[WAITING_NOT_DEFAULT] = "`rapidreboot list` shows its entry",
	};
	_cleanup_strbuf_ struct strbuf packages = { 0 };

	add_packages(&w->packages, &packages);
	page_colored_field(
		stdout, column, column ? "Waiting:" : "", PAGE_YELLOW, "%s%s%s%s: %s%s",
		what[w->kind], w->kernel[0] ? ", Linux " : "", w->kernel,
		packages.s ? packages.s : "", remedy[w->kind],
		w->is_soft_enough ? ", or `systemctl soft-reboot`, which keeps the kernel" : "");
}

static void print_text(const struct status *s)
{
	print_loaded(s);
	print_line("Crash kernel:", yes_no(s->kernel.crash_loaded));
	print_line("Init:", s->init ? s->init : "unknown");
	print_line("Enabled:", s->enabled ? "yes, an ordinary reboot is a fast one" : "no");
	print_line("Reboot:", ordinary_text(s->ordinary));
	if (s->is_ordered)
		print_ordered(s);
	if (s->armed)
		print_line("Going down:",
			   s->request.mode == REBOOT_COLD ? "through the firmware" : "fast");
	print_line("Running:", s->running ? s->running : "unknown");
	print_next(s);
	if (s->waiting.kind != WAITING_NOT)
		print_waiting(&s->waiting, VALUE_COLUMN);
	if (s->kernel.load_disabled == 1)
		print_line("Locked:", "no kernel can be loaded (kernel.kexec_load_disabled)");
}

/* ---- for a program */

static const char *ordinary_name(enum ordinary ordinary)
{
	static const char *const names[] = { [ORDINARY_FIRMWARE] = "firmware",
					     [ORDINARY_FAST] = "fast",
					     [ORDINARY_LOADED] = "loaded",
					     [ORDINARY_UNKNOWN] = NULL };

	return names[ordinary];
}

/* null for what the kernel does not tell */
static json_t *json_flag(int value)
{
	return value < 0 ? json_null() : json_boolean(value);
}

static int print_json(const struct status *s)
{
	const bool is_known = s->reason == REASON_NONE;
	json_t *all = json_object();

	json_object_set_new(all, "loaded", json_flag(s->kernel.loaded));
	json_object_set_new(all, "loaded_by_us", json_boolean(s->ours));
	json_object_set_new(all, "loaded_entry", json_text(s->ours ? s->loaded.entry : NULL));
	json_object_set_new(all, "crash_loaded", json_flag(s->kernel.crash_loaded));
	json_object_set_new(all, "load_disabled", json_flag(s->kernel.load_disabled));
	json_object_set_new(all, "init", json_text(s->init));
	json_object_set_new(all, "enabled", json_boolean(s->enabled));
	json_object_set_new(all, "request",
			    json_text(!s->armed			       ? NULL
				      : s->request.mode == REBOOT_COLD ? "cold"
								       : "kexec"));
	json_object_set_new(all, "ordinary_reboot", json_text(ordinary_name(s->ordinary)));
	json_object_set_new(all, "ordered",
			    s->is_ordered ? json_pack("{s:o, s:I}", "entry",
						      json_text(s->order.request.entry), "in_ms",
						      (json_int_t)s->order.left_ms)
					  : json_null());
	json_object_set_new(all, "running", json_text(s->running));
	json_object_set_new(all, "next_title", json_text(is_known ? s->next.title : NULL));
	json_object_set_new(all, "next_version", json_text(is_known ? s->next.version : NULL));
	json_object_set_new(all, "next_decided_by", json_text(s->next.decided_by));
	json_object_set_new(all, "next_guess", json_text(s->next.guess));
	json_object_set_new(all, "next_error", json_text(is_known ? NULL : s->err.message));
	json_object_set_new(all, "reboot_required",
			    json_text(s->waiting.source[0] ? s->waiting.source : NULL));
	json_object_set_new(all, "waiting", json_string(waiting_kind_name(s->waiting.kind)));
	json_object_set_new(all, "waiting_kernel",
			    json_text(s->waiting.kernel[0] ? s->waiting.kernel : NULL));
	json_object_set_new(all, "waiting_soft", json_boolean(s->waiting.is_soft_enough));
	json_object_set_new(
		all, "waiting_packages",
		json_texts((const char *const *)s->waiting.packages.v, s->waiting.packages.n));
	return json_print(all) < 0 ? EXIT_FAILED : EXIT_OK;
}

static int print_metrics(const struct reboot *rb, const struct status *s)
{
	static struct attempts all;
	_cleanup_strbuf_ struct strbuf b = { 0 };
	struct sys seen = rb->seen;
	struct kx_error err = { 0 };

	if (attempts_read(&seen, &all, &err) < 0)
		return fail_with(&err);
	metrics_format(&(struct metrics){ .attempts = &all,
					  .waiting = s->reason == REASON_NONE ||
								     s->waiting.kind != WAITING_NOT
							     ? &s->waiting
							     : NULL,
					  .enabled = s->enabled,
					  .loaded = s->kernel.loaded },
		       &b);
	if (b.failed) {
		(void)kx_fail(&err, -ENOMEM, "out of memory");
		return fail_with(&err);
	}
	fputs(b.s, stdout);
	return EXIT_OK;
}

static int status(const struct options *o)
{
	_cleanup_reboot_ struct reboot rb = { .machine = -1, .system = -1 };
	_cleanup_(status_done) struct status s = { 0 };
	int r = front_open(&rb, NULL, false);

	if (r == EXIT_OK)
		r = status_read(&rb, &s);
	if (r == EXIT_OK && o->metrics)
		r = print_metrics(&rb, &s);
	else if (r == EXIT_OK && o->json)
		r = print_json(&s);
	else if (r == EXIT_OK)
		print_text(&s);
	return r;
}

/* At most one line, for a person who logs in: uses nothing that needs root, and reports no
 * errors. */
static int notice(void)
{
	const struct teller nobody = { NULL, NULL };
	_cleanup_reboot_ struct reboot rb = { .machine = -1, .system = -1 };
	_cleanup_(status_done) struct status s = { 0 };
	_cleanup_config_ struct config config = { 0 };

	if (reboot_open(&rb, sys_machine(), &nobody, NULL, NULL) != REASON_NONE ||
	    (config_read(rb.machine, &config, NULL) == 0 && !config.notice))
		return EXIT_OK;
	read_next(&rb, false, &s);
	if (s.waiting.kind != WAITING_NOT)
		print_waiting(&s.waiting, 0);
	return EXIT_OK;
}

/* For the engines of fleets: 0: a reboot is due and may begin; EXIT_FAILED, which means "no" to them, only
 * when none is due. */
static int needed(bool or_cold)
{
	_cleanup_reboot_ struct reboot rb = { .machine = -1, .system = -1 };
	_cleanup_(status_done) struct status s = { 0 };
	_cleanup_verdict_ struct verdict verdict = { .reason = REASON_NONE };
	_cleanup_start_ struct start start = { 0 };
	const struct wish wish = { 0 };
	int r = front_open(&rb, NULL, false);

	if (r != EXIT_OK)
		return EXIT_UNKNOWN;
	read_next(&rb, rb.sys->has_boot_capability(rb.sys), &s);
	if (s.waiting.kind != WAITING_NOT)
		print_waiting(&s.waiting, 0);
	else if (s.reason != REASON_NONE)
		plain_printf(stderr, "rapidreboot: it is not known what would start next: %s\n",
			     s.err.message);
	if (s.waiting.kind == WAITING_NOT || s.waiting.kind == WAITING_NOT_DEFAULT)
		return s.reason == REASON_NONE ? EXIT_FAILED : EXIT_UNKNOWN;
	judge(&rb, &wish, JUDGE_CHECK, &start, &verdict);
	r = front_verdict(&verdict, false);
	if (r == EXIT_OK && s.waiting.kind == WAITING_FIRMWARE)
		r = EXIT_COLD;
	if (r == EXIT_OK ||
	    (or_cold && (r == EXIT_COLD || may_go_cold(&wish, &verdict, verdict.reason))))
		return EXIT_OK;
	return r == EXIT_COLD ? EXIT_COLD : EXIT_REFUSED;
}

static int run(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	int r = command_take(&status_command, argc, argv, &o);

	if (r >= 0)
		return r;
	if (o.notice && o.json)
		return command_fail(&status_command, "--notice and --json exclude each other");
	if (o.needed && (o.notice || o.json))
		return command_fail(&status_command, "--needed and --%s exclude each other",
				    o.notice ? "notice" : "json");
	if (o.metrics && (o.notice || o.json || o.needed))
		return command_fail(&status_command, "--metrics and --%s exclude each other",
				    o.notice ? "notice"
				    : o.json ? "json"
					     : "needed");
	if (o.or_cold && !o.needed)
		return command_fail(&status_command, "--or-cold goes with --needed");
	if (o.needed)
		return needed(o.or_cold);
	return o.notice ? notice() : status(&o);
}

const struct command status_command = {
	.name = "status",
	.synopsis = "",
	.summary = "what is loaded, and what a reboot would be",
	.run = run,
	.taker = BY_STATUS,
	.about =
		"What is loaded, what an ordinary reboot would do, which kernel runs and which one would\n"
		"be started.",
};

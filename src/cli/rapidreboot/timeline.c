// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot timeline: the attempts, what became of them, and how long they took. */

#include <inttypes.h>
#include <stdlib.h>

#include "base/num.h"
#include "cli/json.h"
#include "cli/locale.h"
#include "cli/page.h"
#include "cli/plain.h"
#include "cli/rapidreboot/front.h"
#include "cli/rapidreboot/options.h"
#include "cli/rapidreboot/timeline.h"
#include "record/slow.h"

/* ---- text */

static unsigned columns(void)
{
	const char *given = getenv("COLUMNS");
	const size_t columns = page_columns(stdout);
	uint64_t n;

	if (columns)
		return (unsigned)columns;
	return given && parse_u64(given, &n) == 0 && n > 0 && n < 1000 ? (unsigned)n : 80;
}

static enum page_color color_of(enum attempt_result result)
{
	switch (result) {
	case ATTEMPT_KEXEC:
		return PAGE_GREEN;
	case ATTEMPT_FIRMWARE:
		return PAGE_RED;
	case ATTEMPT_UNKNOWN:
		return PAGE_YELLOW;
	case ATTEMPT_PENDING:
		break;
	}
	return PAGE_PLAIN;
}

static void print_line(const struct attempt *a, size_t which)
{
	char when[32];

	format_time(a->asked.real_ms, when);
	plain_printf(stdout, "%3zu  %s  ", which, when);
	page_word(stdout, color_of(a->result), 10, attempt_result_name(a->result));
	plain_printf(stdout, "%s\n", a->entry);
}

static void print_field(const char *name, const char *value)
{
	if (*value)
		page_field(stdout, 15, name, "%s", value);
}

static void print_away(const struct attempt *a)
{
	char span[32];

	if (attempt_away_us(a) < 0)
		return;
	format_span(attempt_away_us(a), span);
	printf("  %-12s away for %s\n", "Services:", span);
}

/* What a person can do something about, the longest first. */
static void print_slow(const struct attempt *a)
{
	static const char *const what[] = {
		[SLOW_STOP] = "to stop",
		[SLOW_KERNEL] = "silence of the kernel before",
		[SLOW_INITRAMFS] = "silence of the initramfs before",
		[SLOW_START] = "to start",
	};
	struct slow slow;

	slow_parse(a->slow, &slow);
	if (slow.n)
		puts("  What took long, whether anybody waited for it or not:");
	for (size_t i = 0; i < slow.n; i++) {
		char span[32];

		format_span((int64_t)slow.v[i].ms * 1000, span);
		printf("  %9s %s %s: %s\n", span, what[slow.v[i].when], slow.v[i].what,
		       slow_advice(&slow.v[i]));
	}
}

static void print_details(const struct attempt *a)
{
	char versions[2 * ATTEMPT_ENTRY_MAX + 8], clock[200];

	format_versions(a, versions, sizeof(versions));
	clock_sentence(a, clock);
	print_field("  Version:", versions);
	print_field("  Wanted by:", a->why);
	print_field("  Loaded with:", a->way);
	print_field("  Rung:", a->rung);
	print_field("  Init:", a->init);
	print_field("  Hooks:", a->hooks);
	print_field("  Reason:", a->reason);
	if (a->result == ATTEMPT_FIRMWARE && !a->cleared)
		print_field("  Next:",
			    "refused until --force H1 or another boot through the firmware");
	if (a->result == ATTEMPT_KEXEC && a->waits && !a->cleared)
		print_field("  Next:", "refused until that boot is confirmed (CONFIRM_AFTER, "
				       "rapidreboot confirm) or another one through the firmware");
	print_away(a);
	bars_print(a, columns(), locale_is_utf8());
	page_field(stdout, 2, "", "%s", clock);
	print_slow(a);
}

static int print_text(const struct attempts *all, size_t which)
{
	if (all->n == 0)
		puts("No fast reboot was tried yet.");
	for (size_t i = 0; i < all->n; i++)
		if (!which || all->n - i == which)
			print_line(&all->v[i], all->n - i);
	if (all->n > 0)
		print_details(&all->v[all->n - (which ? which : 1)]);
	return EXIT_OK;
}

/* ---- JSON */

static json_t *json_ms(uint64_t ms)
{
	return ms ? json_integer((json_int_t)ms) : json_null();
}

static json_t *json_word(const char *s)
{
	return json_text(*s ? s : NULL);
}

static json_t *points_json(const struct attempt *a)
{
	json_t *points = json_object();

	for (size_t i = 0; i < N_POINTS; i++)
		json_object_set_new(points, attempt_point_name((enum attempt_point)i),
				    a->at[i] < 0 ? json_null() : json_integer(a->at[i]));
	return points;
}

static json_t *phases_json(const struct attempt *a)
{
	json_t *list = json_array();
	struct phases p;

	phases_of(a, &p);
	for (size_t i = 0; i < p.n; i++)
		json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "name", p.v[i].name,
						      "from_us", (json_int_t)p.v[i].from_us,
						      "to_us", (json_int_t)p.v[i].to_us));
	return list;
}

static json_t *slow_json(const struct attempt *a)
{
	json_t *list = json_array();
	struct slow slow;

	slow_parse(a->slow, &slow);
	for (size_t i = 0; i < slow.n; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:s}", "when",
						      slow_when_name(slow.v[i].when), "what",
						      slow.v[i].what, "us",
						      (json_int_t)slow.v[i].ms * 1000, "advice",
						      slow_advice(&slow.v[i])));
	return list;
}

static json_t *attempt_json(const struct attempt *a)
{
	const int64_t kernel_us = a->at[POINT_KERNEL], away = attempt_away_us(a);
	json_t *all = json_object();

	json_object_set_new(all, "result", json_string(attempt_result_name(a->result)));
	json_object_set_new(all, "boot_id", json_string(a->boot_id));
	json_object_set_new(all, "entry", json_text(a->entry));
	json_object_set_new(all, "version", json_word(a->version));
	json_object_set_new(all, "from_version", json_word(a->from));
	json_object_set_new(all, "why", json_word(a->why));
	json_object_set_new(all, "way", json_word(a->way));
	json_object_set_new(all, "rung", json_word(a->rung));
	json_object_set_new(all, "init", json_word(a->init));
	json_object_set_new(all, "hooks", json_word(a->hooks));
	json_object_set_new(all, "reason", json_word(a->reason));
	json_object_set_new(all, "confirmed",
			    json_boolean((a->result == ATTEMPT_KEXEC && !a->waits) || a->cleared));
	json_object_set_new(all, "asked_ms", json_ms(a->asked.real_ms));
	json_object_set_new(
		all, "kernel_ms",
		json_ms(kernel_us < 0 ? 0 : a->asked.real_ms + (uint64_t)kernel_us / 1000));
	json_object_set_new(all, "closed_ms", json_ms(a->closed_ms));
	json_object_set_new(all, "clock", json_string(attempt_clock_name(a->clock)));
	json_object_set_new(all, "clock_early_us", json_integer((json_int_t)a->early_us));
	json_object_set_new(all, "away_us", away < 0 ? json_null() : json_integer(away));
	json_object_set_new(all, "points_us", points_json(a));
	json_object_set_new(all, "phases", phases_json(a));
	json_object_set_new(all, "slow", slow_json(a));
	return all;
}

static int print_json(const struct attempts *all, size_t which)
{
	json_t *list = json_array();

	for (size_t i = 0; i < all->n; i++)
		if (!which || all->n - i == which)
			json_array_append_new(list, attempt_json(&all->v[i]));
	return json_print(list) < 0 ? EXIT_FAILED : EXIT_OK;
}

/* ---- the command */

/* @which: counted back from the newest, 1; 0: all of them */
static int timeline(const struct options *o, uint64_t which)
{
	_cleanup_reboot_ struct reboot rb = { .machine = -1, .system = -1 };
	struct kx_error err = { 0 };
	struct attempts all;
	int r = front_open(&rb, o->find.root, false);

	if (r != EXIT_OK)
		return r;
	if (attempts_read_in(rb.system, &all, &err) < 0)
		return fail_with(&err);
	if (all.damaged)
		fprintf(stderr, "rapidreboot: warning: %zu line%s of the record %s damaged\n",
			all.damaged, plural(all.damaged), all.damaged == 1 ? "is" : "are");
	if (which > all.n || (o->svg && all.n == 0)) {
		json_answer_error("%zu attempt%s recorded, no more", all.n,
				  all.n == 1 ? " is" : "s are");
		fprintf(stderr, "rapidreboot: %zu attempt%s recorded, no more\n", all.n,
			all.n == 1 ? " is" : "s are");
		return EXIT_FAILED;
	}
	if (o->svg)
		r = svg_write(&all.v[all.n - (which ? which : 1)], o->svg);
	if (r == EXIT_OK && o->json)
		return print_json(&all, which);
	return r == EXIT_OK && !o->svg ? print_text(&all, which) : r;
}

static int run(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	uint64_t which = 0;
	int r = command_take(&timeline_command, argc, argv, &o);

	if (r >= 0)
		return r;
	if (o.n_operands && (parse_u64(o.operands[0], &which) < 0 || which == 0))
		return command_fail(&timeline_command,
				    "'%s' is no number of an attempt: 1 is the last one",
				    o.operands[0]);
	return timeline(&o, which);
}

const struct command timeline_command = {
	.name = "timeline",
	.synopsis = "[N]",
	.summary = "fast reboots so far, and their times",
	.run = run,
	.taker = BY_TIMELINE,
	.operands_max = 1,
	.about =
		"The fast reboots that were tried, what became of them and how long the last one took,\n"
		"or the one with number N; 1 is the last one. With --root those that the system below\n"
		"DIR has recorded.",
};

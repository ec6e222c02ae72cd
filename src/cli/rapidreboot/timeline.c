// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot timeline: the attempts, what became of them, and how long they took. */

#include <inttypes.h>
#include <time.h>

#include "cli/json.h"
#include "cli/rapidreboot/start.h"

static void print_time(uint64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char text[32] = "?";
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%s", text);
}

/* A clock that was set in between makes no sense of the difference. */
static bool has_span(uint64_t from, uint64_t to)
{
	return from && to >= from;
}

static void print_span(const char *what, uint64_t from, uint64_t to)
{
	if (has_span(from, to))
		printf("    %-28s %" PRIu64 ".%03" PRIu64 " s\n", what, (to - from) / 1000,
		       (to - from) % 1000);
}

static void print_attempt(const struct attempt *a)
{
	print_time(a->asked_ms);
	printf("  %-8s  %s\n", attempt_result_name(a->result), a->entry);
	print_span("request to new kernel", a->asked_ms, a->kernel_ms);
	if (a->kernel_ms)
		print_span("new kernel to its services", a->kernel_ms, a->closed_ms);
}

static json_t *json_ms(uint64_t ms)
{
	return ms ? json_integer((json_int_t)ms) : json_null();
}

static int print_json(const struct attempts *all)
{
	json_t *list = json_array();

	for (size_t i = 0; i < all->n; i++) {
		const struct attempt *a = &all->v[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "result",
						      attempt_result_name(a->result), "boot_id",
						      a->boot_id, "entry", json_text(a->entry),
						      "asked_ms", json_ms(a->asked_ms), "kernel_ms",
						      json_ms(a->kernel_ms), "closed_ms",
						      json_ms(a->closed_ms)));
	}
	return json_print(list) < 0 ? EXIT_FAILED : EXIT_OK;
}

static int timeline(const struct start_options *o)
{
	struct kx_error err = { 0 };
	struct attempts all;

	if (attempts_read(sys_machine(), &all, &err) < 0)
		return fail_with(&err);
	if (o->json)
		return print_json(&all);
	for (size_t i = 0; i < all.n; i++)
		print_attempt(&all.v[i]);
	if (all.n == 0)
		puts("No fast reboot was tried yet.");
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	struct start_options o;
	int r = start_options_parse(&o, 0, argc, argv);

	if (r == EXIT_OK && o.help)
		puts("Usage: rapidreboot timeline [--json]\n\n"
		     "The fast reboots that were tried, what became of them and how long they took.");
	else if (r == EXIT_OK)
		r = timeline(&o);
	start_options_done(&o);
	return r;
}

const struct command timeline_command = { "timeline", "", "fast reboots so far, and their times",
					  run };

// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot crash list, crash show: dumps that were saved, and what is in one. */

#include <string.h>
#include <time.h>

#include "cli/json.h"
#include "cli/plain.h"
#include "cli/rapidreboot/crash.h"
#include "cli/rapidreboot/front.h"
#include "crash/dumps.h"
#include "vmcore/summary.h"

enum { TIME_MAX = 32 };

static const char *time_text(uint64_t seconds, char *text)
{
	const time_t t = (time_t)seconds;
	struct tm tm;

	if (!localtime_r(&t, &tm) || !strftime(text, TIME_MAX, "%Y-%m-%d %H:%M:%S", &tm))
		strcpy(text, "unknown");
	return text;
}

/* ---- list */

static int print_list_json(const struct crash_dumps *dumps)
{
	json_t *all = json_array();

	for (size_t i = 0; i < dumps->n; i++)
		json_array_append_new(all, json_pack("{s:o, s:I, s:I, s:b}", "file",
						     json_text(dumps->v[i].path), "bytes",
						     (json_int_t)dumps->v[i].bytes, "written_at",
						     (json_int_t)dumps->v[i].written_at,
						     "incomplete", dumps->v[i].is_incomplete));
	return json_print(all) < 0 ? EXIT_FAILED : EXIT_OK;
}

/* Where the crash kernel saves. NULL: out of memory. */
static char *dumps_directory(int root)
{
	_cleanup_config_ struct config config = { 0 };

	if (config_read(root, &config, NULL) == 0 && config.crash_target &&
	    config.crash_target[0] == '/')
		return strdup(config.crash_target);
	return crash_dumps_directory(root);
}

static int list(const struct options *o)
{
	_cleanup_reboot_ struct reboot rb = { .machine = -1, .system = -1 };
	_cleanup_crash_dumps_ struct crash_dumps dumps = { 0 };
	_cleanup_free_ char *configured = NULL;
	const char *directory = command_operand(o);
	struct kx_error err = { 0 };
	int r = front_open(&rb, NULL, false);

	if (r != EXIT_OK)
		return r;
	if (!directory)
		directory = configured = dumps_directory(rb.machine);
	if (!directory) {
		fputs("rapidreboot: out of memory\n", stderr);
		return EXIT_FAILED;
	}
	if (crash_dumps_find(rb.machine, directory, &dumps, &err) < 0)
		return fail_with(&err);
	if (o->json)
		return print_list_json(&dumps);
	for (size_t i = 0; i < dumps.n; i++) {
		char text[TIME_MAX];

		plain_printf(stdout, "%s  %8llu MiB  %s%s\n",
			     time_text(dumps.v[i].written_at, text),
			     (unsigned long long)dumps.v[i].bytes >> 20, dumps.v[i].path,
			     dumps.v[i].is_incomplete ? "  (incomplete)" : "");
	}
	if (!dumps.n)
		plain_printf(stderr, "rapidreboot: no dumps in %s\n", directory);
	return EXIT_OK;
}

/* ---- show */

static void print_line(const char *name, const struct vmcore_line *line)
{
	if (line->text[0])
		plain_printf(stdout, "%-13s %s\n", name, line->text);
}

static void print_tail(const struct vmcore_summary *s)
{
	if (s->n_tail)
		puts("\nlast messages:");
	for (size_t i = 0; i < s->n_tail; i++) {
		const struct vmcore_line *line = &s->tail[(s->first + i) % SUMMARY_TAIL];

		if (line->has_time)
			printf("[%5llu.%06llu] ", (unsigned long long)(line->time_ns / 1000000000),
			       (unsigned long long)(line->time_ns / 1000 % 1000000));
		plain_printf(stdout, "%s\n", line->text);
	}
}

static json_t *or_null(const struct vmcore_line *line)
{
	return line->text[0] ? json_text(line->text) : json_null();
}

static int print_json(const struct vmcore_summary *s)
{
	json_t *tail = json_array();

	for (size_t i = 0; i < s->n_tail; i++)
		json_array_append_new(tail, json_text(s->tail[(s->first + i) % SUMMARY_TAIL].text));
	return json_print(json_pack(
		       "{s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o}", "release",
		       s->release[0] ? json_text(s->release) : json_null(), "crashed_at",
		       s->crashed_at ? json_integer((json_int_t)s->crashed_at) : json_null(),
		       "uptime_s",
		       s->uptime_s ? json_integer((json_int_t)s->uptime_s) : json_null(), "panic",
		       or_null(&s->panic), "probable_cause", or_null(&s->cause), "log_error",
		       s->no_log.code ? json_text(s->no_log.message) : json_null(), "records",
		       (json_int_t)s->report.n_records, "last_messages", tail)) < 0
		       ? EXIT_FAILED
		       : EXIT_OK;
}

static int print(const struct vmcore_summary *s)
{
	const uint64_t up = s->uptime_s;
	char text[TIME_MAX];

	plain_printf(stdout, "%-13s %s\n", "kernel", s->release[0] ? s->release : "unknown");
	if (s->crashed_at)
		printf("%-13s %s\n", "crashed at", time_text(s->crashed_at, text));
	if (up)
		printf("%-13s %llu:%02llu:%02llu\n", "uptime", (unsigned long long)(up / 3600),
		       (unsigned long long)(up / 60 % 60), (unsigned long long)(up % 60));
	if (!s->panic.text[0] && !s->no_log.code)
		printf("%-13s %s\n", "panic", "no message of a panic in its log");
	print_line("panic", &s->panic);
	print_line("probably by", &s->cause);
	if (s->no_log.code)
		plain_printf(stdout, "%-13s %s\n", "log", s->no_log.message);
	else if (s->report.n_damaged)
		plain_printf(stdout, "%-13s damaged in %llu places: %s\n", "log",
			     (unsigned long long)s->report.n_damaged, s->report.damage.message);
	print_tail(s);
	return EXIT_OK;
}

static int show(const struct options *o)
{
	_cleanup_(vmcore_freep) struct vmcore *core = NULL;
	_cleanup_close_ int fd = -1;
	struct vmcore_summary summary;
	int r = crash_open_dump(command_operand(o), &fd, &core);

	if (r != EXIT_OK)
		return r;
	vmcore_summarise(core, &summary);
	return o->json ? print_json(&summary) : print(&summary);
}

static int run_list(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	const int r = command_take(&crash_list_command, argc, argv, &o);

	return r >= 0 ? r : list(&o);
}

static int run_show(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	const int r = command_take(&crash_show_command, argc, argv, &o);

	return r >= 0 ? r : show(&o);
}

const struct command crash_list_command = {
	.name = "crash list",
	.synopsis = "[DIR]",
	.summary = "dumps that were saved",
	.run = run_list,
	.taker = BY_CRASH_LIST,
	.operands_max = 1,
	.about =
		"Lists the dumps in DIR, the newest first. Without DIR it is the directory in which this\n"
		"machine's configuration saves them, or /var/crash.",
};
const struct command crash_show_command = {
	.name = "crash show",
	.synopsis = "DUMP",
	.summary = "what a dump says",
	.run = run_show,
	.taker = BY_CRASH_SHOW,
	.operands_min = 1,
	.operands_max = 1,
	.about = "Prints which kernel crashed, when, why, and the last messages of its log.",
};

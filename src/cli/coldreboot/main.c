// SPDX-License-Identifier: GPL-2.0-or-later

/* coldreboot: an ordinary reboot, through the firmware, whatever is loaded and enabled. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/exit-status.h"
#include "cli/options.h"
#include "cli/plain.h"
#include "cli/present.h"
#include "cli/progress.h"
#include "cli/protect.h"
#include "reboot/cold.h"

struct options {
	const char *message;
	bool ignore_inhibitors, no_wall, dry_run, yes, force, help, version;
};

static const char program[] = "coldreboot";

static const struct opt_row rows[] = {
	{ "dry-run", 'n', ROW_FLAG(dry_run), .help = "print what would be done and do nothing" },
	{ "yes", 'y', ROW_FLAG(yes), .help = "do not ask on a terminal" },
	{ "force", 'f', ROW_FLAG(force), .help = "although a loaded kernel cannot be unloaded" },
	{ "ignore-inhibitors", 'i', ROW_FLAG(ignore_inhibitors),
	  .help = "although a program wants the machine to stay up" },
	{ "no-wall", 0, ROW_FLAG(no_wall), .help = "tell nobody who is logged in" },
	{ "message", 0, ROW_TEXT(message, "TEXT"), .help = "what they are told" },
	{ "help", 'h', ROW_FLAG(help), .help = "this text" },
	{ "version", 'V', ROW_FLAG(version), .help = "the version" },
};

/* --help and --version act at once. */
static bool met(void *facts, const struct opt_row *row, const char *value)
{
	const struct options *o = facts;

	return o->help || o->version;
}

static const struct opt_group groups[] = { { "" }, { NULL } };

static const struct opt_table table = {
	.program = program,
	.usage_status = EXIT_USAGE,
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.groups = groups,
	.met = met,
};

static int print_help(void)
{
	puts("Usage: coldreboot [OPTION]...\n"
	     "Reboot through the firmware, even when a kernel is loaded for a fast reboot.");
	options_print_help(&table, 0, stdout);
	puts("\nMore in coldreboot(8).");
	return EXIT_OK;
}

static int fail(int status, const char *message)
{
	plain_printf(stderr, "coldreboot: %s\n", message);
	return status;
}

static void print_call(const struct reboot_call *call)
{
	printf("run:");
	if (call->setting)
		printf(" %s", call->setting);
	for (size_t i = 0; i < call->n_words; i++) {
		const char *quote = strpbrk(call->words[i], " \t'\"") ? "'" : "";

		plain_printf(stdout, " %s%s%s", quote, call->words[i], quote);
	}
	putchar('\n');
}

static int print_plan(const struct cold *cold)
{
	printf("init: %s\n", cold->init->name);
	if (cold->loaded == 1)
		puts("unload: the kernel that is loaded for a fast reboot");
	else if (cold->loaded == 0 || cold->loaded == -ENOENT)
		puts("unload: nothing is loaded");
	else
		printf("unload: whatever is loaded; the kernel does not tell: %s\n",
		       strerror(-cold->loaded));
	puts("request: cold, in /run/rapidreboot/request");
	if (cold->others.found.n)
		plain_printf(stdout,
			     "others: a kernel would be loaded or started on the way down by %s\n",
			     cold->others.found.s);
	if (cold->others.unread.n)
		plain_printf(stdout, "others: could not be read: %s\n", cold->others.unread.s);
	print_call(&cold->call);
	puts("then: no kernel can be loaded until the next boot (kernel.kexec_load_disabled)");
	return EXIT_OK;
}

static int go(const struct reboot *rb, struct cold_way *way, const struct options *o)
{
	struct kx_error err = { 0 };
	enum reason reason = go_permitted(rb, &err);
	const bool was_loaded = way->cold.loaded == 1;
	int r;

	if (reason != REASON_NONE)
		return progress_fail(program, reason, &err);
	if (!o->yes && !present_ask(rb->machine, "Restart", " through the firmware"))
		return fail(EXIT_NOTHING, "nothing was done");
	reason = go_cold(rb, way, o->force, &err);
	r = progress_fail(program, reason, &err);
	if (reason != REASON_NONE && reason != REASON_UNLOAD && was_loaded)
		teller_say(&rb->teller, "the kernel that was loaded is unloaded now");
	return r;
}

static int run(const struct options *o)
{
	const struct teller teller = progress_teller(program, false);
	_cleanup_reboot_ struct reboot rb = { .machine = -1, .system = -1 };
	_cleanup_cold_way_ struct cold_way way = { .direct = false };
	_cleanup_wish_ struct wish wish = { .ignore_inhibitors = o->ignore_inhibitors,
					    .no_wall = o->no_wall };
	struct kx_error err = { 0 };
	enum reason reason = reboot_open(&rb, sys_machine(), &teller, NULL, &err);

	if (reason == REASON_NONE && wish_set(&wish.message, o->message) < 0)
		return fail(EXIT_FAILED, "out of memory");
	if (reason == REASON_NONE)
		reason = cold_way_find(&rb, &wish, &way, &err);
	if (reason != REASON_NONE)
		return progress_fail(program, reason, &err);
	return o->dry_run ? print_plan(&way.cold) : go(&rb, &way, o);
}

/* -1: the command line is understood; else the exit status */
static int parse(int argc, char **argv, struct options *o)
{
	struct opt_problem problem;
	int operand, r = options_read(&table, 0, argc, argv, o, &operand, &problem);

	if (r == -ENOMEM)
		return fail(EXIT_FAILED, "out of memory");
	if (r == 0 && o->help)
		return print_help();
	if (r == 0 && o->version) {
		printf("coldreboot %s\n", kx_version());
		return EXIT_OK;
	}
	if (r == 0)
		r = options_operands(&table, 0, argc, argv, operand, 0, &problem);
	if (r < 0) {
		plain_printf(stderr, "%s\n", problem.text);
		return problem.status;
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	int r;

	protect_process(NULL);
	r = parse(argc, argv, &options);

	if (r < 0)
		r = run(&options);
	/* When standard output is redirected to a full disk the exit status has to show it. */
	if (fflush(stdout) != 0 && r == EXIT_OK) {
		perror("coldreboot: standard output");
		r = EXIT_FAILED;
	}
	return r;
}

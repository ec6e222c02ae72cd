// SPDX-License-Identifier: GPL-2.0-or-later

/* coldreboot: an ordinary reboot, through the firmware, whatever is loaded and enabled. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/exit-status.h"
#include "cli/options.h"
#include "handover/cold.h"

DEFINE_CLEANUP(struct kx_ctx *, kx_ctx_free)

struct options {
	struct reboot_wish wish;
	bool dry_run, yes, force, help, version;
};

static const struct opt_row rows[] = {
	{ "dry-run", 'n', ROW_FLAG(dry_run), .help = "print what would be done and do nothing" },
	{ "yes", 'y', ROW_FLAG(yes), .help = "do not ask on a terminal" },
	{ "force", 'f', ROW_FLAG(force), .help = "although a loaded kernel cannot be unloaded" },
	{ "ignore-inhibitors", 'i', ROW_FLAG(wish.ignore_inhibitors),
	  .help = "although a program wants the machine to stay up" },
	{ "no-wall", 0, ROW_FLAG(wish.no_wall), .help = "tell nobody who is logged in" },
	{ "message", 0, ROW_TEXT(wish.message, "TEXT"), .help = "what they are told" },
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
	.program = "coldreboot",
	.usage_status = EXIT_USAGE,
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.groups = groups,
	.met = met,
};

static int print_help(void)
{
	puts("Usage: coldreboot [OPTION]…\n"
	     "Reboot through the firmware, even when a kernel is loaded for a fast reboot.");
	options_print_help(&table, 0, stdout);
	puts("\nMore in coldreboot(8).");
	return EXIT_OK;
}

static int fail(int status, const char *message)
{
	fprintf(stderr, "coldreboot: %s\n", message);
	return status;
}

static void print_call(const struct reboot_call *call)
{
	printf("run:");
	if (call->setting)
		printf(" %s", call->setting);
	for (size_t i = 0; i < call->n_words; i++)
		printf(strpbrk(call->words[i], " \t'\"") ? " '%s'" : " %s", call->words[i]);
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
	print_call(&cold->call);
	puts("then: no kernel can be loaded until the next boot (kernel.kexec_load_disabled)");
	return EXIT_OK;
}

static int status_of(enum cold_stage stage)
{
	switch (stage) {
	case COLD_UNLOAD:
		return EXIT_LOAD;
	case COLD_REQUEST:
		return EXIT_FAILED;
	case COLD_ASK:
		return EXIT_HANDOVER;
	case COLD_ASKED:
		break;
	}
	return EXIT_OK;
}

static int go(struct sys *sys, struct cold *cold, const struct options *o)
{
	enum cold_stage stage;
	struct kx_error err = { 0 };

	if (!sys->has_boot_capability(sys))
		return fail(EXIT_FAILED, "only root can reboot this way (CAP_SYS_BOOT)");
	if (!o->yes && !ask_person("Reboot through the firmware now?"))
		return fail(EXIT_NOTHING, "nothing was done");
	cold->force = o->force;
	if (cold_go(sys, cold, &stage, &err) < 0) {
		fail(EXIT_FAILED, err.message);
		if (stage != COLD_UNLOAD && cold->loaded == 1)
			fail(EXIT_FAILED, "the kernel that was loaded is unloaded now");
		return status_of(stage);
	}
	return EXIT_OK;
}

static int run(const struct options *o)
{
	_cleanup_(kx_ctx_freep) struct kx_ctx *ctx = NULL;
	_cleanup_(cold_done) struct cold cold = { 0 };
	struct sys *sys = sys_machine();
	struct kx_error err = { 0 };

	if (kx_ctx_new(NULL, &ctx, &err) < 0)
		return fail(EXIT_FAILED, err.message);
	if (cold_prepare(sys, ctx, &o->wish, &cold, &err) < 0)
		return fail(EXIT_HANDOVER, err.message);
	return o->dry_run ? print_plan(&cold) : go(sys, &cold, o);
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
		fprintf(stderr, "%s\n", problem.text);
		return problem.status;
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct options options = { .wish.mode = REBOOT_COLD };
	int r = parse(argc, argv, &options);

	if (r < 0)
		r = run(&options);
	/* A full disk behind a redirection must not look like success. */
	if (fflush(stdout) != 0 && r == EXIT_OK) {
		perror("coldreboot: standard output");
		r = EXIT_FAILED;
	}
	return r;
}

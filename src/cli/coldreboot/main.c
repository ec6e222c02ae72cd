// SPDX-License-Identifier: GPL-2.0-or-later

/* coldreboot: an ordinary reboot, through the firmware, whatever is loaded and enabled. */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/exit-status.h"
#include "handover/cold.h"

DEFINE_CLEANUP(struct kx_ctx *, kx_ctx_free)

struct options {
	struct reboot_wish wish;
	bool dry_run, yes, force;
};

enum { OPT_NO_WALL = 256, OPT_MESSAGE };

static const struct option long_options[] = {
	{ "dry-run", no_argument, NULL, 'n' },
	{ "yes", no_argument, NULL, 'y' },
	{ "force", no_argument, NULL, 'f' },
	{ "ignore-inhibitors", no_argument, NULL, 'i' },
	{ "no-wall", no_argument, NULL, OPT_NO_WALL },
	{ "message", required_argument, NULL, OPT_MESSAGE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

static int print_help(void)
{
	puts("Usage: coldreboot [OPTION]…\n"
	     "Reboot through the firmware, even when a kernel is loaded for a fast reboot.\n\n"
	     "  -n, --dry-run              print what would be done and do nothing\n"
	     "  -y, --yes                  do not ask on a terminal\n"
	     "  -f, --force                although a loaded kernel cannot be unloaded\n"
	     "  -i, --ignore-inhibitors    although a program wants the machine to stay up\n"
	     "      --no-wall              tell nobody who is logged in\n"
	     "      --message=TEXT         what they are told\n"
	     "  -h, --help                 this text\n"
	     "  -V, --version              the version\n\n"
	     "More in coldreboot(8).");
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
	int c;

	while ((c = getopt_long(argc, argv, "nyfihV", long_options, NULL)) != -1)
		switch (c) {
		case 'n':
			o->dry_run = true;
			break;
		case 'y':
			o->yes = true;
			break;
		case 'f':
			o->force = true;
			break;
		case 'i':
			o->wish.ignore_inhibitors = true;
			break;
		case OPT_NO_WALL:
			o->wish.no_wall = true;
			break;
		case OPT_MESSAGE:
			o->wish.message = optarg;
			break;
		case 'h':
			return print_help();
		case 'V':
			printf("coldreboot %s\n", kx_version());
			return EXIT_OK;
		default:
			fputs("Try `coldreboot --help`.\n", stderr);
			return EXIT_USAGE;
		}
	if (optind < argc) {
		fprintf(stderr, "coldreboot: \"%s\": there are no operands\n", argv[optind]);
		return EXIT_USAGE;
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

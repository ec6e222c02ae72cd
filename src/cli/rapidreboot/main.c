// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot: one table of subcommands; each reads its own options. */

#include <stdarg.h>
#include <string.h>

#include "cli/rapidreboot/command.h"

static const struct command *const commands[] = { &list_command, &show_command,
						  &eval_grub_command };

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

int fail_with(const struct kx_error *err)
{
	fprintf(stderr, "rapidreboot: %s\n", err->message);
	return EXIT_FAILED;
}

int fail_usage(const char *fmt, ...)
{
	va_list ap;

	fputs("rapidreboot: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\nTry `rapidreboot --help`.\n", stderr);
	return EXIT_USAGE;
}

static int print_help(void)
{
	puts("Usage: rapidreboot COMMAND [OPTION]… [ARGUMENT]…\n\nCommands:");
	for (size_t i = 0; i < N_COMMANDS; i++)
		printf("  %-9s %-8s  %s\n", commands[i]->name, commands[i]->synopsis,
		       commands[i]->summary);
	puts("\nOptions that say which system is looked at, for all of these:\n"
	     "  --root DIR             the system below DIR instead of the running one\n"
	     "  --config FILE          read this configuration instead of searching for one\n"
	     "  --fs KIND:NAME=DIR     a file system is at DIR; KIND is uuid, label or dev\n"
	     "  --firmware efi|bios    what the machine has\n"
	     "  --grub-flavour NAME    whose GRUB it is: upstream, rh, suse\n"
	     "  --var NAME=VALUE       what GRUB knows before its script runs\n"
	     "\n"
	     "  --json                 print JSON\n"
	     "  -h, --help             this text\n"
	     "  -V, --version          the version\n"
	     "\n"
	     "More in rapidreboot(8).");
	return EXIT_OK;
}

static int dispatch(int argc, char **argv)
{
	if (argc < 2)
		return fail_usage("which command is not said");
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)
		return print_help();
	if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0) {
		printf("rapidreboot %s\n", kx_version());
		return EXIT_OK;
	}
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(argv[1], commands[i]->name) == 0)
			return commands[i]->run(argc - 1, argv + 1);
	return fail_usage("there is no command \"%s\"", argv[1]);
}

int main(int argc, char **argv)
{
	int r = dispatch(argc, argv);

	/* A full disk behind a redirection must not look like success. */
	if (fflush(stdout) != 0 && r == EXIT_OK) {
		perror("rapidreboot: standard output");
		r = EXIT_FAILED;
	}
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot: one table of subcommands, and one of options. */

#include <string.h>

#include "cli/json.h"
#include "cli/linked.h"
#include "cli/page.h"
#include "cli/protect.h"
#include "cli/rapidreboot/options.h"

static const struct command *const commands[] = {
	&reboot_command,    &load_command,     &unload_command,	 &status_command,  &check_command,
	&cold_command,	    &enable_command,   &disable_command, &list_command,	   &show_command,
	&eval_grub_command, &timeline_command, &menu_command,	 &desktop_command, &clear_command,
	&confirm_command,   &hook_command,     &crash_command,	 &keep_command,	   &help_command,
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

int print_help(void)
{
	puts("Usage: rapidreboot [OPTION]... [ENTRY]\n"
	     "       rapidreboot COMMAND [OPTION]... [ARGUMENT]...\n"
	     "Restart straight into the kernel that the boot loader would start next.\n\nCommands:");
	for (size_t i = 0; i < N_COMMANDS; i++) {
		char usage[40];

		(void)snprintf(usage, sizeof(usage), "  %-9s %s", commands[i]->name,
			       commands[i]->synopsis);
		page_field(stdout, 23, usage, "%s", commands[i]->summary);
	}
	options_print_all();
	puts("\nMore in rapidreboot(8), and about a command: rapidreboot help COMMAND.");
	return EXIT_OK;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

struct hint hint_command(const char *word)
{
	const char *names[N_COMMANDS];

	for (size_t i = 0; i < N_COMMANDS; i++)
		names[i] = commands[i]->name;
	return hint_nearest(word, names, N_COMMANDS);
}

/* rapidreboot help [COMMAND] */
static int run_help(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	int r = command_take(&help_command, argc, argv, &o);
	static char option[] = "--help";
	const struct command *command;
	const char *name;

	if (r >= 0)
		return r;
	name = command_operand(&o);
	if (!name)
		return print_help();
	command = find_command(name);
	if (command) {
		char *words[] = { o.operands[0], option, NULL };

		return command->run(2, words);
	}
	return command_fail(&help_command, "there is no command '%s'%s", name,
			    hint_command(name).text);
}

const struct command help_command = {
	.name = "help",
	.synopsis = "[COMMAND]",
	.summary = "how a command is used",
	.run = run_help,
	.taker = BY_HELP,
	.operands_max = 1,
	.about = "Prints how COMMAND is used, or what commands and options there are.",
};

static bool is_option(const char *word, const char *brief, const char *name)
{
	return word && (strcmp(word, brief) == 0 || strcmp(word, name) == 0);
}

static int dispatch(int argc, char **argv)
{
	const struct command *command = argc >= 2 ? find_command(argv[1]) : NULL;
	const char *first = argv[1], *second = argc >= 2 ? argv[2] : NULL;
	bool verbose = is_option(first, "-v", "--verbose") || is_option(second, "-v", "--verbose");

	if (is_option(first, "-V", "--version") ||
	    (verbose && is_option(second, "-V", "--version"))) {
		printf("rapidreboot %s\n", kx_version());
		if (verbose)
			linked_print(stdout);
		return EXIT_OK;
	}
	if (command)
		return command->run(argc - 1, argv + 1);
	/* Without the name of a subcommand the first word is an option or the entry to start. */
	return reboot_command.run(argc, argv);
}

int main(int argc, char **argv)
{
	int r;

	protect_process(kx_fault);
	r = json_answer_end(dispatch(argc, argv));

	/* When standard output is redirected to a full disk the exit status has to show it. */
	if (fflush(stdout) != 0 && r == EXIT_OK) {
		perror("rapidreboot: standard output");
		r = EXIT_FAILED;
	}
	return r;
}

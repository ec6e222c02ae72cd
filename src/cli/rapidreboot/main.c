// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot: one table of subcommands; each reads its own options. */

#include <stdarg.h>
#include <string.h>

#include "cli/rapidreboot/command.h"

static const struct command *const commands[] = {
	&reboot_command, &load_command,	   &unload_command,    &status_command,
	&check_command,	 &cold_command,	   &enable_command,    &disable_command,
	&list_command,	 &show_command,	   &eval_grub_command, &timeline_command,
	&menu_command,	 &desktop_command, &clear_command,     &hook_command,
};

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

int print_help(void)
{
	puts("Usage: rapidreboot [OPTION]… [ENTRY]\n"
	     "       rapidreboot COMMAND [OPTION]… [ARGUMENT]…\n"
	     "Restart straight into the kernel that the boot loader would start next.\n\nCommands:");
	for (size_t i = 0; i < N_COMMANDS; i++)
		printf("  %-9s %-9s  %s\n", commands[i]->name, commands[i]->synopsis,
		       commands[i]->summary);
	puts("\nWhat is started, for reboot and load:\n"
	     "  --kernel FILE          this kernel instead of an entry\n"
	     "  --initrd FILE          its initial ramdisk; may be repeated\n"
	     "  --cmdline TEXT         this command line instead of the entry's\n"
	     "  --reuse-cmdline        the one of the running kernel instead\n"
	     "  --append TEXT          words after it\n"
	     "  --kexec-file-syscall   load with kexec_file_load only\n"
	     "  --kexec-syscall        load with kexec_load only\n"
	     "  --safe                 unpack nothing beforehand\n"
	     "  --diet                 leave modules out of the initial ramdisk that are not used\n"
	     "\nHow the machine goes down, for reboot:\n"
	     "  -y, --yes              do not ask on a terminal\n"
	     "  -i, --ignore-inhibitors  although a program wants the machine to stay up\n"
	     "  --force ID             although the check ID refuses; may be repeated\n"
	     "  --no-wall              tell nobody who is logged in\n"
	     "  --message TEXT         what they are told\n"
	     "  --when TIME            then: +MINUTES, HH:MM or YYYY-MM-DD HH:MM\n"
	     "  --cancel               take that back\n"
	     "  --direct               without the init system: stop everything, unmount, start\n"
	     "  -n, --dry-run          print what would be done and do nothing; also for load\n"
	     "\nOptions that say which system is looked at; all of them for list, show and\n"
	     "eval-grub, the first two for reboot and load too:\n"
	     "  --force ID             check: go on although this check refuses\n"
	     "  --root DIR             the system below DIR instead of the running one\n"
	     "  --config FILE          read this configuration instead of searching for one\n"
	     "  --fs KIND:NAME=DIR     a file system is at DIR; KIND is uuid, label or dev\n"
	     "  --firmware efi|bios    what the machine has\n"
	     "  --grub-flavour NAME    whose GRUB it is: upstream, rh, suse\n"
	     "  --var NAME=VALUE       what GRUB knows before its script runs\n"
	     "\n"
	     "  --svg FILE             timeline: draw it into this file\n"
	     "  --notice               status: one line when a reboot is due, else nothing\n"
	     "  --json                 print JSON\n"
	     "  -v, --verbose          tell what is done and why\n"
	     "  -h, --help             this text\n"
	     "  -V, --version          the version\n"
	     "\n"
	     "More in rapidreboot(8).");
	return EXIT_OK;
}

static int dispatch(int argc, char **argv)
{
	if (argc >= 2 && (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0)) {
		printf("rapidreboot %s\n", kx_version());
		return EXIT_OK;
	}
	for (size_t i = 0; argc >= 2 && i < N_COMMANDS; i++)
		if (strcmp(argv[1], commands[i]->name) == 0)
			return commands[i]->run(argc - 1, argv + 1);
	/* No command: the first word is an option or the entry to start. */
	return reboot_command.run(argc, argv);
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

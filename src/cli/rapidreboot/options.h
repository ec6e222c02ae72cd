/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The options of all subcommands: one name, one meaning, one row (options.c). */

#include "cli/options.h"
#include "cli/rapidreboot/entries.h"

/* Which subcommands take an option. */
enum taker {
	BY_REBOOT = 1u << 0,
	BY_LOAD = 1u << 1,
	BY_UNLOAD = 1u << 2,
	BY_MENU = 1u << 3,
	BY_CHECK = 1u << 4,
	BY_STATUS = 1u << 5,
	BY_LIST = 1u << 6,
	BY_SHOW = 1u << 7,
	BY_EVAL_GRUB = 1u << 8,
	BY_TIMELINE = 1u << 9,
	BY_ENABLE = 1u << 10,
	BY_DISABLE = 1u << 11,
	BY_CLEAR = 1u << 12,
	BY_DESKTOP = 1u << 13,
	BY_HOOK = 1u << 14,
	BY_CRASH = 1u << 15,
	BY_CRASH_STATUS = 1u << 16,
	BY_CRASH_SAVE = 1u << 17,
	BY_CRASH_LOAD = 1u << 18, /* reload, too */
	BY_CRASH_UNLOAD = 1u << 19,
	BY_CRASH_ESTIMATE = 1u << 20,
	BY_CRASH_LIST = 1u << 21,
	BY_CRASH_SHOW = 1u << 22,
	BY_CRASH_TEST = 1u << 23,
	BY_CONFIRM = 1u << 24,
	BY_KEEP = 1u << 25,
	BY_HELP = 1u << 26,
};

/* What scripts ask `show` for; zero for nothing. */
enum entries_ask { ASK_NOTHING, ASK_KERNEL, ASK_INDEX, ASK_TITLE };

/**
 * struct options - facts of the command line; strings point into argv
 * @find: whose entries
 * @places: of @find
 * @vars: of @find
 * @kernel: instead of an entry
 * @initrds: with @kernel
 * @cmdline: instead of the entry's
 * @reuse_cmdline: the running one instead
 * @append: words after whichever it is
 * @safe: nothing is unpacked beforehand
 * @diet: modules are left out of the initial ramdisk
 * @tune: names of words that shorten the kernel's start
 * @unlock: keys are handed to what the next boot would ask for
 * @unlock_from: the same; the descriptor that the passphrase is read from, or NULL
 * @no_unlock: none are, whatever the settings say
 * @when: time of the reboot as it was written, or NULL
 * @direct: past the init system
 * @or_cold: through the firmware when it cannot be a fast one
 * @force: ids of checks that do not refuse
 * @level: what a dump leaves out, 0 to 31, or NULL
 * @packing: how its pages are packed: 0 not said, 1 zlib, 2 zstd, 3 not at all
 * @needed: whether a reboot is due, as an exit status
 * @metrics: for Prometheus
 * @is_long: all of each entry, not a line
 * @colors: enum page_colors
 * @time_limit: seconds; 0: the usual limit
 * @operands: words that are no options
 */
struct options {
	struct entries_options find;
	struct opt_list places, vars;
	int firmware;
	int ask;

	const char *kernel, *cmdline, *append, *tune;
	struct opt_list initrds;
	int way;
	bool reuse_cmdline, safe, diet, unlock, no_unlock;
	const char *unlock_from;

	const char *message, *when;
	struct opt_list force;
	bool yes, or_cold, ignore_inhibitors, no_wall, cancel, direct, dry_run;

	const char *level;
	int packing;
	const char *svg;
	int colors;
	bool is_long, notice, needed, metrics, json, verbose, help, version;
	unsigned time_limit;

	char **operands;
	int n_operands;
};

/* The command that somebody who wrote @word may have meant. */
struct hint hint_command(const char *word);

/* All options, with who takes them. */
void options_print_all(void);

/* Reads the line of @command. -1: go on with @ret, else the exit status: it was wrong, or asked for
 * help. @ret is released with command_done() in any case. */
_must_check_ int command_take(const struct command *command, int argc, char **argv,
			      struct options *ret);
void command_done(struct options *options);
/* The first operand, or NULL. */
const char *command_operand(const struct options *options);

/* "rapidreboot: COMMAND: SENTENCE, try --help" on standard error, and the status of a usage error. */
_printf_(2, 3) int command_fail(const struct command *command, const char *fmt, ...);

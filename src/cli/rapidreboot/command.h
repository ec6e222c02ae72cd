/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libkexec.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/exit-status.h"

/**
 * struct command - a subcommand
 * @synopsis: operands that follow its name
 * @summary: a few words
 * @run: argv[0] is its name; returns an exit status
 * @taker: its bit in the table of options, enum taker
 * @operands_min: how many there have to be
 * @operands_max: how many there may be
 * @about: paragraph of its help text
 */
struct command {
	const char *name;
	const char *synopsis;
	const char *summary;
	int (*run)(int argc, char **argv);
	unsigned taker;
	int operands_min, operands_max;
	const char *about;
};

extern const struct command reboot_command, load_command, unload_command, status_command,
	check_command, cold_command, enable_command, disable_command, list_command, show_command,
	eval_grub_command, timeline_command, menu_command, desktop_command, clear_command,
	hook_command, confirm_command, crash_command, keep_command, help_command;

int print_help(void);

/* "rapidreboot: MESSAGE" on standard error, and the status of a failure. */
int fail_with(const struct kx_error *err);

DEFINE_CLEANUP(struct kx_ctx *, kx_ctx_free)
DEFINE_CLEANUP(struct kx_entries *, kx_entries_free)

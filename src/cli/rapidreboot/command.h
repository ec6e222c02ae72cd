/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libkexec.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/exit-status.h"

/* A subcommand: argv[0] is its name; returns an exit status. */
struct command {
	const char *name;
	const char *synopsis; /* what follows the name */
	const char *summary;
	int (*run)(int argc, char **argv);
};

extern const struct command reboot_command, load_command, unload_command, status_command,
	check_command, cold_command, enable_command, disable_command, list_command, show_command,
	eval_grub_command, timeline_command, menu_command, desktop_command, clear_command,
	hook_command;

/* The command reboot on behalf of @why, see struct attempt. */
int reboot_run(const char *why, int argc, char **argv);

int print_help(void);

/* "rapidreboot: MESSAGE" on standard error, and the status of a failure. */
int fail_with(const struct kx_error *err);
int fail_usage(const char *fmt, ...) _printf_(1, 2);

DEFINE_CLEANUP(struct kx_ctx *, kx_ctx_free)
DEFINE_CLEANUP(struct kx_entries *, kx_entries_free)

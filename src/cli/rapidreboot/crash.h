/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the commands below `rapidreboot crash` share. */

#include <jansson.h>

#include "cli/rapidreboot/options.h"
#include "crash/trial.h"
#include "vmcore/vmcore.h"

/* "rapidreboot: WHAT PATH: why" on standard error, and the status of a failure. */
int crash_fail(const char *path, const char *what, int code);

/* Opens a dump; *@fd stays open as long as the dump is read. An exit status, with its sentence told. */
_must_check_ int crash_open_dump(const char *path, int *fd, struct vmcore **ret);
/* The function that reads it, with a pointer to the descriptor as its data. */
ssize_t crash_read_dump(void *data, uint64_t offset, void *buf, size_t n);

/* What came of the last test; an empty one for none. @now: seconds since 1970. */
void crash_print_trial(const struct crash_trial *trial, uint64_t now);
json_t *crash_trial_json(const struct crash_trial *trial, uint64_t now);
/* Of the first boot after a test: closes its record, and prints what came of it. */
void crash_report_boot(int root);

extern const struct command crash_status_command, crash_save_command, crash_load_command,
	crash_reload_command, crash_unload_command, crash_estimate_command, crash_list_command,
	crash_show_command, crash_test_command;

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A crash that was caused to see whether a dump comes: written down before it, closed by the next boot. */

#include "crash/crash.h"

#define CRASH_TRIAL_DIRECTORY "/var/lib/rapidreboot"
#define CRASH_TRIAL_FILE CRASH_TRIAL_DIRECTORY "/crash-test"

enum crash_trial_result {
	CRASH_TRIAL_OPEN,    /* the machine has not started again since */
	CRASH_TRIAL_SAVED,   /* a dump came */
	CRASH_TRIAL_NOTHING, /* none */
	CRASH_TRIAL_SENT,    /* none here; it was to go to another place, where nobody looked */
};

/* What the program of our own initial ramdisk notes when it is done: milliseconds after its kernel started. */
enum crash_step {
	CRASH_STEP_STARTED,
	CRASH_STEP_MODULES,
	CRASH_STEP_MOUNTED,
	CRASH_STEP_LOG,
	CRASH_STEP_DUMP,
	N_CRASH_STEPS,
};

/**
 * struct crash_trial - the last one
 * @boot: of the kernel that was to crash, as /proc/sys/kernel/random/boot_id has it
 * @directory: where a dump was expected
 * @place: another machine that it was to be sent to first, or NULL
 * @before: dumps that were there before it
 * @dump: the one that came, or NULL; @dump_bytes long
 * @log: without a dump: the log that our own program saved all the same, or NULL
 * @reason: beside it: why there is no dump, as that program noted it
 * @started_at: seconds since 1970
 * @back_at: when the next kernel started; 0: not known
 * @good_at: when the last one began after which a dump came, 0: never
 * @steps_ms: 0 for what was not noted
 */
struct crash_trial {
	enum crash_trial_result result;
	char *boot, *directory, *place, *dump, *log, *reason;
	struct names before;
	uint64_t started_at, back_at, good_at, dump_bytes;
	uint64_t steps_ms[N_CRASH_STEPS];
};

/**
 * crash_trial_begin() - write down that the machine is about to crash
 * @root: as in base/io.h
 * @directory: where a dump is expected
 * @place: another machine that it is sent to, in words of one line: only what comes to @directory instead is
 *	found by the next boot; NULL: none
 * @now: seconds since 1970
 *
 * Return: 0, and it is on the disk; what reading dumps and writing say; -EBADMSG without a boot id.
 */
_must_check_ int crash_trial_begin(int root, const char *directory, const char *place, uint64_t now,
				   struct kx_error *err);
/* Takes that back: the machine did not crash. */
_must_check_ int crash_trial_drop(int root, struct kx_error *err);

/**
 * crash_trial_close() - read the last one, and find out what came of it when this is another boot
 * @ret: released with crash_trial_done()
 *
 * Return: 1 when it was closed now, 0 when it was closed before or is still open; -ENOENT there was none;
 * -EBADMSG the record means nothing; what reading dumps and writing say. Who may not write gets what was
 * found all the same.
 */
_must_check_ int crash_trial_close(int root, struct crash_trial *ret, struct kx_error *err);
void crash_trial_done(struct crash_trial *trial);
#define _cleanup_crash_trial_ _cleanup_(crash_trial_done)

/* "open", "saved", "nothing", "sent" */
const char *crash_trial_result_name(enum crash_trial_result result);
/* "started", "modules", "mounted", "log", "dump" */
const char *crash_step_name(enum crash_step step);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Fast reboots that were tried, in /var/lib/rapidreboot/attempts: written to the disk before init is
 * asked, closed by the next boot. One line each, the newest last, words with one blank between them:
 *
 *	1 RESULT BOOT-ID ASKED KERNEL CLOSED ENTRY…
 *
 * RESULT is pending, kexec, firmware or unknown; BOOT-ID the boot that asked; the three times are
 * milliseconds of CLOCK_REALTIME: when it was asked for, when the kernel that came started, when the
 * record was closed, 0 while not known. A line that is not so is left out.
 */

#include "record/boot.h"

enum attempt_result {
	ATTEMPT_PENDING,
	ATTEMPT_KEXEC,	  /* the next kernel was started by the old one */
	ATTEMPT_FIRMWARE, /* the machine came back through the firmware */
	ATTEMPT_UNKNOWN,
};

enum { ATTEMPTS_MAX = 64, ATTEMPTS_FILE_MAX = 64 * 1024, ATTEMPT_ENTRY_MAX = 200 };

struct attempt {
	enum attempt_result result;
	char boot_id[BOOT_ID_LENGTH + 1];
	uint64_t asked_ms, kernel_ms, closed_ms;
	char entry[ATTEMPT_ENTRY_MAX + 1];
};

struct attempts {
	struct attempt v[ATTEMPTS_MAX];
	size_t n;
};

/* The last ATTEMPTS_MAX lines of @text. */
void attempts_parse(struct bytes text, struct attempts *ret);
const char *attempt_result_name(enum attempt_result result);

/* No file is no attempts. */
_must_check_ int attempts_read(struct sys *sys, struct attempts *ret, struct kx_error *err);
/* Adds a pending one and has it on the disk. */
_must_check_ int attempt_begin(struct sys *sys, const char *entry, struct kx_error *err);
/* Init said no: takes back what attempt_begin() wrote. */
_must_check_ int attempt_withdraw(struct sys *sys, struct kx_error *err);
/* Closes what another boot left pending. @at_boot: this is the boot right after it, so that how it
 * was started is the attempt's result. */
_must_check_ int attempts_close(struct sys *sys, bool at_boot, struct kx_error *err);
/* Did the last attempt come back through the firmware? Trying again is a person's decision. */
bool attempts_last_failed(const struct attempts *attempts);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a person asks of a dump first: which kernel, when, and what its last words were. */

#include "vmcore/vmcore.h"

enum { SUMMARY_TAIL = 20, SUMMARY_LINE = 240 };

/**
 * struct vmcore_line - the beginning of a record
 * @text: bytes as the kernel stored them, cut off, without NUL inside
 */
struct vmcore_line {
	uint64_t time_ns;
	bool has_time;
	char text[SUMMARY_LINE];
};

/**
 * struct vmcore_summary - a dump at a glance
 * @release: of the crashed kernel, "" when VMCOREINFO does not say
 * @crashed_at: seconds since 1970, 0 when it is not told (CRASHTIME)
 * @panic: the record that tells why the kernel panicked; its text is "" when there is none
 * @cause: the first record of what probably led there (an oops, a bug, a hung task, sysrq), or ""
 * @uptime_s: seconds between the boot and the last record, 0 when it is not told
 * @tail: the last records; the oldest is @tail[@first]
 * @n_tail: how many
 * @report: how complete the log was
 * @no_log: why there is no log, with code != 0
 */
struct vmcore_summary {
	char release[SUMMARY_LINE];
	uint64_t crashed_at, uptime_s;
	struct vmcore_line panic, cause;
	struct vmcore_line tail[SUMMARY_TAIL];
	size_t first, n_tail;
	struct vmcore_report report;
	struct kx_error no_log;
};

/* Reads the whole log of @core in constant memory. A log that cannot be read is no failure. */
void vmcore_summarise(struct vmcore *core, struct vmcore_summary *ret);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What of a reboot took long, named: jobs of systemd, by its journal, and silence of the new kernel, by its log. That
 * something took long does not mean that somebody waited for it: other jobs run beside it.
 */

#include "base/lines.h"

enum slow_when {
	SLOW_STOP,   /* a job that stopped a unit of the old system */
	SLOW_KERNEL, /* the new kernel said nothing, until a message that begins so, before /init */
	SLOW_INITRAMFS, /* the same before init of the root file system */
	SLOW_START,	/* a job that started a unit of the new system */
};

enum {
	SLOW_MAX = 6,	   /* the longest ones are kept */
	SLOW_MIN_MS = 500, /* shorter ones are not told */
	SLOW_NAME_MAX = 47,
};

struct slow_item {
	enum slow_when when;
	char what[SLOW_NAME_MAX + 1]; /* unit, or first word of a message */
	uint64_t ms;
};

/* The longest first. */
struct slow {
	struct slow_item v[SLOW_MAX];
	size_t n;
};

/* Adds jobs. @journal: `journalctl -oexport` (systemd.io/JOURNAL_EXPORT_FORMATS) with the fields MESSAGE_ID and UNIT of
 * process 1. @when: SLOW_STOP or SLOW_START. @since_us: what is older, of CLOCK_REALTIME, does not count. */
void slow_in_journal(struct bytes journal, enum slow_when when, uint64_t since_us,
		     struct slow *all);
/* Adds silence. @log: lines of /dev/kmsg. @initramfs_us, @userspace_us: when /init and init of the root file system
 * began, on the kernel's clock; below 0: not known. What comes later does not count. */
void slow_in_kernel_log(struct bytes log, int64_t initramfs_us, int64_t userspace_us,
			struct slow *all);

/* "stop/networking.service=1102 kernel/ata1=2100": as many of them as fit. */
void slow_format(const struct slow *all, char *ret, size_t size);
/* The opposite. What cannot be read is left out. */
void slow_parse(const char *text, struct slow *ret);

/* "stop", "kernel", "initramfs", "start" */
const char *slow_when_name(enum slow_when when);
/* What a person can do about it: one sentence without a full stop. */
const char *slow_advice(const struct slow_item *item);

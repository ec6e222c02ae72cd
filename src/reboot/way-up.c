// SPDX-License-Identifier: LGPL-2.1-or-later

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/lines.h"
#include "base/num.h"
#include "base/strbuf.h"
#include "handover/init.h"
#include "reboot/confirm.h"
#include "reboot/event.h"
#include "reboot/keys.h"
#include "reboot/metrics.h"
#include "reboot/ready.h"
#include "reboot/way-up.h"
#include "record/kernel-log.h"
#include "record/reason.h"
#include "record/slow.h"
#include "sys/process.h"

enum { KERNEL_LOG_MAX = 8 << 20, REASON_MAX = ATTEMPT_TEXT_MAX };

/* Output of a program, NULL when it cannot be run or fails. */
static char *output_of(struct sys *sys, const char *program, const char *const *words)
{
	const char *const programs[] = { program, NULL };
	_cleanup_(reboot_call_done) struct reboot_call call = { 0 };
	_cleanup_free_ char *output = NULL;

	if (call_program(sys, &call, programs, NULL) < 0 || call_words(&call, words, NULL) < 0 ||
	    process_run(sys, call.words, NULL, &output) != 0)
		return NULL;
	return TAKE_PTR(output);
}

static struct bytes text_of(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

/* ---- systemd: org.freedesktop.systemd1(5), microseconds of CLOCK_MONOTONIC, 0 for not yet */

static const struct {
	const char *name;
	enum attempt_point point;
} properties[] = {
	{ "InitRDTimestampMonotonic=", POINT_INITRAMFS },
	{ "UserspaceTimestampMonotonic=", POINT_USERSPACE },
	{ "ActiveEnterTimestampMonotonic=", POINT_TARGET },
};

static void take_property(struct bytes line, struct boot_facts *facts)
{
	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++) {
		const size_t n = strlen(properties[i].name);
		_cleanup_free_ char *value = NULL;
		uint64_t us;

		if (!bytes_starts(line, properties[i].name))
			continue;
		value = bytes_dup((struct bytes){ line.p + n, line.n - n });
		if (value && parse_u64(value, &us) == 0 && us > 0 && us < INT64_MAX / 2)
			facts->at_us[properties[i].point] = (int64_t)us;
	}
}

static void ask_systemd(struct sys *sys, const char *const *words, struct boot_facts *facts)
{
	_cleanup_free_ char *output = output_of(sys, "systemctl", words);
	struct lines lines;
	struct bytes line;

	if (!output)
		return;
	lines = lines_of(text_of(output));
	while (lines_next(&lines, &line))
		take_property(line, facts);
}

static void by_systemd(struct sys *sys, struct boot_facts *facts)
{
	static const char *const manager[] = { "show", "--property=InitRDTimestampMonotonic",
					       "--property=UserspaceTimestampMonotonic", NULL };
	static const char *const target[] = { "show", "default.target",
					      "--property=ActiveEnterTimestampMonotonic", NULL };

	ask_systemd(sys, manager, facts);
	ask_systemd(sys, target, facts);
}

/* ---- the kernel's log says when it started /init; without systemd we, when everything is up */

/* Each read(2) of /dev/kmsg gives one record, and -EPIPE where some were overwritten. */
static int kernel_log(struct sys *sys, char **ret)
{
	_cleanup_close_ int root = machine_open(sys);
	_cleanup_close_ int fd = open_device_in(root, "/dev/kmsg", O_RDONLY);
	_cleanup_strbuf_ struct strbuf all = { 0 };
	char record[8192];

	if (fd < 0)
		return fd;
	while (all.n < KERNEL_LOG_MAX) {
		ssize_t n = read(fd, record, sizeof(record));

		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			break;
		strbuf_add_n(&all, record, (size_t)n);
	}
	return strbuf_take(&all, ret);
}

static void take_record(struct bytes line, struct boot_facts *facts)
{
	struct bytes message;
	uint64_t us;

	if (kernel_log_record(line, &us, &message) && bytes_starts(message, "Run ") &&
	    memmem(message.p, message.n, " as init process", 16))
		facts->at_us[bytes_starts(message, "Run /init ") ? POINT_INITRAMFS
								 : POINT_USERSPACE] = (int64_t)us;
}

static void by_kernel_log(const char *log, struct boot_facts *facts)
{
	struct lines lines = lines_of(text_of(log));
	struct bytes line;

	while (lines_next(&lines, &line))
		take_record(line, facts);
}

/* ---- what took long */

/* journalctl(1) wants boot ids without dashes. */
static void without_dashes(const char *id, char to[BOOT_ID_LENGTH + 1])
{
	for (; *id; id++)
		if (*id != '-')
			*to++ = *id;
	*to = '\0';
}

/* Jobs of systemd in the boot with this id, as far as its journal is kept. */
static void by_journal(struct sys *sys, const char *id, enum slow_when when, uint64_t since_us,
		       struct slow *all)
{
	char boot[BOOT_ID_LENGTH + 1];
	const char *const words[] = { "-qb",	boot,	      "-oexport",
				      "-n4000", "--no-pager", "--output-fields=MESSAGE_ID,UNIT",
				      "_PID=1", NULL };
	_cleanup_free_ char *journal = NULL;

	without_dashes(id, boot);
	journal = output_of(sys, "journalctl", words);
	if (journal)
		slow_in_journal(text_of(journal), when, since_us, all);
}

static void find_slow(struct sys *sys, const struct boot_facts *facts, const struct attempt *a,
		      char *ret, size_t size)
{
	struct slow all = { .n = 0 };

	if (facts->kernel_log)
		slow_in_kernel_log(text_of(facts->kernel_log), facts->at_us[POINT_INITRAMFS],
				   facts->at_us[POINT_USERSPACE], &all);
	if (strcmp(a->init, "systemd") == 0) {
		by_journal(sys, a->boot_id, SLOW_STOP, a->asked.real_ms * 1000, &all);
		by_journal(sys, a->closed_boot_id, SLOW_START, 0, &all);
	}
	slow_format(&all, ret, size);
}

/* ---- why it came through the firmware */

/* The log of the boot that asked. */
static bool in_journal(struct sys *sys, const struct attempt *a, char *ret, size_t size)
{
	char boot[BOOT_ID_LENGTH + 1];
	const char *const words[] = { "-qb", boot, "-ocat", "-n1000", "--no-pager", NULL };
	_cleanup_free_ char *log = NULL;

	without_dashes(a->boot_id, boot);
	log = output_of(sys, "journalctl", words);
	return log && reason_in_private_log(text_of(log), ret, size);
}

static void find_reason(struct sys *sys, const struct attempt *a, char *ret, size_t size)
{
	char text[REASON_MAX / 2];

	if (reason_in_firmware_store(sys, a->asked.real_ms, ret, size))
		return;
	if (in_journal(sys, a, text, sizeof(text)))
		(void)snprintf(ret, size, "%s (journal of the boot before)", text);
	else
		attempt_text(
			ret, size,
			a->at[POINT_STOPPED] == POINT_UNKNOWN
				? "no log tells; services had not stopped yet, as far as is known"
				: "no log tells; services had stopped, so the jump failed or the "
				  "next kernel did not get far");
}

/* ---- all of it */

static void by_purgatory(struct kx_ctx *ctx, struct boot_facts *facts)
{
	struct kx_stamps stamps = { .size = sizeof(stamps) };

	if (kx_stamps(ctx, &stamps, NULL) < 0)
		return;
	facts->tsc[POINT_PURGATORY] = stamps.tsc_entry;
	facts->tsc[POINT_CHECKED] = stamps.tsc_checked;
	facts->tsc[POINT_JUMPED] = stamps.tsc_exit;
	facts->tsc_khz = stamps.tsc_khz;
}

/* Is there a pending attempt? Most boots have none, and then no program needs to be run. */
static bool is_waited_for(struct sys *sys)
{
	static struct attempts all;

	return attempts_read(sys, &all, NULL) == 0 && all.n > 0 &&
	       all.v[all.n - 1].result == ATTEMPT_PENDING;
}

/* @log: what @facts keep a pointer to */
static void collect(const struct reboot *rb, const struct init_system *init, char **log,
		    struct boot_facts *facts)
{
	struct sys *sys = rb->sys;
	/* in any case: the initramfs may be without systemd */
	if (kernel_log(sys, log) == 0) {
		facts->kernel_log = *log;
		by_kernel_log(*log, facts);
	}
	if (init == &systemd_init)
		by_systemd(sys, facts);
	else
		facts->at_us[POINT_TARGET] = (int64_t)sys->boottime_us(sys);
	by_purgatory(rb->ctx, facts);
}

static void tell_up(const struct reboot *rb, const struct attempt *a, int64_t us)
{
	char usec[24];

	(void)snprintf(usec, sizeof(usec), "%lld", (long long)us);
	event_say(rb, EVENT_UP, (const char *const[]){ a->entry, a->version, usec },
		  "%s: up %lld.%03lld s after it was asked for", a->entry, (long long)us / 1000000,
		  (long long)us / 1000 % 1000);
}

/* Tells the result, for the log of the system. */
static void tell(const struct reboot *rb)
{
	static struct attempts all;
	const struct attempt *a;
	int64_t us;

	if (attempts_read(rb->sys, &all, NULL) < 0 || all.n == 0)
		return;
	a = &all.v[all.n - 1];
	us = attempt_up_us(a);
	if (a->result == ATTEMPT_FIRMWARE && attempt_is_cold(a))
		event_say(rb, EVENT_COLD_UP, (const char *const[]){ a->reason },
			  "came through the firmware, as --or-cold had it: %s", a->reason);
	else if (a->result == ATTEMPT_FIRMWARE)
		event_say(rb, EVENT_FIRMWARE, (const char *const[]){ a->entry, a->reason },
			  "%s: came back through the firmware: %s", a->entry, a->reason);
	else if (a->result == ATTEMPT_KEXEC && us >= 0)
		tell_up(rb, a, us);
}

/* The library keeps where the kernel notes its image: nobody waits now, and on the way down somebody does. */
static void learn_where(const struct reboot *rb)
{
	uint64_t start;

	(void)!kx_loaded_entry(rb->ctx, &start, NULL);
}

void hook_boot(const struct reboot *rb)
{
	struct sys *sys = rb->sys;
	struct boot_facts facts = { .reason = find_reason, .slow = find_slow };
	_cleanup_free_ char *log = NULL;
	const bool waited = is_waited_for(sys);
	const struct init_system *init;
	struct pid1 pid1;
	struct kx_error err = { 0 };

	for (size_t i = 0; i < N_POINTS; i++)
		facts.at_us[i] = POINT_UNKNOWN;
	pid1_read(sys, &pid1);
	init = init_detect(&pid1);
	facts.waits = confirm_is_awaited(rb);
	if (waited)
		collect(rb, init, &log, &facts);
	if (attempts_close(sys, &facts, &err) < 0 || boot_set_watched(sys, &err) < 0)
		teller_say(&rb->teller, "%s", err.message);
	else if (waited)
		tell(rb);
	learn_where(rb);
	/* whatever kind of boot this is: the key was for one */
	keys_withdraw(rb);
	confirm_begin(rb, init);
	metrics_write(rb);
	if (waited)
		ready_begin(rb, init);
}

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
#include "reboot/keys.h"
#include "reboot/way-up.h"
#include "record/reason.h"
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

/* "6,339,5140900,-;Run /init as init process" (Documentation/ABI/testing/dev-kmsg) */
static void take_record(struct bytes line, struct boot_facts *facts)
{
	const uint8_t *text = line.n ? memchr(line.p, ';', line.n) : NULL;
	_cleanup_free_ char *head = NULL;
	struct bytes message;
	unsigned level, number, seconds;
	const char *p;

	if (!text)
		return;
	message = (struct bytes){ text + 1, (size_t)(line.p + line.n - text - 1) };
	if (!bytes_starts(message, "Run ") || !memmem(message.p, message.n, " as init process", 16))
		return;
	head = bytes_dup((struct bytes){ line.p, (size_t)(text - line.p) });
	p = head;
	/* take_unsigned() reads nine digits: microseconds up to a quarter of an hour, longer than
	 * the kernel takes to start init */
	if (p && take_unsigned(&p, &level) && take_prefix(&p, ",") && take_unsigned(&p, &number) &&
	    take_prefix(&p, ",") && take_unsigned(&p, &seconds))
		facts->at_us[bytes_starts(message, "Run /init ") ? POINT_INITRAMFS
								 : POINT_USERSPACE] =
			(int64_t)seconds;
}

static void by_kernel_log(struct sys *sys, struct boot_facts *facts)
{
	_cleanup_free_ char *log = NULL;
	struct lines lines;
	struct bytes line;

	if (kernel_log(sys, &log) < 0)
		return;
	lines = lines_of(text_of(log));
	while (lines_next(&lines, &line))
		take_record(line, facts);
}

/* ---- why it came through the firmware */

/* The log of the boot that asked, by its boot id, which journalctl(1) wants without dashes. */
static bool in_journal(struct sys *sys, const struct attempt *a, char *ret, size_t size)
{
	char boot[BOOT_ID_LENGTH + 1] = "", *p = boot;
	const char *const words[] = { "-qb", boot, "-ocat", "-n1000", "--no-pager", NULL };
	_cleanup_free_ char *log = NULL;

	for (const char *c = a->boot_id; *c; c++)
		if (*c != '-')
			*p++ = *c;
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

static void collect(const struct reboot *rb, struct boot_facts *facts)
{
	struct sys *sys = rb->sys;
	const struct init_system *init;
	struct pid1 pid1;

	pid1_read(sys, &pid1);
	init = init_detect(&pid1);
	/* in any case: the initramfs may be without systemd */
	by_kernel_log(sys, facts);
	if (init == &systemd_init)
		by_systemd(sys, facts);
	else
		facts->at_us[POINT_TARGET] = (int64_t)sys->boottime_us(sys);
	by_purgatory(rb->ctx, facts);
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
	us = a->at[POINT_TARGET];
	if (a->result == ATTEMPT_FIRMWARE)
		teller_say(&rb->teller, "%s: came back through the firmware: %s", a->entry,
			   a->reason);
	else if (a->result == ATTEMPT_KEXEC && us >= 0)
		teller_say(&rb->teller, "%s: up %lld.%03lld s after it was asked for", a->entry,
			   (long long)us / 1000000, (long long)us / 1000 % 1000);
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
	struct boot_facts facts = { .reason = find_reason };
	const bool waited = is_waited_for(sys);
	struct kx_error err = { 0 };

	for (size_t i = 0; i < N_POINTS; i++)
		facts.at_us[i] = POINT_UNKNOWN;
	if (waited)
		collect(rb, &facts);
	if (attempts_close(sys, &facts, &err) < 0 || boot_set_watched(sys, &err) < 0)
		teller_say(&rb->teller, "%s", err.message);
	else if (waited)
		tell(rb);
	learn_where(rb);
	/* whatever kind of boot this is: the key was for one */
	keys_withdraw(rb);
}

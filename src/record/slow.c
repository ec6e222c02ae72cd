// SPDX-License-Identifier: LGPL-2.1-or-later
#include "record/slow.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "record/kernel-log.h"

static const char *const when_names[] = {
	[SLOW_STOP] = "stop",
	[SLOW_KERNEL] = "kernel",
	[SLOW_INITRAMFS] = "initramfs",
	[SLOW_START] = "start",
};

enum { N_WHEN = sizeof(when_names) / sizeof(when_names[0]), OPEN_MAX = 64 };

const char *slow_when_name(enum slow_when when)
{
	return when_names[when];
}

/* ---- the longest ones */

/* Every user may read the record: names have the characters of a unit's name, and no others. */
static bool is_name_character(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr(":-_.\\@", c));
}

static void set_name(char to[SLOW_NAME_MAX + 1], struct bytes name)
{
	size_t n = name.n < SLOW_NAME_MAX ? name.n : SLOW_NAME_MAX;

	for (size_t i = 0; i < n; i++)
		to[i] = is_name_character(name.p[i]) ? (char)name.p[i] : '_';
	to[n] = '\0';
}

static void add(struct slow *all, const struct slow_item *item)
{
	size_t at = 0;

	if (item->ms < SLOW_MIN_MS || !item->what[0])
		return;
	while (at < all->n && all->v[at].ms >= item->ms)
		at++;
	if (at == SLOW_MAX)
		return;
	if (all->n == SLOW_MAX)
		all->n--;
	memmove(all->v + at + 1, all->v + at, (all->n - at) * sizeof(all->v[0]));
	all->v[at] = *item;
	all->n++;
}

/* ---- the journal: SD_MESSAGE_UNIT_… of sd-messages.h */

static const struct {
	const char *id;
	enum slow_when when;
	bool begins;
} messages[] = {
	{ "de5b426a63be47a7b6ac3eaac82e2f6f", SLOW_STOP, true },
	{ "9d1aaa27d60140bd96365438aad20286", SLOW_STOP, false },
	{ "7d4958e842da4a758f6c1cdc7b36dcc5", SLOW_START, true },
	{ "39f53479d3a045ac8e11786248231fbf", SLOW_START, false },
	{ "be02cf6855d2428ba40df7e9d022f03d", SLOW_START, false }, /* has failed */
};

struct job {
	char unit[SLOW_NAME_MAX + 1];
	uint64_t begin_us;
};

/* Jobs that have begun and not ended. When there are too many, the oldest is forgotten. */
struct jobs {
	struct job v[OPEN_MAX];
	size_t n;
};

struct entry {
	struct bytes id, unit;
	uint64_t real_us, us;
};

static bool take_us(struct bytes v, uint64_t *ret)
{
	char digits[21] = "";

	if (v.n == 0 || v.n >= sizeof(digits))
		return false;
	memcpy(digits, v.p, v.n);
	return parse_u64(digits, ret) == 0;
}

static bool value_of(struct bytes line, const char *name, struct bytes *ret)
{
	const size_t n = strlen(name);

	if (!bytes_starts(line, name))
		return false;
	*ret = (struct bytes){ line.p + n, line.n - n };
	return true;
}

static void take_field(struct bytes line, struct entry *e)
{
	struct bytes v;

	if (value_of(line, "MESSAGE_ID=", &e->id) || value_of(line, "UNIT=", &e->unit))
		return;
	if (value_of(line, "__REALTIME_TIMESTAMP=", &v))
		(void)take_us(v, &e->real_us);
	else if (value_of(line, "__MONOTONIC_TIMESTAMP=", &v))
		(void)take_us(v, &e->us);
}

static size_t find_job(const struct jobs *jobs, const char *unit)
{
	size_t i = 0;

	while (i < jobs->n && strcmp(jobs->v[i].unit, unit) != 0)
		i++;
	return i;
}

static void remove_job(struct jobs *jobs, size_t i)
{
	memmove(jobs->v + i, jobs->v + i + 1, (--jobs->n - i) * sizeof(jobs->v[0]));
}

static void begin_job(struct jobs *jobs, const char *unit, uint64_t us)
{
	size_t i = find_job(jobs, unit);

	if (i < jobs->n)
		remove_job(jobs, i);
	else if (jobs->n == OPEN_MAX)
		remove_job(jobs, 0);
	jobs->v[jobs->n].begin_us = us;
	memcpy(jobs->v[jobs->n++].unit, unit, SLOW_NAME_MAX + 1);
}

static void end_job(struct jobs *jobs, enum slow_when when, const char *unit, uint64_t us,
		    struct slow *all)
{
	struct slow_item item = { .when = when };
	size_t i = find_job(jobs, unit);

	if (i == jobs->n)
		return;
	memcpy(item.what, unit, SLOW_NAME_MAX + 1);
	item.ms = us > jobs->v[i].begin_us ? (us - jobs->v[i].begin_us) / 1000 : 0;
	remove_job(jobs, i);
	add(all, &item);
}

static void take_entry(const struct entry *e, enum slow_when when, struct jobs *jobs,
		       struct slow *all)
{
	char unit[SLOW_NAME_MAX + 1];

	set_name(unit, e->unit);
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]) && unit[0]; i++) {
		if (messages[i].when != when || !bytes_is(e->id, messages[i].id))
			continue;
		if (messages[i].begins)
			begin_job(jobs, unit, e->us);
		else
			end_job(jobs, when, unit, e->us, all);
	}
}

void slow_in_journal(struct bytes journal, enum slow_when when, uint64_t since_us, struct slow *all)
{
	struct lines lines = lines_of(journal);
	struct jobs jobs = { .n = 0 };
	struct entry e = { .us = 0 };
	struct bytes line;

	while (lines_next(&lines, &line)) {
		if (line.n) {
			take_field(line, &e);
			continue;
		}
		if (e.real_us >= since_us)
			take_entry(&e, when, &jobs, all);
		e = (struct entry){ .us = 0 };
	}
	if (e.real_us >= since_us)
		take_entry(&e, when, &jobs, all);
}

/* ---- the kernel's log */

/* "ata1: SATA link up" is of ata1. */
static struct bytes first_word(struct bytes message)
{
	size_t n = 0;

	while (n < message.n && message.p[n] != ' ' && message.p[n] != ':' && message.p[n] != ',')
		n++;
	return (struct bytes){ message.p, n };
}

void slow_in_kernel_log(struct bytes log, int64_t initramfs_us, int64_t userspace_us,
			struct slow *all)
{
	struct lines lines = lines_of(log);
	uint64_t last = UINT64_MAX, us;
	struct bytes line, message;

	while (lines_next(&lines, &line)) {
		struct slow_item item = { .when = SLOW_KERNEL };

		if (!kernel_log_record(line, &us, &message))
			continue;
		if (userspace_us >= 0 ? us > (uint64_t)userspace_us
				      : initramfs_us >= 0 && us > (uint64_t)initramfs_us)
			return;
		if (initramfs_us >= 0 && us > (uint64_t)initramfs_us)
			item.when = SLOW_INITRAMFS;
		item.ms = us > last ? (us - last) / 1000 : 0;
		set_name(item.what, first_word(message));
		add(all, &item);
		last = us;
	}
}

/* ---- a line of the record */

void slow_format(const struct slow *all, char *ret, size_t size)
{
	size_t used = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < all->n; i++) {
		char word[SLOW_NAME_MAX + 48];
		const int n = snprintf(word, sizeof(word), "%s%s/%s=%" PRIu64, used ? " " : "",
				       when_names[all->v[i].when], all->v[i].what, all->v[i].ms);

		if (n < 0 || used + (size_t)n >= size)
			return;
		memcpy(ret + used, word, (size_t)n + 1);
		used += (size_t)n;
	}
}

static bool parse_word(struct bytes word, struct slow_item *ret)
{
	const uint8_t *slash = word.n ? memchr(word.p, '/', word.n) : NULL;
	const uint8_t *equals = word.n ? memchr(word.p, '=', word.n) : NULL;
	unsigned when = 0;

	if (!slash || !equals || equals < slash)
		return false;
	while (when < N_WHEN &&
	       !bytes_is((struct bytes){ word.p, (size_t)(slash - word.p) }, when_names[when]))
		when++;
	*ret = (struct slow_item){ .when = (enum slow_when)when };
	set_name(ret->what, (struct bytes){ slash + 1, (size_t)(equals - slash - 1) });
	return when < N_WHEN &&
	       take_us((struct bytes){ equals + 1, (size_t)(word.p + word.n - equals - 1) },
		       &ret->ms);
}

void slow_parse(const char *text, struct slow *ret)
{
	struct bytes rest = { (const uint8_t *)text, strlen(text) };
	struct slow_item item;

	*ret = (struct slow){ .n = 0 };
	while (rest.n)
		if (parse_word(bytes_word(&rest), &item))
			add(ret, &item);
}

/* ---- what helps */

/* The first row that fits counts. @what: name of the unit, or the end of it behind "*", or its start before "*". */
static const struct {
	enum slow_when when;
	const char *what, *advice;
} advices[] = {
	{ SLOW_STOP, "networking.service",
	  "dhclient sleeps for a second when it gives its lease back: a static address, or another DHCP client, "
	  "does not" },
	{ SLOW_STOP, "rapidreboot-load.service",
	  "the next kernel is unpacked here: `rapidreboot load` before the reboot, or CACHE= in "
	  "rapidreboot.conf, saves that" },
	{ SLOW_STOP, "user@*",
	  "programs of a logged-in user did not end by themselves: `loginctl list-sessions` before the "
	  "reboot shows whose" },
	{ SLOW_STOP, "docker.service",
	  "containers are given 10 seconds each: `docker stop` before the reboot, or live-restore" },
	{ SLOW_STOP, "libvirt-guests.service",
	  "guests are shut down: SHUTDOWN_TIMEOUT and PARALLEL_SHUTDOWN in its configuration" },
	{ SLOW_STOP, "*",
	  "`journalctl -b -1 -u UNIT` shows what it waited for; TimeoutStopSec= of the unit limits it" },
	{ SLOW_START, "ifupdown-pre.service",
	  "it waits by `udevadm settle` until every device is found: `systemctl mask` it where the network "
	  "cards are found early" },
	{ SLOW_START, "systemd-udev-settle.service",
	  "it waits until every device is found: `systemctl list-dependencies --reverse` shows what still "
	  "wants that" },
	{ SLOW_START, "*-wait-online.service",
	  "it waits until the network is online: `systemctl disable` it when no service needs that, or name "
	  "the one interface that counts" },
	{ SLOW_START, "networking.service", "DHCP answers late: a static address saves that" },
	{ SLOW_START, "cloud-*",
	  "cloud-init looks for its data source at every boot: datasource_list, or "
	  "/etc/cloud/cloud-init.disabled" },
	{ SLOW_START, "snapd.seeded.service", "snaps are prepared: only after an installation" },
	{ SLOW_START, "*", "`systemd-analyze critical-chain` shows whether anything waits for it" },
	{ SLOW_KERNEL, "*",
	  "the kernel said nothing for so long until this message: `initcall_debug` on its command line shows "
	  "which driver, `module_blacklist=` keeps one out that nothing needs" },
	{ SLOW_INITRAMFS, "*",
	  "nothing was found for so long until this message: the root device, or a `udevadm settle` of the "
	  "initial ramdisk; one with fewer modules has less to wait for (--diet)" },
};

static bool fits(const char *pattern, const char *name)
{
	const size_t n = strlen(pattern);

	if (pattern[0] == '*')
		return ends_with(name, pattern + 1);
	if (pattern[n - 1] == '*')
		return strncmp(name, pattern, n - 1) == 0;
	return strcmp(name, pattern) == 0;
}

const char *slow_advice(const struct slow_item *item)
{
	size_t i = 0;

	while (advices[i].when != item->when || !fits(advices[i].what, item->what))
		i++;
	return advices[i].advice;
}

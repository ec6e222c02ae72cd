// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Computes how long a fast reboot took. Moments of the old and of the new kernel are on the
 * CLOCK_BOOTTIME of each; those of the purgatory are on the time-stamp counter, which kexec does
 * not reset and which therefore relates the three. Without it the real-time clock is used, which
 * many machines keep in whole seconds only.
 */
#include <stdlib.h>

#include "record/attempts.h"

enum {
	CALIBRATION_MS = 100,
	/* limit on the error of the real-time clock chip, which sets the clock of a new kernel */
	WALL_ERROR_MS = 60000,
};

/* A new kernel's clock begins with its first tick, and may be ahead of the counter by more than the time that its
 * start took so far. When it is further ahead it was not that clock. */
static const int64_t early_max_us = 1000000;

/* Longest plausible reboot: when the counter shows more, it was reset or changed. */
static const int64_t longest_us = INT64_C(60) * 60 * 1000000;

struct moment moment_now(struct sys *sys)
{
	return (struct moment){ .real_ms = sys->realtime_ms(sys),
				.boot_us = sys->boottime_us(sys),
				.tsc = sys->tsc(sys) };
}

/* Rate of the counter, from the kernel's own clock, which is derived from it. */
static uint64_t calibrate(struct sys *sys)
{
	const uint64_t t0 = sys->raw_ns(sys), c0 = sys->tsc(sys);
	uint64_t t1, c1;

	sys->sleep_ms(sys, CALIBRATION_MS);
	t1 = sys->raw_ns(sys);
	c1 = sys->tsc(sys);
	if (c1 <= c0 || t1 <= t0)
		return 0;
	return (c1 - c0) * 1000000 / (t1 - t0);
}

static uint64_t rate(struct sys *sys, const struct boot_facts *facts)
{
	uint64_t khz = sys->tsc(sys) ? calibrate(sys) : 0;

	if (khz == 0)
		khz = facts->tsc_khz ? facts->tsc_khz : sys->tsc_khz(sys);
	return khz;
}

static int64_t counter_us(uint64_t from, uint64_t to, uint64_t khz)
{
	return (int64_t)((__int128)(to - from) * 1000 / khz);
}

/* Do the counter values of the purgatory lie between the request and now, in ascending order? */
static bool is_witnessed(const struct attempt *a, const struct boot_facts *facts,
			 const struct moment *now)
{
	uint64_t last = a->asked.tsc;

	for (size_t i = POINT_PURGATORY; i <= POINT_JUMPED; i++) {
		if (facts->tsc[i] <= last)
			return false;
		last = facts->tsc[i];
	}
	return last < now->tsc;
}

/* The last moment that the old kernel has measured. */
static int64_t old_end_us(const struct attempt *a)
{
	int64_t last = 0;

	for (size_t i = POINT_LOADED; i < POINT_PURGATORY; i++)
		last = a->at[i] > last ? a->at[i] : last;
	return last;
}

/* Is the difference of the two counter values a plausible reboot? When the purgatory has left no
 * value, the real-time clock has to agree as well. */
static bool is_continuous(const struct attempt *a, const struct boot_facts *facts,
			  const struct moment *now, uint64_t khz)
{
	const bool witnessed = is_witnessed(a, facts, now);
	int64_t us, wall_ms;

	if (now->tsc <= a->asked.tsc)
		return false;
	us = counter_us(a->asked.tsc, now->tsc, khz);
	/* the time that the old kernel measured is a part of it */
	if (us - (int64_t)now->boot_us < old_end_us(a) - (witnessed ? early_max_us : 0) ||
	    us - (int64_t)now->boot_us > longest_us)
		return false;
	wall_ms = (int64_t)(now->real_ms - a->asked.real_ms);
	return witnessed || llabs(us / 1000 - wall_ms) <= WALL_ERROR_MS;
}

static void by_counter(struct attempt *a, const struct boot_facts *facts, uint64_t khz)
{
	for (size_t i = POINT_PURGATORY; i <= POINT_JUMPED; i++)
		if (facts->tsc[i] > a->asked.tsc)
			a->at[i] = counter_us(a->asked.tsc, facts->tsc[i], khz);
}

/* Are the moments in ascending order? Otherwise a clock was wrong. */
static bool in_order(const struct attempt *a)
{
	int64_t last = 0;

	for (size_t i = 0; i < N_POINTS; i++) {
		if (a->at[i] == POINT_UNKNOWN)
			continue;
		if (a->at[i] < last)
			return false;
		last = a->at[i];
	}
	return true;
}

static void from_kernel(struct attempt *a, const struct boot_facts *facts, int64_t kernel)
{
	a->at[POINT_KERNEL] = kernel;
	for (size_t i = POINT_INITRAMFS; i < N_POINTS; i++)
		a->at[i] = facts->at_us[i] < 0 ? POINT_UNKNOWN : kernel + facts->at_us[i];
}

/* The purgatory proves that the counter ran through the jump. A kernel that seems to have begun before the jump has a
 * clock that is ahead: what lies before the jump by that clock is put to the jump. False: it is too far ahead. */
static bool after_jump(struct attempt *a)
{
	const int64_t jumped = a->at[POINT_JUMPED], early = jumped - a->at[POINT_KERNEL];

	if (early <= 0)
		return true;
	if (early > early_max_us)
		return false;
	a->early_us = (uint64_t)early;
	for (size_t i = POINT_KERNEL; i < N_POINTS; i++)
		if (a->at[i] != POINT_UNKNOWN && a->at[i] < jumped)
			a->at[i] = jumped;
	return true;
}

static void by_wall(struct attempt *a, const struct boot_facts *facts, const struct moment *now)
{
	int64_t kernel = (int64_t)(now->real_ms - a->asked.real_ms) * 1000 - (int64_t)now->boot_us;

	for (size_t i = POINT_PURGATORY; i < N_POINTS; i++)
		a->at[i] = POINT_UNKNOWN;
	if (kernel < 0 || kernel < old_end_us(a))
		return; /* the real-time clock was set in between */
	from_kernel(a, facts, kernel);
}

void attempt_measure(struct sys *sys, struct attempt *a, const struct boot_facts *facts)
{
	const uint64_t khz = a->result == ATTEMPT_KEXEC && a->asked.tsc ? rate(sys, facts) : 0;
	const struct moment now = moment_now(sys);

	a->clock = CLOCK_WALL;
	a->early_us = 0;
	if (khz) {
		a->clock = CLOCK_BROKEN;
		if (is_continuous(a, facts, &now, khz)) {
			by_counter(a, facts, khz);
			from_kernel(a, facts,
				    counter_us(a->asked.tsc, now.tsc, khz) - (int64_t)now.boot_us);
			if ((!is_witnessed(a, facts, &now) || after_jump(a)) && in_order(a)) {
				a->clock = CLOCK_COUNTER;
				return;
			}
		}
	}
	a->early_us = 0;
	by_wall(a, facts, &now);
}

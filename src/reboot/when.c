// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "reboot/when.h"

enum { MINUTE_MS = 60 * 1000, MINUTES_MAX = 366 * 24 * 60 };

static bool take_minutes(uint64_t minutes, struct when *ret)
{
	if (minutes > MINUTES_MAX)
		return false;
	*ret = (struct when){ .in_ms = minutes * MINUTE_MS };
	(void)snprintf(ret->text, sizeof(ret->text), "+%llu", (unsigned long long)minutes);
	memcpy(ret->minutes, ret->text, sizeof(ret->minutes));
	return true;
}

/* Not before it. */
static uint64_t minutes_until(time_t at, uint64_t now_ms)
{
	return ((uint64_t)at * 1000 - now_ms + MINUTE_MS - 1) / MINUTE_MS;
}

static bool take_date(struct tm *tm, uint64_t now_ms, struct when *ret)
{
	time_t at;

	tm->tm_isdst = -1;
	at = mktime(tm);
	if (at == (time_t)-1 || (uint64_t)at * 1000 < now_ms)
		return false;
	return take_minutes(minutes_until(at, now_ms), ret);
}

static bool take_hour(const struct tm *clock, uint64_t now_ms, struct when *ret)
{
	time_t now = (time_t)(now_ms / 1000), at;
	struct tm tm;

	if (!localtime_r(&now, &tm))
		return false;
	tm.tm_hour = clock->tm_hour;
	tm.tm_min = clock->tm_min;
	tm.tm_sec = 0;
	tm.tm_isdst = -1;
	at = mktime(&tm);
	if (at <= now) {
		tm.tm_mday++;
		tm.tm_isdst = -1;
		at = mktime(&tm);
	}
	if (!take_minutes(minutes_until(at, now_ms), ret))
		return false;
	ret->in_ms = (uint64_t)at * 1000 - now_ms;
	(void)snprintf(ret->text, sizeof(ret->text), "%02d:%02d", clock->tm_hour, clock->tm_min);
	return true;
}

static bool fits(const char *text, const char *format, struct tm *ret)
{
	const char *end;

	*ret = (struct tm){ 0 };
	end = strptime(text, format, ret);
	return end && !*end;
}

bool when_parse(const char *text, uint64_t now_ms, struct when *ret)
{
	static const char *const dates[] = { "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S",
					     "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S" };
	uint64_t minutes;
	struct tm tm;

	if (strcmp(text, "now") == 0) {
		*ret = (struct when){ .now = true };
		return true;
	}
	if (*text == '+')
		return text[1] >= '0' && text[1] <= '9' && parse_u64(text + 1, &minutes) == 0 &&
		       take_minutes(minutes, ret);
	if (fits(text, "%H:%M", &tm))
		return take_hour(&tm, now_ms, ret);
	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++)
		if (fits(text, dates[i], &tm))
			return take_date(&tm, now_ms, ret);
	return false;
}

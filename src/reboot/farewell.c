// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/farewell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reboot/present.h"
#include "record/attempts.h"

enum { MS_MAX = 24 * 60 * 60 * 1000 }; /* above that a machine was switched off */

void start_words(const struct start *s, char ret[START_WORDS_MAX])
{
	const char *version = s->image_info.version;

	/* cut, so that what follows is read */
	if (version && !strstr(s->choice.title, version))
		(void)snprintf(ret, START_WORDS_MAX, "%.200s (%.80s)", s->choice.title, version);
	else
		(void)snprintf(ret, START_WORDS_MAX, "%.200s", s->choice.title);
}

/* From the request to the services that make the machine usable; 0: not known. For a reboot through the firmware
 * the record has no better end than when it was closed. */
static uint64_t took_ms(const struct attempt *a)
{
	if (a->result == ATTEMPT_KEXEC && attempt_up_us(a) > 0)
		return (uint64_t)attempt_up_us(a) / 1000;
	if (a->result == ATTEMPT_FIRMWARE && a->closed_ms > a->asked.real_ms)
		return a->closed_ms - a->asked.real_ms;
	return 0;
}

/* "…; it took 14 seconds the last time", by the newest record of this kind */
static void last_time(struct sys *sys, enum attempt_result kind, char *ret, size_t size)
{
	_cleanup_free_ struct attempts *all = malloc(sizeof(*all));

	(void)snprintf(ret, size, "; how long it takes was not measured yet");
	if (!all || attempts_read(sys, all, NULL) < 0)
		return;
	for (size_t i = all->n; i-- > 0;) {
		const uint64_t ms = all->v[i].result == kind ? took_ms(&all->v[i]) : 0;
		const uint64_t seconds = (ms + 999) / 1000;

		if (ms == 0 || ms > MS_MAX)
			continue;
		(void)snprintf(ret, size, "; it took %llu second%s the last time",
			       (unsigned long long)seconds, seconds == 1 ? "" : "s");
		return;
	}
}

void farewell_fast(const struct reboot *rb, const struct start *s)
{
	char host[PRESENT_HOST_MAX], what[START_WORDS_MAX], time[80];

	present_host(rb->machine, host);
	start_words(s, what);
	last_time(rb->sys, ATTEMPT_KEXEC, time, sizeof(time));
	teller_say(
		&rb->teller,
		"%s restarts into %s now%s. Connect to it again after that; should it stay away, a "
		"reset starts it through the firmware",
		host, what, time);
}

void farewell_cold(const struct reboot *rb)
{
	char host[PRESENT_HOST_MAX], time[80];

	present_host(rb->machine, host);
	last_time(rb->sys, ATTEMPT_FIRMWARE, time, sizeof(time));
	teller_say(&rb->teller,
		   "%s restarts through the firmware now%s. Connect to it again after that", host,
		   time);
}

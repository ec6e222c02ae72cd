// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/event.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "record/boot.h"

#define FIELD "RAPIDREBOOT_"

enum { SENTENCE_MAX = 1024 };

static const struct event_kind kinds[N_EVENTS] = {
	[EVENT_ASKED] = { "f63c42dad3e94f7683f0fd586317789a",
			  JOURNAL_NOTICE,
			  { FIELD "ENTRY", FIELD "KERNEL", FIELD "WAY" } },
	[EVENT_WITHDRAWN] = { "36681fe547c74bcfb2d8feef286eda59",
			      JOURNAL_WARNING,
			      { FIELD "ENTRY", FIELD "REASON" } },
	[EVENT_COLD_INSTEAD] = { "545c4ca03b904d0b82a64ed2f9d503c8",
				 JOURNAL_NOTICE,
				 { FIELD "REASON" } },
	[EVENT_COLD_REFUSED] = { "1b04a1a815044ba292210599e1ac9df9",
				 JOURNAL_WARNING,
				 { FIELD "REASON" } },
	[EVENT_UP] = { "805f3f75b5564bccbe2a566771df07df",
		       JOURNAL_INFO,
		       { FIELD "ENTRY", FIELD "KERNEL", FIELD "UP_USEC" } },
	[EVENT_FIRMWARE] = { "b33f5c0b17d54f81be0e5769034c8125",
			     JOURNAL_WARNING,
			     { FIELD "ENTRY", FIELD "REASON" } },
	[EVENT_COLD_UP] = { "5abc67166e71405cbf910978a58a6f8d", JOURNAL_INFO, { FIELD "REASON" } },
	[EVENT_CONFIRMED] = { "1573671d220341c99cd0d06647774419", JOURNAL_INFO, { NULL } },
	[EVENT_UNCONFIRMED] = { "aab56ecf03f14fad9de689df5ec9d90e",
				JOURNAL_WARNING,
				{ FIELD "CONFIRM_AFTER", FIELD "REASON" } },
	[EVENT_READY] = { "a07a197522994822907d1d41120fd8a3", JOURNAL_INFO, { NULL } },
	[EVENT_NOT_READY] = { "ca736dd3ee994e8db6f0e20ccaec3604",
			      JOURNAL_WARNING,
			      { FIELD "SECONDS" } },
};

const struct event_kind *event_kind(enum event event)
{
	return &kinds[event];
}

/* A value with a newline in it follows its length, 64 bits with the lowest byte first. */
static void add_field(struct strbuf *b, const char *name, const char *value)
{
	const size_t n = strlen(value);
	char length[sizeof(uint64_t)];

	strbuf_add(b, name);
	if (!strchr(value, '\n')) {
		strbuf_addf(b, "=%s\n", value);
		return;
	}
	for (size_t i = 0; i < sizeof(length); i++)
		length[i] = (char)(uint8_t)((uint64_t)n >> 8 * i);
	strbuf_add(b, "\n");
	strbuf_add_n(b, length, sizeof(length));
	strbuf_addf(b, "%s\n", value);
}

bool event_log(const struct reboot *rb, enum event event, const char *const values[],
	       const char *sentence)
{
	const struct event_kind *kind = &kinds[event];
	_cleanup_close_ int root = machine_open(rb->sys);
	_cleanup_strbuf_ struct strbuf b = { 0 };

	add_field(&b, "MESSAGE", sentence);
	add_field(&b, "MESSAGE_ID", kind->id);
	add_field(&b, "SYSLOG_IDENTIFIER", "rapidreboot");
	strbuf_addf(&b, "PRIORITY=%d\n", kind->priority);
	for (size_t i = 0; kind->fields[i]; i++)
		if (values[i] && values[i][0])
			add_field(&b, kind->fields[i], values[i]);
	return !b.failed && journal_send(root, (struct bytes){ (const uint8_t *)b.s, b.n }) == 0;
}

void event_say(const struct reboot *rb, enum event event, const char *const values[],
	       const char *fmt, ...)
{
	char sentence[SENTENCE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	if (!event_log(rb, event, values, sentence))
		teller_say(&rb->teller, "%s", sentence);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* The last words of a crashed kernel. What its messages look like: kernel/panic.c, lib/bug.c,
 * arch/x86/mm/fault.c, kernel/hung_task.c, kernel/watchdog.c and drivers/tty/sysrq.c of Linux. */
#include "vmcore/summary.h"

#include <string.h>

#include "base/num.h"

#define SECOND_NS UINT64_C(1000000000)

/* Messages of one trouble come within this time; what comes later is another one. */
enum { ONE_TROUBLE_S = 5 };

static bool has_text(struct bytes text, const char *s)
{
	/* a record without a text has no pointer either, which memmem(3) must not get */
	return text.n && memmem(text.p, text.n, s, strlen(s)) != NULL;
}

static bool is_cause(struct bytes text)
{
	static const char *const starts[] = {
		"BUG: ",
		"kernel BUG at ",
		"Oops: ",
		"Unable to handle kernel ",
		"general protection fault",
		"Internal error: ",
		"watchdog: BUG: ",
		"Watchdog detected hard LOCKUP",
		"NMI: Not continuing",
		"sysrq: Trigger a crash",
		"Out of memory: ",
		"INFO: task ",
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (has_text(text, starts[i]))
			return true;
	return false;
}

static void take(struct vmcore_line *line, const struct vmcore_record *record)
{
	const size_t n = record->text.n < SUMMARY_LINE - 1 ? record->text.n : SUMMARY_LINE - 1;

	*line = (struct vmcore_line){ .time_ns = record->time_ns, .has_time = record->has_time };
	for (size_t i = 0; i < n; i++)
		line->text[i] = record->text.p[i] ? (char)record->text.p[i] : '?';
}

static int note(void *data, const struct vmcore_record *record)
{
	struct vmcore_summary *s = data;

	if (record->has_time)
		s->uptime_s = record->time_ns / SECOND_NS;
	if (s->n_tail < SUMMARY_TAIL) {
		take(&s->tail[s->n_tail++], record);
	} else {
		take(&s->tail[s->first], record);
		s->first = (s->first + 1) % SUMMARY_TAIL;
	}
	/* the end of a panic has the same words: "---[ end Kernel panic - not syncing: … ]---" */
	if (has_text(record->text, "Kernel panic - not syncing") &&
	    !has_text(record->text, "end Kernel panic"))
		take(&s->panic, record);
	/* what came first counts; what the kernel survived long before the panic does not */
	else if (!s->panic.text[0] && is_cause(record->text) &&
		 (!s->cause.text[0] ||
		  record->time_ns - s->cause.time_ns > ONE_TROUBLE_S * SECOND_NS))
		take(&s->cause, record);
	return 0;
}

void vmcore_summarise(struct vmcore *core, struct vmcore_summary *ret)
{
	struct bytes value;
	size_t n;

	*ret = (struct vmcore_summary){ 0 };
	if (vmcore_value(core, "OSRELEASE", &value)) {
		n = value.n < SUMMARY_LINE - 1 ? value.n : SUMMARY_LINE - 1;
		memcpy(ret->release, value.p, n);
	}
	if (vmcore_value(core, "CRASHTIME", &value)) {
		char text[24] = "";

		if (value.n < sizeof(text)) {
			memcpy(text, value.p, value.n);
			if (parse_u64(text, &ret->crashed_at) < 0)
				ret->crashed_at = 0;
		}
	}
	if (vmcore_log(core, note, ret, &ret->report, &ret->no_log) == 0)
		ret->no_log = (struct kx_error){ 0 };
}

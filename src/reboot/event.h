/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What happens to fast reboots, as entries of systemd's journal: each kind has a MESSAGE_ID that never changes, and
 * fields of its own. integration/systemd/rapidreboot.catalog explains each kind to a person. */

#include "reboot/reboot.h"
#include "sys/journal.h"

enum event {
	EVENT_ASKED,	    /* init is asked for a fast reboot */
	EVENT_WITHDRAWN,    /* what was loaded for one is unloaded again */
	EVENT_COLD_INSTEAD, /* --or-cold: init is asked for a reboot through the firmware */
	EVENT_COLD_REFUSED, /* EVENT_COLD_INSTEAD does not take place either */
	EVENT_UP,	    /* a fast reboot led to this boot */
	EVENT_FIRMWARE,	    /* one was asked for, and the machine came back through the firmware */
	EVENT_COLD_UP,	    /* EVENT_COLD_INSTEAD led to this boot */
	EVENT_CONFIRMED,    /* CONFIRM_AFTER: this boot is a good one */
	EVENT_UNCONFIRMED,  /* CONFIRM_AFTER: nothing will say so by itself */
	EVENT_READY,	    /* READY_COMMAND: the service answers */
	EVENT_NOT_READY,    /* READY_COMMAND: it does not */
	N_EVENTS,
};

enum { EVENT_FIELDS_MAX = 3 };

/**
 * struct event_kind - what is fixed of one
 * @id: its MESSAGE_ID, 32 hexadecimal digits; never one that was in a release for something else
 * @priority: of its entries
 * @fields: names of what an entry says of this one reboot; NULL behind the last
 */
struct event_kind {
	const char *id;
	enum journal_priority priority;
	const char *fields[EVENT_FIELDS_MAX + 1];
};

const struct event_kind *event_kind(enum event event);

/* Enters it into the journal of the machine that acts. @values: of the kind's fields, in their order; NULL or "" for
 * one that is not known. False where no journal of systemd takes it. */
bool event_log(const struct reboot *rb, enum event event, const char *const values[],
	       const char *sentence);
/* The same; where no journal takes it the sentence is told. For hooks, whose standard error is a log. */
void event_say(const struct reboot *rb, enum event event, const char *const values[],
	       const char *fmt, ...) _printf_(4, 5);

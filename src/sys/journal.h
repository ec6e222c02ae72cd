/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Hands an entry to the journal of systemd. */

#include "base/cleanup.h"
#include "fundamental/bytes.h"

/* Of what there is in syslog(3). */
enum journal_priority {
	JOURNAL_WARNING = 4,
	JOURNAL_NOTICE = 5,
	JOURNAL_INFO = 6,
};

/*
 * Sends @entry, fields as systemd.io/JOURNAL_NATIVE_PROTOCOL has them, to the socket of journald below @root. Never
 * waits. Returns 0, -ENOENT where no journald runs, or another negative errno; then the entry is nowhere.
 */
_must_check_ int journal_send(int root, struct bytes entry);

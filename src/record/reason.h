/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Finds out why a machine came back through the firmware, from what the previous kernel left
 * behind. */

#include "record/attempts.h"

/* Picks the line of a kernel log that explains the failure: the last panic, else the last oops,
 * else what the kernel said about kexec. False leaves @ret unchanged. */
bool reason_in_log(struct bytes log, char *ret, size_t size);
/* The same for a log that not every user may read, because every user may read the record: "Kernel
 * panic - not syncing", "BUG", without the words of the line. */
bool reason_in_private_log(struct bytes log, char *ret, size_t size);

/* Searches pstore, also where systemd has moved it, and asks the watchdog whether it has reset the
 * machine; ignores what is older than @since_ms of CLOCK_REALTIME. Of a log that not every user may
 * read only the kind of failure is returned. False: nothing found. */
bool reason_in_firmware_store(struct sys *sys, uint64_t since_ms, char *ret, size_t size);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Why a machine came back through the firmware, by what the kernel before left behind. */

#include "record/attempts.h"

/* The sentence that fits best in a text of a kernel log; false leaves @ret alone. The last panic
 * counts, then the last oops, then what the kernel said of kexec itself. */
bool reason_in_log(struct bytes log, char *ret, size_t size);

/* Looks at pstore, also where systemd has moved it, and at a watchdog that says that it reset the
 * machine; at nothing older than @since_ms of CLOCK_REALTIME. False: nothing there. */
bool reason_in_firmware_store(struct sys *sys, uint64_t since_ms, char *ret, size_t size);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/lines.h"

/* One line of /dev/kmsg, "6,339,5140900,-;Run /init as init process" (Documentation/ABI/testing/dev-kmsg): microseconds
 * of the kernel's clock, and the message. False: a continuation, or damaged. */
bool kernel_log_record(struct bytes line, uint64_t *ret_us, struct bytes *ret_message);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* READY_COMMAND of rapidreboot.conf(5): what a person waits for is a service that answers, not a target of init. */

#include "handover/init.h"
#include "reboot/reboot.h"

/* After a fast reboot of which this boot has closed the record: runs the command until it says that the service is
 * back, and notes when that was. Where init would wait for this process another one does it. */
void ready_begin(const struct reboot *rb, const struct init_system *init);
/* The hook "ready", that other process. */
void ready_wait(const struct reboot *rb);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the boot service does when the machine is usable again. */

#include "reboot/reboot.h"

/* The hook "boot": closes the record of the attempt that led here: how it went, how long everything took, or
 * why it came back through the firmware. */
void hook_boot(const struct reboot *rb);

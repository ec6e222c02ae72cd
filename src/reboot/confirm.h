/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* CONFIRM_AFTER of rapidreboot.conf(5): that a system came up is not always enough for the next fast reboot. */

#include "handover/init.h"
#include "reboot/reboot.h"

/* Does this boot wait for a confirmation? Where the settings cannot be read it does. */
bool confirm_is_awaited(const struct reboot *rb);
/* Asks init to confirm this boot after the unit of CONFIRM_AFTER, if there is one. */
void confirm_begin(const struct reboot *rb, const struct init_system *init);
/* The hook "confirm": that unit is active. */
void hook_confirm(const struct reboot *rb);

/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Reboots at a later time, and taking them back. */

#include "cli/rapidreboot/start.h"

/* Does @init know no time, so that a process of ours has to wait? */
bool wait_is_ours(const struct init_system *init);

/* Puts the program that waits in the place of @call, which asks init at once. */
_must_check_ int wait_call(struct sys *sys, struct reboot_call *call, struct kx_error *err);

/* Drops image, request and record of a reboot that init is not going to make. An exit status. */
int reboot_take_back(struct sys *sys, bool verbose);

/* Asks @init to run the hook "cancelled" when others take back a reboot with a time. */
void cancel_watch(struct sys *sys, const struct init_system *init);

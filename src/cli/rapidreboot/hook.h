/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cli/rapidreboot/start.h"

/* Closes the record of the last attempt; says on standard error what cannot be done. */
void hook_boot(struct sys *sys);

/* Waits until the reboot that --when ordered is due, and asks init for it. */
void hook_wait(struct sys *sys);

/* Somebody may have taken back the reboot that --when ordered: then the kernel is unloaded. */
void hook_cancelled(struct sys *sys);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The programs of src/reboot that take part in a race, on one machine at a time. */

#include <libkexec.h>

#include "sys/sys.h"

/* @ctx and @root as opened by the caller. No program runs: what src/sys/process.c does is left out. */
void race_reboot_open(struct sys *sys, struct kx_ctx *ctx, int root);
/* A request as `rapidreboot` leaves it when it has loaded a kernel. */
void race_reboot_ask(void);
/* rapidreboot --cancel */
void race_reboot_cancel(void);
/* The last hook of a reboot, which jumps; the first hook of a poweroff, which unloads. */
void race_reboot_hook(void);
void race_poweroff_hook(void);

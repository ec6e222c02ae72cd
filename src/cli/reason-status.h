/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cli/exit-status.h"
#include "reboot/reason.h"

/* The exit status that stands for @reason in rapidreboot and coldreboot. */
int reason_status(enum reason reason);

/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cli/rapidreboot/start.h"

/* Closes the record of the last attempt; says on standard error what cannot be done. */
void hook_boot(struct sys *sys);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "preflight/look.h"

/* B4: devices that the command line names. */
enum preflight_status look_devices(const struct look *l, struct report *r);

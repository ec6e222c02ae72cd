/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "preflight/look.h"

/* G8: does init run our scripts? */
enum preflight_status look_init_hooks(const struct look *l, struct report *r);

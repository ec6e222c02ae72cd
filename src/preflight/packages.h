/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "preflight/look.h"

/* B10: a package manager is running, or was interrupted. */
enum preflight_status look_packages(const struct look *l, struct report *r);

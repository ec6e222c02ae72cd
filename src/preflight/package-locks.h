/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "preflight/look.h"

/* Does a package manager hold one of its locks? They are in the evidence. */
bool package_locks_held(const struct look *l, struct report *r);

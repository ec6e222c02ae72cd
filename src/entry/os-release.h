/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/cleanup.h"
#include "fundamental/bytes.h"

/* Value of the last assignment to @key in os-release(5) text; *ret stays NULL when there is none. */
_must_check_ int os_release_get(struct bytes text, const char *key, char **ret);

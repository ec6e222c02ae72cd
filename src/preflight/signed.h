/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "preflight/look.h"

/* 1 when the entry's kernel file carries an Authenticode signature (whoever made it), 0 when not,
 * -ENODATA without an entry, or why it cannot be read. */
_must_check_ int entry_is_signed(const struct look *l);

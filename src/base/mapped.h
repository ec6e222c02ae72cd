/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Mapped files that others may shorten while they are read. The kernel answers the first look behind the
 * new end with SIGBUS, which ends a process. Between mapped_add() and mapped_remove() such a page reads as
 * zeros instead, and is remembered: the reader goes on, and whoever uses what it has read asks
 * mapped_is_torn() first. A SIGBUS anywhere else does what it did before.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/* -EMFILE when there are more at the same time than there is room for. */
_must_check_ int mapped_add(const void *p, size_t n);
void mapped_remove(const void *p);
/* Did a page of it vanish? */
bool mapped_is_torn(const void *p);

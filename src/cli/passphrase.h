/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/secret-memory.h"

/* Asks on the terminal that is standard input, which shows nothing of what is typed. @ret has room for it, and is
 * filled without the end of line; false when nobody answers (end of file, Ctrl-C). */
bool passphrase_ask(const char *question, struct secret *ret);
/* All that comes out of @fd, without one end of line. 0, -EFBIG, -ENODATA, or what read(2) says. */
_must_check_ int passphrase_read(int fd, struct secret *ret);

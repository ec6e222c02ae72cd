/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The running kernel's memory as the core file /proc/kcore of 64-bit kernels. */

#include <elf.h>
#include <stdbool.h>

#include "base/cleanup.h"

/* Calls @take for each program header, in order, until it returns false. 0; -ENOEXEC: no such core
 * file; -EIO: it ends early. */
_must_check_ int kcore_parts(int fd, bool (*take)(const Elf64_Phdr *part, void *data), void *data);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The memory that is set aside for what is kept: memmap=SIZE!START on the kernel's command line makes it
 * persistent memory, which no kernel uses for anything else (Documentation/admin-guide/kernel-parameters.txt). */

#include <stddef.h>

#include "memmap/memmap.h"

/* Longest word. */
enum { KEEP_WORD_MAX = 64 };

/* "128M", "1G", "134217728": all of @text. -EINVAL, -ERANGE. */
_must_check_ int keep_size_read(const char *text, uint64_t *ret);

/* The first memmap=SIZE!START of a command line, as the kernel reads it. 1; 0 when there is none; -EINVAL when
 * one cannot be read, or is empty. */
_must_check_ int keep_word_find(const char *cmdline, struct range *ret);
/* The word for @range, whose ends are multiples of 1 MiB. */
void keep_word_write(struct range range, char ret[KEEP_WORD_MAX]);

/**
 * keep_range_choose() - RAM that nothing needs at a fixed place
 * @iomem: of the running machine
 * @size: bytes, rounded up to 2 MiB
 * @ret: begins at a multiple of 128 MiB, the kernel's sections of memory
 * @err: filled on failure only, or NULL
 *
 * The lowest such range above 4 GiB, where boot loaders put nothing; on machines without one the lowest above
 * 512 MiB, since they put initial ramdisks at the end of what is below. Never what is reserved, a crash kernel's,
 * or where the running kernel lies, and at most a quarter of memory.
 * Return: 0; -EPERM the map has no addresses; -ENOSPC; -ENOMEM.
 */
_must_check_ int keep_range_choose(const struct iomem *iomem, uint64_t size, struct range *ret,
				   struct kx_error *err);

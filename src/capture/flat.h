/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A dump where one cannot seek: parts with their offsets, one after the other, in the flattened format of
 * makedumpfile -F, which crash, drgn, `makedumpfile -R` and this program read.
 */

#include "dump/dump.h"

struct capture_flat;

/**
 * capture_flat_new() - begin a stream
 * @write: gets all bytes in their order; 0 or a negative errno
 * @progress: as in struct dump_sink, or NULL
 * @data: passed to both
 * @ret: released with capture_flat_free()
 *
 * What is written before anything is read again (the bitmaps) is kept, packed: some MiB for a TiB of memory. A range is read back
 * when the newest part that has something of it has all of it; else, and after it was written again, -ESPIPE.
 * Return: 0; -ENOMEM; what @write returned.
 */
_must_check_ int capture_flat_new(int (*write)(void *data, const void *buf, size_t n),
				  void (*progress)(void *data, uint64_t done, uint64_t all),
				  void *data, struct capture_flat **ret);
/* Where dump_write() writes. */
const struct dump_sink *capture_flat_sink(const struct capture_flat *flat);
/* Writes the mark of the end; *ret_n: bytes of the whole stream. */
_must_check_ int capture_flat_end(struct capture_flat *flat, uint64_t *ret_n);
struct capture_flat *capture_flat_free(struct capture_flat *flat);
DEFINE_CLEANUP(struct capture_flat *, capture_flat_free)
#define _cleanup_capture_flat_ _cleanup_(capture_flat_freep)

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Finds the pages of a long buffer that are not all zeros. */

#include <stddef.h>

#include "fundamental/bytes.h"
#include "memmap/range.h"

/*
 * Offsets in @data of runs of pages that hold anything but zeros: at most @max of them (@max > 0), in
 * order, never touching. Where there are more, those with the fewest zeros between them are joined.
 * The last one ends with a whole page, be it past data.n. Returns how many there are.
 */
size_t page_runs(struct bytes data, size_t max, struct range *ret);

/* @data without trailing zeros. */
struct bytes without_zeros_behind(struct bytes data);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A list of boot entries as one row of bytes: what a confined child answers that has read the configuration of a boot
 * loader. Whoever reads it has to expect that somebody broke into that child and wrote what he wanted.
 */

#include "fundamental/bytes.h"
#include "lib/entries.h"

/* Longest answer. More than a menu may hold (ENTRIES_BYTES_MAX), by what else there is: warnings, variables and output
 * of a script. */
#define ENTRIES_ANSWER_MAX ((size_t)256 << 20)

/*
 * Writes menu, output and variables of @entries to @to, at most @max bytes, and how many there are to *ret_n.
 * What is known of the running system is not part of it, nor are digests, which were compared. -EFBIG.
 */
_must_check_ int entries_encode(const struct kx_entries *entries, uint8_t *to, size_t max,
				size_t *ret_n);

/*
 * Takes them into @entries, whose menu, output and variables are empty. -EPROTO for anything that entries_encode()
 * does not write: another length, a number out of its range, a loader or a kind of entry that there is not, a text
 * that is missing or has a NUL in it. BUDGET_SPENT when the entries are more than a menu may hold. -ENOMEM.
 */
_must_check_ int entries_decode(struct bytes answer, struct kx_entries *entries);

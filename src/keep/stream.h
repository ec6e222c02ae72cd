/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Files as one run of bytes, numbers little-endian, each entry at a multiple of 8:
 *
 *	"RRKF", mode, uid, gid		32 bits each; mode as in stat(2)
 *	seconds, nanoseconds		64 bits each: when it was changed
 *	n_path, n			64 bits each
 *	path, then n bytes: contents of a file, target of a link
 *
 * and "RRKE" after the last one. A directory comes before what is in it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "fundamental/bytes.h"

enum { STREAM_PATH_MAX = 4095 };

struct stream_entry {
	struct bytes path;
	uint32_t mode, uid, gid;
	uint64_t seconds, nanoseconds;
	struct bytes data;
};

/* Where one is written. */
struct stream {
	uint8_t *p;
	size_t n, max;
};

/* Writes all of @e but its contents, for which there are e->data.n bytes at *ret_data. -ENOSPC. */
_must_check_ int stream_add(struct stream *s, const struct stream_entry *e, uint8_t **ret_data);
_must_check_ int stream_end(struct stream *s);

/* Takes the next entry off the front of @rest: 1; 0 at the end; -EBADMSG: cut off, or none of these. A path is absolute,
 * and has no empty part, no "." and no "..". */
_must_check_ int stream_next(struct bytes *rest, struct stream_entry *ret);

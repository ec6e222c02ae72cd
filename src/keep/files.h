/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Files of the machine into a stream (keep/stream.h), and back. */

#include "keep/stream.h"

/* Paths that are kept: absolute, of files or directories with all that is in them. */
struct keep_paths {
	char *const *v;
	size_t n;
};

struct keep_counts {
	size_t n_files, n_directories, n_links;
	/* Devices, sockets, FIFOs, and what is mounted below a path; not there; there already. */
	size_t n_passed_over, n_missing, n_present;
};

/* -ENOSPC: they do not fit; -EAGAIN: one changed while it was read. */
_must_check_ int keep_pack(int root, const struct keep_paths *paths, struct stream *to,
			   struct keep_counts *ret, struct kx_error *err);

/* Makes what is not there, with its owner, mode and time; what has the same name already is left as it is. Directories
 * belong to root alone until everything is in them. -EBADMSG: @from is no such stream, or has a path below none of
 * @paths; some of it may have been made by then. */
_must_check_ int keep_unpack(int root, const struct keep_paths *paths, struct bytes from,
			     struct keep_counts *ret, struct kx_error *err);

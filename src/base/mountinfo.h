/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fundamental/bytes.h"

/* Fields of a line of proc_pid_mountinfo(5), as they stand there: bytes_dup_octal() reads them. */
struct mountinfo {
	struct bytes device; /* "MAJ:MIN" */
	struct bytes fsroot; /* directory of the file system that is seen */
	struct bytes dir;    /* where */
	struct bytes type;
	struct bytes source;
	struct bytes super_options; /* of the file system, not of this view of it */
};

/* False for a line that is cut off. */
bool mountinfo_split(struct bytes line, struct mountinfo *ret);

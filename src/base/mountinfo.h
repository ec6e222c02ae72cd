/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fundamental/bytes.h"

/* Fields of a line of proc_pid_mountinfo(5), still escaped: bytes_dup_octal() copies them. */
struct mountinfo {
	struct bytes device; /* "MAJ:MIN" */
	struct bytes fsroot; /* directory of the file system that is mounted */
	struct bytes dir;    /* mount point */
	struct bytes type;
	struct bytes source;
	struct bytes super_options; /* of the file system, the same for all its mounts */
};

/* False for an incomplete line. */
bool mountinfo_split(struct bytes line, struct mountinfo *ret);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the shell of another machine is told, so that a file there has its name only when it is whole. */

#include <stdint.h>

#include "base/cleanup.h"

#define REMOTE_SIZE_UNKNOWN UINT64_MAX

/* How the command of capture_remote_command() ends, beside 0; sshd's client ends with 255 itself. */
enum {
	REMOTE_NO_DIRECTORY = 41, /* it cannot be made */
	REMOTE_CANNOT_WRITE = 42,
	REMOTE_SHORT = 43, /* the file does not have the bytes that were sent */
	REMOTE_CANNOT_RENAME = 44,
};

/**
 * struct remote_file - a file in the directory of a crash
 * @name: without a slash; it is written as NAME.incomplete
 * @n: bytes that it has when it is whole, or REMOTE_SIZE_UNKNOWN: it keeps its first name
 */
struct remote_file {
	const char *name;
	uint64_t n;
};

/**
 * capture_remote_command() - one command line for any shell that has POSIX's sh beside it
 * @directory: is made, with those above it, readable for its owner alone
 * @finish: a file that was sent before gets its name, or NULL
 * @put: what comes from standard input, or NULL
 * @ret: to be freed
 *
 * A connection that breaks looks to the other machine like the end of a file: sizes tell them apart.
 * Return: 0; -ENOMEM.
 */
_must_check_ int capture_remote_command(const char *directory, const struct remote_file *finish,
					const struct remote_file *put, char **ret);
/* What one of these numbers means, for a sentence; NULL for another. */
const char *capture_remote_error(int status);

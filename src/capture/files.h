/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Files of the capture initramfs beside its own program: a list of paths and contents. */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "fundamental/bytes.h"

enum { CAPTURE_FILES_MAX = 512, CAPTURE_FILE_MAX = 64 << 20 };

/* Libraries lie there, under the names by which they are asked for. */
#define CAPTURE_LIBRARIES "lib"

struct capture_file_member {
	char *path; /* in the archive, without a slash in front */
	uint8_t *p;
	size_t n;
	unsigned mode; /* permissions */
};

struct capture_files {
	struct capture_file_member v[CAPTURE_FILES_MAX];
	size_t n;
};

void capture_files_done(struct capture_files *files);
bool capture_files_have(const struct capture_files *files, const char *path);
/* Adds a file; @p is the list's from then on, in any case. -E2BIG; -ENOMEM. */
_must_check_ int capture_files_take(struct capture_files *files, const char *path, unsigned mode,
				    uint8_t *p, size_t n);
/* The same with a copy of a text. */
_must_check_ int capture_files_text(struct capture_files *files, const char *path, unsigned mode,
				    const char *text);

/**
 * capture_files_add_program() - put a program in, with its loader and its libraries
 * @root: as in base/io.h; /etc/ld.so.cache is read
 * @path: of the program, by which it is run after the crash, too
 *
 * The loader keeps its path; libraries go to CAPTURE_LIBRARIES, which LD_LIBRARY_PATH has to name. Only files
 * that nobody but root can change are put in: they will see all memory.
 *
 * Return: 0; -ENOENT a library is not found; -EOPNOTSUPP it is a script, or of another machine; as
 * open_trusted_in() and elf_needs_parse(); -E2BIG.
 */
_must_check_ int capture_files_add_program(struct capture_files *files, int root, const char *path,
					   struct kx_error *err);

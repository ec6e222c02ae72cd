/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A tree of files decoded from one input, so that what a configuration includes is fuzzed with it. The
 * input is the configuration, followed by any number of
 *
 *	FS "PATH" NEWLINE contents		a file
 *	FS "PATH/" NEWLINE			a directory
 *	FS "PATH>TARGET" NEWLINE		a symbolic link
 *
 * where FS is the byte 0x1c, ASCII's file separator. An input without it is the configuration alone.
 * Below "/@NAME" lies what the loader calls the device NAME.
 */

#include "entry/loaders.h"
#include "fundamental/bytes.h"

enum { FILES_MAX = 64, FILES_PATH_MAX = 256 };

struct files {
	struct entry_fs fs; /* first: what is handed out */
	struct budget budget;
	struct fuzz_file {
		char path[FILES_PATH_MAX], target[FILES_PATH_MAX];
		struct bytes text;
		bool is_dir;
	} file[FILES_MAX];
	size_t n;
};

/* @config is where the text before the first separator lies. */
void files_decode(struct files *files, const char *config, struct bytes input);

/* Reads @config by a loader's reader, and checks what every menu promises. */
void files_read(read_fn *read, const struct boot_find_opts *opts, const char *config,
		struct bytes input);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* File systems in memory, for interpreters of boot loader configurations. */

#include "entry/entry.h"

struct mem_file {
	char *device, *path; /* device "" is the one that holds the configuration */
	uint8_t *text;	     /* NULL: a directory */
	size_t n;
};

struct mem_key {
	enum entry_search what;
	char *key, *device;
};

struct mem_fs {
	struct entry_fs fs; /* first: what is handed out */
	struct mem_file *files;
	size_t n_files;
	struct mem_key *keys;
	size_t n_keys;
};

void mem_fs_init(struct mem_fs *fs);
/* Directories above it appear by themselves. */
void mem_fs_add(struct mem_fs *fs, const char *device, const char *path, const void *text,
		size_t n);
void mem_fs_add_text(struct mem_fs *fs, const char *device, const char *path, const char *text);
void mem_fs_add_directory(struct mem_fs *fs, const char *device, const char *path);
void mem_fs_add_key(struct mem_fs *fs, enum entry_search what, const char *key, const char *device);
void mem_fs_done(struct mem_fs *fs);

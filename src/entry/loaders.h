/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The table of boot loaders: where their files are, who reads them, how they are recognised. */

#include "entry/choose.h"

#define ON_EFI (1u << 0)
#define ON_BIOS (1u << 1)

enum { N_LOADERS = 16, LOADER_PROGRAMS_MAX = 3, LOADER_NAMES_MAX = 5, LOADER_CONFIGS_MAX = 34 };

typedef int read_fn(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
		    struct boot_menu *ret, struct kx_error *err);

struct loader {
	const char *kind;
	unsigned firmware;
	read_fn *read;
	/* How LoaderInfo begins, and what the path of its program contains, in small letters. */
	const char *info;
	const char *programs[LOADER_PROGRAMS_MAX];
	/* File names by which a configuration that is named with --config is recognised. */
	const char *names[LOADER_NAMES_MAX];
	/* Where its configuration is; a "*" stands for one directory. */
	const char *configs[LOADER_CONFIGS_MAX];
	const char *other_name; /* boot_find_opts.type may call it so too, or NULL */
	/* Finds a configuration in no fixed place, before the fixed ones are tried; "" for a loader that
	 * is here and needs no file. 0 also when there is none. -ENOMEM only. NULL: nothing to find. */
	int (*find)(struct entry_fs *fs, char **ret);
	/* Does this machine start by the configuration that was found? NULL: yes. */
	bool (*applies)(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config);
	bool is_linux; /* its program is a Linux kernel, which "efistub" recognises as well */
};

extern const struct loader loaders[N_LOADERS];

/* Their places in loaders[]; N_LOADERS for none. */
size_t loader_by_info(const char *info);
size_t loader_by_program(const char *file);

/* The place of what boot_find_opts.type names, N_LOADERS for "directory"; -EINVAL, -ENOMEM. */
_must_check_ int loader_of_type(const char *type, size_t *ret, struct kx_error *err);

/* Which reader takes a configuration that somebody named without its type, or NULL. */
read_fn *loader_reader_for(struct entry_fs *fs, const char *config);

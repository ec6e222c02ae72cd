/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a program needs to be started: its loader and its libraries, by their names. */

#include "base/dir.h"
#include "base/error.h"
#include "fundamental/bytes.h"

enum { ELF_NEEDS_MAX = 256 };

/**
 * struct elf_needs - of one file
 * @loader: path (PT_INTERP), or NULL: none
 * @libraries: names (DT_NEEDED), in their order
 * @path: where they are looked for first (DT_RUNPATH, else DT_RPATH), separated by colons, or NULL
 * @machine: e_machine
 */
struct elf_needs {
	char *loader;
	struct names libraries;
	char *path;
	uint16_t machine;
};

/**
 * elf_needs_parse() - read them
 * @file: a program or a library of a 64-bit machine with little-endian bytes (System V ABI, chapter 5)
 *
 * Return: 0; -ENOEXEC it is no such file; -EBADMSG its headers contradict themselves; -E2BIG more than
 * ELF_NEEDS_MAX libraries; -ENOMEM.
 */
_must_check_ int elf_needs_parse(struct bytes file, struct elf_needs *ret);
void elf_needs_done(struct elf_needs *needs);
#define _cleanup_elf_needs_ _cleanup_(elf_needs_done)

/**
 * ld_cache_each() - libraries of that name in ld.so.cache(8)
 * @cache: its bytes; only the format of glibc 2.2 and later is read (ld.so's dl-cache.h), also behind an older one
 * @name: "libz.so.1"
 * @take: given the path of each, in the order of the file; another result than 0 ends it
 *
 * Entries for processors with more than the least that the distribution runs on are left out.
 * Return: 0, what @take returned, or -EBADMSG: it is no such cache.
 */
_must_check_ int ld_cache_each(struct bytes cache, const char *name,
			       int (*take)(void *data, const char *path), void *data);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The directory of a crash: DIRECTORY/YYYYMMDDhhmm with dump.YYYYMMDDhhmm and dmesg.YYYYMMDDhhmm in it, as
 * kdump-tools names them, and what the capture program notes. The time is that of the crash, in UTC. */

#include <stdint.h>

#include "base/dir.h"
#include "base/error.h"

/* File of the notes; a directory without it is never removed. */
#define CAPTURE_NOTES "rapidreboot.txt"

struct capture_store {
	char *directory;  /* of this crash */
	char *dump, *log; /* paths */
};

/**
 * capture_store_make() - make the directory of a crash, and those above it
 * @top: where dumps are saved
 * @crashed_at: seconds since 1970
 *
 * A second crash within a minute has "-2" behind its name, and so on.
 * Return: 0; as mkdir(2); -EEXIST after a hundred of them; -ENOMEM.
 */
_must_check_ int capture_store_make(const char *top, uint64_t crashed_at, struct capture_store *ret,
				    struct kx_error *err);
void capture_store_done(struct capture_store *store);
#define _cleanup_capture_store_ _cleanup_(capture_store_done)

/* Replaces the notes; @text has lines "key=value". As file_replace_in(). */
_must_check_ int capture_store_note(const struct capture_store *store, const char *text);

/**
 * capture_store_prune() - remove the oldest
 * @top: where dumps are saved; only directories that have notes of this program are looked at
 * @keep: how many stay; 0: all
 * @keep_bytes: how large they may be together; 0: any size. The newest always stays.
 * @ret_removed: names of what was removed, a line each
 *
 * Files that this program does not make are left, and so is the directory that they are in.
 * Return: 0; what unlink(2) and others say, with the rest still tried.
 */
_must_check_ int capture_store_prune(const char *top, unsigned keep, uint64_t keep_bytes,
				     struct names *ret_removed, struct kx_error *err);

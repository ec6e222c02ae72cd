/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Saves what a crash left: the dump, and the kernel's log as text, each under NAME.incomplete until it is
 * whole and on the disk. */

#include "dump/dump.h"

/**
 * struct capture_file - a file that is written
 * @path: its name when it is whole; nothing may have it
 * @spare: bytes of the file system that stay free; 0: it may be filled
 * @progress: told now and then, or NULL: pages that are done, of all
 * @data: passed to @progress
 */
struct capture_file {
	const char *path;
	uint64_t spare;
	void (*progress)(void *data, uint64_t done, uint64_t all);
	void *data;
};

/**
 * capture_save_dump() - write a dump, smaller
 *
 * What a killed process left under NAME.incomplete is overwritten. The name is given by
 * renameat2(2), which FAT has, too, and which replaces nothing.
 *
 * Return: 0; -EEXIST when there is a file of that name, or what is at NAME.incomplete is no plain file of
 * this user; -EBUSY when another process is writing it; -ENOSPC; as dump_write(). Nothing is left after
 * a failure.
 */
_must_check_ int capture_save_dump(struct vmcore *core, const struct capture_file *file,
				   unsigned level, enum dump_packing packing,
				   struct dump_counts *ret, struct kx_error *err);
/* The same for the log; what could be read of a damaged one is saved. Errors of vmcore_log(), too. */
_must_check_ int capture_save_log(struct vmcore *core, const struct capture_file *file,
				  struct vmcore_report *ret, struct kx_error *err);
/* The log as text into @fd, which need not be a file: a pipe, or nothing for @fd -1. *ret_n: bytes. Errors of
 * vmcore_log() and of write(2). */
_must_check_ int capture_write_log(struct vmcore *core, int fd, struct vmcore_report *ret,
				   uint64_t *ret_n, struct kx_error *err);

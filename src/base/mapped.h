/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Files that are mapped, and that others may write to meanwhile: programs that make initial ramdisks
 * shorten existing files and write them anew. Every mapping of a file is entered here. At the end of a
 * task mapped_check() tells whether one of them was changed while it was mapped, so that nothing is
 * made of half a file. The first look behind the new end of a file that was shortened is a SIGBUS;
 * where the program's handler asks mapped_give_zeros(), the page reads as zeros instead of ending the
 * process, and the task goes on until it is told.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

/* Enters @n bytes at @p, where all of @fd is mapped. -EMFILE: there is no room, or no descriptor. */
_must_check_ int mapped_add(const void *p, size_t n, int fd);
/* The same in a child of ours whose parent has entered the file, and looks whether it was changed. */
_must_check_ int mapped_add_handed(const void *p, size_t n);
/* In a child made by fork(2): another thread may have been in here at that moment. */
void mapped_after_fork(void);
/* Before munmap(2); a look whether the file was changed. What was not entered is left alone. */
void mapped_remove(const void *p);
/* How many changed files were found so far: for mapped_check(). */
uint64_t mapped_changes(void);
/* -ESTALE with a sentence when a file was changed since mapped_changes() was @before. */
_must_check_ int mapped_check(uint64_t before, struct kx_error *err);
/* For handlers of SIGBUS: the page of @at reads as zeros from now on. false: nothing of ours is there. */
bool mapped_give_zeros(const void *at);

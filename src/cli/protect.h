/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a command does for its own process before anything is read; a library leaves its program alone. */

/**
 * protect_process() - no core dump, and no end by a file that somebody shortens
 * @is_file: kx_fault(); NULL when nothing is mapped
 *
 * A core dump would hold initial ramdisks and what is in them, readable for whoever collects dumps;
 * programs that are started do not inherit that.
 */
void protect_process(int (*is_file)(const void *address));

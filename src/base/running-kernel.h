/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What kernels were built with, and what the running one was told, by files below @root. */

#include "base/cleanup.h"
#include "fundamental/bytes.h"

/**
 * kernel_config_read() - the configuration of Linux @release, where distributions put it
 * @path: where it was found, of @path_n bytes
 * @ret: its text, released with free(3)
 *
 * Return: 0; -ENOENT when there is none; what reading a file says.
 */
_must_check_ int kernel_config_read(int root, const char *release, char *path, size_t path_n,
				    uint8_t **ret, size_t *ret_n);
/* The same for the running kernel. */
_must_check_ int running_config_read(int root, char *path, size_t path_n, uint8_t **ret,
				     size_t *ret_n);
/* Is @wanted, such as "CONFIG_KEXEC=y", a line of it? */
bool config_has_line(struct bytes config, const char *wanted);

/* What the words kho= of a command line say, Documentation/admin-guide/mm/kho.rst; the last one that says
 * anything counts. */
enum kho_word { KHO_UNSAID, KHO_OFF, KHO_ON };
enum kho_word kho_word_of(const char *cmdline);
/* The same for /proc/cmdline. */
enum kho_word kho_word_running(int root);

/* Is that release of Linux older than 6.16, the first with kexec handover (kernel/kexec_handover.c)? */
bool is_before_kho(const char *release);

/* Is kexec handover (KHO) on? Only kexec_file_load(2) passes the memory that it keeps to the next
 * kernel. 1, 0, or a negative errno when it cannot be told: there is no file that shows it on every
 * kernel. */
int kho_state(int root);
/* The same as a decision: false when it cannot be told. */
bool kho_is_on(int root);

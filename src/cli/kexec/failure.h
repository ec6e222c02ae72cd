/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Turns an error of the library into the message and the exit status of kexec-tools, which scripts
 * depend on. That message comes first, the library's sentence after it. All return the exit
 * status. */

#include <libkexec.h>

#include "cli/kexec/notes.h"
#include "cli/kexec/options.h"

/**
 * struct attempt - what was being loaded when it failed
 * @kernel: as typed
 * @way: system call that was tried or would have been; AUTO counts as FILE
 * @image: NULL before there was one
 * @plan: NULL before there was one
 * @notes: kept back so far; where "Cannot load" has to be the last line they come before it
 */
struct attempt {
	const struct options *options;
	const char *kernel;
	enum kx_way way;
	const struct kx_image *image;
	const struct kx_plan *plan;
	struct notes *notes;
};

/* @actual: type that the file has when --type demanded another one, or NULL */
int fail_image(const struct attempt *a, const char *actual, const struct kx_error *err);
int fail_plan(const struct attempt *a, const struct kx_error *err);
int fail_commit(const struct attempt *a, const struct kx_error *err);
/* -s, and the call does not exist or does not know the image. @why: one line */
int fail_unavailable(const char *why);
int fail_unload(enum kx_way way, const struct kx_error *err);
int fail_jump(const struct kx_error *err);
/* Anything else that goes wrong before there is a request. */
int fail_other(const struct kx_error *err);

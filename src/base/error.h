/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libkexec.h>

#include "base/cleanup.h"

/* Sets @err, with step KX_STEP_NONE, and returns @code: always used as `return kx_fail(err, -EXXX, ...)`. */
int kx_fail(struct kx_error *err, int code, const char *fmt, ...) _printf_(3, 4);
/* Copies the failure @why, with its facts (file, address, …), into @err. */
int kx_fail_as(struct kx_error *err, int code, const struct kx_error *why);
/* Put the caller's context in front of the message already there. */
int kx_fail_in(struct kx_error *err, int code, const char *fmt, ...) _printf_(3, 4);
/* Sets the step that failed; lib/ does this once per call, lower layers do not. */
int kx_fail_at(struct kx_error *err, int code, enum kx_step step);
/* "PATH: what open_strerror(@code) says", about the file @path. */
int kx_fail_path(struct kx_error *err, int code, const char *path);
/* Facts besides the sentence. Set them after kx_fail(), which clears the facts of an earlier
 * failure; kx_fail_in() keeps them. */
int kx_fail_file(struct kx_error *err, int code, const char *path);
/* @type: a name of struct kx_image_info, of static storage. */
int kx_fail_type(struct kx_error *err, int code, const char *type);
int kx_fail_range(struct kx_error *err, int code, uint64_t start, uint64_t end);
int kx_fail_room(struct kx_error *err, int code, uint64_t bytes);
int kx_fail_flags(struct kx_error *err, int code, uint64_t flags);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libkexec.h>

#include "base/cleanup.h"

/* Sets @err and returns @code: always used as `return kx_fail(err, -EXXX, ...)`. */
int kx_fail(struct kx_error *err, int code, const char *fmt, ...) _printf_(3, 4);
/* Put the caller's context in front of the message already there. */
int kx_fail_in(struct kx_error *err, int code, const char *fmt, ...) _printf_(3, 4);
/* Sets the step that failed; lib/ does this once per call, lower layers do not. */
int kx_fail_at(struct kx_error *err, int code, enum kx_step step);

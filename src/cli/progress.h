/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Sentences on standard error as "PROGRAM: SENTENCE", without the control characters of foreign files. */

#include <libkexec.h>
#include <stdbool.h>

#include "base/teller.h"
#include "reboot/reason.h"

/* @program outlives the teller. Details are told with @verbose only. */
struct teller progress_teller(const char *program, bool verbose);

/* Prints the sentence of @err, if there is one; returns the exit status of @reason. */
int progress_fail(const char *program, enum reason reason, const struct kx_error *err);

/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cli/kexec/actions.h"
#include "cli/kexec/notes.h"

/* Loads what @options ask for, or with --dry-run prints how. Returns the exit status. */
int load_run(struct kx_ctx *ctx, const struct job *job, const struct options *options,
	     struct notes *notes);
/* What must hold before anything is touched: a crash kernel needs its reservation. */
int load_check(struct kx_ctx *ctx, const struct job *job);

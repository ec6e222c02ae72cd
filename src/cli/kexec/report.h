/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* --dry-run: what would be done, for people or (report-json.c) for programs. */

#include "cli/kexec/actions.h"

/**
 * struct report - everything a dry run found out
 * @image: what would be loaded, NULL when @job loads nothing
 * @plan: how
 * @kernel: as typed
 */
struct report {
	const struct job *job;
	const struct kx_image *image;
	const struct kx_plan *plan;
	const char *kernel;
};

void report_text(const struct report *report);
/* Returns 0 or -ENOMEM. */
int report_json(const struct report *report);

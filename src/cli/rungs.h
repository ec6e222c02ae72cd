/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The faster ways that a plan did not take, for persons and programs. @why: what to say instead of the
 * plan's own reasons, or NULL. */

#include <jansson.h>
#include <libkexec.h>

/* [{"rung": "zero-copy", "reason": "…"}], the fastest first. */
json_t *rungs_json(const struct kx_plan *plan, const char *why);
/* "not zero-copy, copy: REASON" on a line for each reason, after @width blanks. */
void rungs_print(const struct kx_plan *plan, const char *why, int width);

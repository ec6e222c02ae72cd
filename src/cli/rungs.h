/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The faster ways that a plan did not take, for persons and programs. */

#include <jansson.h>
#include <libkexec.h>

/* [{"rung": "zero-copy", "reason": "…"}], the fastest first. */
json_t *rungs_json(const struct kx_rung *passed, size_t n);
/* "not zero-copy, copy: REASON" on a line for each reason, after @width blanks. */
void rungs_print(const struct kx_rung *passed, size_t n, int width);

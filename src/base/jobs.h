/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* Processors that this thread may run on, at least 1. */
unsigned jobs_processors(void);

/*
 * Calls @job(@data, i) once for each i below @n and returns when all have returned. Uses as many
 * threads as there are processors, or only the calling one when there is one processor or no
 * thread can be created. Signals are handled by the caller's thread. Each job writes its result
 * to a place of its own, so that the results do not depend on which job ended first.
 */
void jobs_run(size_t n, void (*job)(void *data, size_t i), void *data);

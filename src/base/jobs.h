/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* Processors that this thread may run on, at least 1. */
unsigned jobs_processors(void);

/*
 * Calls @job(@data, i) once for each i below @n and returns when all have returned: on as many
 * threads as there are processors, or on this one alone when there is one or no thread can be had.
 * Signals are left to the caller's thread. A job writes its result to a place of its own; whoever
 * reads them afterwards, in order, sees the same whatever ran first.
 */
void jobs_run(size_t n, void (*job)(void *data, size_t i), void *data);

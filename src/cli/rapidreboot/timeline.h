/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* An attempt as a row of phases, and pictures of it. */

#include "record/attempts.h"

/* Which system was at work. */
enum phase_owner { OWNER_OLD, OWNER_BETWEEN, OWNER_NEW };

struct phase {
	char name[128];
	enum phase_owner owner;
	int64_t from_us, to_us;
};

struct phases {
	struct phase v[N_POINTS];
	size_t n;
	int64_t end_us; /* from the request */
};

/* A phase lasts from one known moment to the next; where moments between them are not known, it has
 * the names of all that it stands for. */
void phases_of(const struct attempt *a, struct phases *ret);

/* How exact the moments after the jump are, and why: one sentence. */
void clock_sentence(const struct attempt *a, char ret[200]);

/* "6.1.0-50-amd64 to 6.12.9-amd64"; one of them, or "", where not both are known. */
void format_versions(const struct attempt *a, char *ret, size_t size);

/* "2026-01-02 03:04:05" */
void format_time(uint64_t ms, char ret[32]);
/* "1.900 s", or "0.50 ms" for what seconds would hide. */
void format_span(int64_t us, char ret[32]);
/* How much of @s goes into one line of that many characters: whole words, if they fit. */
size_t line_of(const char *s, size_t width);
/* The bars, on a terminal of this many columns. */
void bars_print(const struct attempt *a, unsigned columns, bool utf8);
/* A picture that needs nothing else. An exit status. */
int svg_write(const struct attempt *a, const char *path);

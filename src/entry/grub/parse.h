/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/grub/lex.h"

/* How reading one unit ended. */
enum parse_status {
	PARSE_END, /* the reader was empty: no unit */
	PARSE_OK,
	PARSE_ERROR, /* syntax error at ret_line: what was read is lost, reading can go on */
	PARSE_NOMEM,
};

/*
 * Reads the next unit. A unit with an error still defines the functions that were complete before
 * it, as GRUB registers them while it parses.
 */
enum parse_status parse_unit(struct reader *reader, const char *file, bool keep_hex,
			     struct unit **ret, unsigned *ret_line);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

/*
 * A string that grows. A failed allocation is remembered and reported once, by strbuf_take(), so
 * that code that composes text need not check every call.
 */
struct strbuf {
	char *s; /* NULL while empty, else NUL-terminated */
	size_t n, cap;
	bool failed;
};

void strbuf_add(struct strbuf *b, const char *s);
void strbuf_add_n(struct strbuf *b, const char *p, size_t n);
void strbuf_addf(struct strbuf *b, const char *fmt, ...) _printf_(2, 3);
/* Appends a blank and @s, or only @s when the string is empty. */
void strbuf_add_word(struct strbuf *b, const char *s);
/* Moves the text, never NULL, to @ret and leaves an empty buffer; -ENOMEM. */
_must_check_ int strbuf_take(struct strbuf *b, char **ret);
void strbuf_done(struct strbuf *b);
#define _cleanup_strbuf_ _cleanup_(strbuf_done)

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/cleanup.h"
#include "fundamental/bytes.h"

/* Iterates over the lines of a text file, up to the first NUL byte. */
struct lines {
	struct bytes rest;
	unsigned number; /* of the line returned last, 1 for the first */
};

struct lines lines_of(struct bytes text);
/* The next line without its newline and a CR before it; false at the end of the text. */
bool lines_next(struct lines *lines, struct bytes *ret);

/* The next line that is neither empty nor a comment ("#"), without blanks at its ends. */
bool lines_next_said(struct lines *lines, struct bytes *ret);

/* Without blanks, tabs and CR at both ends. */
struct bytes bytes_trim(struct bytes b);
/* Without one pair of quotes, double or single, around the whole. */
struct bytes bytes_unquote(struct bytes b);
/* Removes the first word and the blanks after it from the start of @b, and returns the word. */
struct bytes bytes_word(struct bytes *b);
bool bytes_is(struct bytes b, const char *s);
bool bytes_equal(struct bytes a, struct bytes b);
bool bytes_has_word(struct bytes text, struct bytes word);
/* The same without regard to the case of ASCII letters. */
bool bytes_is_nocase(struct bytes b, const char *s);
bool bytes_starts(struct bytes b, const char *prefix);
/* A fresh NUL-terminated copy, NULL when out of memory. */
char *bytes_dup(struct bytes b);
/* The same for a field of the kernel's mount tables and fstab, where blanks and backslashes are
 * \ooo. */
char *bytes_dup_octal(struct bytes b);
/* Replaces *dst by a copy of @b; -ENOMEM leaves it unchanged. */
_must_check_ int bytes_set(char **dst, struct bytes b);

/* Does @s end with @suffix? */
bool ends_with(const char *s, const char *suffix);
/* Is @item one of the words of @list, which are separated by any of @separators? @list may be
 * NULL. */
bool has_item(const char *list, const char *separators, const char *item);
/* The same with blanks, tabs and ends of lines between words. */
bool has_word(const char *text, const char *word);
/* Does one of these words begin with @start? */
bool has_word_starting(const char *text, const char *start);

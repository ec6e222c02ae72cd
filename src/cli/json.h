/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

/* Number of the layout of everything that is printed as JSON; it grows when a member changes its meaning or goes
 * away, not when one is added. Every object that is an answer, or a member of an array that is one, has it as
 * "schema". */
enum { JSON_SCHEMA = 1 };

/*
 * Whoever asks for JSON gets JSON, also when it fails: {"schema", "error", "exit_status"}. json_answer_error() notes
 * what a person is told meanwhile; the last sentence counts. json_answer_end() prints the object unless an answer was
 * printed, and returns @status, or that of a failure when it cannot be printed.
 */
void json_answer_wanted(void);
void json_answer_error(const char *fmt, ...) _printf_(1, 2);
int json_answer_end(int status);
/* The same object as a line, for who ends the process at once. */
void json_answer_line(const char *sentence, int status, char *ret, size_t size);

/* Null for NULL; what is not UTF-8, which JSON must be, becomes an array of its bytes. */
json_t *json_text(const char *s);
json_t *json_texts(const char *const *v, size_t n);
/* Prints @value and a newline, and releases it; -ENOMEM or -EIO. */
int json_print(json_t *value);

/*
 * Long lists are written as they are read, in the same layout: a tree of a thousand entries costs
 * more than finding them. Zero-initialised it is about to write one value to stdout; @key is NULL
 * for that value and for members of arrays.
 */
struct json_out {
	unsigned int depth;
	bool follows; /* something is before it in the same object or array */
	bool failed;  /* out of memory */
};
void json_out_open(struct json_out *o, const char *key, char bracket);
void json_out_close(struct json_out *o, char bracket);
void json_out_text(struct json_out *o, const char *key, const char *s);
void json_out_texts(struct json_out *o, const char *key, const char *const *v, size_t n);
void json_out_bool(struct json_out *o, const char *key, bool value);
void json_out_number(struct json_out *o, const char *key, long long value);
/* The newline at the end; -ENOMEM or -EIO for anything that failed before. */
int json_out_end(struct json_out *o);

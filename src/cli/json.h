/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

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

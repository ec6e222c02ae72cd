/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>
#include <stddef.h>

/* Null for NULL; what is not UTF-8, which JSON must be, becomes an array of its bytes. */
json_t *json_text(const char *s);
json_t *json_texts(const char *const *v, size_t n);
/* Prints @value and a newline, and releases it; -ENOMEM or -EIO. */
int json_print(json_t *value);

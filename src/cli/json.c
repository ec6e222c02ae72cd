// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "cli/json.h"

json_t *json_text(const char *s)
{
	json_t *value = s ? json_string(s) : json_null();
	json_t *bytes;

	if (value || !s)
		return value;
	bytes = json_array();
	for (; *s; s++)
		json_array_append_new(bytes, json_integer((unsigned char)*s));
	return bytes;
}

json_t *json_texts(const char *const *v, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_text(v[i]));
	return list;
}

int json_print(json_t *value)
{
	int r = value ? json_dumpf(value, stdout, JSON_INDENT(2)) : -1;

	json_decref(value);
	if (r < 0)
		return value ? -EIO : -ENOMEM;
	return putchar('\n') == EOF ? -EIO : 0;
}

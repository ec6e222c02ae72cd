// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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
	/* As one string: json_dumpf() writes every quote and comma by itself. */
	char *text = value ? json_dumps(value, JSON_INDENT(2)) : NULL;
	int r;

	json_decref(value);
	if (!text)
		return -ENOMEM;
	r = puts(text) == EOF ? -EIO : 0;
	free(text);
	return r;
}

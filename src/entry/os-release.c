// SPDX-License-Identifier: LGPL-2.1-or-later
/* os-release(5) and files like it: KEY=VALUE lines with the quoting of a shell, nothing run. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/strbuf.h"
#include "entry/os-release.h"

/* Quotes open and close anywhere, as in a shell; a backslash escapes outside single quotes. */
static int unquote(struct bytes value, char **ret)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };
	uint8_t quote = 0;
	char *text;
	int r;

	for (size_t i = 0; i < value.n; i++) {
		uint8_t c = value.p[i];

		if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? 0 : c;
			continue;
		}
		if (!quote && (c == ' ' || c == '\t' || c == '#'))
			break;
		if (c == '\\' && quote != '\'' && i + 1 < value.n)
			c = value.p[++i];
		strbuf_add_n(&out, (const char *)&c, 1);
	}
	r = strbuf_take(&out, &text);
	if (r < 0)
		return r;
	free(*ret);
	*ret = text;
	return 0;
}

int os_release_get(struct bytes text, const char *key, char **ret)
{
	struct lines lines = lines_of(text);
	size_t n = strlen(key);
	char *value = NULL;
	struct bytes line;

	while (lines_next(&lines, &line)) {
		line = bytes_trim(line);
		if (line.n <= n || !bytes_starts(line, key) || line.p[n] != '=')
			continue;
		if (unquote((struct bytes){ line.p + n + 1, line.n - n - 1 }, &value) < 0) {
			free(value);
			return -ENOMEM;
		}
	}
	if (value)
		*ret = value;
	return 0;
}

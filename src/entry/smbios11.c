// SPDX-License-Identifier: LGPL-2.1-or-later
/* The OEM strings in an SMBIOS table. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "entry/smbios11.h"

enum { TYPE_OEM_STRINGS = 11, TYPE_END = 127, HEADER = 4 };

/* What is before the two NULs that end a structure; -EBADMSG without them. */
static int strings_length(const char *p, size_t n, size_t *ret)
{
	const char *end = n ? memmem(p, n, "\0", 2) : NULL;

	if (!end)
		return -EBADMSG;
	*ret = (size_t)(end - p);
	return 0;
}

int smbios11_parse(struct bytes table, struct strlist *ret)
{
	const char *p = (const char *)table.p, *end = p + table.n;

	while (end - p >= HEADER && (unsigned char)p[0] != TYPE_END) {
		const unsigned char type = (unsigned char)p[0], formatted = (unsigned char)p[1];
		size_t n;

		if (formatted < HEADER || formatted > end - p)
			return -EBADMSG;
		p += formatted;
		if (strings_length(p, (size_t)(end - p), &n) < 0)
			return -EBADMSG;
		for (const char *s = p; type == TYPE_OEM_STRINGS && s < p + n; s += strlen(s) + 1)
			if (*s && strlist_add(ret, s) < 0)
				return -ENOMEM;
		p += n + 2;
	}
	return end - p >= HEADER || p == end ? 0 : -EBADMSG;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Looks up values in VMCOREINFO: lines of text in which the kernel describes its own structures.
 * Source: Documentation/admin-guide/kdump/vmcoreinfo.rst and include/linux/vmcore_info.h.
 */
#include <string.h>

#include "base/num.h"
#include "vmcore/core.h"

/* The value if @line is "KIND(NAME)=value", or "KIND=value" for a NULL @name. */
static bool line_value(struct bytes line, const char *kind, const char *name, struct bytes *ret)
{
	const char *parts[] = { kind, name ? "(" : "", name ? name : "", name ? ")=" : "=" };
	size_t at = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t n = strlen(parts[i]);

		if (!bytes_has(line, at, n) || memcmp(line.p + at, parts[i], n) != 0)
			return false;
		at += n;
	}
	return bytes_sub(line, at, line.n - at, ret);
}

bool info_value(const struct vmcore *core, const char *kind, const char *name, struct bytes *ret)
{
	struct bytes rest = { (const uint8_t *)core->info, core->n_info };

	while (rest.n > 0) {
		const uint8_t *end = memchr(rest.p, '\n', rest.n);
		struct bytes line = { rest.p, end ? (size_t)(end - rest.p) : rest.n };

		if (line_value(line, kind, name, ret))
			return true;
		/* The last line has no newline while the kernel is crashing (CRASHTIME=). */
		line.n += end ? 1 : 0;
		rest = (struct bytes){ rest.p + line.n, rest.n - line.n };
	}
	return false;
}

static bool parse_value(struct bytes value, const char *prefix, uint64_t *ret)
{
	char text[40];
	bool is_negative = value.n > 0 && value.p[0] == '-';
	size_t n_prefix = strlen(prefix);
	uint64_t v;

	if (is_negative)
		value = (struct bytes){ value.p + 1, value.n - 1 };
	if (value.n >= sizeof(text) - n_prefix)
		return false;
	memcpy(text, prefix, n_prefix);
	memcpy(text + n_prefix, value.p, value.n);
	text[n_prefix + value.n] = '\0';
	if (parse_u64(text, &v) < 0)
		return false;
	*ret = is_negative ? 0 - v : v;
	return true;
}

bool info_hex(const struct vmcore *core, const char *kind, const char *name, uint64_t *ret)
{
	struct bytes value;

	return info_value(core, kind, name, &value) && parse_value(value, "0x", ret);
}

bool info_symbol(const struct vmcore *core, const char *name, uint64_t *ret)
{
	return info_hex(core, "SYMBOL", name, ret);
}

/* Decimal, or hexadecimal with 0x; NUMBER(phys_base) is negative when KASLR moves the kernel down. */
bool info_number(const struct vmcore *core, const char *kind, const char *name, uint64_t *ret)
{
	struct bytes value;

	return info_value(core, kind, name, &value) && parse_value(value, "", ret);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/cpio.h"

#include <string.h>

enum {
	HEADER = 110,
	MODE = 14, /* fields of eight hexadecimal digits */
	LINKS = 38,
	FILE_SIZE = 54,
	NAME_SIZE = 94,
	NAME_SIZE_MAX = 4096, /* PATH_MAX */
};

static bool hex_field(struct bytes b, size_t off, uint32_t *ret)
{
	uint32_t v = 0;

	if (!bytes_has(b, off, 8))
		return false;
	for (size_t i = 0; i < 8; i++) {
		const uint8_t c = b.p[off + i];
		const uint8_t lower = c | 0x20;

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if (lower >= 'a' && lower <= 'f')
			v = v << 4 | (uint32_t)(lower - 'a' + 10);
		else
			return false;
	}
	*ret = v;
	return true;
}

size_t cpio_zeros(struct bytes b)
{
	size_t n = 0;

	while (n < b.n && !b.p[n])
		n++;
	return n;
}

bool cpio_entry_at(struct bytes b, struct cpio_entry *ret)
{
	struct cpio_entry e;
	uint32_t name, file;
	uint64_t data, n;

	if ((!bytes_is_at(b, 0, "070701", 6) && !bytes_is_at(b, 0, "070702", 6)) ||
	    !hex_field(b, NAME_SIZE, &name) || !hex_field(b, FILE_SIZE, &file) || name == 0 ||
	    name > NAME_SIZE_MAX)
		return false;
	data = cpio_aligned(HEADER + (uint64_t)name);
	n = cpio_aligned(data + file);
	if (n > b.n || !hex_field(b, MODE, &e.mode) || !hex_field(b, LINKS, &e.n_links))
		return false;
	e.name = (struct bytes){ b.p + HEADER, strnlen((const char *)b.p + HEADER, name - 1) };
	e.data = (struct bytes){ b.p + data, file };
	e.n = (size_t)n;
	*ret = e;
	return true;
}

bool cpio_is_end(const struct cpio_entry *entry)
{
	static const char name[] = "TRAILER!!!";

	return entry->name.n == sizeof(name) - 1 &&
	       memcmp(entry->name.p, name, sizeof(name) - 1) == 0;
}

bool cpio_next(struct bytes row, size_t *at, struct cpio_entry *ret)
{
	size_t here = *at + cpio_zeros((struct bytes){ row.p + *at, row.n - *at });

	if (here % CPIO_ALIGN || !cpio_entry_at((struct bytes){ row.p + here, row.n - here }, ret))
		return false;
	*at = here + ret->n;
	return true;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Linux Documentation/driver-api/early-userspace/buffer-format.rst: archives of the "newc" format,
 * each alone or compressed, with zeros between them. */
#include <string.h>

#include "preflight/initrd.h"

/* Of one "newc" header: six bytes of magic, then thirteen numbers of eight hexadecimal digits. */
enum { HEADER_N = 110, FILE_SIZE = 6, NAME_SIZE = 11, ALIGN = 4 };

static bool hex8(struct bytes b, size_t off, uint32_t *ret)
{
	uint32_t v = 0;

	if (!bytes_has(b, off, 8))
		return false;
	for (size_t i = 0; i < 8; i++) {
		uint8_t c = b.p[off + i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			v = v << 4 | (uint32_t)((c | 32) - 'a' + 10);
		else
			return false;
	}
	*ret = v;
	return true;
}

static bool name_starts(struct bytes name, const char *prefix)
{
	return bytes_is_at(name, 0, prefix, strlen(prefix));
}

static void look_at_name(struct bytes name, struct initrd_facts *facts)
{
	if (name_starts(name, "./"))
		name = (struct bytes){ name.p + 2, name.n - 2 };
	if (name.n == 0 || name_starts(name, ".\0"))
		return;
	/* mkinitramfs and dracut leave marker files beside kernel/ in the early archive. */
	if (name_starts(name, "kernel/") || (name.n == 7 && name_starts(name, "kernel")) ||
	    name_starts(name, "early_cpio"))
		facts->early = true;
	else
		facts->late = true;
	if (name_starts(name, "lib/modules/") || name_starts(name, "usr/lib/modules/"))
		facts->modules = true;
}

static uint64_t aligned(uint64_t n)
{
	return (n + ALIGN - 1) / ALIGN * ALIGN;
}

/* One archive at the front of @rest; false when it is cut off. */
static bool eat_archive(struct bytes *rest, struct initrd_facts *facts)
{
	for (;;) {
		uint32_t size, name_n;
		struct bytes name;
		uint64_t body, next;

		if (!bytes_has(*rest, 0, HEADER_N) ||
		    (memcmp(rest->p, "070701", 6) != 0 && memcmp(rest->p, "070702", 6) != 0) ||
		    !hex8(*rest, 6 + 8 * FILE_SIZE, &size) ||
		    !hex8(*rest, 6 + 8 * NAME_SIZE, &name_n) || name_n == 0 ||
		    !bytes_sub(*rest, HEADER_N, name_n, &name))
			return false;
		body = aligned(HEADER_N + (uint64_t)name_n);
		next = aligned(body + size);
		if (name_n == 11 && name_starts(name, "TRAILER!!!")) {
			if (next > rest->n)
				next = rest->n;
			*rest = (struct bytes){ rest->p + (size_t)next, rest->n - (size_t)next };
			return true;
		}
		if (!bytes_has(*rest, body, size) || next > rest->n)
			return false;
		look_at_name(name, facts);
		*rest = (struct bytes){ rest->p + (size_t)next, rest->n - (size_t)next };
	}
}

void initrd_look(struct bytes initrd, struct initrd_facts *ret)
{
	*ret = (struct initrd_facts){ 0 };
	while (initrd.n) {
		if (initrd.p[0] == 0) {
			initrd = (struct bytes){ initrd.p + 1, initrd.n - 1 };
			continue;
		}
		if (initrd.p[0] != '0') {
			/* Where a compressed stream ends only shows when it is unpacked. */
			ret->late = ret->compressed = true;
			return;
		}
		if (!eat_archive(&initrd, ret)) {
			ret->cut_off = true;
			return;
		}
	}
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "keep/header.h"

#include <string.h>

#include "fundamental/digest.h"
#include "fundamental/put.h"

static const char magic[] = "RRKEEP1\n";
enum { MAGIC = 8, ID_AT = 16, DIGEST_AT = 56, CRC_AT = KEEP_HEADER_BYTES - 4 };

/* Fewer bytes than a lane are in the first one. */
static uint32_t crc_of(const uint8_t *p)
{
	struct digest digest;

	digest_bytes(p, CRC_AT, false, &digest);
	return digest.crc[0];
}

void keep_header_write(const struct keep_header *h, uint8_t ret[KEEP_HEADER_BYTES])
{
	memset(ret, 0, KEEP_HEADER_BYTES);
	memcpy(ret, magic, MAGIC);
	put_le64(ret + MAGIC, h->n);
	memcpy(ret + ID_AT, h->boot_id, KEEP_ID_N);
	for (size_t i = 0; i < KEEP_LANES; i++)
		put_le32(ret + DIGEST_AT + 4 * i, h->digest[i]);
	put_le32(ret + CRC_AT, crc_of(ret));
}

bool keep_header_read(struct bytes b, struct keep_header *ret)
{
	struct keep_header h = { .n = 0 };

	if (b.n < KEEP_HEADER_BYTES || !bytes_is_at(b, 0, magic, MAGIC) ||
	    get_le32(b.p + CRC_AT) != crc_of(b.p))
		return false;
	h.n = get_le64(b.p + MAGIC);
	memcpy(h.boot_id, b.p + ID_AT, KEEP_ID_N);
	for (size_t i = 0; i < KEEP_LANES; i++)
		h.digest[i] = get_le32(b.p + DIGEST_AT + 4 * i);
	*ret = h;
	return true;
}

bool keep_header_same(const struct keep_header *a, const struct keep_header *b)
{
	return a->n == b->n && strcmp(a->boot_id, b->boot_id) == 0 &&
	       memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

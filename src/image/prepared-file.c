// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/prepared-file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fundamental/put.h"

#define MAGIC "rapidreboot:1\n\0\0"

enum {
	PAGE = 4096,
	MAGIC_N = 16,
	KEY_N = 16,
	FILE_N = 24,
	PARTS = 32, /* { offset, length, digest } each */
	PART_N = 32,
	SUM = PARTS + PREPARED_PARTS * PART_N,
	SUM_N = 12,
	FIXED = SUM + 16,
};

#define PART_MAX (UINT64_C(1) << 40)

static uint64_t pages(uint64_t n)
{
	return (n + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

int prepared_file_lay_out(struct bytes key, struct prepared_file *file)
{
	uint64_t at = pages(FIXED + key.n);

	if (key.n > PREPARED_KEY_MAX)
		return -EFBIG;
	for (size_t i = 0; i < PREPARED_PARTS; i++) {
		if (file->n[i] > PART_MAX)
			return -EFBIG;
		file->offset[i] = at;
		at += pages(file->n[i]);
	}
	file->file_n = at;
	return 0;
}

static void put_digest(uint8_t *p, const struct digest *digest)
{
	for (size_t i = 0; i < 3; i++)
		put_le32(p + 4 * i, digest->crc[i]);
}

static void get_digest(const uint8_t *p, struct digest *ret)
{
	for (size_t i = 0; i < 3; i++)
		ret->crc[i] = get_le32(p + 4 * i);
}

/* Digest of the header and the key without the digest itself; @n is the length of the header. */
static void header_sum(uint8_t *p, size_t n, bool insn, uint8_t sum[SUM_N])
{
	struct digest digest;

	memset(p + SUM, 0, SUM_N);
	digest_bytes(p, n, insn, &digest);
	put_digest(sum, &digest);
}

int prepared_file_header(const struct prepared_file *file, struct bytes key, bool insn,
			 uint8_t **ret, size_t *ret_n)
{
	const size_t n = (size_t)file->offset[0];
	uint8_t *p = calloc(1, n), sum[SUM_N];

	if (!p)
		return -ENOMEM;
	memcpy(p, MAGIC, MAGIC_N);
	put_le64(p + KEY_N, key.n);
	put_le64(p + FILE_N, file->file_n);
	for (size_t i = 0; i < PREPARED_PARTS; i++) {
		put_le64(p + PARTS + i * PART_N, file->offset[i]);
		put_le64(p + PARTS + i * PART_N + 8, file->n[i]);
		put_digest(p + PARTS + i * PART_N + 16, &file->digest[i]);
	}
	memcpy(p + FIXED, key.p, key.n);
	header_sum(p, n, insn, sum);
	memcpy(p + SUM, sum, sizeof(sum));
	*ret = p;
	*ret_n = n;
	return 0;
}

/* Is every part where its size says it has to be? A file that is laid out otherwise was not
 * written by us. */
static bool is_laid_out(const uint8_t *p, struct bytes key, uint64_t file_n,
			struct prepared_file *ret)
{
	struct prepared_file file = { 0 };

	for (size_t i = 0; i < PREPARED_PARTS; i++) {
		file.n[i] = get_le64(p + PARTS + i * PART_N + 8);
		get_digest(p + PARTS + i * PART_N + 16, &file.digest[i]);
	}
	if (prepared_file_lay_out(key, &file) < 0 || file.file_n != file_n)
		return false;
	for (size_t i = 0; i < PREPARED_PARTS; i++)
		if (file.offset[i] != get_le64(p + PARTS + i * PART_N))
			return false;
	*ret = file;
	return true;
}

static bool is_whole(const uint8_t *p, size_t n, bool insn)
{
	uint8_t *copy = malloc(n), sum[SUM_N];
	bool is;

	if (!copy)
		return false;
	memcpy(copy, p, n);
	header_sum(copy, n, insn, sum);
	is = memcmp(p + SUM, sum, sizeof(sum)) == 0;
	free(copy);
	return is;
}

int prepared_file_parse(struct bytes start, uint64_t file_n, struct bytes key, bool insn,
			struct prepared_file *ret)
{
	struct prepared_file file;
	struct bytes found;
	uint64_t key_n;

	if (!bytes_is_at(start, 0, MAGIC, MAGIC_N) || !bytes_le64(start, KEY_N, &key_n) ||
	    key_n > PREPARED_KEY_MAX || !bytes_has(start, 0, pages(FIXED + key_n)) ||
	    get_le64(start.p + FILE_N) != file_n)
		return -EBADMSG;
	found = (struct bytes){ start.p + FIXED, (size_t)key_n };
	if (!is_laid_out(start.p, found, file_n, &file) ||
	    !is_whole(start.p, (size_t)file.offset[0], insn))
		return -EBADMSG;
	if (found.n != key.n || memcmp(found.p, key.p, key.n) != 0)
		return -ESTALE;
	*ret = file;
	return 0;
}

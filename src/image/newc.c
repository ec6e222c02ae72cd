// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Files that GRUB puts into an archive for the next kernel. Rules: GRUB, grub-core/loader/linux.c, of 2.14,
 * which counts the NUL behind names as the format demands (kernel, buffer-format.rst): kernels since the end of
 * 2024 refuse names without it. GRUB makes one archive of words that follow one another; here each is an
 * archive of its own, which unpacks to the same files.
 */
#include "image/newc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/cpio.h"

enum { HEADER = 6 + 13 * 8, MODE_DIRECTORY = 040777, MODE_FILE = 0100777 };

static const char trailer[] = "TRAILER!!!";

const char *newc_split(const char *word, struct bytes *ret_name)
{
	const char *name = word + 5, *colon;

	if (strncmp(word, "newc:", 5) != 0)
		return NULL;
	name += strspn(name, "/");
	colon = strchr(name, ':');
	if (!colon)
		return NULL;
	*ret_name = (struct bytes){ (const uint8_t *)name, (size_t)(colon - name) };
	return colon + 1;
}

static size_t member_size(size_t name_n, size_t file_n)
{
	return cpio_aligned(HEADER + name_n + 1) + cpio_aligned(file_n);
}

/* @to has room for it, and is zero. */
static uint8_t *put_member(uint8_t *to, struct bytes name, unsigned mode, struct bytes file)
{
	char header[HEADER + 1];

	/* magic, inode, mode, uid, gid, links, time, size, four device numbers, length of name, check */
	(void)snprintf(header, sizeof(header),
		       "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 0, mode, 0, 0,
		       1, 0, (unsigned)file.n, 0, 0, 0, 0, (unsigned)name.n + 1, 0);
	memcpy(to, header, HEADER);
	if (name.n)
		memcpy(to + HEADER, name.p, name.n);
	to += cpio_aligned(HEADER + name.n + 1);
	if (file.n)
		memcpy(to, file.p, file.n);
	return to + cpio_aligned(file.n);
}

/* The directory above @name that ends at or after @from, or the whole name. */
static size_t next_directory(struct bytes name, size_t from)
{
	while (from < name.n && name.p[from] == '/')
		from++;
	while (from < name.n && name.p[from] != '/')
		from++;
	return from;
}

int newc_wrap(struct bytes name, struct bytes file, uint8_t **ret, size_t *ret_n)
{
	const struct bytes end = { (const uint8_t *)trailer, sizeof(trailer) - 1 };
	size_t n = member_size(name.n, file.n) + member_size(end.n, 0);
	uint8_t *archive, *at;

	if (file.n > UINT32_MAX || name.n >= UINT16_MAX)
		return -EFBIG;
	for (size_t i = next_directory(name, 0); i < name.n; i = next_directory(name, i))
		n += member_size(i, 0);
	archive = at = calloc(1, n);
	if (!archive)
		return -ENOMEM;
	for (size_t i = next_directory(name, 0); i < name.n; i = next_directory(name, i))
		at = put_member(at, (struct bytes){ name.p, i }, MODE_DIRECTORY,
				(struct bytes){ 0 });
	at = put_member(at, name, MODE_FILE, file);
	(void)put_member(at, end, 0, (struct bytes){ 0 });
	*ret = archive;
	*ret_n = n;
	return 0;
}

int newc_size(const struct newc_member *v, size_t n, size_t *ret)
{
	size_t size = member_size(sizeof(trailer) - 1, 0);

	for (size_t i = 0; i < n; i++) {
		if (v[i].contents.n > UINT32_MAX || v[i].name.n >= UINT16_MAX)
			return -EFBIG;
		size += member_size(v[i].name.n, v[i].contents.n);
	}
	*ret = size;
	return 0;
}

void newc_pack_to(const struct newc_member *v, size_t n, uint8_t *to)
{
	const struct bytes end = { (const uint8_t *)trailer, sizeof(trailer) - 1 };

	for (size_t i = 0; i < n; i++)
		to = put_member(to, v[i].name, v[i].mode, v[i].contents);
	(void)put_member(to, end, 0, (struct bytes){ 0 });
}

int newc_pack(const struct newc_member *v, size_t n, uint8_t **ret, size_t *ret_n)
{
	uint8_t *archive;
	size_t size;
	int r = newc_size(v, n, &size);

	if (r < 0)
		return r;
	archive = calloc(1, size);
	if (!archive)
		return -ENOMEM;
	newc_pack_to(v, n, archive);
	*ret = archive;
	*ret_n = size;
	return 0;
}

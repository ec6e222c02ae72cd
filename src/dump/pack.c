// SPDX-License-Identifier: LGPL-2.1-or-later
/* Packs single pages, each on its own, so that a reader can take any of them. */
#include <stdlib.h>
#include <string.h>

#include "dump/filter.h"
#include "vmcore/vmcore-config.h"

#if HAVE_ZLIB
#include <zlib.h>
#endif
#if HAVE_ZSTD
#include <zstd.h>
#endif

enum { ZLIB_LEVEL = 1, ZSTD_LEVEL = 1 }; /* as makedumpfile */
#define FLAG_ZLIB 0x01u			 /* diskdump_mod.h */
#define FLAG_ZSTD 0x20u

struct packer {
	enum dump_packing packing;
	size_t page_n;
#if HAVE_ZLIB
	z_stream zlib;
#endif
#if HAVE_ZSTD
	ZSTD_CCtx *zstd;
#endif
};

static int zlib_begin(struct packer *p)
{
#if HAVE_ZLIB
	return deflateInit(&p->zlib, ZLIB_LEVEL) == Z_OK ? 0 : -ENOMEM;
#else
	return -EOPNOTSUPP;
#endif
}

static int zstd_begin(struct packer *p)
{
#if HAVE_ZSTD
	p->zstd = ZSTD_createCCtx();
	return p->zstd ? 0 : -ENOMEM;
#else
	return -EOPNOTSUPP;
#endif
}

int packer_new(enum dump_packing packing, size_t page_n, struct packer **ret)
{
	struct packer *p = calloc(1, sizeof(*p));
	int r = 0;

	if (!p)
		return -ENOMEM;
	p->packing = packing;
	p->page_n = page_n;
	if (packing == DUMP_ZLIB)
		r = zlib_begin(p);
	if (packing == DUMP_ZSTD)
		r = zstd_begin(p);
	if (r < 0) {
		free(p);
		return r;
	}
	*ret = p;
	return 0;
}

void packer_free(struct packer *p)
{
	if (!p)
		return;
#if HAVE_ZLIB
	if (p->packing == DUMP_ZLIB)
		(void)deflateEnd(&p->zlib);
#endif
#if HAVE_ZSTD
	(void)ZSTD_freeCCtx(p->zstd);
#endif
	free(p);
}

/* How many bytes are in @out; 0 when it does not get smaller. */
static size_t pack_zlib(struct packer *p, const uint8_t *page, uint8_t *out)
{
#if HAVE_ZLIB
	p->zlib.next_in = (Bytef *)(uintptr_t)page;
	p->zlib.avail_in = (uInt)p->page_n;
	p->zlib.next_out = out;
	p->zlib.avail_out = (uInt)p->page_n - 1;
	if (deflateReset(&p->zlib) == Z_OK && deflate(&p->zlib, Z_FINISH) == Z_STREAM_END)
		return p->page_n - 1 - p->zlib.avail_out;
#endif
	return 0;
}

static size_t pack_zstd(struct packer *p, const uint8_t *page, uint8_t *out)
{
#if HAVE_ZSTD
	const size_t n =
		ZSTD_compressCCtx(p->zstd, out, p->page_n - 1, page, p->page_n, ZSTD_LEVEL);

	return ZSTD_isError(n) ? 0 : n;
#else
	return 0;
#endif
}

struct bytes packer_pack(struct packer *p, const uint8_t *page, uint8_t *out, uint32_t *ret_flags)
{
	size_t n = 0;

	switch (p->packing) {
	case DUMP_RAW:
		break;
	case DUMP_ZLIB:
		n = pack_zlib(p, page, out);
		*ret_flags = FLAG_ZLIB;
		break;
	case DUMP_ZSTD:
		n = pack_zstd(p, page, out);
		*ret_flags = FLAG_ZSTD;
		break;
	}
	if (n > 0)
		return (struct bytes){ out, n };
	*ret_flags = 0;
	return (struct bytes){ page, p->page_n };
}

/* A page that begins as it goes on is one byte over and over. */
bool page_is_zero(const uint8_t *page, size_t n)
{
	return page[0] == 0 && memcmp(page, page + 1, n - 1) == 0;
}

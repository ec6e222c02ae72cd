// SPDX-License-Identifier: LGPL-2.1-or-later
/* Unpacks one page of a compressed dump. */
#include <errno.h>
#include <string.h>

#include "base/lzo.h"
#include "vmcore/core.h"
#include "vmcore/vmcore-config.h"

#if HAVE_ZLIB
#include <zlib.h>
#endif
#if HAVE_ZSTD
#include <zstd.h>
#endif

static int unpack_zlib(struct bytes packed, uint8_t *page, size_t page_n)
{
#if HAVE_ZLIB
	uLongf n = page_n;

	switch (uncompress(page, &n, packed.p, packed.n)) {
	case Z_OK:
		return n == page_n ? 0 : -EPROTO;
	case Z_MEM_ERROR:
		return -ENOMEM;
	default:
		return -EPROTO;
	}
#else
	return -EOPNOTSUPP;
#endif
}

static int unpack_zstd(struct bytes packed, uint8_t *page, size_t page_n)
{
#if HAVE_ZSTD
	return ZSTD_decompress(page, page_n, packed.p, packed.n) == page_n ? 0 : -EPROTO;
#else
	return -EOPNOTSUPP;
#endif
}

static int unpack_lzo(struct bytes packed, uint8_t *page, size_t page_n)
{
	return lzo_unpack(packed, page, page_n) == (ssize_t)page_n ? 0 : -EPROTO;
}

int page_unpack(struct bytes packed, uint32_t flags, uint8_t *page, size_t page_n)
{
	switch (flags & (PAGE_ZLIB | PAGE_LZO | PAGE_SNAPPY | PAGE_ZSTD)) {
	case 0:
		if (packed.n != page_n)
			return -EPROTO;
		memcpy(page, packed.p, page_n);
		return 0;
	case PAGE_ZLIB:
		return unpack_zlib(packed, page, page_n);
	case PAGE_LZO:
		return unpack_lzo(packed, page, page_n);
	case PAGE_ZSTD:
		return unpack_zstd(packed, page, page_n);
	default:
		return -EOPNOTSUPP;
	}
}

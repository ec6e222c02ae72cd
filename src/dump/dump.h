/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The dump layer: the memory of a crashed kernel in, a smaller dump out, without the pages that nobody
 * needs. Which they are is told by the crashed kernel itself, in VMCOREINFO; nothing is known here of
 * single versions of Linux.
 *
 * pages.c reads what the kernel notes of a page, map.c finds where, filter.c decides for each page of
 * memory, batch.c reads and packs pages with all processors, write.c makes a dump of them in the compressed
 * format of makedumpfile. Pure: bytes come through vmcore/ and leave through a callback. Memory does not grow
 * with that of the machine.
 */

#include "vmcore/vmcore.h"

/* What is left out, as the bits of makedumpfile -d. */
#define DUMP_NO_ZERO 1u		 /* pages of zeros */
#define DUMP_NO_CACHE 2u	 /* page cache that is not private */
#define DUMP_NO_CACHE_PRIVATE 4u /* all page cache */
#define DUMP_NO_USER 8u		 /* memory of programs */
#define DUMP_NO_FREE 16u	 /* free pages */
#define DUMP_LEVEL_MAX 31u

/* Pages of 4 KiB on most machines. What is left out because it is zero is known after the copy only. */
struct dump_counts {
	uint64_t n_pages; /* of the dumped machine's memory */
	uint64_t n_kept;
	uint64_t n_zero, n_cache, n_cache_private, n_user, n_free;
	uint64_t n_bad;	       /* memory that the crashed kernel knew to be broken */
	uint64_t n_unreadable; /* written as zeros */
	uint64_t n_unknown;    /* kept, because what the kernel notes of them cannot be read */
	uint64_t page_n;       /* bytes of one */
	uint64_t n_bytes;      /* of the new dump */
	const char *missing;   /* NULL, or what VMCOREINFO does not say: only zeros were left out */
};

enum dump_packing { DUMP_RAW, DUMP_ZLIB, DUMP_ZSTD };

struct dump_sink {
	/* 0 or a negative errno. What was written can be read again. */
	int (*write_at)(void *data, uint64_t offset, const void *buf, size_t n);
	int (*read_at)(void *data, uint64_t offset, void *buf, size_t n);
	/* NULL, or told now and then: pages that are done, of all that are kept */
	void (*progress)(void *data, uint64_t done, uint64_t all);
	void *data;
};

/**
 * dump_write() - copy @core into @sink, as far as @level wants it
 *
 * Return: 0, or
 * -EOPNOTSUPP @core is not of a 64-bit little endian machine, or this build cannot pack so,
 * -EBADMSG    the headers of @core contradict themselves,
 * -ENOMEM, or what the sink returned.
 */
int dump_write(struct vmcore *core, unsigned level, enum dump_packing packing,
	       const struct dump_sink *sink, struct dump_counts *ret, struct kx_error *err);

/* The same without writing: what would be left out. Pages of zeros are not looked for. */
int dump_survey(struct vmcore *core, unsigned level, struct dump_counts *ret, struct kx_error *err);

/* Whether a filter that runs over /proc/kcore finds what /proc/meminfo says. */
struct dump_proof {
	const char *
		missing; /* what VMCOREINFO does not say, so that pages cannot be told apart, or NULL */
	uint64_t free_found, free_said; /* bytes */
	bool is_good;
};

/**
 * dump_prove() - does the filter know the running kernel?
 * @kcore: its memory
 * @meminfo: text of /proc/meminfo
 *
 * Return: 0, -EBADMSG (/proc/meminfo does not say MemFree), or as dump_survey().
 */
int dump_prove(struct vmcore *kcore, struct bytes meminfo, struct dump_proof *ret,
	       struct kx_error *err);

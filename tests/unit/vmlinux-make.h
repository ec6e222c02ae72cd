/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The smallest vmlinux that can be moved, as a bzImage carries it: ELF file, section headers, then
 * the table of arch/x86/tools/relocs.c. */

#include "tests/unit/image-make.h"

enum {
	VM_DATA = 0x200,	     /* 64 bytes for 0x1000000, 32 for 0x1200000 */
	VM_SECTIONS = VM_DATA + 96,  /* one header */
	VM_TABLE = VM_SECTIONS + 64, /* { 0, 64-bit } { 0, inverse } { 0, 32-bit } */
	VM_TABLE_3 = 4 * (3 + 2 + 1 + 2),
	VM_TABLE_2 = 4 * (2 + 2 + 2),
	VM_N = VM_TABLE + VM_TABLE_3,
	VM_SPAN = 0x201000,   /* in memory, from 0x1000000 */
	VM_SECOND = 0x200000, /* where in it the second segment lies */
};
#define VM_START UINT64_C(0x1000000)
#define VM_ENTRY (VM_START + 12)
/* Values to be patched, from 0xffffffff81000000 on: 64 bits at 16 and in the second segment, 32 bits
 * at 32 and 36, the inverse one at 40. */
#define VM_ADDRESS UINT64_C(0xffffffff81000004)
#define VM_ADDRESS_2 UINT64_C(0xffffffff81200010)
#define VM_NEGATIVE 0x7effffe0u /* 0 - 0xffffffff81000020: per-CPU data seen from text */

/* @b has VM_N bytes; with two lists the last of them are not used. */
static inline struct bytes make_vmlinux(uint8_t *b, bool has_inverse)
{
	uint8_t *t = b + VM_TABLE;
	size_t at = 0;

	memset(b, 0, VM_N);
	put_text(b, 0, "\177ELF");
	b[4] = 2;
	b[5] = b[6] = 1;
	put(b, 16, 2, 2);
	put(b, 18, 2, 62);
	put(b, 20, 4, 1);
	put(b, 24, 8, VM_ENTRY);
	put(b, 32, 8, ELF64_HEADER);
	put(b, 40, 8, VM_SECTIONS);
	put(b, 54, 2, ELF64_PH);
	put(b, 56, 2, 2);
	put(b, 58, 2, 64);
	put(b, 60, 2, 1);
	put_segment(b, true, 0,
		    (struct made_segment){ 1, VM_DATA, 0xffffffff81000000, VM_START, 64, 64 });
	put_segment(b, true, 1,
		    (struct made_segment){ 1, VM_DATA + 64, 0xffffffff81200000,
					   VM_START + VM_SECOND, 32, 0x1000 });
	memset(b + VM_DATA, 0x90, 96);
	put(b, VM_DATA + 16, 8, VM_ADDRESS);
	put(b, VM_DATA + 64 + 8, 8, VM_ADDRESS_2);
	put(b, VM_DATA + 32, 4, 0x81000010);
	put(b, VM_DATA + 36, 4, 0x81200000);
	put(b, VM_DATA + 40, 4, VM_NEGATIVE);

	put(t, at += 4, 4, 0x81000010);
	put(t, at += 4, 4, 0x81200008);
	at += 4;
	if (has_inverse) {
		put(t, at += 4, 4, 0x81000028);
		at += 4;
	}
	put(t, at += 4, 4, 0x81000020);
	put(t, at += 4, 4, 0x81000024);
	return (struct bytes){ b, VM_TABLE + (has_inverse ? VM_TABLE_3 : VM_TABLE_2) };
}

/* CRC of RFC 1952, section 8, bit by bit. */
static inline uint32_t gzip_crc(const uint8_t *p, size_t n)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (unsigned k = 0; k < 8; k++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	return ~crc;
}

enum { GZIP_EXTRA = 10 + 5 + 8 };

/* One stored block of RFC 1951, 3.2.4, up to 65535 bytes. @b has n + GZIP_EXTRA bytes. The size that
 * ends a payload is the one that ends every gzip file. */
static inline struct bytes make_gzip(uint8_t *b, struct bytes in)
{
	memset(b, 0, in.n + GZIP_EXTRA);
	memcpy(b, "\x1f\x8b\x08", 3);
	b[10] = 1;
	put(b, 11, 2, in.n);
	put(b, 13, 2, ~in.n);
	memcpy(b + 15, in.p, in.n);
	put(b, 15 + in.n, 4, gzip_crc(in.p, in.n));
	put(b, 19 + in.n, 4, in.n);
	return (struct bytes){ b, in.n + GZIP_EXTRA };
}

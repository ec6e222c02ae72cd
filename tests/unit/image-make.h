/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Smallest valid images, built field by field from the documents, and the checks that every image
 * parser has to pass: cut off at every byte, and with single fields changed. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/image.h"
#include "tests/unit/cmocka-shim.h"

static inline void put(uint8_t *b, size_t off, unsigned width, uint64_t v)
{
	for (unsigned i = 0; i < width; i++)
		b[off + i] = (uint8_t)(v >> (8 * i));
}

static inline void put_text(uint8_t *b, size_t off, const char *s)
{
	memcpy(b + off, s, strlen(s));
}

/* A parser with a common signature, so that the checks below work for all of them. */
struct parser {
	int (*parse)(struct bytes file, void *ret, struct kx_error *err);
	size_t ret_n;
};

#define DEFINE_PARSER(name, type)                                                 \
	static int name##_any(struct bytes file, void *ret, struct kx_error *err) \
	{                                                                         \
		return name(file, ret, err);                                      \
	}                                                                         \
	static const struct parser name##_parser = { name##_any, sizeof(type) }

/* Parses a copy that ends exactly where @file ends, so that a sanitizer sees the first byte read
 * past it, and checks the rules that hold for every call: a failure has a sentence and leaves the
 * result alone, a success leaves the error alone. */
static inline int parse_strictly(const struct parser *p, struct bytes file, char *message,
				 size_t message_n)
{
	uint8_t *copy = malloc(file.n ? file.n : 1), *ret = malloc(p->ret_n);
	struct kx_error err = { .code = 77 };
	int r;

	assert_non_null(copy);
	assert_non_null(ret);
	if (file.n)
		memcpy(copy, file.p, file.n);
	memset(ret, 0xa5, p->ret_n);
	r = p->parse((struct bytes){ copy, file.n }, ret, &err);
	if (r < 0) {
		assert_int_equal(err.code, r);
		assert_true(strlen(err.message) > 0);
		for (size_t i = 0; i < p->ret_n; i++)
			assert_int_equal(ret[i], 0xa5);
	} else {
		assert_int_equal(err.code, 77);
	}
	if (message)
		(void)snprintf(message, message_n, "%s", r < 0 ? err.message : "");
	free(ret);
	free(copy);
	return r;
}

/* Every shorter file is refused: below @recognised bytes it is something else, above damaged. */
static inline void check_cuts(const struct parser *p, struct bytes file, size_t recognised)
{
	assert_int_equal(parse_strictly(p, file, NULL, 0), 0);
	for (size_t n = 0; n < file.n; n++) {
		int r = parse_strictly(p, (struct bytes){ file.p, n }, NULL, 0);

		if (r != (n < recognised ? -ENOEXEC : -EBADMSG))
			fail_msg("cut off at %zu of %zu: %d", n, file.n, r);
	}
}

/* One field changed in a valid image. */
struct change {
	size_t off;
	unsigned width;
	uint64_t value;
	int r;
	const char *says; /* part of the sentence */
};

static inline void check_changes(const struct parser *p, struct bytes file,
				 const struct change *changes, size_t n)
{
	uint8_t *copy = malloc(file.n);
	char message[512];

	assert_non_null(copy);
	for (size_t i = 0; i < n; i++) {
		const struct change *c = &changes[i];
		int r;

		memcpy(copy, file.p, file.n);
		put(copy, c->off, c->width, c->value);
		r = parse_strictly(p, (struct bytes){ copy, file.n }, message, sizeof(message));
		if (r != c->r || (c->says && !strstr(message, c->says)))
			fail_msg("change %zu (0x%zx = 0x%llx): %d \"%s\", expected %d \"%s\"", i,
				 c->off, (unsigned long long)c->value, r, message, c->r,
				 c->says ? c->says : "");
	}
	free(copy);
}

/* Files of other kinds, which every parser has to refuse with -ENOEXEC. */
static inline void check_strangers(const struct parser *p)
{
	static const char text[] = "root:x:0:0:root:/root:/bin/bash\n# not a kernel\n";
	static const uint8_t zeros[4096];
	uint8_t ones[4096];

	memset(ones, 0xff, sizeof(ones));
	assert_int_equal(parse_strictly(p, (struct bytes){ NULL, 0 }, NULL, 0), -ENOEXEC);
	assert_int_equal(
		parse_strictly(p, (struct bytes){ (const uint8_t *)text, sizeof(text) }, NULL, 0),
		-ENOEXEC);
	assert_int_equal(parse_strictly(p, (struct bytes){ zeros, sizeof(zeros) }, NULL, 0),
			 -ENOEXEC);
	assert_int_equal(parse_strictly(p, (struct bytes){ ones, sizeof(ones) }, NULL, 0),
			 -ENOEXEC);
}

/* ------------------------------------------------------------------ bzImage */

enum {
	BZ_SETUP_N = 1024, /* setup_sects 1 */
	BZ_KERNEL_N = 32,  /* kernel_info, then the payload */
	BZ_N = BZ_SETUP_N + BZ_KERNEL_N,
	BZ_RELEASE = 0x300,
};

/* Protocol 2.15 as Linux 6 has it. @b has BZ_N bytes. */
static inline struct bytes make_bzimage(uint8_t *b)
{
	memset(b, 0, BZ_N);
	b[0x1f1] = 1;
	put(b, 0x1f4, 4, BZ_KERNEL_N / 16);
	put(b, 0x1fe, 2, 0xaa55);
	put(b, 0x200, 2, 0x6aeb); /* jump to 0x26c */
	put_text(b, 0x202, "HdrS");
	put(b, 0x206, 2, 0x020f);
	put(b, 0x20e, 2, BZ_RELEASE - 0x200);
	b[0x211] = 0x01;
	put(b, 0x22c, 4, 0x7fffffff);
	put(b, 0x230, 4, 0x200000);
	b[0x234] = 1;
	b[0x235] = 21;
	put(b, 0x236, 2, 0x7f);
	put(b, 0x238, 4, 2047);
	put(b, 0x248, 4, 16);
	put(b, 0x24c, 4, 16);
	put(b, 0x258, 8, 0x1000000);
	put(b, 0x260, 4, 0x3378000);
	put(b, 0x268, 4, 0); /* kernel_info: set when it does not start the kernel */
	put_text(b, BZ_RELEASE, "6.1.0-50-cloud-amd64 (debian-kernel@lists.debian.org) #1 SMP");
	put_text(b, BZ_SETUP_N + 16, "\x28\xb5\x2f\xfd payload ");
	return (struct bytes){ b, BZ_N };
}

/* ---------------------------------------------------------------------- ELF */

enum {
	ELF64_HEADER = 64,
	ELF64_PH = 56,
	ELF32_HEADER = 52,
	ELF32_PH = 32,
	ELF_DATA = 0x200, /* of the first segment; every segment has 16 bytes */
	ELF_N = ELF_DATA + 3 * 16,
};

struct made_segment {
	uint32_t type;
	uint64_t offset, vaddr, paddr, filesz, memsz;
};

static inline void put_segment(uint8_t *b, bool is_64bit, size_t i, struct made_segment s)
{
	size_t at = is_64bit ? ELF64_HEADER + i * ELF64_PH : ELF32_HEADER + i * ELF32_PH;
	unsigned w = is_64bit ? 8 : 4;

	put(b, at, 4, s.type);
	at += w; /* p_flags stands behind p_type in 64-bit files only */
	put(b, at, w, s.offset);
	put(b, at + w, w, s.vaddr);
	put(b, at + 2 * w, w, s.paddr);
	put(b, at + 3 * w, w, s.filesz);
	put(b, at + 4 * w, w, s.memsz);
}

/* Two PT_LOAD, out of order, and a PT_NOTE; entry in the lower one. @b has ELF_N bytes. */
static inline struct bytes make_elf(uint8_t *b, bool is_64bit)
{
	memset(b, 0, ELF_N);
	put_text(b, 0, "\177ELF");
	b[4] = is_64bit ? 2 : 1;
	b[5] = b[6] = 1;
	put(b, 16, 2, 2); /* ET_EXEC */
	put(b, 18, 2, is_64bit ? 62 : 3);
	put(b, 20, 4, 1);
	put(b, 24, is_64bit ? 8 : 4, 0x100004);
	put(b, is_64bit ? 32 : 28, is_64bit ? 8 : 4, is_64bit ? ELF64_HEADER : ELF32_HEADER);
	put(b, is_64bit ? 54 : 42, 2, is_64bit ? ELF64_PH : ELF32_PH);
	put(b, is_64bit ? 56 : 44, 2, 3);
	put_segment(b, is_64bit, 0,
		    (struct made_segment){ 1, ELF_DATA + 16, 0xc0200000, 0x200000, 16, 0x3000 });
	put_segment(b, is_64bit, 1,
		    (struct made_segment){ 1, ELF_DATA, 0xc0100000, 0x100000, 16, 16 });
	put_segment(b, is_64bit, 2,
		    (struct made_segment){ 4, ELF_DATA + 32, 0xc0300000, 0x300000, 16, 16 });
	return (struct bytes){ b, ELF_N };
}

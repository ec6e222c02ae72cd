/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reads the sections of a PE file, which is all that boot images need. */

#include "image/image.h"

struct pe {
	struct bytes file;
	uint16_t machine; /* 0x8664 x86_64, 0x014c i386, 0xaa64 arm64, … */
	struct bytes sections;
	size_t n_sections;
	bool is_signed; /* has a table of certificates; nothing of it is verified */
};

/* -ENOEXEC not a PE file; -EBADMSG cut off. */
_must_check_ int pe_parse(struct bytes file, struct pe *ret, struct kx_error *err);

/* Is section @i called @name? */
bool pe_section_is(const struct pe *pe, size_t i, const char *name);
/* -EBADMSG when section @i reaches beyond the file. */
_must_check_ int pe_section_data(const struct pe *pe, size_t i, struct bytes *ret,
				 struct kx_error *err);

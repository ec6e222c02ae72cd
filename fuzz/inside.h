/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "fundamental/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Byte ranges that parsers return have to lie in the file; a missing part is empty. */
static inline void must_be_inside(struct bytes file, struct bytes part)
{
	if (part.n == 0)
		return;
	if (part.p < file.p || part.p > file.p + file.n ||
	    part.n > (size_t)(file.p + file.n - part.p))
		abort();
}

static inline void must(int truth)
{
	if (!truth)
		abort();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a confined child leaves for its parent: between the two halves of reader.c, and for tests. */

#include <libkexec.h>
#include <stdint.h>

#define REPLY_MAGIC UINT32_C(0x52584b31)

/* How far the child has come. */
enum stage {
	STAGE_BEGUN,	 /* and did not end by itself when it stays so */
	STAGE_OPEN,	 /* it cannot be confined; nothing was done */
	STAGE_NO_MEMORY, /* there was no page for a window */
	STAGE_TORN,	 /* another SIGBUS */
	STAGE_DONE,
};

/* At the start of memory that both have; the answer follows. */
struct reply {
	uint32_t magic, size;
	uint32_t stage; /* enum stage */
	int32_t r;
	char open[128];	     /* with STAGE_OPEN: why */
	struct kx_error err; /* with r < 0 */
	uint8_t answer[];
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Simulates the huge pages of a machine: the test chooses which frames the pool gives, each call
 * can fail, and the calling process can be ended at each call. Its state is in shared memory, so
 * that it survives that process. */

#include "sys/pages.h"

enum { FAKE_PAGES_MAX = 64, FAKE_SEGMENTS_MAX = 16 };

struct fake_pages {
	struct sys sys;
	uint64_t frames[FAKE_PAGES_MAX]; /* of the pages of the file, in its order */
	uint64_t total, surplus;	 /* the pool */
	uint64_t limit;			 /* as far as the pool can grow */
	bool mounted, created;
	int memory;		    /* a file with the pages */
	uint8_t *bytes;		    /* and where it is mapped */
	bool there[FAKE_PAGES_MAX]; /* pages of the file that are not punched */
	/* digest of what a page had in it when its caches were last cleaned, 0 before */
	uint32_t cleaned[FAKE_PAGES_MAX];
	bool reserved;		/* what is in no huge page cannot be a hole */
	int calls;		/* so far */
	int fail_at, fail_with; /* the call with that number fails so */
	int die_at;		/* the process ends before that call */
	void (*before)(struct sys *, const char *call); /* each call, or NULL */
	int n_load, n_unload;
	int load_result[2]; /* of the first and the second kexec_load */
	uint64_t entry;	    /* of the image that is loaded, 0 for none */
	size_t n_segments;
	struct sys_segment segments[FAKE_SEGMENTS_MAX];
	uint8_t first_byte[FAKE_SEGMENTS_MAX]; /* of each */
};

/* Of what is in page @i now. */
uint32_t fake_page_digest(const struct fake_pages *fake, size_t i);
/* Released with fake_pages_free(). All frames are neighbours, from 1 GiB on; the pool grows to 32. */
struct fake_pages *fake_pages_new(void);
void fake_pages_free(struct fake_pages *fake);

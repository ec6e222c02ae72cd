// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/secret-memory.h"

#include <string.h>
#include <sys/mman.h>

void *secret_alloc(size_t n)
{
	void *p = mmap(NULL, n ? n : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (madvise(p, n ? n : 1, MADV_DONTFORK) < 0) {
		(void)munmap(p, n ? n : 1);
		return NULL;
	}
	(void)madvise(p, n ? n : 1, MADV_DONTDUMP);
	return p;
}

void secret_free(void *p, size_t n)
{
	if (!p)
		return;
	explicit_bzero(p, n);
	(void)munmap(p, n ? n : 1);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/secret-memory.h"

#include <errno.h>
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

int secret_new(struct secret *ret, size_t room)
{
	struct secret made = { .p = secret_alloc(room), .room = room };

	if (!made.p)
		return -ENOMEM;
	if (mlock(made.p, room) < 0) {
		secret_free(made.p, room);
		return -ENOMEM;
	}
	*ret = made;
	return 0;
}

void secret_done(struct secret *secret)
{
	secret_free(secret->p, secret->room); /* munmap(2) unlocks */
	*secret = (struct secret){ .p = NULL };
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "confined/window.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

/* Linux 5.14 and 6.1; headers may be older. */
enum { POPULATE_WRITE = 23, COLLAPSE = 25 };

/* Of huge pages on the architectures whose page has 4 KiB; where they are larger nothing comes of it. */
static const size_t huge = (size_t)2 << 20;

static uintptr_t down(uintptr_t v, size_t unit)
{
	return v & ~(uintptr_t)(unit - 1);
}

static uintptr_t up(uintptr_t v, size_t unit)
{
	return down(v + unit - 1, unit);
}

static size_t whole_pages(size_t n)
{
	return up(n, (size_t)sysconf(_SC_PAGESIZE));
}

/* Address space that begins and ends with a huge page. @n is a multiple of it. */
static uint8_t *reserve(size_t n)
{
	uint8_t *p =
		mmap(NULL, n + huge, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t before;

	if (p == MAP_FAILED)
		return NULL;
	before = up((uintptr_t)p, huge) - (uintptr_t)p;
	if (before)
		(void)munmap(p, before);
	if (huge - before)
		(void)munmap(p + before + n, huge - before);
	return p + before;
}

/* Not MAP_ANONYMOUS: with vm.overcommit_memory=2 that would be charged for at once. */
static uint8_t *shared_memory(size_t n)
{
	_cleanup_close_ int fd = memfd_create("unpacked", MFD_CLOEXEC);
	uint8_t *at = NULL;
	void *p;

	if (fd < 0 || ftruncate(fd, (off_t)n) < 0)
		return NULL;
	if (n >= huge) {
		at = reserve(n);
		if (!at)
			return NULL;
	}
	p = mmap(at, n, PROT_READ | PROT_WRITE, MAP_SHARED | (at ? MAP_FIXED : 0), fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

int window_make(size_t n, struct window *ret)
{
	struct window window = { .n = n < huge ? whole_pages(n ? n : 1) : up(n, huge),
				 .is_shared = true };

	if (window.n < n || window.n > SIZE_MAX - huge)
		return -ENOMEM;
	window.p = shared_memory(window.n);
	if (!window.p) {
		void *p = mmap(NULL, window.n, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (p == MAP_FAILED)
			return -ENOMEM;
		window.p = p;
		window.is_shared = false;
	}
	*ret = window;
	return 0;
}

/*
 * A page fault for each page of shared memory would cost more than a third of what unpacking does. Shared memory has
 * huge pages where they are asked for in this way only, and then of what is there already; where there are none the
 * pages are at least got together.
 */
static void take_pages(uint8_t *p, size_t n)
{
	static atomic_bool has_no_huge;
	const uintptr_t start = down((uintptr_t)p, huge), end = up((uintptr_t)p + n, huge);

	for (uintptr_t at = start; at < end && !atomic_load(&has_no_huge); at += huge) {
		volatile uint8_t *first = (volatile uint8_t *)at;

		*first = *first;
	}
	if (!atomic_load(&has_no_huge) && madvise((void *)start, end - start, COLLAPSE) == 0)
		return;
	atomic_store(&has_no_huge, true);
	(void)madvise((void *)start, end - start, POPULATE_WRITE);
}

window_ready_fn window_ready(const struct window *window)
{
	return window->is_shared && window->n >= huge ? take_pages : NULL;
}

/* Pages behind the end that were written to would stay as long as those before it. */
void window_take(struct window *window, size_t n, struct contents *ret)
{
	const size_t kept = whole_pages(n), held = up(n, huge);

	if (held < window->n && window->is_shared)
		(void)madvise(window->p + held, window->n - held, MADV_REMOVE);
	if (kept < window->n)
		(void)munmap(window->p + kept, window->n - kept);
	if (kept)
		(void)mprotect(window->p, kept, PROT_READ);
	*ret = (struct contents){ .p = kept ? window->p : NULL, .n = n, .is_mapped = kept > 0 };
	*window = (struct window){ 0 };
}

void window_done(struct window *window)
{
	if (window->p)
		(void)munmap(window->p, window->n);
	*window = (struct window){ 0 };
}

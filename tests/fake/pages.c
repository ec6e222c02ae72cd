// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/fake/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The mapping of this process, to find the physical address of a byte; there is one mapping at a
 * time. */
static size_t mapped[FAKE_PAGES_MAX];

static struct fake_pages *fake_of(struct sys *sys)
{
	return (struct fake_pages *)sys;
}

/* The number of this call; 0 when it may go on. */
static int enter(struct sys *sys)
{
	struct fake_pages *fake = fake_of(sys);

	fake->calls++;
	if (fake->die_at == fake->calls)
		_exit(9);
	return fake->fail_at == fake->calls ? fake->fail_with : 0;
}

static int fake_pool_read(struct sys *sys, struct sys_pool *ret)
{
	int r = enter(sys);

	if (r == 0)
		*ret = (struct sys_pool){ fake_of(sys)->total, fake_of(sys)->surplus };
	return r;
}

static uint64_t in_use(const struct fake_pages *fake)
{
	uint64_t n = 0;

	for (size_t i = 0; i < FAKE_PAGES_MAX; i++)
		n += fake->there[i];
	return n;
}

static int fake_pool_resize(struct sys *sys, uint64_t total)
{
	struct fake_pages *fake = fake_of(sys);
	int r = enter(sys);

	if (r < 0)
		return r;
	fake->total = total < fake->limit ? total : fake->limit;
	if (fake->total < in_use(fake)) /* pages in use leave when they are released */
		fake->surplus = in_use(fake) - fake->total;
	return 0;
}

static int fake_compact(struct sys *sys)
{
	return enter(sys);
}

static int fake_mount(struct sys *sys)
{
	int r = enter(sys);

	if (r == 0 && fake_of(sys)->mounted)
		r = -EBUSY;
	if (r == 0)
		fake_of(sys)->mounted = true;
	return r;
}

static void forget_file(struct fake_pages *fake)
{
	fake->created = false;
	memset(fake->there, 0, sizeof(fake->there));
}

static int fake_unmount(struct sys *sys)
{
	int r = enter(sys);

	if (r < 0)
		return r;
	fake_of(sys)->mounted = false;
	forget_file(fake_of(sys));
	return 0;
}

static bool fake_is_mounted(struct sys *sys)
{
	return fake_of(sys)->mounted;
}

static int fake_create(struct sys *sys, size_t n)
{
	struct fake_pages *fake = fake_of(sys);
	int r = enter(sys);

	if (r < 0)
		return r;
	if (!fake->mounted || fake->created)
		return -EEXIST;
	if (n > fake->total || ftruncate(fake->memory, 0) < 0 ||
	    ftruncate(fake->memory, (off_t)(n * SYS_PAGE_SIZE)) < 0)
		return -ENOSPC;
	fake->created = true;
	for (size_t i = 0; i < n; i++)
		fake->there[i] = true;
	return dup(fake->memory);
}

static int fake_open(struct sys *sys)
{
	int r = enter(sys);

	return r < 0 ? r : fake_of(sys)->created ? dup(fake_of(sys)->memory) : -ENOENT;
}

static int fake_remove(struct sys *sys)
{
	int r = enter(sys);

	if (r == 0)
		forget_file(fake_of(sys));
	return r;
}

static int fake_punch(struct sys *sys, int fd, size_t i)
{
	int r = enter(sys);

	if (r == 0)
		fake_of(sys)->there[i] = false;
	return r;
}

static int fake_map(struct sys *sys, int fd, const size_t *order, size_t n, void **ret)
{
	int r = enter(sys);
	char *p;

	if (r < 0)
		return r;
	p = mmap(NULL, n * SYS_PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (!fake_of(sys)->there[order[i]] ||
		    mmap(p + i * SYS_PAGE_SIZE, SYS_PAGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd,
			 (off_t)(order[i] * SYS_PAGE_SIZE)) == MAP_FAILED)
			abort();
		mapped[i] = order[i];
	}
	*ret = p;
	return 0;
}

static void fake_unmap(struct sys *sys, void *p, size_t n)
{
	(void)munmap(p, n * SYS_PAGE_SIZE);
}

static int fake_settle(struct sys *sys, void *p, size_t n)
{
	return enter(sys);
}

static int fake_frames(struct sys *sys, void *p, size_t n, uint64_t *ret)
{
	int r = enter(sys);

	for (size_t i = 0; r == 0 && i < n; i++)
		ret[i] = fake_of(sys)->frames[mapped[i]];
	return r;
}

static int fake_flags(struct sys *sys, uint64_t start, size_t n, uint64_t *ret)
{
	const struct fake_pages *fake = fake_of(sys);
	int r = enter(sys);

	for (size_t i = 0; r == 0 && i < n; i++) {
		ret[i] = fake->reserved && i == n / 2 ? SYS_PAGE_RESERVED : 0;
		for (size_t k = 0; k < FAKE_PAGES_MAX; k++)
			if (fake->there[k] && fake->frames[k] == start)
				ret[i] = SYS_PAGE_HUGE;
	}
	return r;
}

static const struct sys_pages fake_table = {
	.pool_read = fake_pool_read,
	.pool_resize = fake_pool_resize,
	.compact = fake_compact,
	.mount = fake_mount,
	.unmount = fake_unmount,
	.is_mounted = fake_is_mounted,
	.create = fake_create,
	.open = fake_open,
	.remove = fake_remove,
	.punch = fake_punch,
	.map = fake_map,
	.unmap = fake_unmap,
	.settle = fake_settle,
	.frames = fake_frames,
	.flags = fake_flags,
};

static int fake_load(struct sys *sys, uint64_t entry, size_t n, const struct sys_segment *segments,
		     uint64_t flags)
{
	struct fake_pages *fake = fake_of(sys);
	int r = enter(sys);

	if (r < 0)
		return r;
	if (n && fake->n_load < 2)
		r = fake->load_result[fake->n_load];
	*(n ? &fake->n_load : &fake->n_unload) += 1;
	if (r < 0)
		return r;
	fake->entry = entry;
	fake->n_segments = n;
	for (size_t i = 0; i < n; i++) {
		fake->segments[i] = segments[i];
		fake->first_byte[i] = segments[i].buf_n ? *(const uint8_t *)segments[i].buf : 0;
	}
	return 0;
}

static int fake_random(struct sys *sys, void *buf, size_t n)
{
	memset(buf, 0x5a, n);
	return 0;
}

static bool fake_has_boot_capability(struct sys *sys)
{
	return true;
}

static void fake_sleep(struct sys *sys, unsigned ms)
{
}

struct fake_pages *fake_pages_new(void)
{
	struct fake_pages *fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (fake == MAP_FAILED)
		abort();
	fake->sys = (struct sys){ .kexec_load = fake_load,
				  .random = fake_random,
				  .sleep_ms = fake_sleep,
				  .has_boot_capability = fake_has_boot_capability,
				  .pages = &fake_table };
	fake->memory = memfd_create("pages", MFD_CLOEXEC);
	if (fake->memory < 0)
		abort();
	fake->limit = 32;
	for (size_t i = 0; i < FAKE_PAGES_MAX; i++)
		fake->frames[i] = (UINT64_C(1) << 30) + i * SYS_PAGE_SIZE;
	return fake;
}

void fake_pages_free(struct fake_pages *fake)
{
	fd_close(fake->memory);
	(void)munmap(fake, sizeof(*fake));
}

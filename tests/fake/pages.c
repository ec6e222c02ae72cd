// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/fake/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fundamental/digest.h"

#define MEMORY_MAX ((size_t)FAKE_PAGES_MAX * SYS_PAGE_SIZE)

/* The mapping of this thread, to find the physical address of a byte; a thread has one mapping at a
 * time. */
static _Thread_local size_t mapped[FAKE_PAGES_MAX];

static struct fake_pages *fake_of(struct sys *sys)
{
	return (struct fake_pages *)sys;
}

/* 0 when the call @name may go on, else how it fails. */
static int enter(struct sys *sys, const char *name)
{
	struct fake_pages *fake = fake_of(sys);

	if (fake->before)
		fake->before(sys, name);
	fake->calls++;
	if (fake->die_at == fake->calls)
		_exit(9);
	return fake->fail_at == fake->calls ? fake->fail_with : 0;
}

static int fake_pool_read(struct sys *sys, struct sys_pool *ret)
{
	int r = enter(sys, "pool_read");

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
	int r = enter(sys, "pool_resize");

	if (r < 0)
		return r;
	fake->total = total < fake->limit ? total : fake->limit;
	if (fake->total < in_use(fake)) /* pages in use leave when they are released */
		fake->surplus = in_use(fake) - fake->total;
	return 0;
}

static int fake_compact(struct sys *sys)
{
	return enter(sys, "compact");
}

static int fake_mount(struct sys *sys)
{
	int r = enter(sys, "mount");

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
	int r = enter(sys, "unmount");

	if (r < 0)
		return r;
	fake_of(sys)->mounted = false;
	forget_file(fake_of(sys));
	return 0;
}

static bool fake_is_mounted(struct sys *sys)
{
	if (fake_of(sys)->before)
		fake_of(sys)->before(sys, "is_mounted");
	return fake_of(sys)->mounted;
}

static int fake_create(struct sys *sys, size_t n)
{
	struct fake_pages *fake = fake_of(sys);
	int r = enter(sys, "create");

	if (r < 0)
		return r;
	if (!fake->mounted || fake->created)
		return -EEXIST;
	if (n > fake->total || n > FAKE_PAGES_MAX ||
	    ftruncate(fake->memory, (off_t)(n * SYS_PAGE_SIZE)) < 0)
		return -ENOSPC;
	memset(fake->bytes, 0, n * SYS_PAGE_SIZE);
	fake->created = true;
	for (size_t i = 0; i < n; i++)
		fake->there[i] = true;
	return dup(fake->memory);
}

static int fake_open(struct sys *sys)
{
	int r = enter(sys, "open");

	return r < 0 ? r : fake_of(sys)->created ? dup(fake_of(sys)->memory) : -ENOENT;
}

static int fake_remove(struct sys *sys)
{
	int r = enter(sys, "remove");

	if (r == 0)
		forget_file(fake_of(sys));
	return r;
}

static int fake_punch(struct sys *sys, int fd, size_t i)
{
	int r = enter(sys, "punch");

	if (r == 0)
		fake_of(sys)->there[i] = false;
	return r;
}

static int fake_map(struct sys *sys, int fd, const size_t *order, size_t n, void **ret)
{
	int r = enter(sys, "map");
	bool neighbours = true;
	char *p;

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (!fake_of(sys)->there[order[i]])
			return -ENOMEM; /* as when the pool has no page for a hole of the file */
		mapped[i] = order[i];
		neighbours &= order[i] == order[0] + i;
	}
	if (neighbours) { /* page faults take most of the time of tests */
		*ret = fake_of(sys)->bytes + order[0] * SYS_PAGE_SIZE;
		return 0;
	}
	p = mmap(NULL, n * SYS_PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (mmap(p + i * SYS_PAGE_SIZE, SYS_PAGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd,
			 (off_t)(order[i] * SYS_PAGE_SIZE)) == MAP_FAILED)
			abort();
	*ret = p;
	return 0;
}

static void fake_unmap(struct sys *sys, void *p, size_t n)
{
	const uint8_t *bytes = fake_of(sys)->bytes, *at = p;

	if (at < bytes || at >= bytes + MEMORY_MAX)
		(void)munmap(p, n * SYS_PAGE_SIZE);
}

static int fake_settle(struct sys *sys, void *p, size_t n)
{
	return enter(sys, "settle");
}

static int fake_frames(struct sys *sys, void *p, size_t n, uint64_t *ret)
{
	int r = enter(sys, "frames");

	for (size_t i = 0; r == 0 && i < n; i++)
		ret[i] = fake_of(sys)->frames[mapped[i]];
	return r;
}

static int fake_flags(struct sys *sys, uint64_t start, size_t n, uint64_t *ret)
{
	const struct fake_pages *fake = fake_of(sys);
	int r = enter(sys, "flags");

	for (size_t i = 0; r == 0 && i < n; i++) {
		ret[i] = fake->reserved && i == n / 2 ? SYS_PAGE_RESERVED : 0;
		for (size_t k = 0; k < FAKE_PAGES_MAX; k++)
			if (fake->there[k] && fake->frames[k] == start)
				ret[i] = SYS_PAGE_HUGE;
	}
	return r;
}

/* Never 0. */
static uint32_t digest_of(const uint8_t *p)
{
	struct digest d;

	digest_bytes(p, SYS_PAGE_SIZE, false, &d);
	return (d.crc[0] ^ d.crc[1] ^ d.crc[2]) | 1;
}

uint32_t fake_page_digest(const struct fake_pages *fake, size_t i)
{
	return digest_of(fake->bytes + i * SYS_PAGE_SIZE);
}

static void fake_clean(struct sys *sys, const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fake_of(sys)->cleaned[mapped[i]] =
			digest_of((const uint8_t *)p + i * SYS_PAGE_SIZE);
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
	.clean = fake_clean,
};

static int fake_load(struct sys *sys, uint64_t entry, size_t n, const struct sys_segment *segments,
		     uint64_t flags)
{
	struct fake_pages *fake = fake_of(sys);
	int r = enter(sys, "kexec_load");

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
	fake->bytes = mmap(NULL, MEMORY_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, fake->memory, 0);
	if (fake->bytes == MAP_FAILED)
		abort();
	fake->limit = 32;
	for (size_t i = 0; i < FAKE_PAGES_MAX; i++)
		fake->frames[i] = (UINT64_C(1) << 30) + i * SYS_PAGE_SIZE;
	return fake;
}

void fake_pages_free(struct fake_pages *fake)
{
	fd_close(fake->memory);
	(void)munmap(fake->bytes, MEMORY_MAX);
	(void)munmap(fake, sizeof(*fake));
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Huge pages of the running machine: hugetlbfs, its pool, and physical addresses and flags of pages
 * from /proc. Documentation/admin-guide/mm/{hugetlbpage,pagemap}.rst */

#include "sys/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>

#include "base/file.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/mountinfo.h"

#define POOL "hugepages/hugepages-2048kB"
#define SOURCE "rapidreboot" /* source field in mountinfo by which our mount is recognised */
enum { NODES_MAX = 1024, MOUNTINFO_MAX = 1 << 30 };

/* Number of small pages in a huge one; the processor defines the size of a small one. */
static size_t small_pages(void)
{
	return (size_t)SYS_PAGE_SIZE / (size_t)sysconf(_SC_PAGESIZE);
}

/* ---- the pool */

/* Growing the pool of all nodes takes pages from each node in turn, so that they do not lie side by
 * side. So the pool of a single node is used, the one of processor 0. */
static void pool_folder(char *ret, size_t n)
{
	for (unsigned node = 0; node < NODES_MAX; node++) {
		(void)snprintf(ret, n, "/sys/devices/system/cpu/cpu0/node%u/" POOL, node);
		if (is_directory_in(ROOT_HERE, ret))
			return;
	}
	(void)snprintf(ret, n, "/sys/kernel/mm/" POOL);
}

static int pool_number(const char *name, uint64_t *ret)
{
	char folder[128], path[192];

	pool_folder(folder, sizeof(folder));
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return read_u64_in(ROOT_HERE, path, ret);
}

static int linux_pool_read(struct sys *sys, struct sys_pool *ret)
{
	struct sys_pool pool;
	int r = pool_number("nr_hugepages", &pool.total);

	if (r == 0)
		r = pool_number("surplus_hugepages", &pool.surplus);
	if (r == 0)
		*ret = pool;
	return r;
}

static int linux_pool_resize(struct sys *sys, uint64_t total)
{
	char folder[128], path[192], text[32];

	pool_folder(folder, sizeof(folder));
	(void)snprintf(path, sizeof(path), "%s/nr_hugepages", folder);
	(void)snprintf(text, sizeof(text), "%llu\n", (unsigned long long)total);
	return file_write_in(ROOT_HERE, path, text);
}

static int linux_compact(struct sys *sys)
{
	return file_write_in(ROOT_HERE, "/proc/sys/vm/compact_memory", "1\n");
}

/* ---- the file */

/* In a mount namespace of our own the mount would vanish with this process and its children. */
static int check_namespace(void)
{
	struct stat ours, init;

	if (stat("/proc/self/ns/mnt", &ours) < 0 || stat("/proc/1/ns/mnt", &init) < 0)
		return -errno;
	return ours.st_ino == init.st_ino && ours.st_dev == init.st_dev ? 0 : -EXDEV;
}

static bool is_hugetlbfs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == HUGETLBFS_MAGIC;
}

/* An exit initramfs has a /dev of its own. The old /dev, with our mount below it, was moved along
 * with the old root, to a place that depends on the initramfs. So the mount is searched in
 * mountinfo by its source. */
static char *moved_mount(void)
{
	_cleanup_free_ uint8_t *table = NULL;
	struct lines lines;
	struct bytes line;
	size_t n;

	if (read_file_in(ROOT_HERE, "/proc/self/mountinfo", MOUNTINFO_MAX, &table, &n) < 0)
		return NULL;
	lines = lines_of((struct bytes){ table, n });
	while (lines_next(&lines, &line)) {
		struct mountinfo m;

		if (mountinfo_split(line, &m) && bytes_is(m.type, "hugetlbfs") &&
		    bytes_is(m.source, SOURCE))
			return bytes_dup_octal(m.dir);
	}
	return NULL;
}

/* Path of our mount, or NULL. */
static char *find_mount(void)
{
	return is_hugetlbfs(SYS_PAGES_MOUNT) ? strdup(SYS_PAGES_MOUNT) : moved_mount();
}

/* Path of our file: NULL when the file system is not mounted. */
static char *find_file(void)
{
	_cleanup_free_ char *dir = find_mount();
	char *path = NULL;

	return dir && asprintf(&path, "%s/" SYS_PAGES_NAME, dir) > 0 ? path : NULL;
}

static bool linux_is_mounted(struct sys *sys)
{
	_cleanup_free_ char *dir = find_mount();

	return dir;
}

static int linux_unmount(struct sys *sys)
{
	_cleanup_free_ char *dir = find_mount();
	int r = 0;

	if (dir && umount2(dir, UMOUNT_NOFOLLOW) < 0)
		r = -errno;
	if (r == 0 && rmdir(SYS_PAGES_MOUNT) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0)
		(void)rmdir(SYS_PAGES_FOLDER);
	return r;
}

static int linux_mount(struct sys *sys)
{
	int r = check_namespace();

	if (r < 0)
		return r;
	(void)mkdir(SYS_PAGES_FOLDER, 0700);
	if (mkdir(SYS_PAGES_MOUNT, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (linux_is_mounted(sys))
		return -EBUSY;
	if (mount(SOURCE, SYS_PAGES_MOUNT, "hugetlbfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "pagesize=2M,mode=0700") == 0)
		return 0;
	r = -errno;
	(void)rmdir(SYS_PAGES_MOUNT);
	(void)rmdir(SYS_PAGES_FOLDER);
	return r;
}

/* With fallocate(2) a missing page is an error here; without, touching it later would end the
 * process with SIGBUS. */
static int linux_create(struct sys *sys, size_t n)
{
	_cleanup_close_ int fd =
		open(SYS_PAGES_FILE, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || fallocate(fd, 0, 0, (off_t)(n * SYS_PAGE_SIZE)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int linux_open(struct sys *sys)
{
	_cleanup_free_ char *path = find_file();
	int fd = path ? open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC) : -1;

	if (!path)
		return -ENOENT;
	return fd < 0 ? -errno : fd;
}

static int linux_remove(struct sys *sys)
{
	_cleanup_free_ char *path = find_file();

	return path && unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

static int linux_punch(struct sys *sys, int fd, size_t i)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(i * SYS_PAGE_SIZE),
			 (off_t)SYS_PAGE_SIZE) < 0
		       ? -errno
		       : 0;
}

/* ---- memory of this process */

/* Reserves @n bytes of address space, aligned to the size of a huge page. */
static void *reserve(size_t n)
{
	const size_t more = n + SYS_PAGE_SIZE;
	char *p = mmap(NULL, more, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t before;

	if (p == MAP_FAILED)
		return NULL;
	before = (size_t)(-(uintptr_t)p & (SYS_PAGE_SIZE - 1));
	if (before)
		(void)munmap(p, before);
	if (before < SYS_PAGE_SIZE)
		(void)munmap(p + before + n, SYS_PAGE_SIZE - before);
	return p + before;
}

static void linux_unmap(struct sys *sys, void *p, size_t n)
{
	(void)munmap(p, n * SYS_PAGE_SIZE);
}

/* MAP_SHARED: a private mapping would be given copies at other physical addresses. */
static int linux_map(struct sys *sys, int fd, const size_t *order, size_t n, void **ret)
{
	char *p = reserve(n * SYS_PAGE_SIZE);

	if (!p)
		return -ENOMEM;
	for (size_t i = 0, run; i < n; i += run) {
		char *at = p + i * SYS_PAGE_SIZE;

		for (run = 1; i + run < n && order[i + run] == order[i] + run; run++)
			;
		if (mmap(at, run * SYS_PAGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd,
			 (off_t)(order[i] * SYS_PAGE_SIZE)) == MAP_FAILED) {
			int r = -errno;

			linux_unmap(sys, p, n);
			return r;
		}
	}
	(void)madvise(p, n * SYS_PAGE_SIZE, MADV_DONTFORK);
	*ret = p;
	return 0;
}

/* ---- physical addresses */

/* Registering pages as io_uring buffers pins them for long, so the kernel first moves them out of
 * memory that must stay movable (mm/gup.c, FOLL_LONGTERM: CMA, ZONE_MOVABLE). They stay where they
 * are after they are unpinned. */
#define RING_BUFFER_MAX (UINT64_C(1) << 30)
enum { RING_BUFFERS_MAX = 64 };

static int linux_settle(struct sys *sys, void *p, size_t n)
{
	struct io_uring_params params = { 0 };
	struct iovec buffers[RING_BUFFERS_MAX];
	_cleanup_close_ int ring = -1;
	size_t left = n * SYS_PAGE_SIZE;
	unsigned k = 0;

	for (char *at = p; left; k++) {
		const size_t part = left < RING_BUFFER_MAX ? left : RING_BUFFER_MAX;

		if (k == RING_BUFFERS_MAX)
			return -E2BIG;
		buffers[k] = (struct iovec){ at, part };
		at += part;
		left -= part;
	}
	ring = (int)syscall(SYS_io_uring_setup, 1, &params);
	if (ring < 0)
		return -errno;
	if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, buffers, k) < 0)
		return -errno;
	/* unregister at once: the kernel frees a closed ring some time later */
	(void)syscall(SYS_io_uring_register, ring, IORING_UNREGISTER_BUFFERS, NULL, 0);
	return 0;
}

#define PAGEMAP_FRAME ((UINT64_C(1) << 55) - 1)
#define PAGEMAP_PRESENT (UINT64_C(1) << 63)

static int linux_frames(struct sys *sys, void *p, size_t n, uint64_t *ret)
{
	_cleanup_close_ int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	const uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE);

	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < n; i++) {
		const uint64_t address = (uintptr_t)p + i * SYS_PAGE_SIZE;
		uint64_t entry;

		if (pread(fd, &entry, sizeof(entry), (off_t)(address / size * sizeof(entry))) !=
		    (ssize_t)sizeof(entry))
			return -EIO;
		if (!(entry & PAGEMAP_PRESENT))
			return -EFAULT;
		ret[i] = (entry & PAGEMAP_FRAME) * size;
		if (!ret[i])
			return -EPERM;
	}
	return 0;
}

static int linux_flags(struct sys *sys, uint64_t start, size_t n, uint64_t *ret)
{
	_cleanup_close_ int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	const uint64_t size = SYS_PAGE_SIZE / small_pages();
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = pread(fd, ret, n * sizeof(*ret), (off_t)(start / size * sizeof(*ret)));
	if (got < 0)
		return -errno;
	return (size_t)got == n * sizeof(*ret) ? 0 : -EIO;
}

static void linux_clean(struct sys *sys, const void *p, size_t n)
{
#if defined(__aarch64__)
	const uintptr_t end = (uintptr_t)p + n * (size_t)SYS_PAGE_SIZE;
	uint64_t type;

	/* CTR_EL0.DminLine: words of the smallest line of all data caches. Linux permits both to programs
	 * (Documentation/arch/arm64/booting.rst, SCTLR_EL1.UCI and UCT). */
	__asm__("mrs %0, ctr_el0" : "=r"(type));
	for (uintptr_t at = (uintptr_t)p; at < end; at += (uintptr_t)4 << (type >> 16 & 15))
		__asm__ volatile("dc civac, %0" ::"r"(at) : "memory");
	__asm__ volatile("dsb sy" ::: "memory");
#endif
}

const struct sys_pages linux_pages = {
	.pool_read = linux_pool_read,
	.pool_resize = linux_pool_resize,
	.compact = linux_compact,
	.mount = linux_mount,
	.unmount = linux_unmount,
	.is_mounted = linux_is_mounted,
	.create = linux_create,
	.open = linux_open,
	.remove = linux_remove,
	.punch = linux_punch,
	.map = linux_map,
	.unmap = linux_unmap,
	.settle = linux_settle,
	.frames = linux_frames,
	.flags = linux_flags,
	.clean = linux_clean,
};

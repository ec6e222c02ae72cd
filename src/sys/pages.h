/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Huge pages of 2 MiB that keep their physical addresses: taken from the kernel's pool into one
 * file on a mount of our own, so that they outlive this process and no other program gets them. A
 * part of struct sys, in a table of its own: sys/pages.c is the real one, tests/fake/pages.c
 * simulates a machine.
 */

#include "sys/sys.h"

#define SYS_PAGE_SIZE (UINT64_C(2) << 20)
#define SYS_PAGE_SMALL UINT64_C(4096)

/* A mount point that init systems do not unmount before the jump: systemd and OpenRC leave
 * everything below /dev mounted, the umountfs script of Debian's initscripts only
 * /dev/.static/dev. */
#define SYS_PAGES_FOLDER "/dev/.static"
#define SYS_PAGES_MOUNT SYS_PAGES_FOLDER "/dev"
#define SYS_PAGES_NAME "image"
#define SYS_PAGES_FILE SYS_PAGES_MOUNT "/" SYS_PAGES_NAME

/* Numbers of huge pages in the pool of processor 0's node, or of all nodes when there is only
 * one. */
struct sys_pool {
	uint64_t total;	  /* all, used or free */
	uint64_t surplus; /* surplus pages, which leave the pool when they are released */
};

/* Flags of a 4 KiB page: Documentation/admin-guide/mm/pagemap.rst; the last one from
 * include/linux/kernel-page-flags.h. */
#define SYS_PAGE_HUGE (UINT64_C(1) << 17)
#define SYS_PAGE_POISONED (UINT64_C(1) << 19)
#define SYS_PAGE_MISSING (UINT64_C(1) << 20)
#define SYS_PAGE_OFFLINE (UINT64_C(1) << 23)
#define SYS_PAGE_RESERVED (UINT64_C(1) << 32)

/* All return 0 or a negative errno. */
struct sys_pages {
	int (*pool_read)(struct sys *, struct sys_pool *ret);
	/* Sets the size of the pool, as near to @total as the kernel can: read it again. */
	int (*pool_resize)(struct sys *, uint64_t total);
	/* Compacts free memory, so that huge pages can be made of it. */
	int (*compact)(struct sys *);
	/* hugetlbfs at SYS_PAGES_MOUNT, in the mount namespace of process 1: -EXDEV when this
	 * process has another one. */
	int (*mount)(struct sys *);
	int (*unmount)(struct sys *); /* 0 also when it is not there */
	bool (*is_mounted)(struct sys *);
	/* SYS_PAGES_FILE with @n pages of its own, all zero. A descriptor. -ENOSPC */
	int (*create)(struct sys *, size_t n);
	int (*open)(struct sys *); /* Opens that file: a descriptor, -ENOENT */
	int (*remove)(struct sys *);
	/* Gives page @i back to the pool. */
	int (*punch)(struct sys *, int fd, size_t i);
	/* Pages of the file, @order[0] first, side by side in memory of this process. */
	int (*map)(struct sys *, int fd, const size_t *order, size_t n, void **ret);
	void (*unmap)(struct sys *, void *p, size_t n);
	/* Moves mapped pages out of memory that must stay movable (CMA, ZONE_MOVABLE). -ENOSYS or
	 * -EPERM when that cannot be asked for; -EFAULT when there is no room elsewhere. */
	int (*settle)(struct sys *, void *p, size_t n);
	/* Physical addresses of mapped pages; -EPERM when they are not shown. */
	int (*frames)(struct sys *, void *p, size_t n, uint64_t *ret);
	/* Flags of the @n 4 KiB pages from physical address @start on. */
	int (*flags)(struct sys *, uint64_t start, size_t n, uint64_t *ret);
	/* Writes what caches hold of @n mapped pages to memory, where a kernel that begins with its caches off
	 * finds it. Nothing to do on machines whose caches stay on. */
	void (*clean)(struct sys *, const void *p, size_t n);
};

extern const struct sys_pages linux_pages;

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Takes most of the memory of a machine apart: what is free afterwards is no larger than a small page,
 * or a huge one. Stays in the background and keeps what it has. Only for virtual machines.
 *
 *   fragment small PERCENT       every other 4 KiB page of so much of the free memory
 *   fragment huge PERCENT KEEP   of the 2 MiB pages one in KEEP, in the order in which they lie
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SMALL 4096ul
#define HUGE (2ul << 20)
#define POOL "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"

struct page {
	uint64_t frame;
	char *at;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static unsigned long free_memory(void)
{
	char line[128];
	unsigned long kib = 0;
	FILE *f = fopen("/proc/meminfo", "re");

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "MemFree:", 8) == 0)
			kib = strtoul(line + 8, NULL, 10);
	if (!f || fclose(f) != 0 || !kib)
		die("/proc/meminfo");
	return kib << 10;
}

static void write_number(const char *path, unsigned long n)
{
	FILE *f = fopen(path, "we");

	if (!f || fprintf(f, "%lu\n", n) < 0 || fclose(f) != 0)
		die(path);
}

static unsigned long read_number(const char *path)
{
	unsigned long n = 0;
	char text[64];
	FILE *f = fopen(path, "re");

	if (!f || !fgets(text, sizeof(text), f))
		die(path);
	n = strtoul(text, NULL, 10);
	(void)fclose(f);
	return n;
}

static char *take(unsigned long n, int flags)
{
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static void fragment_small(unsigned long n)
{
	char *p = take(n, 0);

	/* else compaction would put the halves together again */
	write_number("/proc/sys/vm/compact_unevictable_allowed", 0);
	(void)madvise(p, n, MADV_NOHUGEPAGE);
	if (mlock(p, n) < 0)
		die("mlock");
	for (unsigned long i = SMALL; i < n; i += 2 * SMALL)
		if (munmap(p + i, SMALL) < 0)
			die("munmap");
}

static uint64_t frame_of(int pagemap, const char *p)
{
	uint64_t entry;

	if (pread(pagemap, &entry, sizeof(entry), (off_t)((uintptr_t)p / SMALL * sizeof(entry))) !=
	    (ssize_t)sizeof(entry))
		die("/proc/self/pagemap");
	return entry & ((UINT64_C(1) << 55) - 1);
}

static int compare(const void *a, const void *b)
{
	const struct page *x = a, *y = b;

	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

static void fragment_huge(unsigned long n, unsigned long keep)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	unsigned long n_pages, n_kept = 0;
	struct page *pages;
	char *p;

	write_number(POOL, n / HUGE);
	n_pages = read_number(POOL);
	pages = calloc(n_pages + 1, sizeof(*pages));
	if (!pages || pagemap < 0 || !n_pages)
		die("huge pages");
	p = take(n_pages * HUGE, MAP_HUGETLB);
	for (unsigned long i = 0; i < n_pages; i++) {
		p[i * HUGE] = 1;
		pages[i] = (struct page){ frame_of(pagemap, p + i * HUGE), p + i * HUGE };
	}
	qsort(pages, n_pages, sizeof(*pages), compare);
	for (unsigned long i = 0; i < n_pages; i++) {
		if (i % keep == 0)
			n_kept++;
		else if (munmap(pages[i].at, HUGE) < 0)
			die("munmap");
	}
	write_number(POOL, n_kept);
	free(pages);
	close(pagemap);
}

int main(int argc, char **argv)
{
	unsigned long n;

	if (argc < 3) {
		fprintf(stderr, "usage: fragment small PERCENT | fragment huge PERCENT KEEP\n");
		return 2;
	}
	/* memory maps for every other page */
	write_number("/proc/sys/vm/max_map_count", 10000000);
	n = free_memory() / 100 * strtoul(argv[2], NULL, 10) / HUGE * HUGE;
	if (strcmp(argv[1], "huge") == 0 && argc == 4)
		fragment_huge(n, strtoul(argv[3], NULL, 10));
	else
		fragment_small(n);
	printf("fragment: ready\n");
	(void)fflush(stdout);
	for (;;)
		pause();
}

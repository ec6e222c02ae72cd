// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A main for fuzz harnesses that needs no libFuzzer: gives the harness each seed of a folder, then
 * seeds cut off at every byte and seeds with a few bytes changed. The changes come from a fixed
 * generator, so a run that fails fails again. Without sanitizers this finds aborts only; the
 * sanitizer build of `make check` is where it counts.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fundamental/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	SEED_MAX = 64 << 20,  /* bytes of a seed file */
	CUTS_MAX = 4096,      /* shorter versions tried of each seed */
	CHANGES_MAX = 2048,   /* changed versions tried of each seed */
	WORK_MAX = 128 << 20, /* bytes given to the harness for each of the two, per seed */
};

/* A buffer of exactly this size, so that AddressSanitizer sees the first byte past its end. */
static void give(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);

	if (!copy)
		abort();
	if (n)
		memcpy(copy, data, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static size_t rounds(size_t n, size_t most)
{
	size_t affordable = WORK_MAX / (n + 1);

	return affordable < most ? affordable : most;
}

/* Every prefix of a small seed; of a large one the headers byte by byte, then steps. */
static void give_cuts(const uint8_t *data, size_t n)
{
	size_t most = rounds(n, CUTS_MAX), dense = most / 2, step;

	for (size_t i = 0; i < n && i < dense; i++)
		give(data, i);
	if (n <= dense || !most)
		return;
	step = (n - dense) / (most - dense) + 1;
	for (size_t i = dense; i < n; i += step)
		give(data, i);
}

/* splitmix64 (Steele, Lea, Flood 2014): good enough, and the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Up to eight bytes replaced, most of them near the start where formats keep their headers. */
static void give_changes(const uint8_t *data, size_t n)
{
	static const uint8_t edges[] = { 0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff };
	uint64_t state = n;
	uint8_t *copy;

	if (!n || !(copy = malloc(n)))
		return;
	for (size_t i = rounds(n, CHANGES_MAX); i; i--) {
		memcpy(copy, data, n);
		for (size_t k = 1 + next_random(&state) % 8; k; k--) {
			size_t reach = next_random(&state) % 4 ? (n < 1024 ? n : 1024) : n;
			size_t at = next_random(&state) % reach;

			copy[at] = next_random(&state) % 2
					   ? edges[next_random(&state) % sizeof(edges)]
					   : (uint8_t)next_random(&state);
		}
		give(copy, n);
	}
	free(copy);
}

static int replay(const char *dir, const char *name)
{
	char path[4096];
	struct stat st;
	uint8_t *data;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rbe");
	if (!f || fstat(fileno(f), &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > SEED_MAX) {
		fprintf(stderr, "%s: not a readable file of at most %d bytes\n", path, SEED_MAX);
		if (f)
			fclose(f);
		return -1;
	}
	data = malloc((size_t)st.st_size + 1);
	if (!data || fread(data, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		abort();
	fclose(f);

	/* The last line before a crash names the seed. */
	fprintf(stderr, "%s (%lld bytes)\n", path, (long long)st.st_size);
	give(data, (size_t)st.st_size);
	give_cuts(data, (size_t)st.st_size);
	give_changes(data, (size_t)st.st_size);
	free(data);
	return 0;
}

static int is_seed(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **seeds;
	int n_passed = 0, n_failed = 0, n;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER-OF-SEEDS\n", argv[0]);
		return 2;
	}
	n = scandir(argv[1], &seeds, is_seed, alphasort);
	if (n <= 0) {
		fprintf(stderr, "%s: no seeds, so nothing would be tested\n", argv[1]);
		return 1;
	}
	for (int i = 0; i < n; i++) {
		*(replay(argv[1], seeds[i]->d_name) < 0 ? &n_failed : &n_passed) += 1;
		free(seeds[i]);
	}
	free(seeds);
	give((const uint8_t *)"", 0);
	printf("%d passed, %d failed, 0 skipped\n", n_passed, n_failed);
	return n_failed ? 1 : 0;
}

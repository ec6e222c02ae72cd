// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>

#include "fdt/next-tree.h"
#include "fuzz/inside.h"

/* What is made of any tree is a tree again, of which the same is made: nothing piles up over generations. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tree_reservation reserved = { 0x42a00000, 0x10000 };
	const struct tree_change change = {
		.cmdline = "console=ttyAMA0",
		.initrd = 0x48000000,
		.initrd_n = 5000,
		.kaslr_seed = 1,
		.rng_seed = { (const uint8_t *)"random", 6 },
		.reserved = &reserved,
		.n_reserved = 1,
	};
	struct kx_error err = { 0 };
	uint8_t *first, *second;
	size_t n, again_n;
	int r = next_tree((struct bytes){ data, size }, &change, &first, &n, &err);

	if (r < 0) {
		must(r == -EBADMSG || r == -E2BIG);
		must(err.code == r && err.message[0]);
		return 0;
	}
	must(err.code == 0 && n <= DEVICE_TREE_MAX);
	r = next_tree((struct bytes){ first, n }, &change, &second, &again_n, &err);
	if (r == 0) {
		must(again_n <= n);
		free(second);
	}
	must(r == 0 || r == -E2BIG);
	free(first);
	return 0;
}

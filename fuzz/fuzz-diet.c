// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "fuzz/inside.h"
#include "image/cpio.h"
#include "image/diet.h"
#include "image/modules.h"

#define TEXT(s)                                     \
	{                                           \
		(const uint8_t *)(s), sizeof(s) - 1 \
	}

static const struct diet_facts facts = {
	.loaded = TEXT("ext4 1 0\nvirtio_blk 1 0\n"),
	.aliases = TEXT("virtio:d00000002v00001AF4\npci:v00001AF4d00001001sv0sd0bc01sc00i00\n"),
	.words = TEXT("root=/dev/vda1 rd.driver.pre=loop"),
	.same_root = true,
};

/* Every entry of @out is one of @in, in their order; what is missing are modules. */
static void check_entries(struct bytes in, struct bytes out, size_t n_left_out)
{
	struct cpio_entry before, after;
	size_t from = 0, to = 0, missing = 0;

	while (cpio_next(out, &to, &after)) {
		for (;;) {
			must(cpio_next(in, &from, &before));
			if (before.n == after.n &&
			    memcmp(in.p + from - before.n, out.p + to - after.n, after.n) == 0)
				break;
			must(module_name(before.name).n && before.n_links <= 1);
			missing++;
		}
	}
	while (cpio_next(in, &from, &before))
		missing++;
	must(missing == n_left_out);
}

/* Leaving out a second time finds nothing more to leave out. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *row = malloc(size ? size : 1);
	struct diet diet, again;
	size_t n = 0, n2 = 0;

	must(row != NULL);
	if (size)
		memcpy(row, data, size);
	if (initrd_diet(row, size, &facts, &n, &diet) == 0) {
		must(n <= size && n + diet.left_out == size);
		must((diet.n_left_out > 0) == !diet.why_not[0]);
		check_entries((struct bytes){ data, size }, (struct bytes){ row, n },
			      diet.n_left_out);
		if (diet.n_left_out) {
			must(initrd_diet(row, n, &facts, &n2, &again) == 0);
			must(again.n_left_out == 0 && n2 == n);
		}
	}
	free(row);
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz/inside.h"
#include "image/initrd.h"

#define MAX ((size_t)1 << 20)

/* What is packed anew unpacks, all of it. */
static void check_repack(struct bytes in)
{
	struct initrd_repacked repacked;
	struct initrd_unpacked what;
	uint8_t *out = NULL;
	size_t n = 0;

	if (initrd_repack(&in, 1, in, MAX, &repacked, NULL) < 0 || !repacked.p)
		return;
	must(initrd_unpack((struct bytes){ repacked.p, repacked.n }, 2 * MAX, &out, &n, &what,
			   NULL) == 0);
	must(out && what.n_unpacked == 1 && !what.why_not[0]);
	free(out);
	free(repacked.p);
}

/* Unpacking once leaves nothing that a second time would find, unless it ran out of room. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = { data, size };
	struct initrd_unpacked what, again;
	uint8_t *out = NULL, *out2 = NULL;
	size_t n = 0, n2 = 0;

	check_repack(in);
	if (initrd_unpack(in, MAX, &out, &n, &what, NULL) < 0)
		return 0;
	must((what.n_unpacked > 0) == (out != NULL));
	if (!out)
		return 0;
	must(n <= MAX + size && n > 0);
	must(initrd_unpack((struct bytes){ out, n }, MAX, &out2, &n2, &again, NULL) == 0);
	if (!what.why_not[0])
		must(!out2 && !again.why_not[0]);
	free(out2);
	free(out);
	return 0;
}

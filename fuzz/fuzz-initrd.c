// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz/inside.h"
#include "image/initrd.h"

#define MAX ((size_t)1 << 20)

static uint8_t *unpack(struct bytes in, size_t max, size_t *ret_n, struct initrd_unpacked *what)
{
	struct room room = { .n = initrd_room(&in, 1, max) };
	uint8_t *to = room.p = calloc(1, room.n);

	must(to && initrd_unpack_to(&in, 1, max, &room, ret_n, what, NULL) == 0);
	if (*ret_n)
		return to;
	free(to);
	return NULL;
}

/* What is made anew unpacks, all of it. */
static void check_repack(struct bytes in, const char *why_no_lz4)
{
	const struct repack_wish wish = { .max = MAX, .why_no_lz4 = why_no_lz4 };
	struct initrd_repacked repacked;
	struct initrd_unpacked what;
	uint8_t *out;
	size_t n = 0;

	if (initrd_repack(&in, 1, in, &wish, &repacked, NULL) < 0 || !repacked.p)
		return;
	must(!repacked.is_packed || !why_no_lz4);
	out = unpack((struct bytes){ repacked.p, repacked.n }, 2 * MAX, &n, &what);
	must(what.n_unpacked == repacked.is_packed && !what.why_not[0]);
	free(out);
	free(repacked.p);
}

/* Unpacking once leaves nothing that a second time would find, unless it ran out of room. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = { data, size };
	struct initrd_unpacked what, again;
	uint8_t *out, *out2;
	size_t n = 0, n2 = 0;

	check_repack(in, NULL);
	check_repack(in, "it is not wanted");
	out = unpack(in, MAX, &n, &what);
	must((what.n_unpacked > 0) == (out != NULL));
	if (!out)
		return 0;
	must(n <= MAX + size && n > 0);
	out2 = unpack((struct bytes){ out, n }, MAX, &n2, &again);
	if (!what.why_not[0])
		must(!out2 && !again.why_not[0]);
	free(out2);
	free(out);
	return 0;
}

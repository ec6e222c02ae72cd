// SPDX-License-Identifier: LGPL-2.1-or-later
/* Input: entries of /sys/firmware/memmap, the three files of each as lines, one after the other. */
#include <stdlib.h>
#include <string.h>

#include "memmap/x86_64/e820.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes take_line(struct bytes *text)
{
	const uint8_t *newline = text->n ? memchr(text->p, '\n', text->n) : NULL;
	struct bytes line = { text->p, newline ? (size_t)(newline - text->p) + 1 : text->n };

	*text = (struct bytes){ text->p + line.n, text->n - line.n };
	return line;
}

/* A hole lies in RAM, inside its bounds, aligned, and off what is taken. */
static void check_hole(const struct memmap *map, uint64_t seed)
{
	struct range taken_v[] = { { seed & 0xfffff000, (seed & 0xfffff000) + 0x5000 } };
	struct ranges taken = { taken_v, 1, 1 };
	struct hole_request req = { .size = (seed & 0xffff) + 1,
				    .align = UINT64_C(1) << (seed % 40),
				    .bounds = { seed % 0x1000000, UINT64_MAX - seed % 0x1000 },
				    .taken = &taken,
				    .top_down = seed & 1 };
	struct range hole;
	bool in_ram = false;

	if (memmap_find_hole(map, &req, &hole) < 0)
		return;
	for (size_t i = 0; i < map->n; i++)
		in_ram |= map->v[i].type == MEMORY_RAM && range_contains(map->v[i].range, hole);
	if (!in_ram || range_size(hole) != req.size || hole.start & (req.align - 1) ||
	    !range_contains(req.bounds, hole) || range_overlaps(hole, taken_v[0]))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = { data, size };
	struct memmap map = { 0 };
	uint64_t seed = size * UINT64_C(0x9e3779b97f4a7c15);

	while (text.n) {
		struct bytes start = take_line(&text), end = take_line(&text);

		const size_t before = map.n;

		if (firmware_memmap_add(&map, start, end, take_line(&text), NULL) < 0 &&
		    map.n != before)
			abort();
	}
	if (memmap_normalise(&map) < 0)
		abort();
	for (size_t i = 1; i < map.n; i++)
		if (map.v[i - 1].range.end > map.v[i].range.start)
			abort();
	for (unsigned i = 0; i < 8; i++, seed = seed * 6364136223846793005u + 1)
		check_hole(&map, seed);
	memmap_done(&map);
	return 0;
}

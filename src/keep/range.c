// SPDX-License-Identifier: LGPL-2.1-or-later
#include "keep/range.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cmdline.h"
#include "base/error.h"
#include "base/num.h"
#include "fundamental/overflow.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
/* SECTION_SIZE_BITS and PMD_SIZE of Linux on x86 */
#define SECTION (128 * MIB)
#define UNIT (2 * MIB)
enum { SHARE = 4 };

int keep_size_read(const char *text, uint64_t *ret)
{
	uint64_t size;

	if (!take_memory_size(&text, &size) || *text)
		return -EINVAL;
	*ret = size;
	return 0;
}

/* SIZE!START: 1, 0 when it is another kind of range, -EINVAL. */
static int read_range(const char *text, struct range *ret)
{
	uint64_t size, start, end;

	if (!take_memory_size(&text, &size))
		return -EINVAL;
	if (*text != '!')
		return 0;
	text++;
	if (!take_memory_size(&text, &start) || *text || size == 0 ||
	    add_overflow(start, size, &end))
		return -EINVAL;
	*ret = (struct range){ start, end };
	return 1;
}

/* A list with commas. */
static int read_list(struct bytes value, struct range *ret)
{
	char text[KEEP_WORD_MAX];
	int r = 0;

	while (r == 0 && value.n) {
		const uint8_t *comma = memchr(value.p, ',', value.n);
		const size_t n = comma ? (size_t)(comma - value.p) : value.n;

		if (memchr(value.p, '!', n)) {
			if (n >= sizeof(text))
				return -EINVAL;
			memcpy(text, value.p, n);
			text[n] = '\0';
			r = read_range(text, ret);
		}
		value = comma ? (struct bytes){ comma + 1, value.n - n - 1 }
			      : (struct bytes){ NULL, 0 };
	}
	return r;
}

int keep_word_find(const char *cmdline, struct range *ret)
{
	struct cmdline_word word;
	int r = 0;

	while (r == 0 && cmdline_next(&cmdline, &word))
		if (cmdline_key_is(&word, "memmap") && word.value.p)
			r = read_list(word.value, ret);
	return r;
}

void keep_word_write(struct range range, char ret[KEEP_WORD_MAX])
{
	(void)snprintf(ret, KEEP_WORD_MAX, "memmap=%" PRIu64 "M!%" PRIu64 "M",
		       range_size(range) / MIB, range.start / MIB);
}

static int take_all(const struct ranges *from, struct ranges *ret)
{
	for (size_t i = 0; i < from->n; i++)
		if (ranges_add(ret, from->v[i]) < 0)
			return -ENOMEM;
	return 0;
}

static int find(const struct iomem *iomem, uint64_t size, struct range *ret)
{
	static const struct range places[] = { { 4 * GIB, UINT64_MAX }, { 512 * MIB, 4 * GIB } };
	struct ranges taken = { 0 };
	int r = take_all(&iomem->inside, &taken);

	if (r == 0)
		r = take_all(&iomem->crash, &taken);
	if (r == 0)
		r = take_all(&iomem->unreadable, &taken);
	if (r == 0)
		r = -ENOSPC;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && r == -ENOSPC; i++) {
		const struct hole_request req = {
			.size = size, .align = SECTION, .bounds = places[i], .taken = &taken
		};

		r = memmap_find_hole(&iomem->map, &req, ret);
	}
	ranges_done(&taken);
	return r;
}

int keep_range_choose(const struct iomem *iomem, uint64_t size, struct range *ret,
		      struct kx_error *err)
{
	const uint64_t ram = memmap_size(&iomem->map, MEMORY_RAM);
	struct range range;
	int r;

	if (iomem->zeroed)
		return kx_fail(err, -EPERM,
			       "/proc/iomem: its addresses are hidden; only root sees them");
	if (size == 0 || size > ram / SHARE)
		return kx_fail_room(
			err,
			kx_fail(err, -ENOSPC,
				"%" PRIu64
				" MiB cannot be set aside: at least 1 byte and at most a "
				"quarter of memory, %" PRIu64 " MiB, can be kept",
				size / MIB, ram / SHARE / MIB),
			size);
	size = (size + UNIT - 1) & ~(UNIT - 1);
	r = find(iomem, size, &range);
	if (r == -ENOSPC)
		return kx_fail(err, r,
			       "no %" PRIu64
			       " MiB of memory are free of what the kernel, the firmware and "
			       "a crash kernel need at their places; try less",
			       size / MIB);
	if (r < 0)
		return kx_fail(err, r, "out of memory");
	*ret = range;
	return 0;
}

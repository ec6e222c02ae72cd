// SPDX-License-Identifier: LGPL-2.1-or-later
/* A filter that does not know a kernel finds no free pages, and the dump is as large as the memory. It shows
 * before the crash. */
#include <string.h>

#include "dump/dump.h"

/* Pages are freed and used while they are counted. */
#define TOLERANCE_PERCENT 10u
#define TOLERANCE_BYTES (UINT64_C(64) << 20)

/* "MemFree:         123456 kB" */
static bool find_free(struct bytes meminfo, uint64_t *ret)
{
	static const char key[] = "MemFree:";
	const uint8_t *p = memmem(meminfo.p, meminfo.n, key, sizeof(key) - 1);
	const uint8_t *const end = meminfo.p + meminfo.n;
	uint64_t kib = 0;

	if (!p)
		return false;
	for (p += sizeof(key) - 1; p < end && *p == ' '; p++)
		;
	if (p == end || *p < '0' || *p > '9')
		return false;
	for (; p < end && *p >= '0' && *p <= '9' && kib < UINT64_MAX >> 20; p++)
		kib = kib * 10 + (uint64_t)(*p - '0');
	*ret = kib << 10;
	return true;
}

int dump_prove(struct vmcore *kcore, struct bytes meminfo, struct dump_proof *ret,
	       struct kx_error *err)
{
	struct dump_proof proof = { 0 };
	struct dump_counts counts;
	uint64_t room, gap;
	int r;

	if (!find_free(meminfo, &proof.free_said))
		return kx_fail(err, -EBADMSG, "/proc/meminfo does not say MemFree");
	r = dump_survey(kcore, DUMP_NO_FREE, &counts, err);
	if (r < 0)
		return r;
	proof.missing = counts.missing;
	proof.free_found = counts.n_free * counts.page_n;
	room = proof.free_said / 100 * TOLERANCE_PERCENT + TOLERANCE_BYTES;
	gap = proof.free_found > proof.free_said ? proof.free_found - proof.free_said
						 : proof.free_said - proof.free_found;
	/* where less is free than the tolerance, some of it has to be found all the same */
	proof.is_good =
		!proof.missing && gap <= room && (counts.n_free > 0 || proof.free_said == 0);
	*ret = proof;
	return 0;
}

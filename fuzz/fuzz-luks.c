// SPDX-License-Identifier: LGPL-2.1-or-later
#include "inside.h"
#include "preflight/luks-slots.h"

/* A header is read as a whole, or cut off where the device ends. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes header = { data, size };
	struct luks_ways ways = { .n = 0 };
	struct luks_slots slots = { .n = 0 };
	size_t n = 0;
	int r = luks_header_size(header, &n);

	must(r == 0 ? n >= LUKS_FIRST_N && n <= LUKS_HEADER_MAX : n == 0);
	if (luks_ways_read(header, &ways) < 0)
		must(ways.n == 0);
	must(ways.n <= LUKS_WAYS_MAX);
	for (size_t i = 0; i < ways.n; i++) {
		must(memchr(ways.v[i].what, '\0', sizeof(ways.v[i].what)) != NULL);
		must(ways.v[i].registers < UINT32_C(1) << 24);
		must(ways.v[i].opens == OPENS_TPM || ways.v[i].opens <= OPENS_ALONE);
	}
	if (luks_slots_read(header, &slots) < 0)
		must(slots.n == 0);
	must(slots.n <= LUKS_SLOTS_MAX);
	must(memchr(slots.uuid, '\0', sizeof(slots.uuid)) != NULL);
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* LUKS1 On-Disk Format Specification 1.2.3, chapter 2.4; LUKS2 On-Disk Format Specification 1.1, chapter 3.2. */
#include "preflight/luks-slots.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/mix.h"
#include "base/num.h"
#include "preflight/luks-format.h"

/* Offsets in both headers, and of LUKS1's table of slots: state, iterations, salt */
enum { UUID_AT = 168, SLOT_1_AT = 208, SLOT_1_N = 48, SLOTS_1 = 8, SALT_1_N = 32 };
#define ACTIVE_1 0x00ac71f3u

static void read_slots_1(struct bytes header, struct luks_slots *ret)
{
	ret->n = SLOTS_1;
	for (size_t i = 0; i < SLOTS_1; i++) {
		const size_t at = SLOT_1_AT + i * SLOT_1_N;
		struct bytes salt;

		ret->v[i].is_used = luks_number(header, at, 4) == ACTIVE_1;
		if (!ret->v[i].is_used || !bytes_sub(header, at + 8, SALT_1_N, &salt))
			continue;
		ret->v[i].iterations = luks_number(header, at + 4, 4);
		ret->v[i].mark = mix(MIX_NONE, salt.p, salt.n);
	}
}

static void take_slot(const char *number, const json_t *slot, struct luks_slots *ret)
{
	const json_t *kdf = json_object_get(slot, "kdf");
	const char *type = json_string_value(json_object_get(kdf, "type"));
	const json_t *salt = json_object_get(kdf, "salt");
	uint64_t i;

	if (parse_u64(number, &i) < 0 || i >= LUKS_SLOTS_MAX)
		return;
	ret->v[i] = (struct luks_slot){ .is_used = true };
	if (json_string_value(salt))
		ret->v[i].mark = mix(MIX_NONE, json_string_value(salt), json_string_length(salt));
	if (type && strcmp(type, "pbkdf2") == 0)
		ret->v[i].iterations =
			(uint64_t)json_integer_value(json_object_get(kdf, "iterations"));
}

static int read_slots_2(struct bytes header, struct luks_slots *ret)
{
	const struct bytes text = luks_json(header);
	json_t *all = json_loadb((const char *)text.p, text.n, 0, NULL), *slot;
	json_t *slots = json_object_get(all, "keyslots");
	const int r = json_is_object(slots) ? 0 : -EBADMSG;
	const char *number;

	ret->n = LUKS_SLOTS_MAX;
	json_object_foreach(slots, number, slot) take_slot(number, slot, ret);
	json_decref(all);
	return r;
}

int luks_slots_read(struct bytes header, struct luks_slots *ret)
{
	struct luks_slots slots = { .n = 0 };
	int r = 0;

	if (!luks_is(header))
		return -EILSEQ;
	(void)snprintf(slots.uuid, sizeof(slots.uuid), "%.*s", LUKS_UUID_N,
		       (const char *)header.p + UUID_AT);
	if (luks_number(header, LUKS_VERSION_AT, 2) == 1)
		read_slots_1(header, &slots);
	else
		r = read_slots_2(header, &slots);
	if (r == 0)
		*ret = slots;
	return r;
}

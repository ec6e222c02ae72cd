// SPDX-License-Identifier: LGPL-2.1-or-later
#include "entry/volume-names.h"

#include <stdio.h>
#include <string.h>

enum { PART_BYTES = 128 };

/* Nothing that glob(3) or a path gives a meaning to. */
static bool is_plain(const char *s)
{
	return *s && strlen(s) < PART_BYTES && !s[strcspn(s, "*?[\\/")];
}

static void add(struct volume_places *places, const char *before, const char *name,
		const char *after)
{
	char *place = places->v[places->n];
	int n = snprintf(place, VOLUME_PLACE_BYTES, "%s%s%s", before, name, after);

	places->n += n > 0 && n < VOLUME_PLACE_BYTES;
}

/* GRUB has dashes in UUIDs of LVM and none in those of LUKS, udev has none. */
static void copy_plain(char out[static PART_BYTES], const char *s, size_t n_s)
{
	size_t n = 0;

	for (size_t i = 0; i < n_s && n + 1 < PART_BYTES; i++)
		if (s[i] != '-')
			out[n++] = s[i];
	out[n] = 0;
}

/* "VG-UUID/LV-UUID", without dashes and slash */
static bool lvm_id(const char *ids, char ret[static VOLUME_PLACE_BYTES])
{
	const char *slash = strchr(ids, '/');
	char vg[PART_BYTES], lv[PART_BYTES];

	if (!slash || !is_plain(slash + 1))
		return false;
	copy_plain(vg, ids, (size_t)(slash - ids));
	copy_plain(lv, slash + 1, strlen(slash + 1));
	if (!is_plain(vg))
		return false;
	(void)snprintf(ret, VOLUME_PLACE_BYTES, "%s%s", vg, lv);
	return true;
}

static bool is_raid_id(const char *hex)
{
	return strlen(hex) == 32 && !hex[strspn(hex, "0123456789abcdefABCDEF")];
}

/* 32 digits; mdadm and udev have a colon after every eighth. */
static void add_raid_id(struct volume_places *places, const char *hex)
{
	char id[PART_BYTES];

	if (!is_raid_id(hex))
		return;
	(void)snprintf(id, sizeof(id), "%.8s:%.8s:%.8s:%.8s", hex, hex + 8, hex + 16, hex + 24);
	add(places, "/dev/disk/by-id/md-uuid-", id, "");
}

/* The name in the superblock without the host's; where that is a number GRUB has no slash before it, and
 * Linux may well have given the array another one. */
static void add_raid(struct volume_places *places, const char *name)
{
	const bool is_number = !name[strspn(name, "0123456789")];

	if (!is_plain(name))
		return;
	add(places, "/dev/md/", name, "");
	add(places, is_number ? "/dev/md" : "/dev/disk/by-id/md-name-*:", name, "");
}

void volume_places(const char *name, struct volume_places *ret)
{
	char id[VOLUME_PLACE_BYTES];

	ret->n = 0;
	if (strncmp(name, "lvm/", 4) == 0) {
		if (is_plain(name + 4))
			add(ret, "/dev/mapper/", name + 4, "");
	} else if (strncmp(name, "lvmid/", 6) == 0) {
		if (lvm_id(name + 6, id))
			add(ret, "/dev/disk/by-id/dm-uuid-LVM-", id, "");
	} else if (strncmp(name, "mduuid/", 7) == 0) {
		add_raid_id(ret, name + 7);
	} else if (strncmp(name, "md/", 3) == 0) {
		add_raid(ret, name + 3);
	} else if (strncmp(name, "md", 2) == 0) {
		add_raid(ret, name + 2);
	} else if (strncmp(name, "cryptouuid/", 11) == 0) {
		copy_plain(id, name + 11, strlen(name + 11));
		if (is_plain(id))
			add(ret, "/dev/disk/by-id/dm-uuid-CRYPT-*-", id, "-*");
	}
}

bool volume_mark(const char *name, struct volume_mark *ret)
{
	char id[VOLUME_PLACE_BYTES];
	const char *hex = name + 7;
	int n = 0;

	if (strncmp(name, "lvmid/", 6) == 0 && lvm_id(name + 6, id)) {
		ret->file = "dm/uuid";
		n = snprintf(ret->line, sizeof(ret->line), "LVM-%s", id);
	} else if (strncmp(name, "mduuid/", 7) == 0 && is_raid_id(hex)) {
		ret->file = "md/uuid";
		n = snprintf(ret->line, sizeof(ret->line), "%.8s-%.4s-%.4s-%.4s-%.12s", hex,
			     hex + 8, hex + 12, hex + 16, hex + 20);
	} else if (strncmp(name, "cryptouuid/", 11) == 0) {
		copy_plain(id, name + 11, strlen(name + 11));
		ret->file = "dm/uuid";
		n = is_plain(id) ? snprintf(ret->line, sizeof(ret->line), "CRYPT-*-%s-*", id) : 0;
	}
	return n > 0 && n < VOLUME_PLACE_BYTES;
}

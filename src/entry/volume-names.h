/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { VOLUME_PLACES_MAX = 3, VOLUME_PLACE_BYTES = 256 };

/* Patterns for glob(3) of the device, the likeliest first. */
struct volume_places {
	char v[VOLUME_PLACES_MAX][VOLUME_PLACE_BYTES];
	size_t n;
};

/*
 * Where udev has the device behind GRUB's name of an LVM volume ("lvm/VG-LV", "lvmid/UUID/UUID"), of a RAID
 * array ("md0", "md/NAME", "mduuid/HEX") or of an opened LUKS container ("cryptouuid/HEX"); nowhere for
 * other names. Sources: GRUB, grub-core/disk/diskfilter.c (grub_diskfilter_make_raid), lvm.c and
 * cryptodisk.c; mdadm's udev-md-raid-arrays.rules, LVM's 13-dm-disk.rules.
 */
void volume_places(const char *name, struct volume_places *ret);

/* A file below /sys/block/DEVICE/ that tells a volume by its UUID, and a pattern for fnmatch(3) of its line. */
struct volume_mark {
	const char *file;
	char line[VOLUME_PLACE_BYTES];
};

/*
 * How Linux itself tells the device behind GRUB's "lvmid/…", "mduuid/…" and "cryptouuid/…", where no udev
 * makes links; false for other names. Sources: Documentation/ABI/testing/sysfs-block-dm; drivers/md/md.c,
 * uuid_show().
 */
bool volume_mark(const char *name, struct volume_mark *ret);

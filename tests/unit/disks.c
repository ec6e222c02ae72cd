// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/unit/disks.h"

#include <stdint.h>
#include <string.h>
#include <zlib.h>

/* libblkid looks for neither kind on a disk that is as small as a floppy disk. */
enum { RAID_N = 2 << 20 };

/* A superblock that libblkid takes for one of ext4 (kernel, Documentation/filesystems/ext4/super.rst). */
void put_ext4(const struct root *root, const char *path)
{
	static uint8_t disk[1 << 18];

	disk[1024 + 0x04] = 0x40;		   /* blocks */
	disk[1024 + 0x18] = 2;			   /* of 4 KiB */
	memcpy(disk + 1024 + 0x38, "\x53\xef", 2); /* magic */
	disk[1024 + 0x4c] = 1;			   /* revision */
	disk[1024 + 0x60] = 0x42;		   /* file types, extents */
	for (unsigned i = 0; i < 16; i++)
		disk[1024 + 0x68 + i] = (uint8_t)(i + 1);
	root_put_bytes(root, path, disk, sizeof(disk));
}

/* What LVM writes with pvcreate: the label of its format (lib/format_text/layout.h) in the second sector. */
void put_physical_volume(const struct root *root, const char *path)
{
	static uint8_t disk[RAID_N];
	uint8_t *label = disk + 512;
	uint32_t crc;

	memset(disk, 0, sizeof(disk));
	memcpy(label, "LABELONE\1", 9);
	label[20] = 32;
	memcpy(label + 24, "LVM2 001", 8);
	memcpy(label + 32, "abcdefghijklmnopqrstuvwxyz012345", 32);
	crc = (uint32_t)crc32(0xf597a6cfu ^ 0xffffffffu, label + 20, 512 - 20) ^ 0xffffffffu;
	memcpy(label + 16, &crc, sizeof(crc));
	root_put_bytes(root, path, disk, sizeof(disk));
}

/* A superblock of md, version 1.2, as include/uapi/linux/raid/md_p.h has it. */
void put_array_member(const struct root *root, const char *path)
{
	static uint8_t disk[RAID_N];
	uint8_t *sb = disk + 4096;
	uint64_t sum = 0;
	uint32_t folded;

	memset(disk, 0, sizeof(disk));
	memcpy(sb, "\xfc\x4e\x2b\xa9\1", 5);
	for (unsigned i = 0; i < 16; i++)
		sb[16 + i] = (uint8_t)(i + 1);
	sb[72] = 1;  /* level */
	sb[92] = 2;  /* disks */
	sb[144] = 8; /* where this is, in sectors */
	for (unsigned i = 0; i < 256; i += 4) {
		uint32_t word;

		memcpy(&word, sb + i, sizeof(word));
		sum += word;
	}
	folded = (uint32_t)sum + (uint32_t)(sum >> 32);
	memcpy(sb + 216, &folded, sizeof(folded));
	root_put_bytes(root, path, disk, sizeof(disk));
}

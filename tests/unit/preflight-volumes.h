/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Files of machines with and without encrypted volumes. */

#define ENTRY(...) .entry = { .title = "t", __VA_ARGS__ }
#define TTY .opts = { .has_terminal = true }
#define HANDS_KEYS .opts = { .hands_keys = true }
#define KEY_FILES .opts = { .hands_keys = true, .by_key_files = true }
#define ROOT_ON_DM                                                                         \
	{                                                                                  \
		"/proc/self/mountinfo", "1 0 253:1 / / rw - ext4 /dev/mapper/vg-root rw\n" \
	}
#define DM1                                                                  \
	{                                                                    \
		"/sys/dev/block/253:1", "->../../devices/virtual/block/dm-1" \
	}
#define LVM_ON_LUKS                                     \
	{                                               \
		"/sys/class/block/dm-1/slaves/dm-0", "" \
	}
#define LUKS_UUID                                                              \
	{                                                                      \
		"/sys/class/block/dm-0/dm/uuid",                               \
			"CRYPT-LUKS2-a1559d719be24501ab3267b7059e00c3-crypt\n" \
	}
#define LUKS_NAME                                          \
	{                                                  \
		"/sys/class/block/dm-0/dm/name", "crypt\n" \
	}
#define LUKS_SLAVE                                      \
	{                                               \
		"/sys/class/block/dm-0/slaves/sda3", "" \
	}
/* five of eight files */
#define LUKS ROOT_ON_DM, DM1, LVM_ON_LUKS, LUKS_UUID, LUKS_NAME
#define PLAIN_ROOT                                                                      \
	{                                                                               \
		"/proc/self/mountinfo", "1 0 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n" \
	}
#define SDA1                                                                     \
	{                                                                        \
		"/sys/dev/block/8:1", "->../../devices/pci0/ata1/block/sda/sda1" \
	}
#define UNENCRYPTED PLAIN_ROOT, SDA1
#define CRYPTTAB(text)                \
	{                             \
		"/etc/crypttab", text \
	}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fundamental/bytes.h"

/* Which program has made an initial ramdisk, as far as files say that only that program puts there, and who opens
 * encrypted volumes in it. */
enum initrd_maker {
	MADE_BY_UNKNOWN,
	MADE_BY_INITRAMFS_TOOLS,
	MADE_BY_DRACUT,
	MADE_BY_DRACUT_SYSTEMD, /* systemd-cryptsetup opens volumes */
	MADE_BY_MKINITCPIO,
	MADE_BY_MKINITCPIO_SYSTEMD,
	MADE_BY_BOOSTER,
	MADE_BY_GENKERNEL,
	N_MAKERS
};

/* @plain: cpio archives, unpacked */
enum initrd_maker initrd_maker(struct bytes plain);
/* The part of a sentence: "it was made by dracut". */
const char *initrd_maker_text(enum initrd_maker maker);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/choose.h"

/* What EFI variables say about who booted this system and who comes next. */
struct firmware_facts {
	char *loader_info;  /* LoaderInfo, or NULL */
	char *current_file; /* program of BootCurrent, or NULL */
	/* PARTUUID of the partition that the loader was started from, in small letters, or NULL:
	 * LoaderDevicePartUUID, StubDevicePartUUID, that of BootCurrent */
	char *partition;
	char *boot_image;  /* BOOT_IMAGE= of the running command line, which loaders add; or NULL */
	char *next_reason; /* NULL when the same option comes next */
	bool next_is_other; /* certainly another system */
};

/* Nothing set is not an error; -ENOMEM. */
_must_check_ int firmware_facts_read(struct entry_fs *fs, enum boot_firmware firmware,
				     struct firmware_facts *ret);
void firmware_facts_done(struct firmware_facts *facts);

/* EFI, BIOS, or AUTO when the tree has no /sys to tell by. */
enum boot_firmware firmware_detect(struct entry_fs *fs);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Parts of the reader of systemd-boot's partitions: sd-boot.c, sd-boot-auto.c, sd-boot-uki.c. */

#include "entry/bls.h"
#include "entry/choose.h"
#include "entry/uki.h"

struct sd_boot {
	struct entry_fs *fs;
	const struct boot_find_opts *opts;
	char *named; /* the directory of entries, or the entry, that is read alone; or NULL */
	struct strlist partitions; /* where ESP and XBOOTLDR are mounted */
	struct bls_items items;
	struct loader_conf conf;
	struct loader_vars vars;
	struct strlist strings;	 /* SMBIOS type 11, where the loader reads them */
	const char *extra_words; /* of it, for command lines of kernels; or NULL */
	bool secure;		 /* the firmware checks signatures: text files decide less */
	struct boot_menu *menu;	 /* takes the warnings */
};

/* Adds the profiles of the UKI @file, a name in @dir of @partition. */
_must_check_ int sd_boot_add_uki(struct sd_boot *b, const char *partition, const char *dir,
				 const char *file);
/* Adds the entry that @text of a file @name says, which was found at @path; paths in it are those of @partition. */
_must_check_ int sd_boot_take_type1(struct sd_boot *b, const char *partition, const char *name,
				    const char *path, struct bytes text);
/* Reads what the firmware tells the loader of entries and words; before entries are. -ENOMEM. */
_must_check_ int sd_boot_read_firmware(struct sd_boot *b);
/* Adds the entries of that, behind all others, and says what is not added. -ENOMEM. */
_must_check_ int sd_boot_add_firmware(struct sd_boot *b);
/* Sets *ret to what makes the loader wait for a person, NULL when nothing does. -ENOMEM. */
_must_check_ int sd_boot_waits(struct sd_boot *b, const char **ret);
/* Adds other systems, the shell, the firmware's setup and what loader.conf asks for. -ENOMEM. */
_must_check_ int sd_boot_add_auto(struct sd_boot *b);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/cleanup.h"
#include "fundamental/bytes.h"

#define EFI_GUID_LOADER "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define EFI_GUID_GLOBAL "8be4df61-93ca-11d2-aa0d-00e098032b8c"

/*
 * Contents of files in efivarfs: four bytes of attributes, then the data (kernel,
 * Documentation/filesystems/efivarfs.rst). -EBADMSG for what cannot be such a file.
 */

/* UTF-16LE text, with or without a NUL at the end, as UTF-8. */
/* What is behind the attributes of a variable as efivarfs shows it; false when there is not even those. */
bool efivar_data(struct bytes file, struct bytes *ret);
_must_check_ int efivar_string(struct bytes file, char **ret);
/* The same for text without attributes before it, as a loader keeps it in a file. */
_must_check_ int efivar_text(struct bytes text, char **ret);
_must_check_ int efivar_u64(struct bytes file, uint64_t *ret);
_must_check_ int efivar_u16(struct bytes file, uint16_t *ret);
/* BootOrder: *ret_v is a copy of *ret_n numbers. */
_must_check_ int efivar_u16_list(struct bytes file, uint16_t **ret_v, size_t *ret_n);

/* What a Boot#### variable says (UEFI specification, EFI_LOAD_OPTION). */
struct efi_boot_option {
	bool is_active;
	bool is_network;
	bool has_partition; /* its device path names a partition of a disk */
	char partition[40]; /* that one's PARTUUID, in small letters; "" when it has none */
	char *description;
	char *file; /* "\EFI\debian\shimx64.efi", NULL when the path ends in no file */
	/* Its optional data when that is text in UTF-16, as the kernel's stub takes it: up to a NUL or
	 * the end of a line. */
	char *options;
	bool has_other_data; /* there is data, which is no such text */
};
_must_check_ int efi_boot_option_parse(struct bytes file, struct efi_boot_option *ret);
void efi_boot_option_done(struct efi_boot_option *option);

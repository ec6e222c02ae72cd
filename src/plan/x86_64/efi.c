// SPDX-License-Identifier: LGPL-2.1-or-later
/* Passes EFI runtime services on to the next kernel. SetVirtualAddressMap can be called once per
 * boot of the firmware, so the running kernel's mapping is passed on unchanged:
 * Documentation/ABI/testing/sysfs-firmware-efi-runtime-map, arch/x86/kernel/kexec-bzimage64.c. If
 * anything that is needed cannot be read, nothing is passed on: with a part of it the next kernel
 * would call firmware code that is not mapped. */

#include <string.h>

#include "fundamental/put.h"
#include "plan/x86_64/x86_64.h"
#include "plan/x86_64/zero-page.h"

/* struct efi_info, arch/x86/include/uapi/asm/bootparam.h */
enum {
	LOADER_SIGNATURE = 0x00,
	SYSTAB = 0x04,
	MEMDESC_SIZE = 0x08,
	MEMDESC_VERSION = 0x0c,
	MEMMAP = 0x10,
	MEMMAP_SIZE = 0x14,
	SYSTAB_HI = 0x18,
	MEMMAP_HI = 0x1c,
};

const char *efi_missing(const struct planner *p, const struct linux_kernel *kernel)
{
	const struct efi_facts *efi = &p->machine->x86_64.efi;
	const uint8_t *info;

	if (!efi->booted || p->req->flags & KX_REQ_NO_EFI)
		return "";
	if (efi->missing)
		return efi->missing;
	if (!p->machine->x86_64.boot_params)
		return "the running kernel does not show its boot parameters";
	info = p->machine->x86_64.boot_params + BP_EFI_INFO;
	if (memcmp(info + LOADER_SIGNATURE, "EL64", 4) != 0)
		return "this machine's firmware is not a 64-bit one";
	if (get_le32(info + MEMDESC_VERSION) != 1)
		return "its memory map has an unknown version";
	if (!get_le32(info + SYSTAB) && !get_le32(info + SYSTAB_HI))
		return "the running kernel does not say where the EFI system table is";
	if (!efi->n_runtime_map)
		return "/sys/firmware/efi/runtime-map is not there";
	if (!efi->fw_vendor || !efi->config_table)
		return "/sys/firmware/efi does not show fw_vendor and config_table";
	if (!(kernel->xloadflags & XLF_EFI_KEXEC))
		return "the next kernel cannot take over EFI after kexec";
	return NULL;
}

void efi_fill_map(const struct efi_facts *efi, uint8_t *map)
{
	for (size_t i = 0; i < efi->n_runtime_map; i++, map += EFI_DESCRIPTOR_SIZE) {
		const struct efi_descriptor *d = &efi->runtime_map[i];

		put_le32(map, d->type); /* four bytes of padding follow */
		put_le64(map + 8, d->phys);
		put_le64(map + 16, d->virt);
		put_le64(map + 24, d->n_pages);
		put_le64(map + 32, d->attribute);
	}
}

/* struct efi_setup_data, arch/x86/include/asm/efi.h; the second word is unused since 5.8. */
void efi_fill_setup_data(const struct efi_facts *efi, uint8_t *data)
{
	put_le64(data, efi->fw_vendor);
	put_le64(data + 8, efi->runtime);
	put_le64(data + 16, efi->config_table);
	put_le64(data + 24, efi->smbios);
}

void efi_fill_info(const struct planner *p, uint64_t map, uint8_t *bp)
{
	const uint8_t *running = p->machine->x86_64.boot_params + BP_EFI_INFO;
	uint8_t *info = bp + BP_EFI_INFO;

	memcpy(info + LOADER_SIGNATURE, running + LOADER_SIGNATURE, 4);
	memcpy(info + SYSTAB, running + SYSTAB, 4);
	memcpy(info + SYSTAB_HI, running + SYSTAB_HI, 4);
	put_le32(info + MEMDESC_SIZE, EFI_DESCRIPTOR_SIZE);
	put_le32(info + MEMDESC_VERSION, 1);
	put_le32(info + MEMMAP, (uint32_t)map);
	put_le32(info + MEMMAP_HI, (uint32_t)(map >> 32));
	put_le32(info + MEMMAP_SIZE,
		 (uint32_t)(p->machine->x86_64.efi.n_runtime_map * EFI_DESCRIPTOR_SIZE));
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* ACPI tables -> how the purgatory resets the machine, and where it reports. A machine that is described by ACPI has a
 * device tree that does not say it. FADT: ACPI specification 6.5, 5.2.9; SPCR: Microsoft's "Serial Port Console
 * Redirection Table", 1.10. */

#include "fundamental/aarch64/purgatory-abi.h"
#include "lib/aarch64/aarch64.h"

#define FADT_ARM_BOOT_ARCH 129u
#define FADT_PSCI_COMPLIANT (1u << 0)
#define FADT_PSCI_USE_HVC (1u << 1)

#define SPCR_INTERFACE 36u
#define SPCR_ADDRESS 40u /* generic address structure: space, bits, offset, access, address */
#define SPCR_ACCESS 43u
#define SPCR_BASE 44u
#define ADDRESS_MEMORY 0u
#define ACCESS_DWORD 3u

enum spcr_interface {
	SPCR_16550 = 0,
	SPCR_16550_SUBSET = 1,
	SPCR_PL011 = 3,
	SPCR_SBSA_32 = 0xd,
	SPCR_SBSA = 0xe,
	SPCR_16550_GAS = 0x12,
};

void acpi_read_fadt(struct bytes table, struct aarch64_machine *ret)
{
	uint16_t flags;

	if (!bytes_is_at(table, 0, "FACP", 4) || !bytes_le16(table, FADT_ARM_BOOT_ARCH, &flags) ||
	    !(flags & FADT_PSCI_COMPLIANT))
		return;
	ret->firmware_call = flags & FADT_PSCI_USE_HVC ? PURGATORY_HVC : PURGATORY_SMC;
}

void acpi_read_spcr(struct bytes table, struct aarch64_machine *ret)
{
	uint64_t base;
	uint8_t kind;

	if (!bytes_is_at(table, 0, "SPCR", 4) || !bytes_le64(table, SPCR_BASE, &base) || !base ||
	    table.p[SPCR_ADDRESS] != ADDRESS_MEMORY)
		return;
	switch (table.p[SPCR_INTERFACE]) {
	case SPCR_PL011:
	case SPCR_SBSA_32:
	case SPCR_SBSA:
		kind = PURGATORY_SERIAL_PL011;
		break;
	case SPCR_16550:
	case SPCR_16550_SUBSET:
	case SPCR_16550_GAS:
		kind = PURGATORY_SERIAL_8250;
		break;
	default:
		return;
	}
	ret->serial_kind = kind;
	ret->serial_registers = base;
	/* registers of 32 bits lie at a distance of 4 bytes */
	ret->serial_width =
		kind == PURGATORY_SERIAL_PL011 || table.p[SPCR_ACCESS] == ACCESS_DWORD ? 4 : 1;
	ret->serial_shift = kind == PURGATORY_SERIAL_8250 && ret->serial_width == 4 ? 2 : 0;
}

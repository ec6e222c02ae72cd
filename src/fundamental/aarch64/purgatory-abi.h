/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What planner and purgatory of aarch64 agree on beside fundamental/purgatory-abi.h.
 *
 * page_tables there is the root (level 0) of tables for 4 KiB granules and addresses of 48 bits, whose memory is
 * attribute PURGATORY_ATTR_NORMAL and whose devices are PURGATORY_ATTR_DEVICE. The root for EL2 without VHE is the
 * next page: its entries have AP[1] set, which is reserved as one there and would forbid execution everywhere else
 * (Arm ARM, D8.4). All tables lie within one region, which is compared before they are used; where they are damaged,
 * there are none, or the processor has no such granules, everything is done with the MMU off, which is slow. */

#include "fundamental/purgatory-abi.h"

#define PURGATORY_ATTR_NORMAL 0u /* write-back, allocated on reads and writes */
#define PURGATORY_ATTR_DEVICE 1u /* nGnRE */

/* purgatory_args.serial_kind, of the port whose registers lie at serial_registers */
enum purgatory_serial {
	PURGATORY_SERIAL_PL011 = 1,
	PURGATORY_SERIAL_8250, /* register n at n << serial_shift */
};

/* purgatory_args.firmware_call: how PSCI is reached at EL1, as /psci/method of the device tree or the ARM boot flags
 * of the FADT say; at EL2 it is always SMC (Arm DEN 0022, 5.2.1). */
enum purgatory_firmware_call {
	PURGATORY_NO_FIRMWARE,
	PURGATORY_HVC,
	PURGATORY_SMC,
};

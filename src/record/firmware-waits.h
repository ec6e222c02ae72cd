/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Packages whose upgrade takes effect only when the firmware starts the machine, remembered across
 * fast reboots: package managers note them in /run, which is empty in the next system.
 * /var/lib/rapidreboot/firmware-waits, written with each attempt:
 *
 *	since 1767323045	when the firmware last started a kernel, by CLOCK_REALTIME
 *	wants shim-signed	a package that asked for a reboot
 */

#include "base/strbuf.h"
#include "record/boot.h"

#define FIRMWARE_WAITS "/var/lib/rapidreboot/firmware-waits"

/**
 * struct firmware_waits - what is known; firmware_waits_done()
 * @wants: lines as in the file, of this system and of those before it
 * @first: the first package of these, "" for none
 * @way: how the running kernel was started
 * @since: seconds; 0: not known
 */
struct firmware_waits {
	struct strbuf wants;
	char first[64];
	enum boot_way way;
	uint64_t since;
};

/* Is a package of that name for programs that only the firmware starts, or for the firmware itself? */
bool is_firmware_package(struct bytes name);
/* Reads the file and the notes in /run. 0 or a negative errno. */
_must_check_ int firmware_waits_read(int root, struct firmware_waits *ret);
/* Writes it down, for the system that is started now. */
_must_check_ int firmware_waits_keep(int root);
void firmware_waits_done(struct firmware_waits *waits);

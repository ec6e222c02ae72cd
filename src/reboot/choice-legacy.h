/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What other tools' files decide: their kernel, whether ordinary reboots are fast ones, and flags for
 * one cold reboot. rapidreboot.conf(5) has the rule of each file. */

#include "config/legacy.h"
#include "reboot/choice.h"

/**
 * legacy_choose() - fill in the kernel that another tool's file names
 * @choice: with its settings
 * @ret_decided: set when it did
 *
 * Return: REASON_NONE, also when it is for the boot loader to decide; REASON_FORBIDDEN: the file
 * wants no kernel loaded, names none, or has an option that is not understood; REASON_FAILED.
 */
_must_check_ enum reason legacy_choose(const struct reboot *rb, const struct wish *wish,
				       struct choice *choice, bool *ret_decided,
				       struct kx_error *err);

/**
 * struct legacy_word - what such a file says of ordinary reboots
 * @fast: they are fast ones
 * @cold: no kernel is to be loaded
 * @file: "FILE:LINE" or "FILE", "" when neither
 */
struct legacy_word {
	bool fast, cold;
	char file[256];
};
/* Neither fast nor cold when no init system runs the scripts that read the file, or with
 * IMPORT=no. */
void legacy_ordinary_reboot(const struct reboot *rb, const struct config *config,
			    struct legacy_word *ret);

/* Does /nokexec or /no-kexec-reboot exist? The second function removes them and tells so. */
bool legacy_wants_cold(int root);
void legacy_cold_honoured(int root, const struct teller *teller);

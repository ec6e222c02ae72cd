/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "preflight/unlock.h"

/**
 * ease_of_locked() - does the TPM open a token that systemd-pcrlock(8) guards, after a fast reboot?
 * @way: with is_locked; registers that the token itself holds count as well
 * @is_early: the initrd opens the volume
 *
 * The policy lists the values that each register may have. Broken: one of its registers is extended again in
 * each boot, or has a value now that the policy does not list; a fast reboot changes no other. Unknown: there is
 * no policy, or values cannot be read, or nothing says that the initrd gets the policy.
 */
enum ease ease_of_locked(const struct look *l, struct report *r, const struct luks_way *way,
			 bool is_early);

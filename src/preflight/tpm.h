/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "preflight/look.h"
#include "preflight/luks.h"

/* Nothing resets or extends registers (PCRs) at the jump itself, so a policy is fulfilled
 * afterwards unless a program extends one of its registers before or after the jump. */

struct tpm_facts {
	bool is_measured;   /* systemd measures this system (systemd-stub(7)) */
	bool has_separator; /* its initrd marks the end of what the firmware measured (systemd 261) */
};

enum seal {
	SEAL_OPENS, /* as after the last start through the firmware */
	/* the same, although the registers describe the kernel that the firmware started */
	SEAL_STALE,
	SEAL_BROKEN, /* not before the next start through the firmware */
};

/* Errors of reading EFI variables; then @ret is the worst case. */
int tpm_facts_read(const struct look *l, struct tpm_facts *ret);
enum seal tpm_seal(const struct luks_way *way, const struct tpm_facts *facts);
/* "7", "7,9", "none", "not known" */
void tpm_registers_text(const struct luks_way *way, char *ret, size_t n);

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Contents of the TPM's registers (PCRs): UAPI group, "Linux TPM PCR Registry"; who extends it at
 * run time: the documents of systemd, "TPM2 PCR Measurements Made by systemd". */
#include "preflight/tpm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define REGISTER(n) (UINT32_C(1) << (n))
enum { N_REGISTERS = 24 };

/* Set by systemd-stub, volatile, so that it is there after a fast reboot as well. */
static const char stub[] = "StubPcrKernelImage-" EFI_LOADER;

int tpm_facts_read(const struct look *l, struct tpm_facts *ret)
{
	static const char *const units[] = {
		"/usr/lib/systemd/system/systemd-pcrosseparator.service",
		"/lib/systemd/system/systemd-pcrosseparator.service"
	};
	_cleanup_look_file_ struct look_file text = { 0 };
	int code = look_efi(l, stub, &text);

	ret->is_measured = code != -ENOENT;
	ret->has_separator = false;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		ret->has_separator |= look_exists(l, units[i]) == 1;
	return code == -ENOENT ? 0 : code;
}

enum seal tpm_seal(const struct luks_way *way, const struct tpm_facts *facts)
{
	/* IMA's list; the phases of each boot; the volume key, a latch; what software defines */
	const uint32_t grow = REGISTER(10) | REGISTER(11) | REGISTER(15) | UINT32_C(0xff0000);
	const uint32_t separated =
		UINT32_C(0xff) | REGISTER(9) | REGISTER(12) | REGISTER(13) | REGISTER(14);
	/* the boot loader's commands and files, the initrd, command line, extensions */
	const uint32_t of_kernel = REGISTER(8) | REGISTER(9) | REGISTER(12) | REGISTER(13);

	if (way->is_locked || !way->has_registers || way->registers & grow)
		return SEAL_BROKEN;
	if (facts->is_measured && facts->has_separator && way->registers & separated)
		return SEAL_BROKEN;
	return way->registers & of_kernel ? SEAL_STALE : SEAL_OPENS;
}

void tpm_registers_text(const struct luks_way *way, char *ret, size_t n)
{
	size_t at = 0;

	(void)snprintf(ret, n, "%s",
		       way->is_locked	    ? "those of systemd-pcrlock"
		       : way->has_registers ? "none"
					    : "not known");
	for (unsigned i = 0; i < N_REGISTERS && way->has_registers; i++)
		if (way->registers & REGISTER(i) && at < n)
			at += (size_t)snprintf(ret + at, n - at, "%s%u", at ? "," : "", i);
}

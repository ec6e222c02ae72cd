// SPDX-License-Identifier: GPL-2.0-or-later
/* Resets the machine by its firmware when the next kernel cannot be entered. Without PSCI, or where it does not
 * answer, there is no way that every machine has: the processor stops, after the report. */
#include "purgatory/aarch64/aarch64.h"

#include "io.h"
#include "purgatory/purgatory.h"

#define PSCI_SYSTEM_RESET UINT32_C(0x84000009) /* Arm DEN 0022, 5.1 */

/* A call that the machine does not have is an exception, which comes back to reset_machine(): so each is tried once. */
static unsigned tried;

static void try_once(unsigned call)
{
	if (tried & 1u << call)
		return;
	tried |= 1u << call;
	if (call == PURGATORY_HVC)
		call_hvc(PSCI_SYSTEM_RESET);
	else
		call_smc(PSCI_SYSTEM_RESET);
}

/* First the way that the planner knew; the other one too, since what it wrote may be what is damaged. */
void reset_machine(const struct purgatory_args *a)
{
	if (a->firmware_call == PURGATORY_NO_FIRMWARE)
		halt();
	if (exception_level() == 1) {
		if (a->firmware_call == PURGATORY_SMC)
			try_once(PURGATORY_SMC);
		try_once(PURGATORY_HVC);
	}
	try_once(PURGATORY_SMC);
	halt();
}

void purgatory_fault(uint64_t syndrome, uint64_t address)
{
	const struct purgatory_args *a = (const struct purgatory_args *)(uintptr_t)&args;
	static bool reported;

	if (!reported) {
		reported = true;
		report(a, "rapidreboot: exception ");
		report_hex(a, syndrome);
		report(a, " in the purgatory at ");
		report_hex(a, address);
		report(a, "; resetting the machine\n");
	}
	reset_machine(a);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What runs between the old kernel and the next one: stores time stamps, zeroes the gaps,
 * verifies every segment; returns when the next kernel may be entered, else resets the machine. */
#include "purgatory/purgatory.h"

#include "fundamental/crc32c.h"
#include "io.h"

/* Volatile: the planner fills it in after this was compiled and linked. */
__attribute__((section(".args"), used,
	       visibility("hidden"))) volatile struct purgatory_args args = {
	.magic = PURGATORY_MAGIC,
};

static void fail(const struct purgatory_args *a, int region)
{
	report(a, "rapidreboot: memory at ");
	report_hex(a, a->regions[region].start);
	report(a, " changed since the kernel was loaded; resetting the machine\n");
	reset_machine(a);
}

void purgatory_main(uint64_t tsc)
{
	const struct purgatory_args *a = (const struct purgatory_args *)(uintptr_t)&args;
	int bad = -1;

	if (a->magic != PURGATORY_MAGIC)
		reset_machine(a);
	if (!args_intact(a)) {
		report_init(a);
		report(a, "rapidreboot: the purgatory changed since the kernel was loaded; "
			  "resetting the machine\n");
		reset_machine(a);
	}
	stamp(a, STAMP_PURGATORY_ENTRY, tsc);
	if (a->flags & PURGATORY_RESET_VGA)
		vga_reset();
	report_init(a);
	clear_gaps(a); /* first, so that the check also finds a segment that clearing has damaged */
	if (a->flags & PURGATORY_CHECK)
		bad = check_regions(a, a->flags & PURGATORY_CRC32C_INSN && crc32c_has_insn());
	if (bad >= 0)
		fail(a, bad);
	stamp(a, STAMP_PURGATORY_CHECKED, clock_ticks());
	report(a, "rapidreboot: starting the kernel\n");
	stamp(a, STAMP_PURGATORY_EXIT, clock_ticks());
}

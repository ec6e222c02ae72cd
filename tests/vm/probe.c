// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Runs in the place of the next kernel, on the purgatory's stack and page tables: looks whether all
 * that had to be cleared is zero, says so on the serial line, and turns the (virtual) machine off.
 * The purgatory's own arguments are its argument: load-corrupt -p sees to that.
 */
#include "io.h"
#include "purgatory/purgatory.h"

#define PM1_CONTROL 0x604 /* QEMU's q35 with SeaBIOS */
#define PM1_SLEEP 0x2000  /* type 0: S5 */
#define PAGE_SIZE 4096u
#define CR4_LA57 0x1000u

static uint64_t page_tables_in_use(void)
{
	uint64_t cr3, cr4;

	__asm__ volatile("movq %%cr3, %0" : "=r"(cr3));
	__asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
	return cr4 & CR4_LA57 ? cr3 - PAGE_SIZE : cr3;
}

static uint64_t n_dirty(const struct purgatory_clear *gap)
{
	const uint64_t *words = (const uint64_t *)(uintptr_t)gap->start;
	uint64_t n = 0;

	for (uint64_t i = 0; i < gap->n / sizeof(*words); i++)
		n += words[i] != 0;
	return n;
}

__attribute__((section(".text.start"), noreturn)) void probe_start(
	const struct purgatory_args *args);
void probe_start(const struct purgatory_args *args)
{
	uint64_t bytes = 0, dirty = 0;

	console_init(args);
	for (uint32_t i = 0; i < args->n_clear; i++) {
		dirty += n_dirty(&args->clear[i]);
		bytes += args->clear[i].n;
	}
	report(args, "probe: bytes in gaps ");
	report_hex(args, bytes);
	report(args, ", words not zero ");
	report_hex(args, dirty);
	report(args, page_tables_in_use() == args->page_tables ? ", own page tables\n"
							       : ", other page tables\n");
	for (;;)
		__asm__ volatile("outw %0, %1"
				 :
				 : "a"((uint16_t)PM1_SLEEP), "Nd"((uint16_t)PM1_CONTROL));
}

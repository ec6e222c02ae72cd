/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First and last instructions of the purgatory. State at entry is what the old kernel leaves
 * (arch/arm64/kernel/relocate_kernel.S, cpu-reset.S): one processor at EL1 or EL2, MMU and data cache off,
 * exceptions masked, no stack, no vectors. State at exit is what Documentation/arch/arm64/booting.rst asks for: the
 * same, X0 = device tree, X1 to X3 = 0, and what was written is clean to the point of coherency. Nothing here
 * returns.
 *
 * Between the two the MMU and the caches are on, over tables of the plan's, because memory is device memory without:
 * each access is slow, and none may be unaligned. Nothing that is stored before that is read after it.
 *
 * Linked at address 0 and position independent: every address is relative to PC. Lies at a page boundary.
 */
#define ARGS_ENTRY 16
#define ARGS_ARGUMENT 24
#define ARGS_STAMPS 32
#define STAMPS_SIZE 216
#define PAGE_SIZE 4096

#define SCTLR_M 0x1	/* MMU */
#define SCTLR_A 0x2	/* alignment is checked */
#define SCTLR_C 0x4	/* data cache */
#define SCTLR_I 0x1000	/* instruction cache */
#define SCTLR_WXN_EE 0x208	/* of its upper half: what is writable is not executable, data is big endian */
#define HCR_E2H 34	/* VHE: EL2 is like EL1 */

/* Attribute 0: normal memory, write-back, allocating; attribute 1: device nGnRE */
#define MAIR 0x04ff

/* Addresses of 48 bits, walks that are cached and inner shareable */
#define TCR_COMMON 0x3510	/* SH0 3, ORGN0 1, IRGN0 1, T0SZ 16 */
#define TCR_EPD1 0x800000	/* none of the upper half; reserved as one in TCR_EL2 without VHE */
#define TCR_TG1_4K 0x80000000	/* the same bit is reserved as one in TCR_EL2 without VHE */
#define TCR_IPS 32
#define TCR_EL2_PS 16
#define PARANGE_48_BITS 5

/* Exceptions go to our vectors; data is little endian, unaligned and writable memory that is executable is fine.
 * X20 = SCTLR as it was found. */
	.macro	own_state el
	adr	x0, vectors
	msr	vbar_\el, x0
	mrs	x20, sctlr_\el
	mov	x0, #(SCTLR_M | SCTLR_A | SCTLR_C)	/* no literal: it would be data */
	movk	x0, #SCTLR_WXN_EE, lsl #16
	bic	x21, x20, x0
	msr	sctlr_\el, x21
	isb
	.endm

/* X0 = root of the tables, X1 = TCR, X21 = SCTLR without M and C */
	.macro	mmu_on el, tlbi
	mov	x2, #MAIR
	msr	mair_\el, x2
	msr	tcr_\el, x1
	msr	ttbr0_\el, x0
	isb
	tlbi	\tlbi
	dsb	nsh
	isb
	mov	x2, #(SCTLR_M | SCTLR_C | SCTLR_I)
	orr	x2, x21, x2
	msr	sctlr_\el, x2
	isb
	.endm

	.macro	mmu_off el, tlbi
	msr	sctlr_\el, x20
	isb
	tlbi	\tlbi
	ic	iallu
	dsb	nsh
	isb
	.endm

/* Cleans [X0, X1) to the point of coherency; X2 = size of a cache line */
	.macro	clean
	sub	x3, x2, #1
	bic	x0, x0, x3
8:	dc	civac, x0
	add	x0, x0, x2
	cmp	x0, x1
	b.lo	8b
	.endm

	.section .text.start, "ax"
	.globl	purgatory_start
	.hidden	purgatory_start, purgatory_main, usable_page_tables, purgatory_fault, args, blob_end
purgatory_start:
	msr	daifset, #15
	isb
	mrs	x19, cntvct_el0		/* argument of purgatory_main */
	msr	spsel, #1
	mrs	x22, CurrentEL
	tbnz	x22, #3, 1f
	own_state el1
	b	2f
1:	own_state el2
2:
	adr	x0, stack_top
	mov	sp, x0
	mov	x29, #0
	mov	x30, #0
	bl	usable_page_tables
	cbz	x0, 4f

	mrs	x3, id_aa64mmfr0_el1
	and	x3, x3, #15		/* PARange: more than 48 bits need other tables */
	mov	x2, #PARANGE_48_BITS
	cmp	x3, x2
	csel	x3, x3, x2, lo
	ldr	x1, =(TCR_COMMON | TCR_EPD1 | TCR_TG1_4K)
	tbnz	x22, #3, 1f
	orr	x1, x1, x3, lsl #TCR_IPS
	mmu_on	el1, vmalle1
	b	4f
1:	mrs	x2, hcr_el2
	tbnz	x2, #HCR_E2H, 2f
	add	x0, x0, #PAGE_SIZE	/* root of the tables for EL2 without VHE */
	orr	x1, x1, x3, lsl #TCR_EL2_PS
	b	3f
2:	orr	x1, x1, x3, lsl #TCR_IPS
3:	mmu_on	el2, alle2
4:
	adr	x0, stack_top
	mov	sp, x0
	mov	x0, x19
	bl	purgatory_main

	adr	x4, args
	ldr	x5, [x4, #ARGS_ENTRY]
	ldr	x6, [x4, #ARGS_ARGUMENT]
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4		/* DminLine */
	mov	x3, #4
	lsl	x2, x3, x2
	mov	x0, x4			/* the stack and variables are between these */
	adrp	x1, blob_end
	add	x1, x1, :lo12:blob_end
	clean
	ldr	x0, [x4, #ARGS_STAMPS]
	cbz	x0, 1f
	add	x1, x0, #STAMPS_SIZE
	clean
1:	dsb	sy
	tbnz	x22, #3, 1f
	mmu_off	el1, vmalle1
	b	2f
1:	mmu_off	el2, alle2
2:
	mov	x0, x6
	mov	x1, #0
	mov	x2, #0
	mov	x3, #0
	br	x5
	.ltorg

/* Every exception: with a new stack, since the old one may be why. */
fault:
	adr	x0, stack_top
	mov	sp, x0
	mrs	x0, CurrentEL
	tbnz	x0, #3, 1f
	mrs	x0, esr_el1
	mrs	x1, elr_el1
	b	purgatory_fault
1:	mrs	x0, esr_el2
	mrs	x1, elr_el2
	b	purgatory_fault

	.section .vectors, "ax"
	.balign	2048
vectors:
	.rept	16
	b	fault
	.balign	128
	.endr

	.section .bss
	.balign	16
	.skip	4096
stack_top:
	.section .note.GNU-stack, "", @progbits

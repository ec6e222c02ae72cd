/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stands before and behind the purgatory in tests/purgatory/aarch64.py: at offset 0 an old kernel's last
 * instructions, at 0x800 the first ones of a next kernel. X0 of the old kernel's comes from nowhere, so its
 * parameters lie at 0x1000: the purgatory's address, 1 to turn VHE on, the physical address of a PL011, a number and
 * that many addresses.
 *
 * The next kernel writes a line of what it found, in hexadecimal, and turns the machine off: X0, X1 | X2 | X3,
 * SCTLR & (M | C), CurrentEL >> 2, HCR_EL2.E2H, DAIF >> 6, CNTVCT_EL0, and the words at those addresses.
 */
#define PSCI_SYSTEM_OFF 0x84000008

	.section .text.start, "ax"
	.globl	purgatory_start
purgatory_start:
	mrs	x9, CurrentEL
	lsr	x9, x9, #2
	cmp	x9, #3
	b.ne	1f
	mov	x10, #0x501		/* SCR_EL3: RW, HCE, NS */
	msr	scr_el3, x10
	mov	x10, #0x3c9		/* EL2h, masked */
	msr	spsr_el3, x10
	adr	x10, 1f
	msr	elr_el3, x10
	eret
1:
	adr	x9, parameters
	ldr	x10, [x9, #8]
	cbz	x10, 2f
	mov	x11, #1
	lsl	x12, x11, #34		/* E2H */
	orr	x12, x12, x11, lsl #27	/* TGE */
	orr	x12, x12, x11, lsl #31	/* RW */
	msr	hcr_el2, x12
	isb
2:	ldr	x9, [x9]
	mov	x0, #-1
	mov	x1, #-1
	mov	x2, #-1
	mov	x3, #-1
	br	x9

	.balign	0x800
next:
	orr	x1, x1, x2
	orr	x1, x1, x3
	adr	x9, parameters
	ldr	x10, [x9, #16]		/* X10 = port */
	bl	hex
	mov	x0, x1
	bl	hex
	mrs	x11, CurrentEL
	lsr	x11, x11, #2
	mov	x12, #0
	cmp	x11, #2
	b.eq	1f
	mrs	x0, sctlr_el1
	b	2f
1:	mrs	x0, sctlr_el2
	mrs	x12, hcr_el2
	ubfx	x12, x12, #34, #1
2:	mov	x13, #5
	and	x0, x0, x13
	bl	hex
	mov	x0, x11
	bl	hex
	mov	x0, x12
	bl	hex
	mrs	x0, daif
	lsr	x0, x0, #6
	bl	hex
	mrs	x0, cntvct_el0
	bl	hex
	ldr	x17, [x9, #24]
	add	x18, x9, #32
6:	cbz	x17, 7f
	ldr	x0, [x18], #8
	ldr	x0, [x0]
	bl	hex
	sub	x17, x17, #1
	b	6b
7:	mov	w13, #10
	strb	w13, [x10]
	ldr	w0, =PSCI_SYSTEM_OFF
	cmp	x11, #2
	b.eq	3f
	hvc	#0
3:	smc	#0
4:	wfi
	b	4b

/* X0 in 16 digits and a blank, to the port at X10 */
hex:
	mov	x14, #60
5:	lsr	x13, x0, x14
	and	x13, x13, #15
	cmp	x13, #10
	add	x15, x13, #48
	add	x16, x13, #87
	csel	x13, x15, x16, lo
	strb	w13, [x10]
	subs	x14, x14, #4
	b.pl	5b
	mov	w13, #32
	strb	w13, [x10]
	ret
	.ltorg

	.balign	0x1000
parameters:
	.skip	256

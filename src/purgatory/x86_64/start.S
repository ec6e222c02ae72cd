/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First and last instructions of the purgatory. State at entry is what relocate_kernel of the old
 * kernel leaves (arch/x86/kernel/relocate_kernel_64.S): one processor in long mode, memory mapped
 * one to one, interrupts off, IDT and GDT not usable, no stack of our own, CR4.OSFXSR clear. State
 * at exit is what the entry point of the next kernel asks for. Nothing here returns.
 *
 * Linked at address 0 and position independent: every address is relative to RIP. For 32-bit
 * entries it lies below 4 GiB.
 */
#define ARGS_ENTRY 16
#define ARGS_ARGUMENT 24
#define ARGS_ENTRY_MODE 40
#define ARGS_PAGE_TABLES 48

#define ENTER_64BIT 0
#define ENTER_32BIT 1
#define ENTER_MULTIBOOT1 2

#define CODE 0x10 /* __BOOT_CS of Documentation/arch/x86/boot.rst */
#define DATA 0x18 /* __BOOT_DS */

#define MSR_EFER 0xc0000080
#define EFER_LME 8
#define CR0_PG 31
#define CR4_MCE 0x40 /* must stay as it is in a TDX guest */
#define CR4_LA57 0x1000
#define PAGE_SIZE 4096

	.section .text.start, "ax"
	.code64
	.globl	purgatory_start
	.hidden	purgatory_start, purgatory_main, args
purgatory_start:
	cli
	cld
	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax
	movq	%rax, %rdi		/* argument of purgatory_main */

	/* An empty IDT: an exception from here on becomes a triple fault, which resets the
	 * machine. Newer kernels leave an IDT for debugging whose handler halts for ever. */
	lidt	empty_idt(%rip)

	leaq	stack_top(%rip), %rsp
	leaq	gdt64(%rip), %rax
	movq	%rax, gdt64_pointer + 2(%rip)
	lgdt	gdt64_pointer(%rip)
	movl	$DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	pushq	$CODE
	leaq	1f(%rip), %rax
	pushq	%rax
	lretq
1:
	/* Load page tables of our own when there are some: the root for four or five levels,
	 * whichever the processor uses. */
	movq	args + ARGS_PAGE_TABLES(%rip), %rax
	testq	%rax, %rax
	jz	2f
	movq	%cr4, %rcx
	testl	$CR4_LA57, %ecx
	jz	1f
	addq	$PAGE_SIZE, %rax
1:
	movq	%rax, %cr3
2:
	xorl	%ebp, %ebp
	call	purgatory_main

	movq	args + ARGS_ENTRY(%rip), %rcx
	movq	args + ARGS_ARGUMENT(%rip), %rsi
	movl	args + ARGS_ENTRY_MODE(%rip), %edx
	cmpl	$ENTER_64BIT, %edx
	jne	leave_long_mode

	/* RSI for Linux, RDI for ELF boot notes (first argument of a C function) */
	movq	%rsi, %rdi
	xorl	%eax, %eax
	xorl	%ebx, %ebx
	xorl	%edx, %edx
	xorl	%ebp, %ebp
	xorl	%r8d, %r8d
	xorl	%r9d, %r9d
	xorl	%r10d, %r10d
	xorl	%r11d, %r11d
	xorl	%r12d, %r12d
	xorl	%r13d, %r13d
	xorl	%r14d, %r14d
	xorl	%r15d, %r15d
	jmp	*%rcx

	/* ECX = entry, ESI = argument, EDX = mode: by way of compatibility mode, the only one in
	 * which paging may be switched off (Intel SDM volume 3, 10.8.5.4). */
leave_long_mode:
	movl	%ecx, %edi
	movl	%edx, %ebx
	leaq	gdt32(%rip), %rax
	movq	%rax, gdt32_pointer + 2(%rip)
	lgdt	gdt32_pointer(%rip)
	pushq	$CODE
	leaq	1f(%rip), %rax
	pushq	%rax
	lretq

	.code32
1:
	movl	$DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs

	movl	%cr0, %eax
	btrl	$CR0_PG, %eax
	movl	%eax, %cr0
	movl	$MSR_EFER, %ecx
	rdmsr
	btrl	$EFER_LME, %eax
	wrmsr
	movl	%cr4, %eax
	andl	$CR4_MCE, %eax		/* PAE and LA57 off */
	movl	%eax, %cr4
	xorl	%eax, %eax
	movl	%eax, %cr3

	movl	%edi, %ecx
	movl	%ebx, %edx
	xorl	%edi, %edi
	xorl	%ebp, %ebp
	cmpl	$ENTER_32BIT, %edx
	je	enter_linux
	movl	%esi, %ebx
	movl	$0x2badb002, %eax	/* Multiboot specification 0.6.96, 3.2 */
	cmpl	$ENTER_MULTIBOOT1, %edx
	je	enter
	movl	$0x36d76289, %eax	/* Multiboot2 specification 2.0, 3.3 */
	jmp	enter
enter_linux:
	/* ESI for Linux, EAX for ELF boot notes */
	xorl	%ebx, %ebx
	movl	%esi, %eax
enter:
	xorl	%edx, %edx
	jmp	*%ecx

	.section .data
	.balign	8
empty_idt:
	.word	0
	.quad	0
	.balign	8
gdt64:
	.quad	0
	.quad	0
	.quad	0x00af9b000000ffff	/* CODE: long mode, present, execute and read */
	.quad	0x00cf93000000ffff	/* DATA: flat 4 GiB, present, read and write */
gdt32:
	.quad	0
	.quad	0
	.quad	0x00cf9b000000ffff	/* CODE: 32 bit, flat 4 GiB */
	.quad	0x00cf93000000ffff	/* DATA */
gdt_end:
	.balign	8
gdt64_pointer:
	.word	gdt32 - gdt64 - 1
	.quad	0
	.balign	8
gdt32_pointer:
	.word	gdt_end - gdt32 - 1
	.quad	0

	.section .bss
	.balign	16
	.skip	4096
stack_top:
	.section .note.GNU-stack, "", @progbits

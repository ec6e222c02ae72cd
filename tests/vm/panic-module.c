// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A kernel module for tests: it makes the kernel that loads it panic, in the way that the parameter "how"
 * names. No Debian kernel has LKDTM, which is Linux's own for that.
 */

#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/slab.h>
#include <linux/timer.h>

static char *how = "";
module_param(how, charp, 0);
MODULE_PARM_DESC(how, "panic, oops, interrupt, softirq, freed, or in-call");

static char *call = "";
module_param(call, charp, 0);
MODULE_PARM_DESC(call, "with how=in-call: the kernel's function at whose entry it panics");

/* A read through a pointer that is no address: volatile, or the compiler says what it thinks of it. */
static noinline void oops(void)
{
	volatile int *nowhere = (volatile int *)0x10;

	pr_emerg("panics: read %d\n", *nowhere);
}

static void at_interrupt(struct irq_work *work)
{
	pr_emerg("panics: hard interrupt %d\n", in_hardirq() != 0);
	oops();
}

static struct irq_work interrupt_work;

static void at_softirq(struct timer_list *timer)
{
	pr_emerg("panics: softirq %d\n", in_serving_softirq() != 0);
	oops();
}

static struct timer_list softirq_timer;

/*
 * What was freed is written to, as a driver with a use after free does it: the allocator's list of free
 * objects, which lies in them, is wrong from then on, and the next allocations follow it.
 */
static void write_to_freed(void)
{
	enum { COUNT = 64, SIZE = 192 };
	void *held[COUNT];

	for (int i = 0; i < COUNT; i++)
		held[i] = kmalloc(SIZE, GFP_KERNEL);
	for (int i = 0; i < COUNT; i++)
		kfree(held[i]);
	for (int i = 0; i < COUNT; i++)
		memset(held[i], 0x5a, SIZE);
	for (int i = 0; i < 16 * COUNT; i++)
		held[i % COUNT] = kmalloc(SIZE, GFP_KERNEL);
}

static int at_entry(struct kprobe *probe, struct pt_regs *registers)
{
	panic("panics: %s was entered", call);
}

static struct kprobe probe;

static int __init panics_init(void)
{
	if (!strcmp(how, "panic"))
		panic("panics: asked for");
	if (!strcmp(how, "oops"))
		oops();
	if (!strcmp(how, "interrupt")) {
		init_irq_work(&interrupt_work, at_interrupt);
		irq_work_queue(&interrupt_work);
		return 0;
	}
	if (!strcmp(how, "softirq")) {
		timer_setup(&softirq_timer, at_softirq, 0);
		mod_timer(&softirq_timer, jiffies + 1);
		return 0;
	}
	if (!strcmp(how, "freed")) {
		write_to_freed();
		return 0;
	}
	if (!strcmp(how, "in-call")) {
		probe.symbol_name = call;
		probe.pre_handler = at_entry;
		return register_kprobe(&probe);
	}
	return -EINVAL;
}

module_init(panics_init);
MODULE_LICENSE("GPL");

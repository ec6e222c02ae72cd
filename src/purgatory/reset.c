// SPDX-License-Identifier: GPL-2.0-or-later
/* Resets the machine when the next kernel cannot be entered, so that it reboots through the
 * firmware instead of hanging. */
#include "purgatory/purgatory.h"

#include "io.h"

#define RESET_CONTROL 0xcf9 /* of Intel and AMD chipsets: Intel ICH9 datasheet 13.7.5 */
#define KEYBOARD_COMMAND 0x64
#define DELAY_PORT 0x80	      /* POST code display: a read takes about a microsecond */
#define READ_TIME_US 5000000u /* time to read the report on the screen */

static void delay_us(unsigned us)
{
	while (us--)
		(void)inb(DELAY_PORT);
}

static void reset_by_chipset(void)
{
	uint8_t kept = inb(RESET_CONTROL) & (uint8_t)~6;

	outb(RESET_CONTROL, kept | 2); /* SYS_RST: select a hard reset */
	delay_us(50);
	outb(RESET_CONTROL, kept | 6); /* RST_CPU: 0 to 1 starts it */
	delay_us(100000);
}

static void reset_by_keyboard_controller(void)
{
	for (unsigned i = 0; i < 100000 && inb(KEYBOARD_COMMAND) & 2; i++)
		delay_us(2);	      /* status bit 1: its input buffer is full */
	outb(KEYBOARD_COMMAND, 0xfe); /* pulse the reset line */
	delay_us(100000);
}

void reset_machine(const struct purgatory_args *args)
{
	if (args->flags & PURGATORY_VGA)
		delay_us(READ_TIME_US);
	reset_by_chipset();
	reset_by_keyboard_controller();
	triple_fault();
}

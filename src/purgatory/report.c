// SPDX-License-Identifier: GPL-2.0-or-later
/* Reports one line on the serial port and the VGA text screen. Every wait has a limit: a port
 * that does not exist must not stop the machine. */
#include "purgatory/purgatory.h"

#include "io.h"

/* 16550 registers, as offsets from the base port */
enum { DATA, IER, FCR, LCR, MCR, LSR, DLL = 0, DLM = 1 };
#define LCR_8N1 0x03
#define LCR_DLAB 0x80
#define MCR_DTR_RTS 0x03
#define LSR_THRE 0x20

/* One read of a port takes about a microsecond; the slowest byte (110 baud) takes 91 ms. */
#define SERIAL_POLLS 200000u

#define VGA_COLUMNS 80u
#define VGA_ROWS 25u
#define VGA_ATTRIBUTE 0x0700 /* grey on black */

static unsigned vga_column;

static uint16_t port(const struct purgatory_args *args, unsigned reg)
{
	return (uint16_t)(args->serial_port + reg);
}

void report_init(const struct purgatory_args *args)
{
	if (args->flags & PURGATORY_SERIAL_BAUD && args->serial_divisor) {
		outb(port(args, LCR), LCR_8N1 | LCR_DLAB);
		outb(port(args, DLL), (uint8_t)args->serial_divisor);
		outb(port(args, DLM), (uint8_t)(args->serial_divisor >> 8));
	}
	if (args->flags & PURGATORY_SERIAL) {
		outb(port(args, LCR), LCR_8N1);
		outb(port(args, IER), 0); /* no interrupts: the port is polled */
		outb(port(args, MCR), MCR_DTR_RTS);
	}
	vga_column = 0;
}

static void serial_byte(const struct purgatory_args *args, char c)
{
	for (unsigned i = 0; i < SERIAL_POLLS; i++)
		if (inb(port(args, LSR)) & LSR_THRE)
			break;
	outb(port(args, DATA), (uint8_t)c);
}

/* Scrolls the screen by one row; the report is written to the last one. */
static void vga_newline(void)
{
	volatile uint16_t *text = vga_text();
	const unsigned last = (VGA_ROWS - 1) * VGA_COLUMNS;

	for (unsigned i = 0; i < last; i++)
		text[i] = text[i + VGA_COLUMNS];
	for (unsigned i = 0; i < VGA_COLUMNS; i++)
		text[last + i] = VGA_ATTRIBUTE | ' ';
	vga_column = 0;
}

static void vga_byte(char c)
{
	if (c == '\n' || vga_column == VGA_COLUMNS)
		vga_newline();
	if (c != '\n')
		vga_text()[(VGA_ROWS - 1) * VGA_COLUMNS + vga_column++] =
			(uint16_t)(VGA_ATTRIBUTE | (uint8_t)c);
}

void report(const struct purgatory_args *args, const char *s)
{
	for (; *s; s++) {
		if (args->flags & PURGATORY_SERIAL) {
			if (*s == '\n')
				serial_byte(args, '\r');
			serial_byte(args, *s);
		}
		if (args->flags & PURGATORY_VGA)
			vga_byte(*s);
	}
}

void report_hex(const struct purgatory_args *args, uint64_t v)
{
	char s[2 + 16 + 1];

	s[0] = '0';
	s[1] = 'x';
	for (unsigned i = 0; i < 16; i++) {
		unsigned digit = v >> (60 - 4 * i) & 15;

		s[2 + i] = (char)(digit < 10 ? '0' + digit : 'a' + digit - 10);
	}
	s[18] = 0;
	report(args, s);
}

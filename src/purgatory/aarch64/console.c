// SPDX-License-Identifier: GPL-2.0-or-later
/* Serial ports whose registers lie in memory, at the speed that the old kernel or the firmware gave them. Every
 * wait has a limit: a port that does not answer must not stop the machine. */
#include "fundamental/aarch64/purgatory-abi.h"
#include "io.h"
#include "purgatory/purgatory.h"

/* Arm PrimeCell UART (PL011), DDI 0183, 3.2 */
#define PL011_DR 0x00
#define PL011_FR 0x18
#define PL011_FR_TXFF 0x20

/* 16550 */
#define UART_THR 0
#define UART_IER 1
#define UART_LSR 5
#define UART_LSR_THRE 0x20

/* One read of a device takes about 100 ns; the slowest byte (9600 baud) takes a millisecond. */
#define SERIAL_POLLS 200000u

static uint64_t register_8250(const struct purgatory_args *args, unsigned n)
{
	return args->serial_registers + ((uint64_t)n << (args->serial_shift & 7));
}

static uint32_t read_register(const struct purgatory_args *args, uint64_t address)
{
	return args->serial_width == 4 ? read32(address) : read8(address);
}

static void write_register(const struct purgatory_args *args, uint64_t address, uint8_t v)
{
	if (args->serial_width == 4)
		write32(address, v);
	else
		write8(address, v);
}

static bool has_serial(const struct purgatory_args *args)
{
	return args->flags & PURGATORY_SERIAL && args->serial_registers;
}

void console_init(const struct purgatory_args *args)
{
	if (has_serial(args) && args->serial_kind == PURGATORY_SERIAL_8250)
		write_register(args, register_8250(args, UART_IER), 0); /* polled */
}

static void wait_for(const struct purgatory_args *args, uint64_t address, uint32_t bit,
		     uint32_t value)
{
	for (unsigned i = 0; i < SERIAL_POLLS; i++)
		if ((read_register(args, address) & bit) == value)
			return;
}

static void serial_byte(const struct purgatory_args *args, char c)
{
	if (args->serial_kind == PURGATORY_SERIAL_PL011) {
		wait_for(args, args->serial_registers + PL011_FR, PL011_FR_TXFF, 0);
		write_register(args, args->serial_registers + PL011_DR, (uint8_t)c);
	} else if (args->serial_kind == PURGATORY_SERIAL_8250) {
		wait_for(args, register_8250(args, UART_LSR), UART_LSR_THRE, UART_LSR_THRE);
		write_register(args, register_8250(args, UART_THR), (uint8_t)c);
	}
}

void console_byte(const struct purgatory_args *args, char c)
{
	if (!has_serial(args))
		return;
	if (c == '\n')
		serial_byte(args, '\r');
	serial_byte(args, c);
}

/* There is no screen whose mode could be set without a driver: the planner asks for none. */
void screen_reset(void)
{
}

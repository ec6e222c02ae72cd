// SPDX-License-Identifier: GPL-2.0-or-later
/* Sets a VGA to mode 3, the text mode that a BIOS leaves. Only registers are written: the font
 * in plane 2 and the palette stay as they are. Register values: IBM PS/2 Hardware Interface
 * Technical Reference, Video Subsystem, mode 3+ (720x400, 80x25). */
#include "purgatory/purgatory.h"

#include "io.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
	ATTRIBUTE = 0x3c0,
	MISC_WRITE = 0x3c2,
	SEQUENCER = 0x3c4,
	GRAPHICS = 0x3ce,
	CRTC = 0x3d4,
	STATUS_1 = 0x3da,
};

static const uint8_t sequencer[] = { 0x03, 0x00, 0x03, 0x00, 0x02 };
static const uint8_t crtc[] = { 0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00,
				0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e,
				0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff };
static const uint8_t graphics[] = { 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x00, 0xff };
static const uint8_t attribute[] = { 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14,
				     0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d,
				     0x3e, 0x3f, 0x0c, 0x00, 0x0f, 0x08, 0x00 };

/* Writes register @i of a set that is reached through an index port and the data port after it. */
static void write_indexed(uint16_t index_port, unsigned i, uint8_t v)
{
	outb(index_port, (uint8_t)i);
	outb((uint16_t)(index_port + 1), v);
}

void vga_reset(void)
{
	outb(MISC_WRITE, 0x67); /* colour addresses, 28 MHz, 400 lines */
	write_indexed(SEQUENCER, 0, 0x01);
	for (unsigned i = 1; i < COUNT(sequencer); i++)
		write_indexed(SEQUENCER, i, sequencer[i]);
	write_indexed(SEQUENCER, 0, sequencer[0]);
	write_indexed(CRTC, 0x11, 0x0e); /* bit 7 protects registers 0 to 7 */
	for (unsigned i = 0; i < COUNT(crtc); i++)
		write_indexed(CRTC, i, crtc[i]);
	for (unsigned i = 0; i < COUNT(graphics); i++)
		write_indexed(GRAPHICS, i, graphics[i]);
	(void)inb(STATUS_1); /* the next write is an index */
	for (unsigned i = 0; i < COUNT(attribute); i++) {
		outb(ATTRIBUTE, (uint8_t)i);
		outb(ATTRIBUTE, attribute[i]);
	}
	outb(ATTRIBUTE, 0x20); /* screen on */
}

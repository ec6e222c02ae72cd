// SPDX-License-Identifier: LGPL-2.1-or-later
/* The purgatory's C on the host, with a machine made of arrays. */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "fundamental/crc32c.h"
#include "fundamental/digest.h"
#include "io.h"
#include "plan/purgatory-blobs.h"
#include "purgatory/purgatory.h"
#include "tests/unit/cmocka-shim.h"

/* The machine */

static struct {
	uint16_t port[4096];
	uint8_t value[4096];
	size_t n;
} out;
static char serial[512];
static size_t n_serial;
static uint16_t screen[80 * 25];
static bool has_serial;
static unsigned keyboard_busy; /* polls until the controller takes a command */
static uint64_t ticks, n_reads;
static jmp_buf reset;

#define PORT 0x2f8

void outb(uint16_t port, uint8_t v)
{
	assert_true(out.n < ARRAY_SIZE(out.port));
	out.port[out.n] = port;
	out.value[out.n++] = v;
	if (port == PORT && has_serial && n_serial < sizeof(serial) - 1)
		serial[n_serial++] = (char)v;
}

uint8_t inb(uint16_t port)
{
	n_reads++;
	if (port == PORT + 5)
		return has_serial ? 0x20 : 0; /* 0: a transmitter that never gets empty */
	if (port == 0x64)
		return keyboard_busy && keyboard_busy-- ? 2 : 0;
	if (port == 0xcf9)
		return 0x0e; /* something the firmware left */
	return 0xff;
}

uint64_t clock_ticks(void)
{
	return ++ticks;
}

void clear_memory(uint64_t start, uint64_t n_words)
{
	if (n_words)
		memset((void *)(uintptr_t)start, 0, n_words * 8);
}

volatile uint16_t *vga_text(void)
{
	return screen;
}

void triple_fault(void)
{
	longjmp(reset, 1);
}

/* What the linker puts at the start of the blob. */
extern volatile struct purgatory_args args;

static uint8_t kernel[40000], initrd[1000];
static struct stamps stamps;

static void region(size_t i, const void *p, size_t n)
{
	struct digest d;

	digest_bytes(p, n, false, &d);
	args.regions[i].start = (uintptr_t)p;
	args.regions[i].n = n;
	for (size_t k = 0; k < 3; k++)
		args.regions[i].crc[k] = d.crc[k];
}

static int setup(void **state)
{
	memset(&out, 0, sizeof(out));
	memset(serial, 0, sizeof(serial));
	n_serial = 0;
	n_reads = 0;
	ticks = 1000;
	has_serial = true;
	keyboard_busy = 0;
	for (size_t i = 0; i < ARRAY_SIZE(screen); i++)
		screen[i] = (uint16_t)(0x1700 + '0' + i / 80);
	for (size_t i = 0; i < sizeof(kernel); i++)
		kernel[i] = (uint8_t)(i * 31);
	memset(initrd, 0x5a, sizeof(initrd));
	stamps = (struct stamps){ .magic = STAMPS_MAGIC, .version = 1 };
	memset((void *)(uintptr_t)&args, 0, sizeof(args));
	args.magic = PURGATORY_MAGIC;
	args.flags = PURGATORY_CHECK | PURGATORY_SERIAL;
	args.serial_port = PORT;
	args.stamps = (uintptr_t)&stamps;
	args.n_regions = 2;
	region(0, kernel, sizeof(kernel));
	region(1, initrd, sizeof(initrd));
	return 0;
}

static void seal(void)
{
	struct digest d;

	digest_bytes((const void *)(uintptr_t)&args, offsetof(struct purgatory_args, self), false,
		     &d);
	for (size_t k = 0; k < 3; k++)
		args.self[k] = d.crc[k];
}

/* Did it reset the machine instead of coming back? */
static bool run(void)
{
	seal();
	if (setjmp(reset))
		return true;
	purgatory_main(77);
	return false;
}

static bool wrote(uint16_t port, uint8_t v)
{
	for (size_t i = 0; i < out.n; i++)
		if (out.port[i] == port && out.value[i] == v)
			return true;
	return false;
}

static void test_good(void **state)
{
	for (int insn = 0; insn < 2; insn++) {
		setup(state);
		if (insn)
			args.flags |= PURGATORY_CRC32C_INSN;
		assert_false(run());
		assert_int_equal(stamps.n, 3);
		assert_int_equal(stamps.slot[0].id, STAMP_PURGATORY_ENTRY);
		assert_int_equal(stamps.slot[0].tsc, 77);
		assert_int_equal(stamps.slot[1].id, STAMP_PURGATORY_CHECKED);
		assert_int_equal(stamps.slot[1].tsc, 1001);
		assert_int_equal(stamps.slot[2].id, STAMP_PURGATORY_EXIT);
		assert_int_equal(stamps.slot[2].tsc, 1002);
		assert_string_equal(serial, "rapidreboot: starting the kernel\r\n");
	}
}

/* First and last byte of each region, and a digest that is wrong itself. */
static void test_mismatch(void **state)
{
	uint8_t *const bytes[] = { &kernel[0], &kernel[sizeof(kernel) - 1], &initrd[0],
				   &initrd[sizeof(initrd) - 1] };

	for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
		char where[32];

		setup(state);
		*bytes[i] ^= 1;
		assert_true(run());
		(void)snprintf(where, sizeof(where), "0x%016llx",
			       (unsigned long long)(uintptr_t)(i < 2 ? kernel : initrd));
		assert_non_null(strstr(serial, where));
		assert_non_null(strstr(serial, "changed since the kernel was loaded"));
		assert_int_equal(stamps.n, 1); /* entry only */
	}
	for (size_t i = 0; i < 3; i++) {
		setup(state);
		args.regions[0].crc[i] ^= 0x80000000;
		assert_true(run());
	}
}

static void test_no_check(void **state)
{
	args.flags &= ~(uint32_t)PURGATORY_CHECK;
	kernel[5] ^= 1;
	assert_false(run());
	assert_int_equal(stamps.n, 3);
}

/* Each byte of what it was told, but for the last four, which say nothing. */
static void test_changed_args(void **state)
{
	volatile uint8_t *bytes = (volatile uint8_t *)&args;

	for (volatile size_t i = 0; i < offsetof(struct purgatory_args, zero2); i++) {
		setup(state);
		seal();
		bytes[i] ^= 0x40;
		if (setjmp(reset))
			continue;
		purgatory_main(77);
		fail_msg("byte %zu was changed, and the kernel started", i);
	}
}

static void test_bad_args(void **state)
{
	args.magic++;
	assert_true(run());
}

/* Gaps are zeroed, and nothing beside them; without page tables of one's own nothing is. */
static void test_gaps(void **state)
{
	static uint8_t memory[5 * 4096];
	static const uint8_t zeros[4096];

	for (int with_tables = 0; with_tables < 2; with_tables++) {
		setup(state);
		memset(memory, 0xaa, sizeof(memory));
		args.page_tables = with_tables ? 0x1000 : 0;
		args.n_clear = 2;
		args.clear[0].start = (uintptr_t)memory + 4096;
		args.clear[0].n = 4096;
		args.clear[1].start = (uintptr_t)memory + 3 * 4096;
		args.clear[1].n = 4096;
		assert_false(run());
		for (size_t i = 0; i < 5; i++) {
			const bool is_gap = with_tables && (i == 1 || i == 3);

			assert_int_equal(memory[i * 4096], is_gap ? 0 : 0xaa);
			assert_int_equal(memory[i * 4096 + 4095], is_gap ? 0 : 0xaa);
			if (is_gap)
				assert_memory_equal(memory + i * 4096, zeros, 4096);
		}
	}
}

/* A gap that reaches into what was loaded is found by the check behind it. */
static void test_gap_in_region(void **state)
{
	args.page_tables = 0x1000;
	args.n_clear = 1;
	args.clear[0].start = (uintptr_t)kernel;
	args.clear[0].n = 16;
	assert_true(run());
}

/* A number of regions beyond the array is refused. */
static void test_too_many_regions(void **state)
{
	args.n_regions = UINT32_MAX;
	for (size_t i = 2; i < PURGATORY_REGIONS_MAX; i++)
		region(i, initrd, 0);
	args.page_tables = 0x1000;
	args.n_clear = UINT32_MAX;
	assert_false(run());
}

static void test_stamps(void **state)
{
	args.stamps = 0;
	assert_false(run());
	assert_int_equal(stamps.n, 0);

	setup(state);
	stamps.magic = 0;
	assert_false(run());
	assert_int_equal(stamps.n, 0);

	setup(state);
	stamps.n = STAMPS_SLOTS - 1;
	assert_false(run());
	assert_int_equal(stamps.n, STAMPS_SLOTS);
	assert_int_equal(stamps.slot[STAMPS_SLOTS - 1].id, STAMP_PURGATORY_ENTRY);

	setup(state);
	stamps.n = 4000000000u;
	assert_false(run());
	assert_int_equal(stamps.n, 4000000000u);
}

/* All ways to reset, in order: chipset, keyboard controller, triple fault; each wait has a
 * limit. */
static void test_reset_order(void **state)
{
	size_t chipset = 0, keyboard = 0;

	keyboard_busy = UINT32_MAX; /* never ready */
	kernel[0] ^= 1;
	assert_true(run());
	for (size_t i = 0; i < out.n; i++) {
		if (out.port[i] == 0xcf9)
			chipset = i;
		if (out.port[i] == 0x64)
			keyboard = i;
	}
	assert_true(chipset > 0 && chipset < keyboard);
	/* what the firmware left but for bits 1 and 2, then bit 1, then both */
	assert_int_equal(out.value[chipset - 1], 0x0a);
	assert_int_equal(out.value[chipset], 0x0e);
	assert_int_equal(out.value[keyboard], 0xfe);
	assert_true(n_reads < 20000000);
}

static void test_no_port(void **state)
{
	has_serial = false;
	assert_false(run());
	assert_true(n_reads < 20000000);
}

static void test_silent(void **state)
{
	args.flags = PURGATORY_CHECK;
	assert_false(run());
	assert_int_equal(out.n, 0);
	assert_int_equal(n_reads, 0);
}

/* 16550: divisor latch on, low and high byte, latch off with 8 data bits */
static void test_baud(void **state)
{
	static const struct {
		uint16_t port;
		uint8_t value;
	} want[] = { { PORT + 3, 0x83 }, { PORT, 0x80 }, { PORT + 1, 0x01 }, { PORT + 3, 0x03 } };

	args.flags |= PURGATORY_SERIAL_BAUD;
	args.serial_divisor = 0x180; /* 300 baud */
	assert_false(run());
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_int_equal(out.port[i], want[i].port);
		assert_int_equal(out.value[i], want[i].value);
	}
	setup(state);
	assert_false(run());
	assert_false(wrote(PORT + 3, 0x83));
}

/* The line ends up in the last row but one, after the screen moved up; long lines wrap. */
static void test_vga(void **state)
{
	static const char line[] = "rapidreboot: starting the kernel";

	args.flags = PURGATORY_CHECK | PURGATORY_SCREEN;
	assert_false(run());
	for (size_t i = 0; i < strlen(line); i++)
		assert_int_equal(screen[23 * 80 + i], 0x0700 | line[i]);
	for (size_t i = 0; i < 80; i++)
		assert_int_equal(screen[24 * 80 + i], 0x0720);
	assert_int_equal(screen[0], 0x1700 + '1'); /* row 1 is now the first */
	assert_int_equal(out.n, 0);
}

/* What the VGA has to read back: IBM's mode 3+. */
static void test_vga_reset(void **state)
{
	args.flags = PURGATORY_RESET_SCREEN;
	assert_false(run());
	assert_true(wrote(0x3c2, 0x67));
	assert_int_equal(out.port[out.n - 1], 0x3c0);
	assert_int_equal(out.value[out.n - 1],
			 0x20); /* palette on: without it the screen is dark */
	/* register 0x11 is unlocked before registers 0 to 7 are written */
	for (size_t i = 0; i < out.n; i++)
		if (out.port[i] == 0x3d4 && out.value[i] == 0)
			assert_true(out.port[i - 1] == 0x3d5 && !(out.value[i - 1] & 0x80));
}

/* The blob: arguments first, then code (cli), and nothing in it depends on where it lies. */
static void test_blob(void **state)
{
	struct purgatory_args in_blob;

	assert_true(purgatory_x86_64.n > PURGATORY_START);
	memcpy(&in_blob, purgatory_x86_64.p, sizeof(in_blob));
	assert_true(in_blob.magic == PURGATORY_MAGIC);
	assert_int_equal(purgatory_x86_64.p[PURGATORY_START], 0xfa);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_good, setup),
		cmocka_unit_test_setup(test_mismatch, setup),
		cmocka_unit_test_setup(test_no_check, setup),
		cmocka_unit_test_setup(test_changed_args, setup),
		cmocka_unit_test_setup(test_bad_args, setup),
		cmocka_unit_test_setup(test_gaps, setup),
		cmocka_unit_test_setup(test_gap_in_region, setup),
		cmocka_unit_test_setup(test_too_many_regions, setup),
		cmocka_unit_test_setup(test_stamps, setup),
		cmocka_unit_test_setup(test_reset_order, setup),
		cmocka_unit_test_setup(test_no_port, setup),
		cmocka_unit_test_setup(test_silent, setup),
		cmocka_unit_test_setup(test_baud, setup),
		cmocka_unit_test_setup(test_vga, setup),
		cmocka_unit_test_setup(test_vga_reset, setup),
		cmocka_unit_test_setup(test_blob, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

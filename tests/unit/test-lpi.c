// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tables of a GICv3 in the kernel log. logs/ are of Debian's 6.1 and 7.2 on two processors of QEMU's
 * virt,gic-version=3, the first 150 lines; addresses were read off them by eye. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memmap/aarch64/lpi.h"
#include "tests/unit/cmocka-shim.h"

static struct bytes text(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

static void expect_tables(const struct lpi_tables *t, const uint64_t *wanted, size_t n)
{
	assert_int_equal(t->tables.n, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(t->tables.v[i].start, wanted[i]);
		assert_int_equal(t->tables.v[i].end, wanted[i] + 0x10000);
	}
}

static void finds_them_in_real_logs(void **state)
{
	static const struct {
		const char *name;
		uint64_t tables[3];
	} rows[] = {
		{ LOGS "/gicv3-6.1.log", { 0x421a0000, 0x421b0000, 0x421c0000 } },
		{ LOGS "/gicv3-7.2.log", { 0x42a10000, 0x42a20000, 0x42a30000 } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static char log[64 << 10];
		FILE *f = fopen(rows[i].name, "re");
		struct lpi_tables t;
		struct bytes b;

		assert_non_null(f);
		b = (struct bytes){ (const uint8_t *)log, fread(log, 1, sizeof(log), f) };
		fclose(f);
		assert_int_equal(lpi_tables_read(b, &t), 0);
		expect_tables(&t, rows[i].tables, 3);
		assert_true(t.has_its && lpi_log_begins(b));
		assert_true(lpi_tables_known(&t, 2, true) && lpi_tables_known(&t, 2, false));
		assert_false(lpi_tables_known(&t, 4,
					      true)); /* two have none, or the log has lost them */
		lpi_tables_done(&t);
	}
}

static void reads_every_form_of_a_line(void **state)
{
	static const uint64_t wanted[] = { 0x81a0000, 0x81b0000, 0x81c0000, 0x81d0000 };
	struct lpi_tables t;

	assert_int_equal(
		lpi_tables_read(
			text("<6>[    0.000000] GICv3: using LPI property table @0x00000000081a0000\n"
			     "<6>[    0.000000][    T0] GICv3: CPU0: using reserved LPI pending "
			     "table @0x00000000081b0000\r\n"
			     "GICv3: CPU12: using allocated LPI pending table @0x00000000081c0000\n"
			     "[    9.1] GICv3: CPU0: using reserved LPI pending table "
			     "@0x00000000081b0000\n"
			     "[   10.0] GICv3: CPU1: using allocated LPI pending table "
			     "@0x00000000081d0000"),
			&t),
		0);
	expect_tables(&t, wanted, 4);
	assert_true(t.has_properties);
	assert_int_equal(t.n_pending, 3); /* a processor that comes back has its own again */
	lpi_tables_done(&t);
}

static void believes_no_other_line(void **state)
{
	static const char *const lines[] = {
		"",
		"[",
		"<6",
		"<6>[",
		"[    0.0] ",
		"[ 1.0] systemd[1]: GICv3: using LPI property table @0x81a0000",
		"GICv3: using LPI property table @0x81a0001",
		"GICv3: using LPI property table @",
		"GICv3: using LPI property table @0x81a0000 more",
		"GICv3: using LPI property table @0xffffffffffff0000",
		"GICv3: CPU: using allocated LPI pending table @0x81a0000",
		"GICv3: CPU0: using LPI pending table @0x81a0000",
		"[ 1.0] [ 1.0] [ 1.0] GICv3: using LPI property table @0x81a0000",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct lpi_tables t;

		assert_int_equal(lpi_tables_read(text(lines[i]), &t), 0);
		assert_int_equal(t.tables.n, 0);
		assert_false(t.has_its || t.has_properties || lpi_log_begins(text(lines[i])));
		assert_false(lpi_tables_known(&t, 1, false)); /* unknown is never none */
		assert_true(lpi_tables_known(&t, 1, true));
		lpi_tables_done(&t);
	}
}

static void an_its_without_tables_is_unknown(void **state)
{
	struct lpi_tables t;

	assert_int_equal(
		lpi_tables_read(text("[    0.000000] ITS [mem 0x08080000-0x0809ffff]\n"), &t), 0);
	assert_true(t.has_its);
	assert_false(lpi_tables_known(&t, 1, true));
	lpi_tables_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_them_in_real_logs),
		cmocka_unit_test(reads_every_form_of_a_line),
		cmocka_unit_test(believes_no_other_line),
		cmocka_unit_test(an_its_without_tables_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

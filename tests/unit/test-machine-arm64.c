// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a planner for arm64 is told of a machine. Tree and log are those of QEMU's virt,gic-version=3 (test-next-tree.c,
 * test-lpi.c); tables of ACPI are made here by the offsets of their specifications. */
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>

#include "fdt/next-tree.h"
#include "fundamental/aarch64/purgatory-abi.h"
#include "lib/aarch64/aarch64.h"
#include "lib/arch.h"
#include "plan/planner.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

struct fixture {
	struct root root;
	struct kx_ctx *ctx;
	struct sys sys;
	struct machine machine;
};

static const char *log_text; /* NULL: not permitted */
static size_t log_n;

static int fake_log(struct sys *sys, uint8_t **ret, size_t *ret_n)
{
	if (!log_text)
		return -EPERM;
	*ret = malloc(log_n + 1);
	assert_non_null(*ret);
	memcpy(*ret, log_text, log_n);
	*ret_n = log_n;
	return 0;
}

static size_t read_file(const char *path, uint8_t *buf, size_t n)
{
	FILE *f = fopen(path, "re");
	size_t got;

	assert_non_null(f);
	got = fread(buf, 1, n, f);
	fclose(f);
	assert_true(got > 0 && got < n);
	return got;
}

static uint64_t fake_khz(struct sys *sys)
{
	return 62500;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct kx_ctx_opts opts = { .size = sizeof(opts) };
	static uint8_t tree[64 << 10], log[64 << 10];

	assert_non_null(f);
	root_new(&f->root);
	root_put(&f->root, "/proc/cpuinfo",
		 "processor\t: 0\nFeatures\t: fp asimd evtstrm crc32 cpuid\n"
		 "CPU implementer\t: 0x41\n\nprocessor\t: 1\nFeatures\t: fp asimd crc32\n");
	root_put_bytes(&f->root, "/sys/firmware/fdt", tree,
		       read_file(TREES "/virt-gicv3.dtb", tree, sizeof(tree)));
	log_n = read_file(LOGS "/gicv3-6.1.log", log, sizeof(log));
	log_text = (const char *)log;
	opts.root = f->root.path;
	assert_int_equal(kx_ctx_new(&opts, &f->ctx, NULL), 0);
	f->sys.kernel_log = fake_log;
	f->sys.tsc_khz = fake_khz;
	f->ctx->sys = &f->sys;
	f->ctx->captured = false;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	machine_done(&f->machine);
	kx_ctx_free(f->ctx);
	root_free(&f->root);
	free(f);
	return 0;
}

static const struct aarch64_machine *read_machine(struct fixture *f)
{
	static const char text[] = "40000000-7fffffff : System RAM\n"
				   "  40210000-41efffff : Kernel code\n"
				   "    41000000-41001fff : deeper\n"
				   "  7f000000-7fffffff : reserved\n"
				   "80000000-800fffff : reserved\n";
	struct iomem iomem;

	machine_done(&f->machine);
	f->machine.planner = &planner_aarch64;
	assert_int_equal(iomem_parse((struct bytes){ (const uint8_t *)text, sizeof(text) - 1 },
				     &iomem, NULL),
			 0);
	assert_int_equal(aarch64_machine_read(f->ctx, &iomem, &f->machine), 0);
	iomem_done(&iomem);
	return &f->machine.aarch64;
}

static bool keeps_off(const struct machine *m, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < m->keep_off.n; i++)
		if (m->keep_off.v[i].start == start && m->keep_off.v[i].end == end)
			return true;
	return false;
}

static void test_device_tree(void **state)
{
	struct fixture *f = *state;
	const struct aarch64_machine *own = read_machine(f);

	assert_non_null(own->tree);
	assert_false(own->tree_is_assumed);
	assert_int_equal(own->firmware_call, PURGATORY_HVC); /* hw/arm/virt.c without EL3 and EL2 */
	assert_int_equal(own->serial_kind, PURGATORY_SERIAL_PL011);
	assert_true(own->serial_registers == 0x9000000);
	assert_int_equal(own->serial_width, 4);
	assert_int_equal(own->ticks_khz, 62500);
	assert_true(f->machine.has_crc32);
	assert_int_equal(f->machine.memory.n, 2);
	assert_true(keeps_off(&f->machine, 0x40210000, 0x41f00000));
	assert_true(keeps_off(&f->machine, 0x7f000000, 0x80000000));
}

static void test_lpi_tables(void **state)
{
	struct fixture *f = *state;
	const struct aarch64_machine *own = read_machine(f);

	assert_null(own->refused);
	assert_int_equal(own->lpi.tables.n, 3);
	assert_true(keeps_off(&f->machine, 0x421a0000, 0x421b0000));

	root_put(&f->root, "/proc/cpuinfo", /* one more than the log knows */
		 "processor\t: 0\n\nprocessor\t: 1\n\nprocessor\t: 2\n");
	assert_non_null(strstr(read_machine(f)->refused, "ITS"));
	assert_false(f->machine.has_crc32);

	log_n = 0; /* nothing is left of it */
	assert_non_null(read_machine(f)->refused);
	log_text = NULL;
	assert_non_null(read_machine(f)->refused);

	root_put(&f->root, "/sys/firmware/efi/fw_platform_size",
		 "64\n"); /* the kernel reserves them */
	own = read_machine(f);
	assert_null(own->refused);
	assert_int_equal(own->lpi.tables.n, 0);
}

/* Files of another machine: the log is what its boot has left; without a tree the plan has an empty one. */
static void test_captured(void **state)
{
	struct fixture *f = *state;
	const struct aarch64_machine *own;

	f->ctx->captured = true;
	assert_non_null(read_machine(f)->refused);
	root_put_bytes(&f->root, "/var/log/dmesg", log_text, log_n);
	own = read_machine(f);
	assert_null(own->refused);
	assert_int_equal(own->lpi.tables.n, 3);

	root_remove(&f->root, "/sys/firmware/fdt");
	own = read_machine(f);
	assert_true(own->tree_is_assumed);
	assert_int_equal(fdt_check_full(own->tree, own->n_tree), 0);
	f->ctx->captured = false;
	assert_null(read_machine(f)->tree);
}

/* Which kernels fall over when they load one: the processor says so in their log. */
static void test_lpa2(void **state)
{
	static const char with[] =
		"[    0.1] CPU features: detected: 52-bit Virtual Addressing (LPA2)\n";
	static const struct {
		const char *release;
		bool refused;
	} rows[] = {
		{ "6.12.117+deb13-cloud-arm64", true },
		{ "6.9.0", true },
		{ "6.1.0-50-cloud-arm64", false },
		{ "7.2.13+deb14-cloud-arm64", false },
	};
	struct fixture *f = *state;

	root_put(&f->root, "/sys/firmware/efi/fw_platform_size", "64\n");
	root_put(&f->root, "/proc/sys/kernel/osrelease", "6.12.1\n");
	assert_null(read_machine(f)->refused);
	log_text = with;
	log_n = sizeof(with) - 1;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		root_put(&f->root, "/proc/sys/kernel/osrelease", rows[i].release);
		assert_int_equal(read_machine(f)->refused != NULL, rows[i].refused);
	}
}

static void put32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static void test_acpi(void **state)
{
	static const struct {
		uint8_t interface, access, kind, width, shift;
	} rows[] = {
		{ 3, 3, PURGATORY_SERIAL_PL011, 4, 0 },	  /* PL011 */
		{ 0xe, 1, PURGATORY_SERIAL_PL011, 4, 0 }, /* SBSA generic UART */
		{ 0x12, 3, PURGATORY_SERIAL_8250, 4, 2 },
		{ 0, 1, PURGATORY_SERIAL_8250, 1, 0 },
		{ 0x42, 1, 0, 0, 0 },
	};
	uint8_t fadt[276] = "FACP", spcr[80] = "SPCR";
	struct aarch64_machine m = { 0 };

	acpi_read_fadt((struct bytes){ fadt, sizeof(fadt) }, &m);
	assert_int_equal(m.firmware_call, PURGATORY_NO_FIRMWARE);
	fadt[129] = 1;
	acpi_read_fadt((struct bytes){ fadt, 130 }, &m); /* cut off */
	assert_int_equal(m.firmware_call, PURGATORY_NO_FIRMWARE);
	acpi_read_fadt((struct bytes){ fadt, sizeof(fadt) }, &m);
	assert_int_equal(m.firmware_call, PURGATORY_SMC);
	fadt[129] = 3;
	acpi_read_fadt((struct bytes){ fadt, sizeof(fadt) }, &m);
	assert_int_equal(m.firmware_call, PURGATORY_HVC);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		m = (struct aarch64_machine){ 0 };
		spcr[36] = rows[i].interface;
		spcr[43] = rows[i].access;
		put32(spcr + 44, 0x9000000);
		acpi_read_spcr((struct bytes){ spcr, 51 }, &m); /* cut off */
		assert_true(m.serial_registers == 0);
		acpi_read_spcr((struct bytes){ spcr, sizeof(spcr) }, &m);
		assert_int_equal(m.serial_kind, rows[i].kind);
		assert_int_equal(m.serial_width, rows[i].width);
		assert_int_equal(m.serial_shift, rows[i].shift);
		assert_true(m.serial_registers == (rows[i].kind ? 0x9000000 : 0));
	}
	m = (struct aarch64_machine){ 0 };
	spcr[36] = 3;
	spcr[40] = 1; /* I/O ports */
	acpi_read_spcr((struct bytes){ spcr, sizeof(spcr) }, &m);
	assert_true(m.serial_registers == 0);
}

/* arch/arm64/kernel/smp.c: with more than one processor, none of which can be switched off. */
static void test_stuck(void **state)
{
	struct fixture *f = *state;

	assert_null(read_machine(f)->stuck); /* nobody knows */
	root_put(&f->root, "/sys/devices/system/cpu/possible", "0\n");
	root_put(&f->root, "/sys/devices/system/cpu/cpu0/crash_notes", "1\n");
	assert_null(read_machine(f)->stuck);
	root_put(&f->root, "/sys/devices/system/cpu/possible", "0-3\n");
	assert_non_null(strstr(read_machine(f)->stuck, "spin-table"));
	assert_null(f->machine.aarch64.refused);
	root_put(&f->root, "/sys/devices/system/cpu/cpu1/online", "1\n");
	assert_null(read_machine(f)->stuck);
}

/* What the last purgatory left, as a tree of next_tree()'s with its numbers in it. */
static void test_stamps(void **state)
{
	struct fixture *f = *state;
	struct stamps left = { .magic = STAMPS_MAGIC,
			       .version = 1,
			       .n = 3,
			       .tsc_khz = 62500,
			       .slot = { { STAMP_PURGATORY_ENTRY, 1000 },
					 { STAMP_PURGATORY_CHECKED, 1500 },
					 { STAMP_PURGATORY_EXIT, 1501 } } };
	struct tree_change change = { .cmdline = "quiet",
				      .stamps = { (uint8_t *)&left, sizeof(left) } };
	struct kx_stamps got = { .size = sizeof(got) };
	static uint8_t tree[64 << 10];
	struct kx_error err = { 0 };
	uint8_t *made;
	size_t n;

	root_put(&f->root, "/proc/sys/kernel/arch", "aarch64\n");
	assert_int_equal(kx_stamps(f->ctx, &got, &err), -ENOENT);
	n = read_file(TREES "/virt-gicv3.dtb", tree, sizeof(tree));
	assert_int_equal(next_tree((struct bytes){ tree, n }, &change, &made, &n, &err), 0);
	root_put_bytes(&f->root, "/sys/firmware/fdt", made, n);
	free(made);
	assert_int_equal(kx_stamps(f->ctx, &got, &err), 0);
	assert_int_equal(got.tsc_khz, 62500);
	assert_int_equal(got.tsc_entry, 1000);
	assert_int_equal(got.tsc_checked, 1500);
	assert_int_equal(got.tsc_exit, 1501);

	change.stamps.n = 104;
	n = read_file(TREES "/virt-gicv3.dtb", tree, sizeof(tree));
	assert_int_equal(next_tree((struct bytes){ tree, n }, &change, &made, &n, &err), 0);
	root_put_bytes(&f->root, "/sys/firmware/fdt", made, n);
	free(made);
	assert_int_equal(kx_stamps(f->ctx, &got, &err), -EBADMSG);
	root_put(&f->root, "/sys/firmware/fdt", "no tree");
	assert_int_equal(kx_stamps(f->ctx, &got, &err), -ENOENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_device_tree),	     TEST(test_lpi_tables),
		TEST(test_captured),	     TEST(test_stuck),
		TEST(test_stamps),	     TEST(test_lpa2),
		cmocka_unit_test(test_acpi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

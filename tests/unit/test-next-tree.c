// SPDX-License-Identifier: LGPL-2.1-or-later
/* The device tree of the next kernel. trees/virt-gicv3.dtb is what QEMU 7.2 makes for `-M virt,gic-version=3 -m 2048
 * -kernel … -initrd … -append "console=ttyAMA0 panic=-1"` (-M dumpdtb), packed; results are read by libfdt. */
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fdt/next-tree.h"
#include "tests/unit/cmocka-shim.h"

#define SEED UINT64_C(0x0123456789abcdef)
#define INITRD UINT64_C(0x148000000)

static _Alignas(8) uint8_t tree[64 << 10];
static size_t tree_n;
static const uint8_t random_bytes[32] = { 1, 2, 3 };

static size_t total_size(const void *fdt)
{
	return fdt_totalsize(fdt);
}

static int load_tree(void **state)
{
	FILE *f = fopen(TREES "/virt-gicv3.dtb", "re");

	assert_non_null(f);
	tree_n = fread(tree, 1, sizeof(tree), f);
	fclose(f);
	assert_int_equal(total_size(tree), tree_n);
	assert_int_equal(fdt_open_into(tree, tree, sizeof(tree)),
			 0); /* room for what a test adds */
	tree_n = sizeof(tree);
	return 0;
}

static struct tree_change change_with(const char *cmdline)
{
	return (struct tree_change){
		.cmdline = cmdline,
		.initrd = INITRD,
		.initrd_n = 5000,
		.kaslr_seed = SEED,
		.rng_seed = { random_bytes, sizeof(random_bytes) },
	};
}

static uint8_t *changed(const struct tree_change *change)
{
	struct kx_error err = { 0 };
	uint8_t *ret = NULL;
	size_t n = 0;
	int r = next_tree((struct bytes){ tree, tree_n }, change, &ret, &n, &err);

	assert_string_equal(err.message, "");
	assert_int_equal(r, 0);
	assert_int_equal(fdt_check_full(ret, n), 0);
	assert_int_equal(total_size(ret), n);
	return ret;
}

static int chosen_of(const void *fdt)
{
	int node = fdt_path_offset(fdt, "/chosen");

	assert_true(node > 0);
	return node;
}

static void expect(const void *fdt, const char *name, const void *value, size_t n)
{
	int found_n;
	const void *found = fdt_getprop(fdt, chosen_of(fdt), name, &found_n);

	if (!value) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_int_equal(found_n, n);
	if (n)
		assert_memory_equal(found, value, n);
}

static void expect_number(const void *fdt, const char *name, uint64_t v)
{
	uint8_t b[8];

	fdt64_st(b, v);
	expect(fdt, name, b, sizeof(b));
}

static void sets_what_a_bootloader_sets(void **state)
{
	const struct tree_change change = change_with("root=/dev/vda1");
	uint8_t *made = changed(&change);

	expect(made, "bootargs", "root=/dev/vda1", 15);
	expect_number(made, "linux,initrd-start", INITRD); /* QEMU's has 32 bits */
	expect_number(made, "linux,initrd-end", INITRD + 5000);
	expect_number(made, "kaslr-seed", SEED);
	expect(made, "rng-seed", random_bytes, sizeof(random_bytes));
	expect(made, "linux,booted-from-kexec", "", 0);
	expect(made, "stdout-path", "/pl011@9000000", 15);
	expect(made, "rapidreboot,stamps", NULL, 0);
	free(made);
}

/* Wherever /chosen lies: names before it of each length that moves it by 4 bytes. */
static void puts_stamps_where_they_are_aligned(void **state)
{
	struct tree_change change = change_with("quiet");
	_Alignas(8) static uint8_t stamps[216];
	bool was_padded[2] = { false };

	for (size_t i = 0; i < sizeof(stamps); i++)
		stamps[i] = (uint8_t)(i + 1);
	change.stamps = (struct bytes){ stamps, sizeof(stamps) };
	for (int i = 0; i < 4; i++) {
		size_t at, n;
		uint8_t *made;
		int value_n;

		assert_int_equal(fdt_setprop(tree, 0, "of-a-length", stamps, 4 * i), 0);
		made = changed(&change);
		assert_int_equal(
			tree_stamps((struct bytes){ made, total_size(made) }, &at, &n, NULL), 0);
		assert_int_equal(n, sizeof(stamps));
		assert_int_equal(at % 8, 0);
		assert_memory_equal(made + at, stamps, n);
		(void)fdt_getprop(made, chosen_of(made), "rapidreboot,stamps", &value_n);
		was_padded[value_n != sizeof(stamps)] = true;
		expect(made, "bootargs", "quiet", 6);
		free(made);
	}
	assert_true(was_padded[0] && was_padded[1]);
	assert_int_equal(
		tree_stamps((struct bytes){ tree, tree_n }, &(size_t){ 0 }, &(size_t){ 0 }, NULL),
		-ENOENT);
	assert_int_equal(
		tree_stamps((struct bytes){ tree, 30 }, &(size_t){ 0 }, &(size_t){ 0 }, NULL),
		-EBADMSG);
}

static void leaves_nothing_of_the_running_kernel(void **state)
{
	static const char *const gone[] = { "linux,elfcorehdr", "linux,usable-memory-range",
					    "linux,ima-kexec-buffer", "linux,kho-fdt",
					    "linux,kho-scratch" };
	struct tree_change change = change_with("");
	uint8_t *made;

	change.initrd_n = 0;
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		assert_int_equal(fdt_setprop_u64(tree, chosen_of(tree), gone[i], 1), 0);
	made = changed(&change);
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		expect(made, gone[i], NULL, 0);
	expect(made, "bootargs", NULL, 0);
	expect(made, "linux,initrd-start", NULL, 0);
	expect(made, "linux,initrd-end", NULL, 0);
	free(made);
}

/* Also seeds that the running tree does not have any more: the kernel erases them. */
static void keeps_what_uefi_left(void **state)
{
	const struct tree_change change = change_with("quiet");
	uint8_t *made;

	assert_int_equal(
		fdt_setprop_u64(tree, chosen_of(tree), "linux,uefi-system-table", 0x7f7e0018), 0);
	assert_int_equal(fdt_setprop_u32(tree, chosen_of(tree), "linux,uefi-mmap-size", 0x600), 0);
	assert_int_equal(fdt_delprop(tree, chosen_of(tree), "kaslr-seed"), 0);
	assert_int_equal(fdt_delprop(tree, chosen_of(tree), "rng-seed"), 0);
	made = changed(&change);
	expect_number(made, "linux,uefi-system-table", 0x7f7e0018);
	expect(made, "linux,uefi-mmap-size", "\0\0\6\0", 4);
	expect_number(made, "kaslr-seed", SEED);
	expect(made, "rng-seed", random_bytes, sizeof(random_bytes));
	free(made);
}

static void makes_chosen_where_there_is_none(void **state)
{
	const struct tree_change change = change_with("quiet");
	uint8_t *made;

	assert_int_equal(fdt_del_node(tree, chosen_of(tree)), 0);
	made = changed(&change);
	expect(made, "bootargs", "quiet", 6);
	free(made);
}

static void expect_reserved(const void *fdt, const uint64_t (*wanted)[2], int n)
{
	assert_int_equal(fdt_num_mem_rsv(fdt), n);
	for (int i = 0; i < n; i++) {
		uint64_t at, size;

		assert_int_equal(fdt_get_mem_rsv(fdt, i, &at, &size), 0);
		assert_int_equal(at, wanted[i][0]);
		assert_int_equal(size, wanted[i][1]);
	}
}

/* The old ramdisk's goes, exact or in whole pages; firmware's stay; new ones come once, however often it is done. */
static void changes_reservations(void **state)
{
	static const struct tree_reservation tables[] = { { 0x42a00000, 0x10000 },
							  { 0x42b00000, 0x10000 },
							  { 0x80001000, 0x1000 } };
	static const uint64_t wanted[][2] = { { 0x80000000, 0x10000 },
					      { 0x48000000, 0x5000 },
					      { 0x42a00000, 0x10000 },
					      { 0x42b00000, 0x10000 } };
	struct tree_change change = change_with("");
	uint8_t *made;

	assert_int_equal(fdt_setprop_u32(tree, chosen_of(tree), "linux,initrd-start", 0x48000000),
			 0);
	assert_int_equal(fdt_setprop_u32(tree, chosen_of(tree), "linux,initrd-end", 0x48001388), 0);
	assert_int_equal(fdt_add_mem_rsv(tree, 0x80000000, 0x10000), 0);
	assert_int_equal(fdt_add_mem_rsv(tree, 0x48000000, 0x1388), 0);
	assert_int_equal(fdt_add_mem_rsv(tree, 0x48000000, 0x2000), 0);
	assert_int_equal(fdt_add_mem_rsv(tree, 0x48000000, 0x5000), 0); /* somebody else's */
	change.reserved = tables;
	change.n_reserved = 3;
	for (int generation = 0; generation < 3; generation++) {
		made = changed(&change);
		expect_reserved(made, wanted, 4);
		memcpy(tree, made, total_size(made));
		tree_n = total_size(made);
		free(made);
	}
}

static void keeps_the_rest(void **state)
{
	const struct tree_change change = change_with("quiet");
	const char *const paths[] = { "/memory@40000000", "/psci", "/intc@8000000/its@8080000",
				      "/cpus/cpu@0" };
	uint8_t *made = changed(&change);

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int old = fdt_path_offset(tree, paths[i]), new = fdt_path_offset(made, paths[i]),
		    property;

		assert_true(old > 0 && new > 0);
		fdt_for_each_property_offset(property, tree, old)
		{
			const char *name;
			int n, found_n;
			const void *value = fdt_getprop_by_offset(tree, property, &name, &n);
			const void *found = fdt_getprop(made, new, name, &found_n);

			assert_non_null(found);
			assert_int_equal(found_n, n);
			assert_memory_equal(found, value, (size_t)n);
		}
	}
	free(made);
}

static void expect_refused(struct bytes given, const struct tree_change *change, int code,
			   const char *words)
{
	struct kx_error err = { 0 };
	uint8_t *ret = (uint8_t *)1;
	size_t n = 7;

	assert_int_equal(next_tree(given, change, &ret, &n, &err), code);
	assert_int_equal(err.code, code);
	if (!strstr(err.message, words))
		fail_msg("not %s: %s", words, err.message);
	assert_true(ret == (uint8_t *)1 && n == 7);
}

static void refuses_what_is_no_tree(void **state)
{
	struct tree_change change = change_with("");
	char *long_line = malloc(3 << 20);

	expect_refused((struct bytes){ tree, 0 }, &change, -EBADMSG,
		       "device tree: FDT_ERR_TRUNCATED");
	expect_refused(
		(struct bytes){ (const uint8_t *)"MZ not a tree, but long enough for a header",
				43 },
		&change, -EBADMSG, "device tree: FDT_ERR_BADMAGIC");
	expect_refused((struct bytes){ tree, 3000 }, &change, -EBADMSG, "device tree: FDT_ERR_");
	memset(long_line, 'x', 3 << 20);
	long_line[(3 << 20) - 1] = 0;
	change.cmdline = long_line;
	expect_refused((struct bytes){ tree, tree_n }, &change, -E2BIG,
		       "kernels take 2097152 at most");
	fdt_set_totalsize(tree, DEVICE_TREE_MAX + 8);
	change.cmdline = "";
	expect_refused((struct bytes){ tree, tree_n }, &change, -E2BIG, "2097160 bytes");
	free(long_line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sets_what_a_bootloader_sets, load_tree),
		cmocka_unit_test_setup(puts_stamps_where_they_are_aligned, load_tree),
		cmocka_unit_test_setup(leaves_nothing_of_the_running_kernel, load_tree),
		cmocka_unit_test_setup(keeps_what_uefi_left, load_tree),
		cmocka_unit_test_setup(makes_chosen_where_there_is_none, load_tree),
		cmocka_unit_test_setup(changes_reservations, load_tree),
		cmocka_unit_test_setup(keeps_the_rest, load_tree),
		cmocka_unit_test_setup(refuses_what_is_no_tree, load_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Plans for captured machines (tests/golden/machines): the bytes that tests/golden/plans.py does not
 * see, boot_params above all. */
#include <libkexec.h>
#include <stdio.h>

#include "lib/internal.h"
#include "tests/unit/plan-machines.h"

static struct fake_kernel kernel;
static uint8_t initrd[70001];

static void read_captured(const char *name, struct machine *ret)
{
	char root[4096];
	struct kx_ctx_opts opts = { .size = sizeof(opts), .root = root };
	struct kx_error err = { 0 };
	struct kx_ctx *ctx;

	(void)snprintf(root, sizeof(root), "%s/%s", MACHINES, name);
	assert_int_equal(kx_ctx_new(&opts, &ctx, &err), 0);
	if (machine_read(ctx, ret, &err) < 0)
		fail_msg("%s: %s", name, err.message);
	kx_ctx_free(ctx);
}

/* @efi: what /sys/firmware/efi of the machine amounts to */
static void check(const char *name, uint64_t flags, bool efi)
{
	struct machine m;
	struct plan_request req = { .image = &kernel.image,
				    .initrd = { initrd, sizeof(initrd) },
				    .cmdline = "root=UUID=0 quiet",
				    .flags = flags };
	struct kx_error err = { 0 };
	struct plan plan;
	uint64_t bp, n;

	read_captured(name, &m);
	if (plan_make(&m, &req, &plan, &err) < 0)
		fail_msg("%s: %s", name, err.message);
	bp = check_linux(&m, &req, &plan);
	/* where the firmware's tables are: as the running kernel was told */
	assert_true(le_at(&plan, bp + 0x70, 8) == m.x86_64.acpi_rsdp);
	assert_int_equal(le_at(&plan, bp + 0x1ec, 1), m.x86_64.boot_params[0x1ec]);
	assert_int_equal(!setup_data(&plan, bp, 4, &n), !efi);
	for (size_t i = 0; i < 8; i++) /* signature and address of the system table */
		assert_int_equal(le_at(&plan, bp + 0x1c0 + i, 1),
				 efi ? m.x86_64.boot_params[0x1c0 + i] : 0);
	assert_int_equal(plan.n_warnings, 0);
	plan_done(&plan);
	machine_done(&m);
}

static void test_captured(void **state)
{
	static const struct {
		const char *name;
		bool efi;
	} machines[] = {
		{ "qemu-bios-3g", false },	{ "qemu-bios-6g", false },
		{ "qemu-many-ranges", false },	{ "qemu-uefi-3g", true },
		{ "qemu-uefi-6g-crash", true },
	};

	fake_bzimage(&kernel);
	for (size_t i = 0; i < sizeof(initrd); i++)
		initrd[i] = (uint8_t)(i * 3 + (i >> 8));
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		check(machines[i].name, 0, machines[i].efi);
		check(machines[i].name, KX_REQ_ENTRY_32BIT, machines[i].efi);
		check(machines[i].name, KX_REQ_NO_EFI | KX_REQ_NO_DIGEST, false);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_captured) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* KX_REQ_FAST: the kernel of vmlinux-make.h out of a bzImage. Rules: arch/x86/boot/compressed/kaslr.c,
 * Documentation/arch/x86/boot.rst. */
#include <errno.h>

#include "tests/unit/plan-machines.h"
#include "tests/unit/vmlinux-payload.h"

#define SLOTS 503u			  /* test-image-vmlinux.c */
#define LINK UINT64_C(0xffffffff81000004) /* the 64-bit value at 16, before it is moved */

static struct fake_kernel kernel;
static uint8_t payload[VMLINUX_PAYLOAD_MAX];

static int setup(void **state)
{
	fake_bzimage(&kernel);
	kernel.image.x86_64.bzimage.payload = vmlinux_payload(payload);
	return 0;
}

/* What a physical address leads to with the tables at @root: Intel SDM volume 3, 4.5. 0: nothing. */
static uint64_t walk(const struct plan *plan, uint64_t root, unsigned levels, uint64_t address)
{
	uint64_t table = root;

	for (unsigned level = levels; level >= 2; level--) {
		const unsigned shift = 12 + 9 * (level - 1);
		const uint64_t v = le_at(plan, table + (address >> shift & 511) * 8, 8);

		if (!(v & 1))
			return 0;
		/* written and used, so that the processor changes nothing that is checked */
		assert_true((v & 0x22) == 0x22);
		assert_int_equal(!!(v & 0x80), level == 2);
		assert_true(level != 2 || v & 0x40);
		table = v & UINT64_C(0x000ffffffffff000);
	}
	return table + (address & 0x1fffff);
}

static void check_mapped(const struct plan *plan, uint64_t root, struct range r)
{
	for (uint64_t at = r.start; at < r.end; at += 4096) {
		assert_true(walk(plan, root, 4, at) == at);
		assert_true(walk(plan, root + 4096, 5, at) == at);
	}
}

/* The purgatory's own page tables lead everywhere it has to go, and nowhere else. */
static void check_tables(const struct plan *plan, const struct purgatory_args *args)
{
	const struct segment *tables = segment_named(plan, "page tables");

	assert_true(args->page_tables == tables->dest.start && tables->dest.end <= 4 * GiB);
	assert_int_equal(tables->digested, !!(args->flags & PURGATORY_CHECK));
	for (size_t i = 0; i < plan->n_segments; i++)
		check_mapped(plan, args->page_tables, plan->segments[i].dest);
	for (uint32_t i = 0; i < args->n_clear; i++)
		check_mapped(plan, args->page_tables,
			     (struct range){ args->clear[i].start,
					     args->clear[i].start + args->clear[i].n });
	check_mapped(plan, args->page_tables, (struct range){ 0xb8000, 0xc0000 });
	for (uint64_t at = 0; at < 16 * GiB; at += 2 * MiB) {
		bool used = at == 0;

		for (size_t i = 0; i < plan->n_segments; i++)
			used |= plan->segments[i].dest.start < at + 2 * MiB &&
				at < plan->segments[i].dest.end;
		/* the whole kernel: what nobody clears it will use on these tables, too */
		used |= args->entry - 12 <= at && at < args->entry - 12 + VMLINUX_SPAN;
		assert_int_equal(walk(plan, args->page_tables, 4, at + 1) != 0, used);
	}
}

/* Each byte of the kernel as the file has it is in a segment, or zero and zeroed; no page is both. */
static void check_kernel(const struct plan *plan, const struct purgatory_args *args)
{
	const uint64_t start = args->entry - 12;

	for (uint64_t page = 0; page < VMLINUX_SPAN; page += 4096) {
		const bool has_data = page == 0 || page == VMLINUX_SECOND;
		unsigned times = 0;

		for (uint32_t i = 0; i < args->n_clear; i++)
			times += args->clear[i].start <= start + page &&
				 start + page < args->clear[i].start + args->clear[i].n;
		assert_int_equal(times, !has_data);
		times = 0;
		for (size_t i = 0; i < plan->n_segments; i++)
			times += plan->segments[i].dest.start <= start + page &&
				 start + page < plan->segments[i].dest.end;
		assert_int_equal(times, has_data);
	}
	/* but for the places that are moved: 16 and 32 to 44, and 8 in the second part */
	for (uint64_t i = 0; i < 4096; i++) {
		if (i < 16 || i >= 44)
			assert_int_equal(byte_at(plan, start + i), i < 64 ? 0x90 : 0);
		if (i < 8 || i >= 16)
			assert_int_equal(byte_at(plan, start + VMLINUX_SECOND + i),
					 i < 32 ? 0x90 : 0);
	}
}

static struct plan make_quickly(const struct machine *m, const char *cmdline, uint64_t flags)
{
	struct plan_request req = { .image = &kernel.image, .cmdline = cmdline, .flags = flags };
	struct kx_error err = { 0 };
	struct plan plan;

	vmlinux_prepare(&req);
	if (plan_make(m, &req, &plan, &err) < 0)
		fail_msg("%s", err.message);
	check_linux(m, &req, &plan);
	assert_non_null(plan.rung);
	assert_true(strlen(plan.rung_reason) > 10);
	return plan;
}

static struct plan make(const struct machine *m, const char *cmdline, uint64_t flags)
{
	const struct plan_request req = { .image = &kernel.image, .flags = flags };
	struct plan plan = make_quickly(m, cmdline, flags);

	if (strcmp(plan.rung, "copy") == 0) {
		const struct purgatory_args args = check_purgatory(&plan, &req);

		check_tables(&plan, &args);
		check_kernel(&plan, &args);
	}
	return plan;
}

static void expect_rung(const struct machine *m, const char *cmdline, uint64_t flags,
			const char *rung, const char *why)
{
	struct plan plan = make(m, cmdline, flags);

	assert_string_equal(plan.rung, rung);
	if (!strstr(plan.rung_reason, why))
		fail_msg("\"%s\", expected \"%s\"", plan.rung_reason, why);
	if (strcmp(rung, "bzImage") == 0) /* the protected-mode code, not what is in it */
		assert_int_equal(plan.kernel_entry & 0x1fffff, 0x200);
	plan_done(&plan);
}

static uint64_t boot_params(const struct plan *plan)
{
	return segment_named(plan, "boot_params")->dest.start;
}

/* Any random numbers: somewhere in RAM, and text where the second one says. */
static void test_places(void **state)
{
	static const uint64_t randoms[] = { 0, 1, UINT64_C(1) << 63, UINT64_C(0x123456789abcdef0),
					    UINT64_MAX };
	struct machine machines[] = { MACHINE(pc_1g), MACHINE(pc_6g) };

	for (size_t i = 0; i < ARRAY_SIZE(randoms); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(machines); k++) {
			struct machine *m = &machines[k];
			const struct segment *s;
			struct plan plan;
			uint64_t slide;

			m->has_random = true;
			m->random_physical = randoms[i];
			m->random_virtual = randoms[ARRAY_SIZE(randoms) - 1 - i];
			slide = (uint64_t)((double)m->random_virtual / 18446744073709551616.0 *
					   SLOTS);
			slide = (slide == SLOTS ? SLOTS - 1 : slide) << 21;
			plan = make(m, "quiet", KX_REQ_FAST);
			assert_string_equal(plan.rung, "copy");
			assert_int_equal(plan.n_warnings, 0);
			/* two of the kernel, boot_params, page tables, purgatory */
			assert_int_equal(plan.n_segments, 5);
			s = segment_named(&plan, "kernel");
			assert_true(s->dest.start % (2 * MiB) == 0 && s->dest.start >= 16 * MiB);
			assert_true(s->dest.end - s->dest.start == 4096);
			assert_int_equal(s->data.n, 4096);
			assert_true(s->digested);
			assert_true(plan.kernel_entry == s->dest.start + 12);
			assert_true(le_at(&plan, s->dest.start + 16, 8) == LINK + slide);
			assert_int_equal(le_at(&plan, boot_params(&plan) + 0x211, 1) & 3, 3);
			plan_done(&plan);
		}
	}
	for (size_t k = 0; k < ARRAY_SIZE(machines); k++)
		machine_done(&machines[k]);
}

/* The first and the last place there are: 16 MiB, and as high as it fits. Between RAM and RAM there
 * is a hole of 2 GiB that no number leads into. */
static void test_ends(void **state)
{
	struct machine m = MACHINE(pc_6g);
	struct plan plan;

	m.has_random = true;
	plan = make(&m, "", KX_REQ_FAST);
	assert_true(segment_named(&plan, "kernel")->dest.start == 16 * MiB);
	plan_done(&plan);
	m.random_physical = UINT64_MAX;
	plan = make(&m, "", KX_REQ_FAST);
	assert_true(segment_named(&plan, "kernel")->dest.start == 8 * GiB - 4 * MiB);
	plan_done(&plan);
	/* nothing is put where something else must stay: here all but one place */
	assert_int_equal(ranges_add(&m.keep_off, (struct range){ 0, 64 * MiB + 1 }), 0);
	assert_int_equal(
		ranges_add(&m.keep_off, (struct range){ 68 * MiB + 0x1000, 8 * GiB - 2 * MiB }), 0);
	m.random_physical = UINT64_C(1) << 63;
	plan = make(&m, "", KX_REQ_FAST);
	assert_true(segment_named(&plan, "kernel")->dest.start == 66 * MiB);
	plan_done(&plan);
	machine_done(&m);
}

/* All numbers alike. */
static void test_spread(void **state)
{
	struct machine m = MACHINE(pc_1g);
	unsigned seen[512] = { 0 };
	const unsigned places = (0x3ffe0000 - 0x201000 - 0x1000000) / 0x200000 + 1;

	m.has_random = true;
	for (unsigned i = 0; i < 4 * places; i++) {
		struct plan plan;

		m.random_physical = UINT64_MAX / (4 * places) * i + UINT64_MAX / (8 * places);
		plan = make_quickly(&m, "", KX_REQ_FAST | KX_REQ_NO_DIGEST);
		seen[segment_named(&plan, "kernel")->dest.start / (2 * MiB)]++;
		plan_done(&plan);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(seen); i++)
		assert_int_equal(seen[i], i >= 8 && i < 8 + places ? 4 : 0);
	machine_done(&m);
}

static void test_fixed(void **state)
{
	struct machine m = MACHINE(pc_6g);
	struct plan plan;

	m.has_random = true;
	m.random_virtual = UINT64_MAX;
	plan = make(&m, "quiet nokaslr", KX_REQ_FAST);
	assert_string_equal(plan.rung, "copy");
	assert_int_equal(plan.n_warnings, 0);
	assert_true(le_at(&plan, segment_named(&plan, "kernel")->dest.start + 16, 8) == LINK);
	assert_int_equal(le_at(&plan, boot_params(&plan) + 0x211, 1) & 3, 1);
	plan_done(&plan);
	/* without random numbers the same, but it is said */
	m.has_random = false;
	plan = make(&m, "quiet", KX_REQ_FAST);
	assert_string_equal(plan.rung, "copy");
	assert_int_equal(plan.n_warnings, 1);
	assert_non_null(strstr(plan.warnings[0], "random"));
	assert_int_equal(le_at(&plan, boot_params(&plan) + 0x211, 1) & 3, 1);
	plan_done(&plan);
	machine_done(&m);
}

static void test_obstacles(void **state)
{
	struct machine m = MACHINE(pc_1g);
	struct bzimage *bz = &kernel.image.x86_64.bzimage;

	m.has_random = true;
	expect_rung(&m, "", KX_REQ_FAST, "copy", "seen when");
	expect_rung(&m, "", 0, "bzImage", "--fast");
	expect_rung(&m, "mem=1G", KX_REQ_FAST, "bzImage", "mem=");
	/* kernel-parameters.txt: RAM that is added, limits, changes of type, a map of its own; not a number */
	expect_rung(&m, "memmap=4K@1G", KX_REQ_FAST, "bzImage", "memmap=");
	expect_rung(&m, "memmap=1G", KX_REQ_FAST, "bzImage", "memmap=");
	expect_rung(&m, "memmap=1G%0-1+2", KX_REQ_FAST, "bzImage", "memmap=");
	expect_rung(&m, "memmap=exactmap", KX_REQ_FAST, "bzImage", "memmap=");
	expect_rung(&m, "memmap", KX_REQ_FAST, "bzImage", "memmap=");
	expect_rung(&m, "memmap=4K!512M,1G", KX_REQ_FAST, "bzImage", "memmap=");
	expect_rung(&m, "memmap=4K!-1", KX_REQ_FAST, "bzImage", "memmap=");
	expect_rung(&m, "memmap=4K! 1", KX_REQ_FAST, "bzImage", "memmap=");
	expect_rung(&m, "memmap=4K!1x", KX_REQ_FAST, "bzImage", "memmap=");
	expect_rung(&m, "memmap=99999999E!1", KX_REQ_FAST, "bzImage", "memmap=");
	expect_rung(&m, "memmap=18446744073709551615!1", KX_REQ_FAST, "bzImage", "memmap=");
	expect_rung(&m, "memmap=4K$512M notmemmap=exactmap", KX_REQ_FAST, "copy", "");
	expect_rung(&m, "mem_encrypt=on", KX_REQ_FAST, "bzImage", "mem_encrypt");
	expect_rung(&m, "notmem=1 mem_sleep_default=deep no5lvl", KX_REQ_FAST, "copy", "");
	bz->relocatable = false;
	expect_rung(&m, "", KX_REQ_FAST, "bzImage", "CONFIG_RELOCATABLE");
	bz->relocatable = true;
	m.x86_64.la57 = true;
	expect_rung(&m, "", KX_REQ_FAST, "copy", "");
	expect_rung(&m, "no5lvl", KX_REQ_FAST, "bzImage", "no5lvl");
	bz->xloadflags = 0x3f; /* the decompressor knows five levels, the kernel does not */
	expect_rung(&m, "", KX_REQ_FAST, "bzImage", "four levels");
	bz->xloadflags = 0x7f;
	m.x86_64.la57 = false;
	m.x86_64.confidential = "a guest of a test";
	expect_rung(&m, "", KX_REQ_FAST, "bzImage", "guest of a test");
	m.x86_64.confidential = NULL;
	m.x86_64.memory_encrypted = true;
	expect_rung(&m, "", KX_REQ_FAST, "bzImage", "mem_encrypt");
	machine_done(&m);
}

/* Nothing lies in memory that the next kernel's command line takes away, wherever the kernel is put. */
static void test_excluded(void **state)
{
	static const struct {
		const char *cmdline;
		struct range excluded[2];
	} rows[] = {
		{ "memmap=128M!1G", { { GiB, GiB + (128 << 20) } } },
		{ "a memmap=5g!0x10000000 b", { { 256 << 20, 5 * GiB + (256 << 20) } } },
		{ "memmap=2G$2G memmap=1G#4G", { { 2 * GiB, 4 * GiB }, { 4 * GiB, 5 * GiB } } },
		{ "memmap=2G!1048576K,1G$0x140000000", { { GiB, 3 * GiB }, { 5 * GiB, 6 * GiB } } },
		{ "memmap=04000M!1G", { { GiB, 3 * GiB } } }, /* octal, as the kernel reads it */
		{ "memmap=1!0x7fffffff memmap=0!1G", { { 2 * GiB - 4096, 2 * GiB } } },
	};
	struct machine m = MACHINE(pc_6g);

	m.has_random = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (uint64_t place = 0; place < 16; place++) {
			struct plan plan;

			m.random_physical = place << 60;
			plan = make(&m, rows[i].cmdline, KX_REQ_FAST);
			assert_string_equal(plan.rung, "copy");
			for (size_t j = 0; j < plan.n_segments; j++)
				for (size_t k = 0; k < 2; k++)
					assert_false(range_overlaps(plan.segments[j].dest,
								    rows[i].excluded[k]));
			plan_done(&plan);
		}
	machine_done(&m);
}

/* What cannot be unpacked at all stays a bzImage; what is damaged would stop in its decompressor. */
static void test_payloads(void **state)
{
	struct machine m = MACHINE(pc_1g);
	struct bzimage *bz = &kernel.image.x86_64.bzimage;
	struct plan_request req = { .image = &kernel.image, .cmdline = "", .flags = KX_REQ_FAST };
	struct kx_error err = { 0 };
	struct bytes whole = bz->payload;
	struct plan plan;

	m.has_random = true;
	bz->payload = (struct bytes){ 0 };
	expect_rung(&m, "", KX_REQ_FAST, "bzImage", "where its vmlinux is");
	bz->payload = (struct bytes){ payload + 1, whole.n - 1 };
	expect_rung(&m, "", KX_REQ_FAST, "bzImage", "where its vmlinux is");
	bz->payload = whole;
	payload[100] ^= 1;
	vmlinux_prepare(&req);
	assert_int_equal(plan_make(&m, &req, &plan, &err), -EBADMSG);
	assert_non_null(strstr(err.message, "gzip"));
	payload[100] ^= 1;
	expect_rung(&m, "", KX_REQ_FAST, "copy", "");
	machine_done(&m);
}

/* The same kernel once more, in given places: nothing of it is unpacked or drawn again. */
static void test_in_place(void **state)
{
	static uint8_t initrd[3 * MiB];
	struct machine m = MACHINE(pc_6g);
	struct plan_request req = { .image = &kernel.image,
				    .cmdline = "quiet",
				    .initrd = { initrd, sizeof(initrd) },
				    .flags = KX_REQ_FAST };
	const struct windows whole = { .kernel = { 5 * GiB, 5 * GiB + 4 * MiB },
				       .initrd = { 32 * MiB, 36 * MiB } };
	struct windows holed = whole;
	struct plan copy, plan;
	struct kx_error err = { 0 };

	for (size_t i = 0; i < sizeof(initrd); i++)
		initrd[i] = (uint8_t)(i * 31 + (i >> 13));
	m.has_random = true;
	m.random_virtual = UINT64_C(1) << 63;
	vmlinux_prepare(&req);
	assert_int_equal(plan_make(&m, &req, &copy, &err), 0);
	assert_true(copy.may_be_in_place);
	assert_int_equal(plan_in_place(&m, &req, &copy, &whole, &plan, &err), 0);
	check_linux(&m, &req, &plan);
	assert_string_equal(plan.rung, "zero-copy");
	assert_int_equal(plan.n_segments, 2);
	assert_int_equal(plan.n_in_place, 2);
	assert_true(plan.kernel_entry == 5 * GiB + 12);
	assert_true(le_at(&plan, 5 * GiB + 16, 8) == LINK + (UINT64_C(251) << 21));
	assert_true(le_at(&plan, boot_params(&plan) + 0x218, 4) == 32 * MiB);
	assert_int_equal(le_at(&plan, boot_params(&plan) + 0x211, 1) & 3, 3);
	plan_done(&plan);

	/* the second page of both is somebody else's until the jump */
	holed.n_holes = 2;
	holed.holes[0] = (struct range){ 5 * GiB + 2 * MiB, 5 * GiB + 4 * MiB };
	holed.holes[1] = (struct range){ 34 * MiB, 36 * MiB };
	holed.hole_bytes = 4 * MiB;
	assert_int_equal(plan_in_place(&m, &req, &copy, &holed, &plan, &err), 0);
	assert_int_equal(plan.n_segments, 4);
	check_purgatory(&plan, &req);
	assert_non_null(strstr(plan.rung_reason, "4 MiB"));
	assert_true(plan.segments[0].dest.start == 5 * GiB + 2 * MiB);
	assert_memory_equal(plan.segments[0].data.p, plan.in_place[0].data.p + 2 * MiB, 0x20);
	assert_int_equal(plan.segments[0].data.n, 0x20); /* the last byte that is not 0 */
	assert_true(plan.segments[1].dest.start == 34 * MiB);
	assert_int_equal(plan.segments[1].data.n, MiB);
	assert_ptr_equal(plan.segments[1].data.p, initrd + 2 * MiB);
	plan_done(&plan);
	plan_done(&copy);
	machine_done(&m);
}

static bool may_be_in_place(const struct machine *m, const char *cmdline, struct range bounds)
{
	struct plan_request req = {
		.image = &kernel.image, .cmdline = cmdline, .bounds = bounds, .flags = KX_REQ_FAST
	};
	struct plan plan;
	bool may;

	vmlinux_prepare(&req);
	assert_int_equal(plan_make(m, &req, &plan, NULL), 0);
	may = plan.may_be_in_place;
	assert_int_equal(!strstr(plan.rung_reason, "seen when"), !may);
	plan_done(&plan);
	return may;
}

static void test_not_in_place(void **state)
{
	struct machine m = MACHINE(pc_1g);
	const struct range all = { 0, UINT64_MAX };

	assert_true(may_be_in_place(&m, "crashkernel=256M user@host crashkernel=64M,low", all));
	assert_false(may_be_in_place(&m, "quiet crashkernel=256M@64M", all));
	assert_false(may_be_in_place(&m, "crashkernel=256M@64M quiet", all));
	assert_false(may_be_in_place(&m, "", (struct range){ 32 * MiB, UINT64_MAX }));
	assert_false(may_be_in_place(&m, "", (struct range){ 0, 512 * MiB }));
	machine_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),	     cmocka_unit_test(test_ends),
		cmocka_unit_test(test_spread),	     cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_obstacles),    cmocka_unit_test(test_excluded),
		cmocka_unit_test(test_payloads),     cmocka_unit_test(test_in_place),
		cmocka_unit_test(test_not_in_place),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}

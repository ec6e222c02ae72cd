// SPDX-License-Identifier: LGPL-2.1-or-later
/* What struct kx_error says besides its sentence, for each failure that a program tells from another one:
 * the file, addresses, room, flags, image type. All that is not set has to be nothing, whatever was in
 * the struct before. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/lib-fixture.h"

struct facts {
	int code;
	enum kx_step step;
	const char *file; /* NULL for none */
	uint64_t start, end, bytes, flags;
	const char *type;
};

/* The struct of a caller who did not clear it. */
static struct kx_error dirty(void)
{
	struct kx_error err;

	memset(&err, 0xa5, sizeof(err));
	return err;
}

static void expect(const char *what, const struct kx_error *err, const struct facts *f)
{
	static const uint64_t zero[ARRAY_SIZE(err->reserved)];
	const char *type = f->type ? f->type : "";

	if (err->code != f->code || err->step != f->step ||
	    strcmp(err->file, f->file ? f->file : "") != 0 || err->start != f->start ||
	    err->end != f->end || err->bytes != f->bytes || err->flags != f->flags ||
	    strcmp(err->type ? err->type : "", type) != 0)
		fail_msg("%s: code %d step %d file \"%s\" %#llx to %#llx, %llu bytes, flags %#llx, "
			 "type %s: %s",
			 what, err->code, (int)err->step, err->file, (unsigned long long)err->start,
			 (unsigned long long)err->end, (unsigned long long)err->bytes,
			 (unsigned long long)err->flags, err->type ? err->type : "none",
			 err->message);
	assert_memory_equal(err->reserved, zero, sizeof(zero));
	assert_true(err->message[0] && !strchr(err->message, '\n'));
}

static void test_images(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *path, *type;
		struct facts facts;
	} cases[] = {
		{ "/boot/missing", NULL, { -ENOENT, KX_STEP_KERNEL_OPEN, "/boot/missing" } },
		{ "/boot", NULL, { -EISDIR, KX_STEP_KERNEL_OPEN, "/boot" } },
		{ "/boot/empty", NULL, { -ENODATA, KX_STEP_KERNEL_OPEN, "/boot/empty" } },
		{ "/boot/initrd", NULL, { -ENOEXEC, KX_STEP_KERNEL_TYPE, "/boot/initrd" } },
		{ "/boot/kernel", "nonesuch", { -EINVAL, KX_STEP_KERNEL_TYPE, "/boot/kernel" } },
		{ "/boot/cut",
		  NULL,
		  { -EBADMSG, KX_STEP_KERNEL_TYPE, "/boot/cut", .type = "bzImage64" } },
		{ "/boot/cut.gz", NULL, { -EBADMSG, KX_STEP_KERNEL_UNPACK, "/boot/cut.gz" } },
	};

	root_put_bytes(&f->root, "/boot/cut.gz", "\x1f\x8b\x08\0\0\0\0\0\0\3\xff\xff\xff\xff", 14);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kx_error err = dirty();
		struct kx_image *image = NULL;

		assert_int_equal(kx_image_open(f->ctx, cases[i].path, cases[i].type, &image, &err),
				 cases[i].facts.code);
		assert_null(image);
		expect(cases[i].path, &err, &cases[i].facts);
	}
}

static const char *const second_missing[] = { "/boot/initrd", "/boot/missing", "/boot/second" };
static const char *const module_missing[] = { "/boot/module a=b", "/boot/gone /boot/initrd" };
static const char *const large[] = { "/boot/large" };

static void test_plans(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *what, *kernel;
		struct kx_request req;
		struct facts facts;
	} cases[] = {
		{ "second initial ramdisk",
		  "/boot/kernel",
		  { .way = KX_WAY_SEGMENTS, .initrds = second_missing, .n_initrds = 3 },
		  { -ENOENT, KX_STEP_INITRD, "/boot/missing" } },
		{ "by the file call",
		  "/boot/kernel",
		  { .way = KX_WAY_FILE, .initrds = second_missing + 1, .n_initrds = 1 },
		  { -ENOENT, KX_STEP_INITRD, "/boot/missing" } },
		{ "device tree",
		  "/boot/kernel",
		  { .way = KX_WAY_SEGMENTS,
		    .initrds = second_missing,
		    .n_initrds = 1,
		    .dtb = "/boot/none.dtb" },
		  { -ENOENT, KX_STEP_INITRD, "/boot/none.dtb" } },
		{ "module with arguments",
		  "/boot/guest.elf",
		  { .modules = module_missing, .n_modules = 2 },
		  { -ENOENT, KX_STEP_MODULE, "/boot/gone" } },
		/* init_size of the image: 0x3378000 */
		{ "no room",
		  "/boot/kernel",
		  { .way = KX_WAY_SEGMENTS, .mem_end = 0x1100000 },
		  { -ENOSPC, KX_STEP_PLAN, .bytes = 0x3378000 } },
		{ "no room for the initial ramdisk",
		  "/boot/kernel",
		  { .way = KX_WAY_SEGMENTS,
		    .mem_end = 0x4600000,
		    .initrds = large,
		    .n_initrds = 1 },
		  { -ENOSPC, KX_STEP_PLAN, .bytes = 0x8000000 } },
		/* the segment of 16 bytes that lib-fixture.c puts above all memory: its page */
		{ "not in RAM",
		  "/boot/high.elf",
		  { .way = KX_WAY_SEGMENTS },
		  { -EADDRNOTAVAIL, KX_STEP_PLAN, .start = 0x80000000, .end = 0x80001000 } },
		{ "hotplug",
		  "/boot/kernel",
		  { .flags = KX_REQ_HOTPLUG },
		  { -ENOENT, KX_STEP_MACHINE, "/sys/kernel/crash_elfcorehdr_size" } },
		{ "16-bit entry",
		  "/boot/kernel",
		  { .flags = KX_REQ_REAL_MODE },
		  { -EOPNOTSUPP, KX_STEP_ARGUMENT, .flags = KX_REQ_REAL_MODE } },
		{ "modules and the file call",
		  "/boot/guest.elf",
		  { .way = KX_WAY_FILE },
		  { -ENOEXEC, KX_STEP_FILE_LOAD, "/boot/guest.elf", .type = "multiboot-x86" } },
		{ "coming back from the next kernel",
		  "/boot/kernel",
		  { .way = KX_WAY_SEGMENTS, .flags = KX_REQ_PRESERVE_CONTEXT },
		  { -EOPNOTSUPP, KX_STEP_PLAN, .flags = KX_REQ_PRESERVE_CONTEXT } },
		{ "entry and the file call",
		  "/boot/kernel",
		  { .way = KX_WAY_FILE, .flags = KX_REQ_HAS_ENTRY },
		  { -EOPNOTSUPP, KX_STEP_ARGUMENT, .flags = KX_REQ_HAS_ENTRY } },
		{ "addresses",
		  "/boot/kernel",
		  { .mem_min = 0x5000, .mem_end = 0x4000 },
		  { -EINVAL, KX_STEP_ARGUMENT, .start = 0x5000, .end = 0x4000 } },
	};
	char full[256];

	root_put(&f->root, "/boot/large", "");
	assert_int_equal(truncate(fixture_path(f, "/boot/large", full), 0x8000000), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kx_image *image = fixture_kernel(f, cases[i].kernel);
		struct kx_request req = cases[i].req;
		struct kx_error err = dirty();
		struct kx_plan *plan = NULL;

		req.size = sizeof(req);
		req.image = image;
		if (kx_plan_new(f->ctx, &req, &plan, &err) != cases[i].facts.code)
			fail_msg("%s: %s", cases[i].what, plan ? "a plan" : err.message);
		assert_null(plan);
		expect(cases[i].what, &err, &cases[i].facts);
		kx_image_free(image);
	}
}

/* What the machine's own files are the reason of. */
static void test_machine(void **state)
{
	struct fixture *f = *state;
	struct kx_image *image = fixture_kernel(f, "/boot/kernel");
	struct kx_request req = { .size = sizeof(req), .image = image, .way = KX_WAY_SEGMENTS };
	struct kx_error err = dirty();
	struct kx_plan *plan = NULL;
	struct kx_ctx_opts opts = { .size = sizeof(opts), .root = "/nowhere/at/all" };
	struct kx_ctx *ctx = NULL;

	root_put(&f->root, "/proc/iomem", "00000000-00000000 : System RAM\n");
	assert_int_equal(kx_plan_new(f->ctx, &req, &plan, &err), -EPERM);
	expect("zeros", &err, &(struct facts){ -EPERM, KX_STEP_MACHINE, "/proc/iomem" });
	kx_image_free(image);

	err = dirty();
	assert_int_equal(kx_ctx_new(&opts, &ctx, &err), -ENOENT);
	expect("root", &err, &(struct facts){ -ENOENT, KX_STEP_ARGUMENT, "/nowhere/at/all" });
}

static void test_entries(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *config;
		int r;
		enum kx_step step;
	} cases[] = {
		{ "/boot/grub2/grub.cfg", -ENOENT, KX_STEP_MACHINE },
		{ "/boot/limine.conf", -ENOENT, KX_STEP_MACHINE },
		{ "/boot/extlinux/extlinux.conf", -ENOENT, KX_STEP_MACHINE },
		{ "/boot/menu.lst", -ENOENT, KX_STEP_MACHINE },
		{ "/boot/refind.conf", -ENOENT, KX_STEP_MACHINE },
		{ "/boot/nothing-known", -EINVAL, KX_STEP_MACHINE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kx_entries_opts opts = { .size = sizeof(opts), .config = cases[i].config };
		struct kx_entries *entries = NULL;
		struct kx_error err = dirty();

		if (kx_entries_new(f->ctx, &opts, &entries, &err) != cases[i].r)
			fail_msg("%s: %s", cases[i].config, entries ? "read" : err.message);
		assert_null(entries);
		expect(cases[i].config, &err,
		       &(struct facts){ cases[i].r, cases[i].step, cases[i].config });
	}
}

/* The kernel refuses the kernel's signature: the file is named. What is about no file names none. */
static void test_commit(void **state)
{
	struct fixture *f = *state;
	struct kx_image *image = fixture_kernel(f, "/boot/kernel");
	struct kx_request req = { .size = sizeof(req), .image = image, .way = KX_WAY_FILE };
	struct kx_plan *plan = NULL;
	struct kx_error err = dirty();

	assert_int_equal(kx_plan_new(f->ctx, &req, &plan, NULL), 0);
	f->load_result = -EKEYREJECTED;
	assert_int_equal(kx_plan_commit(f->ctx, plan, &err), -EKEYREJECTED);
	expect("signature", &err,
	       &(struct facts){ -EKEYREJECTED, KX_STEP_FILE_LOAD, "/boot/kernel" });
	f->load_result = -ENOMEM;
	assert_int_equal(kx_plan_commit(f->ctx, plan, &err), -ENOMEM);
	expect("no memory", &err, &(struct facts){ -ENOMEM, KX_STEP_FILE_LOAD, NULL });
	kx_plan_free(plan);
	kx_image_free(image);
}

/* Longer than there is room for: cut off, and ended. */
static void test_long_name(void **state)
{
	struct kx_error err = dirty();
	char path[2 * sizeof(err.file)];

	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(kx_fail_path(&err, -ENOENT, path), -ENOENT);
	assert_int_equal(strlen(err.file), sizeof(err.file) - 1);
	assert_memory_equal(err.file, path, sizeof(err.file) - 1);
	assert_int_equal(kx_fail_path(NULL, -ENOENT, path), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_MACHINE(test_images),  WITH_MACHINE(test_plans),
		WITH_MACHINE(test_machine), WITH_MACHINE(test_entries),
		WITH_MACHINE(test_commit),  cmocka_unit_test(test_long_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Contexts on a root of their own: what is read from a captured machine's /proc and /sys. */
#include <errno.h>
#include <libkexec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fundamental/x86_64/purgatory-abi.h"
#include "lib/arch.h"
#include "plan/planner.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

struct fixture {
	struct root root;
	struct kx_ctx *ctx;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct kx_ctx_opts opts = { .size = sizeof(opts) };

	root_new(&f->root);
	root_put(&f->root, "/proc/sys/kernel/arch", "x86_64\n"); /* whatever runs the test */
	opts.root = f->root.path;
	assert_int_equal(kx_ctx_new(&opts, &f->ctx, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	kx_ctx_free(f->ctx);
	root_free(&f->root);
	free(f);
	return 0;
}

/* The kernel's own quoting; whole keys, wherever they stand. */
static const struct {
	const char *running;
	uint64_t flags;
	const char *want;
} cmdline_cases[] = {
	{ "BOOT_IMAGE=/vmlinuz root=UUID=1 ro quiet\n", 0, "root=UUID=1 ro quiet" },
	{ "root=/dev/vda BOOT_IMAGE=/b BOOT_IMAGE_X=1\n", 0, "root=/dev/vda BOOT_IMAGE_X=1" },
	{ "a=\"x BOOT_IMAGE=1 y\" b\n", 0, "a=\"x BOOT_IMAGE=1 y\" b" },
	{ "\"initrd=a b\" c\n", 0, "c" },
	{ "initrd=\\x.img initrd=\\y.img z  \t w\n", 0, "z w" },
	{ "elfcorehdr=0x1000 kexec_jump_back_entry=0x2000\n", 0, "" },
	{ "a\rb\n", 0, "a" },
	{ "", 0, "" },
	{ "crashkernel=256M memmap=exactmap memmap=640K@0K a\n", 0,
	  "crashkernel=256M memmap=exactmap memmap=640K@0K a" },
	{ "crashkernel=256M memmap=exactmap memmap=640K@0K a\n", KX_CMDLINE_ON_CRASH, "a" },
	{ "crashkernel memmap=2M$4M b\n", KX_CMDLINE_ON_CRASH, "memmap=2M$4M b" },
	{ "root=UUID=1 ignition.firstboot rw single\n", 0, "root=UUID=1 rw" },
	{ "flatcar.first_boot=detected crashkernel=1M a\n", KX_CMDLINE_ON_CRASH, "a" },
	{ "initrdx=1 xinitrd=2 crashkernelx=3\n", KX_CMDLINE_ON_CRASH,
	  "initrdx=1 xinitrd=2 crashkernelx=3" },
};

static void test_cmdline_running(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cmdline_cases); i++) {
		char *line = NULL;

		root_put(&f->root, "/proc/cmdline", cmdline_cases[i].running);
		assert_int_equal(kx_cmdline_running(f->ctx, cmdline_cases[i].flags, &line, NULL),
				 0);
		assert_string_equal(line, cmdline_cases[i].want);
		free(line);
	}
}

static void test_cmdline_missing(void **state)
{
	struct fixture *f = *state;
	struct kx_error err = { 0 };
	char *line = NULL;

	assert_int_equal(kx_cmdline_running(f->ctx, 0, &line, &err), -ENOENT);
	assert_null(line);
	assert_int_equal(err.step, KX_STEP_MACHINE);
}

static void check_state(struct kx_ctx *ctx, int loaded, int crash_loaded)
{
	struct kx_state s = { .size = sizeof(s) };

	assert_int_equal(kx_state(ctx, &s, NULL), 0);
	assert_int_equal(s.loaded, loaded);
	assert_int_equal(s.crash_loaded, crash_loaded);
}

/* Both layouts of the state files; the newer one is believed first. */
static void test_state(void **state)
{
	struct fixture *f = *state;
	struct kx_state s = { .size = sizeof(s) };

	check_state(f->ctx, -ENOENT, -ENOENT);
	root_put(&f->root, "/sys/kernel/kexec_loaded", "0\n");
	root_put(&f->root, "/sys/kernel/kexec_crash_loaded", "1\n");
	check_state(f->ctx, 0, 1);
	root_put(&f->root, "/sys/kernel/kexec/loaded", "1\n");
	root_put(&f->root, "/sys/kernel/kexec/crash_loaded", "0\n");
	check_state(f->ctx, 1, 0);

	root_put(&f->root, "/proc/sys/kernel/kexec_load_disabled", "1\n");
	root_put(&f->root, "/proc/sys/kernel/kexec_load_limit_reboot", "3\n");
	root_put(&f->root, "/proc/sys/kernel/kexec_load_limit_panic", "-1\n");
	root_put(&f->root, "/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	root_put(&f->root, "/proc/iomem",
		 "00001000-3fffffff : System RAM\n  10000000-1fffffff : Crash kernel\n"
		 "100000000-1ffffffff : System RAM\n  140000000-15fffffff : Crash kernel\n");
	assert_int_equal(kx_state(f->ctx, &s, NULL), 0);
	assert_int_equal(s.load_disabled, 1);
	assert_int_equal(s.load_limit, 3);
	assert_int_equal(s.crash_load_limit, -1);
	assert_int_equal(s.lockdown, 1);
	assert_int_equal(s.crash_size, 0x20000000);
	assert_int_equal(s.can_boot, 0);
}

/* With the root of another machine plans can be made, but nothing is loaded. */
static void test_captured_never_acts(void **state)
{
	struct fixture *f = *state;
	struct kx_error err = { 0 };

	assert_int_equal(kx_jump(f->ctx, 0, &err), -EROFS);
	assert_int_equal(err.step, KX_STEP_JUMP);
	assert_int_equal(kx_unload(f->ctx, KX_WAY_AUTO, 0, &err), -EROFS);
	assert_int_equal(err.step, KX_STEP_UNLOAD);
}

static void test_stamps(void **state)
{
	struct fixture *f = *state;
	struct kx_stamps got = { .size = sizeof(got) };
	struct stamps left = { .magic = STAMPS_MAGIC,
			       .version = 1,
			       .n = 3,
			       .tsc_khz = 2600000,
			       .slot = { { STAMP_PURGATORY_ENTRY, 1000 },
					 { STAMP_PURGATORY_CHECKED, 1500 },
					 { STAMP_PURGATORY_EXIT, 1501 } } };
	struct kx_error err = { 0 };

	assert_int_equal(kx_stamps(f->ctx, &got, &err), -ENOENT);
	root_put(&f->root, "/sys/kernel/boot_params/setup_data/0/type", "0x9\n");
	root_put(&f->root, "/sys/kernel/boot_params/setup_data/0/data", "seed");
	assert_int_equal(kx_stamps(f->ctx, &got, &err), -ENOENT);
	root_put(&f->root, "/sys/kernel/boot_params/setup_data/1/type", "0x52520001\n");
	root_put_bytes(&f->root, "/sys/kernel/boot_params/setup_data/1/data", &left, 100);
	assert_int_equal(kx_stamps(f->ctx, &got, &err), -EBADMSG);
	root_put_bytes(&f->root, "/sys/kernel/boot_params/setup_data/1/data", &left, sizeof(left));
	assert_int_equal(kx_stamps(f->ctx, &got, &err), 0);
	assert_int_equal(got.tsc_khz, 2600000);
	assert_int_equal(got.tsc_entry, 1000);
	assert_int_equal(got.tsc_checked, 1500);
	assert_int_equal(got.tsc_exit, 1501);
}

/* Callers compiled against an older or a newer header. */
static void test_sized(void **state)
{
	struct {
		struct kx_ctx_opts opts;
		uint64_t unknown;
	} newer = { .opts = { .size = sizeof(newer) } };
	struct kx_error err = { 0 };
	struct kx_ctx *ctx = NULL;
	struct kx_ctx_opts older = { .size = sizeof(size_t) };
	size_t none = 0;

	assert_int_equal(kx_ctx_new(&newer.opts, &ctx, &err), 0);
	ctx = kx_ctx_free(ctx);
	newer.unknown = 1;
	assert_int_equal(kx_ctx_new(&newer.opts, &ctx, &err), -E2BIG);
	assert_null(ctx);
	assert_int_equal(kx_ctx_new(&older, &ctx, &err), 0);
	ctx = kx_ctx_free(ctx);
	assert_int_equal(kx_ctx_new((struct kx_ctx_opts *)&none, &ctx, &err), -EINVAL);
}

static void test_root_missing(void **state)
{
	struct kx_ctx_opts opts = { .size = sizeof(opts), .root = "/nowhere/at/all" };
	struct kx_error err = { 0 };
	struct kx_ctx *ctx = NULL;

	assert_int_equal(kx_ctx_new(&opts, &ctx, &err), -ENOENT);
	assert_null(ctx);
	assert_string_equal(err.message, "/nowhere/at/all: cannot be used as a root directory: "
					 "No such file or directory");
	opts.root = "/proc/self/exe";
	assert_int_equal(kx_ctx_new(&opts, &ctx, &err), -ENOTDIR);
}

/* What the planner is told of a machine: firmware's map, and where the running kernel has no RAM. */
static void test_machine(void **state)
{
	struct fixture *f = *state;
	struct machine m = { 0 };
	char params[4096] = { 0 };

	root_put(&f->root, "/proc/iomem",
		 "00001000-0009fbff : System RAM\n00100000-1fffffff : System RAM\n");
	root_put(&f->root, "/proc/cmdline", "mem=512M\n");
	root_put(&f->root, "/sys/firmware/memmap/0/start", "0x100000\n");
	root_put(&f->root, "/sys/firmware/memmap/0/end", "0x3fffffff\n");
	root_put(&f->root, "/sys/firmware/memmap/0/type", "System RAM\n");
	root_put(&f->root, "/proc/cpuinfo", "processor : 0\nflags\t\t: fpu sse4_2 la57x\n");
	root_put(&f->root, "/proc/fb", "0 simpledrmdrmfb\n");
	memcpy(params + 0x70, "\x10\x20\x30\x40\0\0\0\0", 8);
	root_put_bytes(&f->root, "/sys/kernel/boot_params/data", params, sizeof(params));

	assert_int_equal(machine_read(f->ctx, &m, NULL), 0);
	assert_int_equal(m.memory.n, 1);
	assert_int_equal(m.memory.v[0].range.end, 0x40000000);
	assert_int_equal(m.keep_off.n, 1);
	assert_int_equal(m.keep_off.v[0].start, 0x20000000);
	assert_int_equal(m.keep_off.v[0].end, 0x40000000);
	assert_int_equal(m.x86_64.acpi_rsdp, 0x40302010);
	assert_true(m.has_crc32);
	assert_false(m.x86_64.la57);
	assert_true(m.x86_64.drm_console);
	assert_false(m.x86_64.efi.booted);
	machine_done(&m);

	/* add_efi_memmap: the firmware's table lacks what it added */
	root_put(&f->root, "/proc/cmdline", "quiet add_efi_memmap\n");
	assert_int_equal(machine_read(f->ctx, &m, NULL), 0);
	assert_int_equal(m.memory.n, 2);
	assert_int_equal(m.keep_off.n, 0);
	machine_done(&m);
}

/* amd-memory-encryption.rst; CONFIG_AMD_MEM_ENCRYPT_ACTIVE_BY_DEFAULT was there until Linux 6.9. */
static const struct {
	const char *flags, *cmdline, *config;
	bool encrypts;
} encryptions[] = {
	{ "fpu", "quiet", "CONFIG_AMD_MEM_ENCRYPT_ACTIVE_BY_DEFAULT=y\n", false },
	{ "fpu sme", "quiet", "CONFIG_AMD_MEM_ENCRYPT_ACTIVE_BY_DEFAULT=y\n", true },
	{ "fpu sme", "mem_encrypt=off", "CONFIG_AMD_MEM_ENCRYPT_ACTIVE_BY_DEFAULT=y\n", false },
	{ "fpu sme", "quiet", "# CONFIG_AMD_MEM_ENCRYPT_ACTIVE_BY_DEFAULT is not set\n", false },
	{ "fpu sme", "mem_encrypt=on", "# CONFIG_AMD_MEM_ENCRYPT_ACTIVE_BY_DEFAULT is not set\n",
	  true },
	{ "fpu sme", "quiet", NULL, true },
	{ "fpu sme", "mem_encrypt=off", NULL, false },
	{ "fpu", "mem_encrypt=on", NULL, true },
	{ "fpu", "quiet", NULL, false },
};

static void test_memory_encryption(void **state)
{
	struct fixture *f = *state;

	root_put(&f->root, "/proc/iomem", "00100000-1fffffff : System RAM\n");
	root_put(&f->root, "/proc/sys/kernel/osrelease", "6.1-test\n");
	for (size_t i = 0; i < ARRAY_SIZE(encryptions); i++) {
		struct machine m = { 0 };
		char text[200];

		(void)snprintf(text, sizeof(text), "processor : 0\nflags : %s\n",
			       encryptions[i].flags);
		root_put(&f->root, "/proc/cpuinfo", text);
		root_put(&f->root, "/proc/cmdline", encryptions[i].cmdline);
		if (encryptions[i].config)
			root_put(&f->root, "/boot/config-6.1-test", encryptions[i].config);
		else
			root_remove(&f->root, "/boot/config-6.1-test");
		assert_int_equal(machine_read(f->ctx, &m, NULL), 0);
		assert_int_equal(m.x86_64.memory_encrypted, encryptions[i].encrypts);
		machine_done(&m);
	}
}

static void test_machine_efi(void **state)
{
	struct fixture *f = *state;
	struct machine m = { 0 };

	root_put(&f->root, "/proc/iomem", "00100000-1fffffff : System RAM\n");
	root_put(&f->root, "/sys/firmware/efi/systab",
		 "ACPI20=0x7f77e014\nACPI=0x7f77e000\nSMBIOS=0x7f5f0000\n");
	root_put(&f->root, "/sys/firmware/efi/fw_vendor", "0x7fec0018\n");
	root_put(&f->root, "/sys/firmware/efi/config_table", "0x7f5ee018\n");
	assert_int_equal(machine_read(f->ctx, &m, NULL), 0);
	assert_int_equal(m.x86_64.acpi_rsdp, 0x7f77e014);
	assert_true(m.x86_64.efi.booted);
	assert_non_null(m.x86_64.efi.missing);
	machine_done(&m);

	for (int i = 0; i < 2; i++) {
		static const char *const files[] = { "type", "phys_addr", "virt_addr", "num_pages",
						     "attribute" };

		for (size_t k = 0; k < ARRAY_SIZE(files); k++) {
			char path[96], value[32];

			(void)snprintf(path, sizeof(path), "/sys/firmware/efi/runtime-map/%d/%s", i,
				       files[k]);
			(void)snprintf(value, sizeof(value), "0x%zx\n", 16 * (size_t)(i + 1) + k);
			root_put(&f->root, path, value);
		}
	}
	assert_int_equal(machine_read(f->ctx, &m, NULL), 0);
	assert_null(m.x86_64.efi.missing);
	assert_int_equal(m.x86_64.efi.n_runtime_map, 2);
	assert_int_equal(m.x86_64.efi.runtime_map[1].type, 0x20);
	assert_int_equal(m.x86_64.efi.runtime_map[1].phys, 0x21);
	assert_int_equal(m.x86_64.efi.runtime_map[1].attribute, 0x24);
	assert_int_equal(m.x86_64.efi.smbios, 0x7f5f0000);
	machine_done(&m);
}

static void test_machine_zeroed(void **state)
{
	struct fixture *f = *state;
	struct kx_error err = { 0 };
	struct machine m = { 0 };

	root_put(&f->root, "/proc/iomem", "00000000-00000000 : System RAM\n");
	assert_int_equal(machine_read(f->ctx, &m, &err), -EPERM);
	assert_int_equal(err.step, KX_STEP_MACHINE);
	assert_non_null(strstr(err.message, "run as root"));
}

/* What base/arch.c calls supported has its struct arch; the others are refused by their names. */
static void test_architectures(void **state)
{
	struct fixture *f = *state;
	size_t n_supported = 0;

	for (enum arch_id id = ARCH_UNKNOWN; id < ARCH_N; id++) {
		const struct arch *arch = NULL;
		struct kx_error err = { 0 };
		char line[32];

		(void)snprintf(line, sizeof(line), "%s\n", arch_name(id));
		root_put(&f->root, "/proc/sys/kernel/arch", line);
		f->ctx->arch = (struct arch_found){ 0 };
		assert_int_equal(ctx_arch(f->ctx).id, id);
		if (arch_is_supported(id)) {
			assert_int_equal(arch_of(f->ctx, &arch, &err), 0);
			assert_int_equal(arch->id, id);
			assert_int_equal(arch->planner->arch, id);
			n_supported++;
			continue;
		}
		assert_int_equal(arch_of(f->ctx, &arch, &err), -EOPNOTSUPP);
		assert_int_equal(err.step, KX_STEP_MACHINE);
		assert_non_null(strstr(err.message, arch_name(id)));
		assert_non_null(strstr(err.message, "started on x86_64, aarch64 only"));
		assert_null(arch);
	}
	assert_int_equal(n_supported, 2);
}

#define WITH_ROOT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOT(test_cmdline_running),
		WITH_ROOT(test_cmdline_missing),
		WITH_ROOT(test_state),
		WITH_ROOT(test_captured_never_acts),
		WITH_ROOT(test_stamps),
		cmocka_unit_test(test_sized),
		cmocka_unit_test(test_root_missing),
		WITH_ROOT(test_machine),
		WITH_ROOT(test_memory_encryption),
		WITH_ROOT(test_machine_efi),
		WITH_ROOT(test_machine_zeroed),
		WITH_ROOT(test_architectures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is loaded for a crash. Expected values are worked out by the rules of kdumpctl and kdump-lib.sh
 * (kdump-utils, 2026-03), load.sh (SUSE kdump, 2026-04) and kdump-config (Debian kdump-tools 1.8.1);
 * tests/oracle/kdump.py compares with the last one itself. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crash/advice.h"
#include "crash/load.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

#define DEBIAN "/etc/default/kdump-tools"
#define SYSCONFIG "/etc/sysconfig/kdump"
#define RELEASE "6.1.0-9-amd64"

struct file {
	const char *path, *text; /* "-> TARGET": a link */
};

/**
 * struct row - a machine, and what it loads
 * @files: besides those that every machine here has
 * @machine: NULL: x86_64
 * @kernel: NULL: an error whose sentence has @error in it
 */
struct row {
	const char *name;
	struct file files[8];
	const char *machine;
	enum crash_source source;
	const char *kernel, *initrd, *cmdline;
	const char *error;
	bool is_own; /* the initial ramdisk */
};

#define CPUINFO                                                                               \
	"processor\t: 0\nvendor\t: x\napicid\t\t: 4\ninitial apicid\t: 6\n\nprocessor\t: 1\n" \
	"apicid\t\t: 5\ninitial apicid\t: 7\n"
#define RH_DEFAULT "irqpoll nr_cpus=1 reset_devices"
#define RH_TAIL " disable_cpu_apicid=4 rd.systemd.gpt_auto=no"

static const struct row rows[] = {
	{ "debian, as installed",
	  { { DEBIAN, "USE_KDUMP=1\nKDUMP_KERNEL=/var/lib/kdump/vmlinuz\n"
		      "KDUMP_INITRD=/var/lib/kdump/initrd.img\nKDUMP_COREDIR=\"/var/crash\"\n" },
	    { "/boot/vmlinuz-" RELEASE, "k" },
	    { "/var/lib/kdump/initrd.img-" RELEASE, "i" },
	    { "/var/lib/kdump/vmlinuz", "-> /boot/vmlinuz-" RELEASE },
	    { "/var/lib/kdump/initrd.img", "-> /var/lib/kdump/initrd.img-" RELEASE } },
	  NULL,
	  CRASH_DEBIAN,
	  "/var/lib/kdump/vmlinuz",
	  "/var/lib/kdump/initrd.img",
	  "BOOT_IMAGE=/vmlinuz-" RELEASE " root=UUID=1-2 ro quiet reset_devices "
	  "systemd.unit=kdump-tools-dump.service nr_cpus=1 irqpoll usbcore.nousb" },
	{ "debian, after an upgrade the links are of the kernel before",
	  { { DEBIAN, "USE_KDUMP=1\nKDUMP_KERNEL=/var/lib/kdump/vmlinuz\n"
		      "KDUMP_INITRD=/var/lib/kdump/initrd.img\nKDUMP_CMDLINE=a\n"
		      "KDUMP_CMDLINE_APPEND=b\n" },
	    { "/boot/vmlinuz-" RELEASE, "k" },
	    { "/boot/vmlinuz-5.10", "k" },
	    { "/var/lib/kdump/initrd.img-" RELEASE, "i" },
	    { "/var/lib/kdump/initrd.img-5.10", "i" },
	    { "/var/lib/kdump/vmlinuz", "-> /boot/vmlinuz-5.10" },
	    { "/var/lib/kdump/initrd.img", "-> /var/lib/kdump/initrd.img-5.10" } },
	  NULL,
	  CRASH_DEBIAN,
	  "/boot/vmlinuz-" RELEASE,
	  "/var/lib/kdump/initrd.img-" RELEASE,
	  "a b" },
	{ "debian, without files named: the running kernel",
	  { { DEBIAN, "USE_KDUMP=1\nKDUMP_CMDLINE_APPEND=\"one two\"\n" },
	    { "/boot/vmlinuz-" RELEASE, "k" },
	    { "/boot/initrd.img-" RELEASE, "i" },
	    { "/boot/config-" RELEASE, "CONFIG_RELOCATABLE=y\n" } },
	  NULL,
	  CRASH_DEBIAN,
	  "/boot/vmlinuz-" RELEASE,
	  "/boot/initrd.img-" RELEASE,
	  "BOOT_IMAGE=/vmlinuz-" RELEASE " root=UUID=1-2 ro quiet one two" },
	{ "debian, the ramdisk is missing",
	  { { DEBIAN, "USE_KDUMP=1\nKDUMP_KERNEL=/k\nKDUMP_INITRD=/i\n" }, { "/k", "k" } },
	  NULL,
	  CRASH_DEBIAN,
	  NULL,
	  NULL,
	  NULL,
	  "KDUMP_INITRD does not exist: /i" },
	{ "debian, a line of its own is taken as it is",
	  { { DEBIAN, "USE_KDUMP=1\nKDUMP_KERNEL=/k\nKDUMP_CMDLINE='crashkernel=1M a'\n"
		      "KDUMP_CMDLINE_APPEND=b\n" },
	    { "/k", "k" } },
	  NULL,
	  CRASH_DEBIAN,
	  "/k",
	  NULL,
	  "crashkernel=1M a b" },
	{ "red hat of today",
	  { { SYSCONFIG, "KDUMP_KERNELVER=\"\"\nKDUMP_COMMANDLINE=\"\"\n"
			 "KDUMP_COMMANDLINE_REMOVE=\"hugepages quiet cma\"\n"
			 "KDUMP_COMMANDLINE_APPEND=\"" RH_DEFAULT "\"\nKEXEC_ARGS=\"-s\"\n"
			 "KDUMP_IMG=\"vmlinuz\"\n" },
	    { "/boot/vmlinuz-" RELEASE, "k" },
	    { "/boot/initramfs-" RELEASE ".img", "i" },
	    { "/boot/initramfs-" RELEASE "kdump.img", "i" } },
	  NULL,
	  CRASH_REDHAT,
	  "/boot/vmlinuz-" RELEASE,
	  "/boot/initramfs-" RELEASE "kdump.img",
	  "BOOT_IMAGE=/vmlinuz-" RELEASE " ro " RH_DEFAULT RH_TAIL },
	{ "red hat, quotes and empty values",
	  { { SYSCONFIG,
	      "KDUMP_COMMANDLINE='a=\"b c\" d=\"e\" f= g rd.luks.uuid=1 root=/dev/x crashkernel=1M'\n"
	      "KDUMP_COMMANDLINE_APPEND=\"root=/dev/y\"\n" },
	    { "/boot/vmlinuz-" RELEASE, "k" },
	    { "/boot/initramfs-" RELEASE ".img", "i" },
	    { "/boot/initramfs-" RELEASE "kdump.img", "i" } },
	  NULL,
	  CRASH_REDHAT,
	  "/boot/vmlinuz-" RELEASE,
	  "/boot/initramfs-" RELEASE "kdump.img",
	  "a=\"b c\" d=e g root=/dev/y" RH_TAIL },
	{ "red hat, another version, a UKI, no ordinary ramdisk",
	  { { SYSCONFIG, "KDUMP_KERNELVER=6.2\n" },
	    { "/etc/machine-id", "abc\n" },
	    { "/boot/efi/EFI/Linux/abc-6.2.efi", "k" },
	    { "/var/lib/kdump/initramfs-6.2kdump.img", "i" } },
	  NULL,
	  CRASH_REDHAT,
	  "/boot/efi/EFI/Linux/abc-6.2.efi",
	  "/var/lib/kdump/initramfs-6.2kdump.img",
	  "BOOT_IMAGE=/vmlinuz-" RELEASE " ro quiet" RH_TAIL },
	{ "red hat, Boot Loader Specification names",
	  { { SYSCONFIG, "KDUMP_IMG=linux\n" },
	    { "/etc/machine-id", "abc\n" },
	    { "/boot/abc/" RELEASE "/linux", "k" },
	    { "/boot/abc/" RELEASE "/initrd", "i" },
	    { "/boot/abc/" RELEASE "/initrdkdump", "i" } },
	  NULL,
	  CRASH_REDHAT,
	  "/boot/abc/" RELEASE "/linux",
	  "/boot/abc/" RELEASE "/initrdkdump",
	  "BOOT_IMAGE=/vmlinuz-" RELEASE " ro quiet" RH_TAIL },
	{ "red hat, a debug kernel has a twin",
	  { { SYSCONFIG, "\n" },
	    { "/proc/sys/kernel/osrelease", "6.3+debug\n" },
	    { "/usr/lib/modules/6.3/modules.dep", "" },
	    { "/boot/vmlinuz-6.3", "k" },
	    { "/boot/vmlinuz-6.3+debug", "k" },
	    { "/boot/initramfs-6.3.img", "i" },
	    { "/boot/initramfs-6.3kdump.img", "i" } },
	  NULL,
	  CRASH_REDHAT,
	  "/boot/vmlinuz-6.3",
	  "/boot/initramfs-6.3kdump.img",
	  "BOOT_IMAGE=/vmlinuz-" RELEASE " ro quiet" RH_TAIL },
	{ "red hat, not built yet",
	  { { SYSCONFIG, "\n" },
	    { "/boot/vmlinuz-" RELEASE, "k" },
	    { "/boot/initramfs-" RELEASE ".img", "i" } },
	  NULL,
	  CRASH_REDHAT,
	  NULL,
	  NULL,
	  NULL,
	  "kdumpctl rebuild" },
	{ "red hat of 2012, not x86",
	  { { SYSCONFIG, "KDUMP_KERNELVER=\"\"\nKDUMP_COMMANDLINE=\"\"\n"
			 "KDUMP_COMMANDLINE_APPEND=\"irqpoll maxcpus=1\"\nMKDUMPRD_ARGS=\"\"\n"
			 "KEXEC_ARGS=\" --args-linux\"\nKDUMP_BOOTDIR=\"/boot\"\n"
			 "KDUMP_IMG=\"vmlinuz\"\nKDUMP_IMG_EXT=\"\"\n" },
	    { "/boot/vmlinuz-" RELEASE, "k" },
	    { "/boot/initrd-" RELEASE "kdump.img", "i" } },
	  "ppc64",
	  CRASH_REDHAT,
	  "/boot/vmlinuz-" RELEASE,
	  "/boot/initrd-" RELEASE "kdump.img",
	  "BOOT_IMAGE=/vmlinuz-" RELEASE " ro quiet irqpoll maxcpus=1 rd.systemd.gpt_auto=no" },
	{ "red hat, an option that is not known",
	  { { SYSCONFIG, "KEXEC_ARGS=\"-s --frobnicate\"\n" } },
	  NULL,
	  CRASH_REDHAT,
	  NULL,
	  NULL,
	  NULL,
	  SYSCONFIG ":1: KEXEC_ARGS: the option --frobnicate" },
	{ "suse",
	  { { SYSCONFIG,
	      "KDUMP_CPUS=\"\"\nKDUMP_COMMANDLINE=\"\"\nKDUMP_SAVEDIR=\"/var/crash\"\n" },
	    { "/var/lib/kdump/kernel", "k" },
	    { "/var/lib/kdump/initrd", "i" } },
	  NULL,
	  CRASH_SUSE,
	  "/var/lib/kdump/kernel",
	  "/var/lib/kdump/initrd",
	  "ro quiet sysrq=yes reset_devices acpi_no_memhotplug cgroup_disable=memory nokaslr numa=off "
	  "irqpoll nr_cpus=32 root=kdump rootflags=bind rd.udev.children-max=8 "
	  "disable_cpu_apicid=6 panic=1" },
	{ "suse, all processors, a panic word, another machine",
	  { { SYSCONFIG, "KDUMP_CPUS=0\nKDUMP_COMMANDLINE_APPEND=\"panic=5 x\"\n" },
	    { "/proc/cmdline", "root=a notsc console=hvc0 mem=4G \"quoted=a b\" resume=b\n" },
	    { "/var/lib/kdump/kernel", "k" },
	    { "/var/lib/kdump/initrd", "i" } },
	  "s390x",
	  CRASH_SUSE,
	  "/var/lib/kdump/kernel",
	  "/var/lib/kdump/initrd",
	  "notsc console=hvc0 \"quoted=a b\" sysrq=yes reset_devices acpi_no_memhotplug "
	  "cgroup_disable=memory nokaslr numa=off irqpoll root=kdump rootflags=bind "
	  "rd.udev.children-max=8 zfcp.allow_lun_scan=0 panic=5 x" },
	{ "suse, words that x86 does not want",
	  { { SYSCONFIG, "KDUMP_CPUS=1\nKDUMP_SAVEDIR=x\n" },
	    { "/proc/cmdline", "notsc console=hvc0 console=hvc01 unknown_nmi_panic\n" },
	    { "/var/lib/kdump/kernel", "k" },
	    { "/var/lib/kdump/initrd", "i" } },
	  NULL,
	  CRASH_SUSE,
	  "/var/lib/kdump/kernel",
	  "/var/lib/kdump/initrd",
	  "console=hvc01 sysrq=yes reset_devices acpi_no_memhotplug cgroup_disable=memory nokaslr "
	  "numa=off irqpoll nr_cpus=1 root=kdump rootflags=bind rd.udev.children-max=8 "
	  "disable_cpu_apicid=6 panic=1" },
	{ "suse, nothing built",
	  { { SYSCONFIG, "KDUMP_SAVEDIR=x\n" } },
	  NULL,
	  CRASH_SUSE,
	  NULL,
	  NULL,
	  NULL,
	  "mkdumprd" },
	{ "ours",
	  { { CONFIG_FILE, "CRASH_KERNEL=/k\nCRASH_INITRD=/i\nCRASH_APPEND=\"a b\"\n" },
	    { SYSCONFIG, "KDUMP_SAVEDIR=x\n" },
	    { "/proc/cmdline", "root=x crashkernel=256M single panic=3 hugepages=9 "
			       "memmap=exactmap memmap=1M@0 initrd=i\n" } },
	  NULL,
	  CRASH_OWN,
	  "/k",
	  "/i",
	  "root=x panic=3 irqpoll nr_cpus=1 reset_devices a b" },
	{ "nobody's, and no ramdisk for a crash",
	  { { "/boot/vmlinuz-" RELEASE, "k" }, { "/boot/initrd.img-" RELEASE, "i" } },
	  NULL,
	  CRASH_OWN,
	  "/boot/vmlinuz-" RELEASE,
	  NULL,
	  "root=UUID=1-2 ro quiet irqpoll nr_cpus=1 reset_devices cgroup_disable=memory panic=10",
	  NULL,
	  true },
	{ "nobody's, and a ramdisk of dracut",
	  { { "/boot/vmlinuz-" RELEASE, "k" }, { "/boot/initramfs-" RELEASE "kdump.img", "i" } },
	  NULL,
	  CRASH_OWN,
	  "/boot/vmlinuz-" RELEASE,
	  "/boot/initramfs-" RELEASE "kdump.img",
	  "root=UUID=1-2 ro quiet irqpoll nr_cpus=1 reset_devices panic=10",
	  NULL },
	{ "our own before one of dracut",
	  { { CONFIG_FILE, "CRASH_INITRD=own\n" },
	    { DEBIAN, "USE_KDUMP=1\nKDUMP_INITRD=/i\n" },
	    { "/proc/cmdline", "root=x rdinit=/bin/sh\n" },
	    { "/boot/vmlinuz-" RELEASE, "k" },
	    { "/boot/initramfs-" RELEASE "kdump.img", "i" } },
	  NULL,
	  CRASH_OWN,
	  "/boot/vmlinuz-" RELEASE,
	  NULL,
	  "root=x irqpoll nr_cpus=1 reset_devices cgroup_disable=memory panic=10",
	  NULL,
	  true },
	{ "not imported",
	  { { CONFIG_FILE, "IMPORT=no\n" },
	    { DEBIAN, "USE_KDUMP=1\nKDUMP_KERNEL=/k\n" },
	    { "/k", "k" } },
	  NULL,
	  CRASH_OWN,
	  NULL,
	  NULL,
	  NULL,
	  "CRASH_KERNEL" },
};

static void machine_new(struct root *root, const struct file *files)
{
	root_new(root);
	root_put(root, "/proc/sys/kernel/osrelease", RELEASE "\n");
	root_put(root, "/proc/cmdline",
		 "BOOT_IMAGE=/vmlinuz-" RELEASE " root=UUID=1-2 ro quiet crashkernel=256M\n");
	root_put(root, "/proc/cpuinfo", CPUINFO);
	for (size_t i = 0; i < 8 && files[i].path; i++)
		if (strncmp(files[i].text, "-> ", 3) == 0)
			root_link(root, files[i].path, files[i].text + 3);
		else
			root_put(root, files[i].path, files[i].text);
}

static int choose(const struct root *root, const char *machine, struct crash_settings *settings,
		  struct crash_choice *choice, struct kx_error *err)
{
	_cleanup_config_ struct config config = { 0 };
	const struct kx_ctx_opts opts = { .size = sizeof(opts), .root = root->path };
	struct kx_ctx *ctx;
	int fd = open(root->path, O_RDONLY | O_DIRECTORY), r;

	assert_true(fd >= 0);
	assert_int_equal(config_read(fd, &config, err), 0);
	assert_int_equal(kx_ctx_new(&opts, &ctx, err), 0);
	r = crash_settings_read(fd, &config, settings, err);
	if (r == 0)
		r = crash_choose(ctx, fd, machine ? machine : "x86_64", settings, choice, err);
	kx_ctx_free(ctx);
	close(fd);
	return r;
}

static void test_choice(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_crash_settings_ struct crash_settings settings = { 0 };
		_cleanup_crash_choice_ struct crash_choice choice = { 0 };
		const struct row *row = &rows[i];
		struct kx_error err = { 0 };
		struct root root;
		int r;

		print_message("%s\n", row->name);
		machine_new(&root, row->files);
		r = choose(&root, row->machine, &settings, &choice, &err);
		root_free(&root);
		if (!row->kernel) {
			assert_true(r < 0);
			assert_non_null(strstr(err.message, row->error));
			continue;
		}
		if (r < 0)
			fail_msg("%s", err.message);
		assert_int_equal(settings.source, row->source);
		assert_text(choice.kernel, row->kernel);
		assert_text(choice.initrd, row->initrd);
		assert_text(choice.cmdline, row->cmdline);
		assert_int_equal(choice.is_own, row->is_own);
	}
}

/* Options for kexec(8): the last one that names a system call counts. */
static void test_options(void **state)
{
	static const struct {
		const char *file, *text;
		enum kx_way way;
		uint64_t flags;
	} options[] = {
		{ SYSCONFIG, "KEXEC_ARGS=\"-s\"\n", KX_WAY_FILE, 0 },
		{ SYSCONFIG, "KEXEC_ARGS=\"-s -c -d\"\n", KX_WAY_SEGMENTS, KX_REQ_KERNEL_DEBUG },
		{ SYSCONFIG, "KDUMP_FILE_LOAD=on\n", KX_WAY_FILE, 0 },
		/* SUSE's load.sh puts -a behind them */
		{ SYSCONFIG, "KEXEC_OPTIONS=\"-c --noefi\"\n", KX_WAY_AUTO, KX_REQ_NO_EFI },
		{ DEBIAN, "KDUMP_KEXEC_ARGS=\"--elf64-core-headers -c\"\n", KX_WAY_SEGMENTS, 0 },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		_cleanup_crash_settings_ struct crash_settings settings = { 0 };
		_cleanup_crash_choice_ struct crash_choice choice = { 0 };
		const struct file files[8] = { { options[i].file, options[i].text } };
		struct root root;

		machine_new(&root, files);
		(void)choose(&root, NULL, &settings, &choice, NULL);
		root_free(&root);
		assert_int_equal(settings.options.way, options[i].way);
		assert_int_equal(settings.options.flags, options[i].flags);
	}
}

/* USE_KDUMP=0, and a file that does not say it at all, load nothing. */
static void test_off(void **state)
{
	static const struct {
		const char *text, *off;
	} texts[] = {
		{ "USE_KDUMP=0\n", DEBIAN ":1" },
		{ "KDUMP_KERNEL=/k\n", DEBIAN },
		{ "\nUSE_KDUMP=1\n", NULL },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		_cleanup_crash_settings_ struct crash_settings settings = { 0 };
		_cleanup_crash_choice_ struct crash_choice choice = { 0 };
		const struct file files[8] = { { DEBIAN, texts[i].text } };
		struct root root;

		machine_new(&root, files);
		(void)choose(&root, NULL, &settings, &choice, NULL);
		root_free(&root);
		assert_text(settings.off, texts[i].off);
	}
}

static void test_signature(void **state)
{
	static const struct {
		const char *boot, *setup, *level;
		bool wants;
	} machines[] = {
		{ "\6\1\1\1\1", "\6\1\1\1\1", NULL, false },
		{ NULL, NULL, NULL, false },
		{ NULL, NULL, "1\n", true },
	};

	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		struct root root;
		int fd;

		root_new(&root);
		if (machines[i].boot) {
			root_put(&root, "/sys/firmware/efi/efivars/SecureBoot-8be4",
				 machines[i].boot);
			root_put(&root, "/sys/firmware/efi/efivars/SetupMode-8be4",
				 machines[i].setup);
		}
		if (machines[i].level)
			root_put(&root, "/sys/kernel/security/securelevel", machines[i].level);
		fd = open(root.path, O_RDONLY | O_DIRECTORY);
		assert_int_equal(crash_wants_signature(fd), machines[i].wants);
		if (machines[i].boot) {
			root_put_bytes(&root, "/sys/firmware/efi/efivars/SetupMode-8be4",
				       "\6\0\0\0\0", 5);
			assert_true(crash_wants_signature(fd));
		}
		close(fd);
		root_free(&root);
	}
}

/* Words of update-grub(8), grubby(8), and of the lines that entries were read from. */
static void test_advice(void **state)
{
	static const struct kx_entry in_line = { .source_file = "/boot/extlinux.conf",
						 .source_line = 7 },
				     in_file = { .source_file = "/efi/EFI/Linux/a.efi" };
	static const struct {
		const char *loader, *flavour, *config;
		const struct kx_entry *entry;
		const char *text, *guess;
	} advices[] = {
		{ "grub", "upstream", "/boot/grub/grub.cfg", &in_line,
		  "crashkernel=96M in GRUB_CMDLINE_LINUX_DEFAULT of /etc/default/grub, then update-grub "
		  "(grub-mkconfig -o /boot/grub/grub.cfg)" },
		{ "grub", "rh", "/boot/grub2/grub.cfg", NULL,
		  "crashkernel=96M, by grubby --update-kernel=ALL --args=crashkernel=96M" },
		{ "extlinux", NULL, NULL, &in_line,
		  "crashkernel=96M at the end of the command line in /boot/extlinux.conf:7" },
		{ "systemd-boot", NULL, NULL, &in_file,
		  "crashkernel=96M in the command line that /efi/EFI/Linux/a.efi has" },
		{ "directory", NULL, NULL, &in_file,
		  "crashkernel=96M in the command line that /efi/EFI/Linux/a.efi has (a guess: why)",
		  "why" },
		{ NULL, NULL, NULL, NULL,
		  "crashkernel=96M on the command line that the boot loader passes" },
	};

	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		const struct kx_entries_info list = { .loader = advices[i].loader,
						      .flavour = advices[i].flavour,
						      .config = advices[i].config,
						      .guess = advices[i].guess };
		char *text;

		assert_int_equal(crash_advise(96 << 20, advices[i].loader ? &list : NULL,
					      advices[i].entry, &text),
				 0);
		assert_text(text, advices[i].text);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice), cmocka_unit_test(test_options),
		cmocka_unit_test(test_off),    cmocka_unit_test(test_signature),
		cmocka_unit_test(test_advice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

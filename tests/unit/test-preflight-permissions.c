// SPDX-License-Identifier: LGPL-2.1-or-later
/* Family A: evidence as proc_pid_status(5), kernel.org sysctl/kernel.rst, lockdown.c, UEFI 2.10 and
 * the PE specification define it. A directory in place of a file stands for one that cannot be
 * read. */
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/preflight-rows.h"

#define PID_NS                                            \
	{                                                 \
		"/proc/self/ns/pid", "->pid:[4026531836]" \
	}
#define USER_NS                                             \
	{                                                   \
		"/proc/self/ns/user", "->user:[4026531837]" \
	}
#define DISABLED "/proc/sys/kernel/kexec_load_disabled"
#define LIMIT "/proc/sys/kernel/kexec_load_limit_reboot"
#define RELEASE                                         \
	{                                               \
		"/proc/sys/kernel/osrelease", "6.1.0\n" \
	}
#define LOCKED                                                                        \
	{                                                                             \
		"/sys/kernel/security/lockdown", "none [integrity] confidentiality\n" \
	}
#define UNLOCKED                                                                      \
	{                                                                             \
		"/sys/kernel/security/lockdown", "[none] integrity confidentiality\n" \
	}
#define SECURE EFIVAR("SecureBoot", EFI_GLOBAL_GUID, "\1")
#define SETUP_OFF EFIVAR("SetupMode", EFI_GLOBAL_GUID, "\0")
#define SETUP_ON EFIVAR("SetupMode", EFI_GLOBAL_GUID, "\1")
#define ENTRY .entry = { .title = "t", .kernel = "/k" }
#define POLICY "/sys/kernel/security/ima/policy"

/* PE32+ with its header at 0x40: MZ, offset at 0x3c, PE, 20 bytes, then the optional header with 112
 * bytes before the directories; the fifth has size SIZE. */
#define Z8 "\0\0\0\0\0\0\0\0"
#define Z56 Z8 Z8 Z8 Z8 Z8 Z8 Z8
#define PE(size)                  \
	"MZ\0\0" Z56 "\x40\0\0\0" \
	"PE\0\0" Z8 Z8 "\0\0\0\0" \
	"\x0b\x02" Z56 Z8 Z8 Z8 Z8 Z8 Z8 "\0\0\0\0\0\0" Z8 Z8 Z8 Z8 "\0\x10\0\0" size

static void test_permissions(void **state)
{
	const struct row rows[] = {
		{ "A1", { { "/proc/self/status", "Name:\tx\nCapEff:\t000001ffffffffff\n" } }, OK },
		{ "A1",
		  { { "/proc/self/status", "CapEff:\t000001ffffbfffff\n" } },
		  REFUSE,
		  .evidence = "CapEff 000001ffffbfffff" },
		{ "A1", { { "/proc/self/status/x", "" } }, UNKNOWN },
		{ "A1", { { NULL } }, .bare = true, UNKNOWN },

		{ "A2", { PID_NS, USER_NS }, OK },
		{ "A2",
		  { { "/proc/self/ns/pid", "->pid:[4026532201]" }, USER_NS },
		  REFUSE,
		  .evidence = "4026532201" },
		{ "A2", { PID_NS, { "/proc/self/ns/user", "->user:[4026532200]" } }, REFUSE },
		{ "A2", { PID_NS, USER_NS, { "/run/systemd/container", "lxc\n" } }, REFUSE },
		{ "A2", { PID_NS, USER_NS, { "/.dockerenv", "" } }, REFUSE },
		/* a tool in a container that entered the mounts of PID 1: cgroups do not count */
		{ "A2", { PID_NS, USER_NS, { "/proc/self/cgroup", "0::/kubepods/x\n" } }, OK },
		{ "A2", { { "/proc/self/ns/pid", "not a link" }, USER_NS }, UNKNOWN },

		{ "A3", { { "/sys/kernel/kexec_loaded", "0\n" } }, OK },
		{ "A3", { { "/sys/kernel/kexec/loaded", "0\n" } }, OK },
		{ "A3", { { NULL } }, REFUSE },
		{ "A3", { { NULL } }, .bare = true, UNKNOWN },

		{ "A4",
		  { RELEASE, { "/boot/config-6.1.0", "CONFIG_KEXEC=y\nCONFIG_KEXEC_FILE=y\n" } },
		  OK },
		{ "A4",
		  { RELEASE,
		    { "/boot/config-6.1.0", "CONFIG_KEXEC=y\n# CONFIG_KEXEC_FILE is not set\n" } },
		  NOTE },
		{ "A4",
		  { RELEASE, { "/lib/modules/6.1.0/config", "CONFIG_KEXEC_FILE=y\n" } },
		  NOTE },
		{ "A4", { RELEASE, { "/boot/config-6.1.0/x", "" } }, UNKNOWN },

		{ "A5", { { DISABLED, "0\n" } }, OK },
		{ "A5", { { DISABLED, "1\n" } }, REFUSE, .evidence = DISABLED ": 1" },
		{ "A5",
		  { { DISABLED, "1\n" },
		    { "/etc/sysctl.d/50-hard.conf", "# x\n kernel.kexec_load_disabled = 1\n" } },
		  REFUSE,
		  .evidence = "/etc/sysctl.d/50-hard.conf:2" },
		{ "A5", { { DISABLED "/x", "" } }, UNKNOWN },

		{ "A6", { { LIMIT, "-1\n" } }, OK },
		{ "A6", { { LIMIT, "2\n" } }, OK },
		{ "A6", { { LIMIT, "1\n" } }, WARN },
		{ "A6", { { LIMIT, "0\n" } }, REFUSE },
		{ "A6", { { NULL } }, OK }, /* before 6.3 */
		{ "A6", { { LIMIT "/x", "" } }, UNKNOWN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

static void test_policy(void **state)
{
	static const struct kx_image_info gzipped = { .compression = "gzip" };
	static const char *const two[] = { "/i1", "/i2" };
	const struct row rows[] = {
		{ "A7", { UNLOCKED }, OK },
		{ "A7", { { "/sys/kernel/security/lsm", "capability" } }, OK },
		{ "A7", { LOCKED, BYTES("/k", PE("\0\0\0\0")) }, ENTRY, REFUSE },
		{ "A7",
		  { LOCKED,
		    { "/k", "\x7f"
			    "ELF" } },
		  ENTRY,
		  REFUSE },
		{ "A7", { LOCKED, BYTES("/k", PE("\x08\x06\0\0")) }, ENTRY, NOTE },
		{ "A7", { { "/sys/kernel/security/lockdown/x", "" } }, UNKNOWN },
		{ "A7", { { NULL } }, UNKNOWN }, /* securityfs is not mounted */

		{ "A8", { SECURE, SETUP_OFF }, NOTE },
		{ "A8", { SECURE, SETUP_ON }, OK },
		{ "A8", { { NULL } }, OK }, /* no EFI */
		{ "A8", { { "/sys/firmware/efi/fw_platform_size", "64\n" } }, UNKNOWN },

		{ "A9",
		  { SECURE, SETUP_OFF, UNLOCKED, BYTES("/k", PE("\0\0\0\0")) },
		  ENTRY,
		  REFUSE },
		{ "A9",
		  { SECURE, SETUP_OFF, UNLOCKED, BYTES("/k", PE("\x08\x06\0\0")) },
		  ENTRY,
		  OK },
		{ "A9", { UNLOCKED, { "/k", "" } }, ENTRY, OK },
		{ "A9", { LOCKED }, ENTRY, UNKNOWN },

		{ "A11", { { POLICY, "dont_measure fsmagic=0x9fa0\n" } }, OK },
		{ "A11", { { POLICY, "measure func=KEXEC_KERNEL_CHECK\n" } }, OK },
		{ "A11",
		  { { POLICY, "appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig\n" } },
		  NOTE },
		{ "A11",
		  { { POLICY, "appraise func=KEXEC_KERNEL_CHECK\n" } },
		  .entry = { .title = "t", .kernel = "/k", .image = &gzipped },
		  REFUSE },
		{ "A11",
		  { { POLICY, "appraise func=KEXEC_INITRAMFS_CHECK\n" } },
		  .entry = { .title = "t", .initrds = two, .n_initrds = 2 },
		  REFUSE },
		{ "A11", { { "/sys/kernel/security/lsm", "capability" } }, OK },
		{ "A11", { { POLICY "/x", "" } }, UNKNOWN },
		{ "A11", { { NULL } }, UNKNOWN },

		{ "A14", { { "/proc/cpuinfo", "flags\t\t: fpu sev sev_es\n" } }, OK }, /* a host */
		{ "A14", { { "/proc/cpuinfo", "flags\t\t: fpu hypervisor sev_es\n" } }, WARN },
		{ "A14", { { "/proc/cpuinfo", "flags\t\t: fpu tdx_guest\n" } }, WARN },
		{ "A14", { { "/dev/sev-guest", "" } }, WARN },
		{ "A14", { { "/proc/cpuinfo/x", "" } }, UNKNOWN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

#define NEXT(line) .entry = { .title = "t", .kernel = "/k", .cmdline = line }

static void test_kept_memory(void **state)
{
	static const struct kx_image_info image = { .version = "7.2.0" };
	static const struct kx_image_info old = { .version = "6.15.11-generic" };
	static const struct kx_image_info first = { .version = "6.16.0-rc1" };
	const struct row rows[] = {
		{ "A15", { { "/proc/cmdline", "quiet\n" } }, NEXT("quiet"), UNKNOWN },
		{ "A15", { { "/proc/cmdline", "kho=off\n" } }, NEXT("quiet"), OK },
		/* kernel/kexec_handover.c came with Linux 6.16 */
		{ "A15",
		  { { "/proc/cmdline", "quiet\n" }, { "/proc/sys/kernel/osrelease", "6.15.9\n" } },
		  NEXT("quiet"),
		  OK },
		{ "A15",
		  { { "/proc/cmdline", "quiet\n" }, { "/proc/sys/kernel/osrelease", "6.16.0\n" } },
		  NEXT("quiet"),
		  UNKNOWN },
		{ "A15",
		  { { "/proc/cmdline", "quiet\n" },
		    { "/proc/sys/kernel/osrelease", "6.16.0\n" },
		    { "/boot/config-6.16.0", "# CONFIG_KEXEC_HANDOVER is not set\n" } },
		  NEXT("quiet"),
		  OK },
		{ "A15", { { "/proc/cmdline", "kho=1\n" } }, NEXT("quiet"), WARN },
		{ "A15", { { "/proc/cmdline", "kho=1\n" } }, NEXT("kho=y kho=off"), WARN },
		/* on without a word for it: how the next one was built decides */
		{ "A15", { { "/dev/liveupdate", "" } }, NEXT("quiet"), UNKNOWN },
		{ "A15",
		  { { "/dev/liveupdate", "" },
		    { "/boot/config-7.2.0", "CONFIG_KEXEC_HANDOVER=y\n"
					    "CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y\n" } },
		  .entry = { .title = "t", .kernel = "/k", .cmdline = "quiet", .image = &image },
		  OK },
		{ "A15",
		  { { "/dev/liveupdate", "" },
		    { "/boot/config-7.2.0",
		      "CONFIG_KEXEC_HANDOVER=y\n"
		      "# CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT is not set\n" } },
		  .entry = { .title = "t", .kernel = "/k", .cmdline = "quiet", .image = &image },
		  WARN },
		{ "A15", { { "/dev/liveupdate", "" } }, NEXT("kho=0"), WARN },
		{ "A15",
		  { { "/proc/cmdline", "kho=1\n" },
		    { "/boot/config-7.2.0", "CONFIG_KEXEC_HANDOVER=y\n"
					    "CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y\n" } },
		  .entry = { .title = "t", .kernel = "/k", .cmdline = "quiet", .image = &image },
		  OK },
		{ "A15",
		  { { "/proc/cmdline", "kho=1\n" },
		    { "/boot/config-7.2.0", "# CONFIG_KEXEC_HANDOVER is not set\n" } },
		  .entry = { .title = "t", .kernel = "/k", .cmdline = "kho=1", .image = &image },
		  WARN,
		  .evidence = "7.2.0" },
		{ "A15",
		  { { "/proc/cmdline", "kho=1\n" } },
		  .entry = { .title = "t", .cmdline = "kho=1", .way = KX_WAY_SEGMENTS },
		  WARN },
		/* without a configuration the version tells: Linux 6.16 is the first with it */
		{ "A15",
		  { { "/proc/cmdline", "kho=1\n" } },
		  .entry = { .title = "t", .kernel = "/k", .cmdline = "kho=1", .image = &old },
		  WARN,
		  .evidence = "6.15.11-generic" },
		{ "A15",
		  { { "/proc/cmdline", "kho=1\n" } },
		  .entry = { .title = "t", .kernel = "/k", .cmdline = "kho=1", .image = &first },
		  UNKNOWN },
		/* the kernel that runs has it */
		{ "A15",
		  { { "/proc/cmdline", "kho=1\n" }, { "/proc/sys/kernel/osrelease", "7.2.0\n" } },
		  .entry = { .title = "t", .kernel = "/k", .cmdline = "kho=1", .image = &image },
		  OK },
		/* a backport */
		{ "A15",
		  { { "/proc/cmdline", "kho=1\n" },
		    { "/boot/config-6.15.11-generic", "CONFIG_KEXEC_HANDOVER=y\n" } },
		  .entry = { .title = "t", .kernel = "/k", .cmdline = "kho=1", .image = &old },
		  OK },
		{ "A15", { { "/proc/cmdline", "kho=1\n" } }, UNKNOWN },
		{ "A15", { { NULL } }, .bare = true, UNKNOWN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

/* How kho= is spelled on the running line, and what else shows that it is on. */
static void test_words_of_kho(void **state)
{
	const struct row rows[] = {
		/* whether the next kernel takes it is not known: no version, no configuration */
		{ "A15", { { "/proc/cmdline", "kho=1\n" } }, NEXT("kho=on quiet"), UNKNOWN },
		{ "A15", { { "/proc/cmdline/x", "" } }, NEXT("kho=on"), UNKNOWN },
		/* lib/kstrtox.c, kstrtobool(); the last word decides, one that is none says nothing */
		{ "A15", { { "/proc/cmdline", "kho=True\n" } }, NEXT("quiet"), WARN },
		{ "A15", { { "/proc/cmdline", "kho=0 kho=ON quiet\n" } }, NEXT("quiet"), WARN },
		{ "A15", { { "/proc/cmdline", "kho=on kho=Off\n" } }, NEXT("quiet"), OK },
		{ "A15", { { "/proc/cmdline", "kho=on kho=\n" } }, NEXT("quiet"), WARN },
		/* not kho= itself: Documentation/admin-guide/kernel-parameters.txt */
		{ "A15",
		  { { "/proc/cmdline", "kho_scratch=16M,512M,256M\n" },
		    { "/proc/sys/kernel/osrelease", "6.16.0\n" },
		    { "/boot/config-6.16.0", "CONFIG_KEXEC_HANDOVER=y\n" } },
		  NEXT("quiet"),
		  OK },
		/* admin-guide/mm/kho.rst: with CONFIG_KEXEC_HANDOVER_DEBUGFS */
		{ "A15",
		  { { "/sys/kernel/debug/kho/out/fdt", "" }, { "/proc/cmdline", "quiet\n" } },
		  NEXT("kho=off"),
		  WARN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_permissions),
					    cmocka_unit_test(test_kept_memory),
					    cmocka_unit_test(test_words_of_kho),
					    cmocka_unit_test(test_policy) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

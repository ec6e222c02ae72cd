// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a check could not look at makes it unknown, never ok: files that are there and cannot be read, or do not
 * have the form that they should have. A folder in place of a file, or a file in place of a folder, cannot be
 * read by root either. */
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/preflight-rows.h"

#define ENTRY(...) .entry = { .title = "t", __VA_ARGS__ }
#define FILE_AT(path)    \
	{                \
		path, "" \
	}
/* Cannot be read as a file. */
#define FOLDER(path) FILE_AT(path "/x")
/* Cannot be listed. */
#define NO_FOLDER(path) FILE_AT(path)
#define ROOT(type, source)                                                          \
	{                                                                           \
		"/proc/self/mountinfo", "1 0 8:1 / / rw - " type " " source " rw\n" \
	}
#define SDA1                                                         \
	{                                                            \
		"/sys/dev/block/8:1", "->../../devices/x/block/sda1" \
	}

#define PCI "/sys/bus/pci/devices/0000:00:02.0"
#define V4(text)                                                        \
	{                                                               \
		"/proc/net/route", "Iface\tDestination\tGateway\n" text \
	}
#define V6(text)                             \
	{                                    \
		"/proc/net/ipv6_route", text \
	}
/* Linux net/ipv6/route.c, rt6_info_route() */
#define ANY "00000000000000000000000000000000"
#define DEFAULT6(name) ANY " 00 " ANY " 00 " ANY " 00000400 00000001 00000000 00000003 " name "\n"
#define LINK_LOCAL6(name)                                     \
	"fe800000000000000000000000000000 40 " ANY " 00 " ANY \
	" 00000100 00000001 00000000 00000001 " name "\n"
#define NET(name, driver)                                                          \
	{                                                                          \
		"/sys/class/net/" name "/device/driver", "->../../drivers/" driver \
	}

static void test_network(void **state)
{
	const struct row rows[] = {
		{ "E6", { V4("eth0\t00000000\t0101A8C0\n"), NET("eth0", "e1000e") }, OK },
		/* its driver cannot be told: there is no such interface, it is a tunnel, below it is one */
		{ "E6", { V4("eth0\t00000000\t0101A8C0\n") }, UNKNOWN, .evidence = "net/eth0" },
		{ "E6",
		  { V4("wg0\t00000000\t0101A8C0\n"), FILE_AT("/sys/class/net/wg0/mtu") },
		  UNKNOWN,
		  .evidence = "wg0" },
		{ "E6",
		  { V4("eth0\t00000000\t0101A8C0\n"),
		    FILE_AT("/sys/class/net/eth0/device/driver") },
		  UNKNOWN },
		{ "E6",
		  { V4("br0\t00000000\t0101A8C0\n"),
		    { "/sys/class/net/br0/lower_eth0", "->../eth0" },
		    { "/sys/class/net/br0/lower_tap0", "->../tap0" },
		    FILE_AT("/sys/class/net/tap0/mtu"),
		    NET("eth0", "igb") },
		  UNKNOWN,
		  .evidence = "tap0" },
		/* a device without a driver moves no packets */
		{ "E6",
		  { V4("eth0\t00000000\t0101A8C0\n"), FILE_AT("/sys/class/net/eth0/device/id") },
		  OK },
		/* what one of several shows is a finding all the same */
		{ "E6",
		  { V4("wg0\t00000000\t0\neth0\t00000000\t0101A8C0\n"), NET("eth0", "mlx5_core") },
		  WARN,
		  .evidence = "driver mlx5_core" },
		/* a default route of IPv6 alone */
		{ "E6",
		  { V4(""), V6(LINK_LOCAL6("eth1") DEFAULT6("eth0")), NET("eth0", "bnxt_en"),
		    NET("eth1", "igb") },
		  WARN },
		{ "E6",
		  { V4(""), V6(DEFAULT6("eth0") LINK_LOCAL6("eth1")), NET("eth0", "igb"),
		    NET("eth1", "bnxt_en") },
		  OK },
		{ "E6",
		  { V4("eth0\t00000000\t0101A8C0\n"), FOLDER("/proc/net/ipv6_route"),
		    NET("eth0", "igb") },
		  UNKNOWN,
		  .evidence = "ipv6_route" },
		/* no default route: the adapters of others */
		{ "E6", { V4("eth0\t0000A8C0\t00000000\n"), NET("eth0", "i40e") }, WARN },
		{ "E6", { V4(""), V6(DEFAULT6("lo")) }, OK },
		{ "E6", { { NULL } }, UNKNOWN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

static void test_machine(void **state)
{
	const struct row rows[] = {
		/* a class that cannot be read, processors that do not say which they are */
		{ "E2", { { PCI "/driver", "->../../../drivers/amdgpu" } }, UNKNOWN },
		{ "E2",
		  { { PCI "/driver", "->../../../drivers/amdgpu" }, { PCI "/class", "odd\n" } },
		  UNKNOWN,
		  .evidence = PCI "/class" },
		{ "E3",
		  { { PCI "/driver", "->../../../drivers/i915" },
		    { PCI "/class", "0x030000\n" },
		    { "/proc/cpuinfo", "processor\t: 0\n" } },
		  UNKNOWN },
		/* built in, the module counts nothing */
		{ "E9", { FILE_AT("/sys/module/kvm_amd/parameters/npt") }, UNKNOWN },
		{ "E9", { { "/sys/module/kvm_intel/refcnt", "many\n" } }, UNKNOWN },
		/* without CONFIG_WATCHDOG_SYSFS */
		{ "E13", { FILE_AT("/sys/class/watchdog/watchdog0/dev") }, UNKNOWN },
		{ "E13",
		  { { "/sys/class/watchdog/watchdog0/state", "active\n" } },
		  UNKNOWN,
		  .evidence = "watchdog0" },
		{ "E13",
		  { FILE_AT("/sys/class/watchdog/watchdog0/dev"),
		    { "/sys/class/watchdog/watchdog1/state", "active\n" },
		    { "/sys/class/watchdog/watchdog1/timeout", "5\n" } },
		  WARN },
		/* xenfs is not mounted: it may be the first domain */
		{ "D3", { { "/sys/hypervisor/type", "xen\n" } }, UNKNOWN },
		{ "D3",
		  { { "/sys/hypervisor/type", "xen\n" }, { "/proc/xen/capabilities", "" } },
		  OK },
		{ "A8", { EFIVAR("SecureBoot", EFI_GLOBAL_GUID, "") }, UNKNOWN },
		{ "A14", { NO_FOLDER("/dev"), { "/proc/cpuinfo", "flags\t: fpu\n" } }, UNKNOWN },
		{ "W5",
		  { FOLDER("/sys/class/firmware-attributes/a/attributes/pending_reboot") },
		  UNKNOWN },
		{ "W6", { { "/sys/class/tpm/tpm0/ppi/request", "invalid\n" } }, UNKNOWN },
		{ "W6", { { "/sys/class/tpm/tpm0/ppi/request", "\n" } }, UNKNOWN },
		{ "W8", { NO_FOLDER("/boot/firmware"), { "/proc/stat", "btime 1\n" } }, UNKNOWN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

static void test_files(void **state)
{
	static const struct kx_image_info image = { .version = "6.1.0-18-amd64" };
	const struct row rows[] = {
		{ "B7", { { NULL } }, ENTRY(.image = &image), UNKNOWN },
		{ "B7",
		  { FILE_AT("/lib/modules/6.1.0-18-amd64/modules.dep"),
		    FILE_AT("/usr/lib/modules/6.1.0-20-amd64/modules.dep") },
		  ENTRY(.image = &image),
		  WARN,
		  .evidence = "/usr/lib/modules/6.1.0-20-amd64" },
		{ "B7",
		  { FILE_AT("/lib/modules/6.1.0-18-amd64/modules.dep"),
		    NO_FOLDER("/usr/lib/modules") },
		  ENTRY(.image = &image),
		  UNKNOWN },
		{ "B10", { NO_FOLDER("/var/lib/pacman") }, UNKNOWN },
		{ "B10", { NO_FOLDER("/var/lib/dpkg/updates") }, UNKNOWN },
		{ "B10", { FOLDER("/var/lib/dpkg/lock") }, UNKNOWN },
		{ "B10",
		  { FOLDER("/var/lib/dpkg/lock"), FILE_AT("/var/lib/pacman/db.lck") },
		  REFUSE },
		{ "B10", { NO_FOLDER("/boot") }, ENTRY(.kernel = "/boot/vmlinuz"), UNKNOWN },
		{ "G6", { FOLDER("/run/systemd/sessions/2") }, UNKNOWN, .evidence = "sessions/2" },
		{ "G6",
		  { FOLDER("/run/systemd/sessions/2"),
		    { "/run/systemd/sessions/3", "USER=ann\nCLASS=user\n" } },
		  NOTE,
		  .evidence = "sessions/2" },
		/* of a class that is not known, of nobody */
		{ "G6", { { "/run/systemd/sessions/2", "USER=ann\n" } }, NOTE },
		{ "G6", { { "/run/systemd/sessions/2", "" } }, NOTE },
		/* the place of the newest kernels, with and without the old one */
		{ "B11", { { "/sys/kernel/kexec/loaded", "1\n" } }, WARN },
		{ "B11", { FOLDER("/sys/kernel/kexec/loaded") }, UNKNOWN },
		{ "H6", { { "/sys/kernel/kexec/crash_loaded", "1\n" } }, NOTE },
		{ "H6", { { "/sys/kernel/kexec/crash_loaded", "0\n" } }, OK },
		{ "G6", { { "/run/utmp", "a record" } }, UNKNOWN, .evidence = "who(1)" },
		{ "F3", { { "/usr/bin/keylime_agent", "ELF" } }, UNKNOWN },
		{ "F3",
		  { { "/usr/bin/keylime_agent", "ELF" },
		    FILE_AT("/run/systemd/units/invocation:dbus.service") },
		  OK },
		{ "F4", { { "/proc/1/comm", "sinit\n" } }, .opts = { .direct = true }, UNKNOWN },
		{ "F4", { { "/proc/1/comm", "bash\n" } }, .opts = { .direct = true }, OK },
		{ "G2",
		  { { "/run/shutdown.pid", "77\n" }, FOLDER("/proc/77/comm") },
		  UNKNOWN,
		  .evidence = "/run/shutdown.pid" },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

static void test_unlocking(void **state)
{
	const struct row rows[] = {
		{ "F1", { ROOT("ext4", "/dev/sda1"), SDA1 }, OK },
		{ "F2", { ROOT("ext4", "/dev/sda1"), SDA1 }, OK },
		/* what device-mapper says of the disk */
		{ "F1",
		  { ROOT("ext4", "/dev/sda1"), SDA1, FOLDER("/sys/class/block/sda1/dm/uuid") },
		  UNKNOWN },
		{ "F1",
		  { ROOT("ext4", "/dev/sda1"), SDA1, NO_FOLDER("/sys/class/block/sda1/slaves") },
		  UNKNOWN },
		/* tables of volumes, pools and services */
		{ "F1",
		  { ROOT("ext4", "/dev/sda1"), SDA1, FOLDER("/etc/fstab") },
		  UNKNOWN,
		  .evidence = "/etc/fstab" },
		{ "F1",
		  { ROOT("ext4", "/dev/sda1"), SDA1, NO_FOLDER("/etc/zfs/zfs-list.cache") },
		  UNKNOWN },
		{ "F1",
		  { ROOT("ext4", "/dev/sda1"), SDA1, FOLDER("/etc/zfs/zfs-list.cache/tank") },
		  UNKNOWN },
		{ "F1", { ROOT("ext4", "/dev/sda1"), SDA1, NO_FOLDER("/etc/conf.d") }, UNKNOWN },
		{ "F1",
		  { ROOT("ext4", "/dev/sda1"), SDA1, FILE_AT("/etc/conf.d/dmcrypt"),
		    NO_FOLDER("/etc/runlevels") },
		  UNKNOWN },
		{ "F1",
		  { ROOT("ext4", "/dev/sda1"), SDA1, FOLDER("/etc/mkinitcpio.conf") },
		  UNKNOWN },
		{ "F2", { ROOT("ext4", "/dev/sda1"), SDA1, FOLDER("/etc/crypttab") }, UNKNOWN },
		/* who cannot tell what opens a volume cannot tell that the TPM does not */
		{ "F2",
		  { ROOT("ext4", "/dev/sda1"),
		    SDA1,
		    { "/etc/crypttab", "home UUID=1 none luks,header=/boot/header.img\n" } },
		  UNKNOWN,
		  .evidence = "\"home\"" },
		{ "F2",
		  { ROOT("ext4", "/dev/sda1"),
		    SDA1,
		    { "/etc/crypttab", "home UUID=1 none luks,keyscript=/usr/local/bin/own\n" } },
		  UNKNOWN },
		{ "F2",
		  { { "/proc/self/mountinfo", "1 0 0:27 / / rw - zfs rpool/ROOT/u rw\n" } },
		  UNKNOWN },
		/* a btrfs on two devices, the second one encrypted */
		{ "F1",
		  { { "/proc/self/mountinfo", "1 0 0:30 / / rw - btrfs /dev/sda1 rw\n" },
		    { "/dev/sda1", "" },
		    FILE_AT("/sys/fs/btrfs/a-b/devices/dm-0"),
		    FILE_AT("/sys/fs/btrfs/a-b/devices/sda1"),
		    { "/sys/class/block/dm-0/dm/uuid", "CRYPT-LUKS2-ab-crypt2\n" },
		    { "/sys/class/block/dm-0/dm/name", "crypt2\n" } },
		  REFUSE,
		  .evidence = "crypt2" },
		{ "F1",
		  { { "/proc/self/mountinfo", "1 0 0:30 / / rw - btrfs /dev/sda1 rw\n" },
		    { "/dev/sda1", "" },
		    FILE_AT("/sys/fs/btrfs/c-d/devices/dm-0"),
		    FILE_AT("/sys/fs/btrfs/a-b/devices/sda1"),
		    { "/sys/class/block/dm-0/dm/uuid", "CRYPT-LUKS2-ab-crypt2\n" } },
		  OK },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_machine),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_unlocking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Families C, D and E: memory, virtual platforms, hardware. Files are as proc(5), the kernel's
 * Documentation/ABI and DMI tables of such machines have them; a directory in place of a file stands
 * for one that cannot be read. */
#include <string.h>
#include <sys/utsname.h>

#include "tests/unit/cmocka-shim.h"
#include "tests/unit/preflight-rows.h"

static const char *const one[] = { "/i" };

#define ENTRY(...) .entry = { .title = "t", .kernel = "/k", __VA_ARGS__ }
#define DMI "/sys/class/dmi/id/"
#define VENDOR(name)                        \
	{                                   \
		DMI "sys_vendor", name "\n" \
	}
#define PRODUCT(name)                         \
	{                                     \
		DMI "product_name", name "\n" \
	}
#define DEVICE "/sys/bus/pci/devices/0000:01:00.0/"
#define DRIVER(name)                                                \
	{                                                           \
		DEVICE "driver", "->../../../bus/pci/drivers/" name \
	}
#define INPUT(text)                             \
	{                                       \
		"/proc/bus/input/devices", text \
	}
#define BUTTON \
	"N: Name=\"Power Button\"\nP: Phys=PNP0C0C/button/input0\nH: Handlers=kbd event0 \n\n"
#define PS2_KEYBOARD                                 \
	"N: Name=\"AT Translated Set 2 keyboard\"\n" \
	"P: Phys=isa0060/serio0/input0\nH: Handlers=sysrq kbd event1 leds \n\n"
#define USB_KEYBOARD                                                  \
	"N: Name=\"Dell KB216\"\nP: Phys=usb-0000:00:14.0-1/input0\n" \
	"H: Handlers=sysrq kbd event2 leds \n\n"
#define DISPLAY                              \
	{                                    \
		DEVICE "class", "0x030000\n" \
	}
#define EFI                                        \
	{                                          \
		"/sys/firmware/efi/fw_vendor", "x" \
	}
#define ZEROS_16 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define ZEROS_112 ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16
#define BYTES_128                                                          \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
/* 1024 bytes */
#define KIB BYTES_128 BYTES_128 BYTES_128 BYTES_128 BYTES_128 BYTES_128 BYTES_128 BYTES_128

static void test_memory(void **state)
{
	const struct row rows[] = {
		/* half of all memory is what the kernel takes: 2 KiB of 4 */
		{ "C1",
		  { { "/k", KIB }, { "/i", KIB }, { "/proc/meminfo", "MemTotal:    4 kB\n" } },
		  ENTRY(.initrds = one, .n_initrds = 1),
		  OK },
		{ "C1",
		  { { "/k", KIB }, { "/i", KIB "x" }, { "/proc/meminfo", "MemTotal: 4 kB\n" } },
		  ENTRY(.initrds = one, .n_initrds = 1),
		  REFUSE },
		{ "C1", { { "/k", KIB }, { "/proc/meminfo/x", "" } }, ENTRY(), UNKNOWN },
		{ "C1", { { "/proc/meminfo", "MemTotal: 4 kB\n" } }, ENTRY(), UNKNOWN },

		{ "C2",
		  { { "/k", KIB }, { "/proc/meminfo", "MemAvailable: 2 kB\n" } },
		  ENTRY(),
		  OK },
		{ "C2",
		  { { "/k", KIB "x" }, { "/proc/meminfo", "MemAvailable: 2 kB\n" } },
		  ENTRY(),
		  WARN },
		{ "C2",
		  { { "/k", KIB "x" }, { "/proc/meminfo", "MemAvailable: 1 kB\n" } },
		  ENTRY(),
		  REFUSE },
		{ "C2",
		  { { "/k", KIB }, { "/proc/meminfo", "MemTotal: 1 kB\n" } },
		  ENTRY(),
		  UNKNOWN },

		{ "C3",
		  { { "/proc/buddyinfo", "Node 0, zone    DMA      1    0    0    1\n"
					 "Node 0, zone Normal  12345   0    0    0\n" } },
		  OK },
		{ "C3",
		  { { "/proc/buddyinfo", "Node 0, zone    DMA      1    0    0    0\n"
					 "Node 0, zone Normal  12345   0    0    0\n" } },
		  WARN,
		  .evidence = "side by side" },
		{ "C3", { { "/proc/buddyinfo/x", "" } }, UNKNOWN },

		{ "C4",
		  { { "/proc/iomem", "00001000-0009fbff : System RAM\n" } },
		  ENTRY(.way = KX_WAY_SEGMENTS),
		  OK },
		{ "C4",
		  { { "/proc/iomem", "00000000-00000000 : System RAM\n"
				     "  00000000-00000000 : Kernel code\n" } },
		  ENTRY(.way = KX_WAY_SEGMENTS),
		  REFUSE },
		{ "C4",
		  { { "/proc/iomem", "00000000-00000000 : System RAM\n" } },
		  ENTRY(.way = KX_WAY_FILE),
		  OK },
		{ "C4", { { NULL } }, ENTRY(.way = KX_WAY_SEGMENTS), UNKNOWN },

		{ "C5",
		  { { "/proc/cmdline", "ro crashkernel=256M\n" } },
		  ENTRY(.cmdline = "ro crashkernel=256M"),
		  OK },
		{ "C5",
		  { { "/proc/cmdline", "ro crashkernel=256M\n" } },
		  ENTRY(.cmdline = "ro"),
		  WARN,
		  .evidence = "crashkernel=256M" },
		{ "C5", { { "/proc/cmdline", "ro\n" } }, ENTRY(.cmdline = "ro"), OK },
		{ "C5", { { "/proc/cmdline/x", "" } }, ENTRY(.cmdline = "ro"), UNKNOWN },

		{ "C7", { { NULL } }, ENTRY(.cmdline = "crashkernel=256M"), OK },
		{ "C7", { { NULL } }, ENTRY(.cmdline = "crashkernel=256M@16M"), NOTE },
		{ "C7", { { NULL } }, UNKNOWN },

		{ "C8", { { "/proc/iomem", "100000-1fffff : System RAM\n" } }, OK },
		{ "C8", { { "/proc/iomem", "100000-1fffff : System RAM (virtio_mem)\n" } }, WARN },
		{ "C8", { { "/proc/iomem/x", "" } }, UNKNOWN },
		{ "C9", { { "/proc/cmdline", "quiet\n" } }, OK },
		{ "C9", { { "/proc/cmdline", "memmap=64M!1G\n" } }, UNKNOWN },
		{ "C9",
		  { { "/proc/cmdline", "memmap=64M!1G\n" } },
		  { .title = "x", .cmdline = "quiet memmap=0x4000000!1024M" },
		  OK },
		{ "C9",
		  { { "/proc/cmdline", "memmap=64M!1G\n" } },
		  { .title = "x", .cmdline = "quiet" },
		  WARN,
		  .evidence = "this boot: memmap=64M!1024M" },
		{ "C9",
		  { { "/proc/cmdline", "memmap=64M!1G\n" } },
		  { .title = "x", .cmdline = "memmap=64M!2G" },
		  WARN,
		  .evidence = "the entry: memmap=64M!2048M" },
		{ "C9",
		  { { "/proc/cmdline", "memmap=64M!1G\n" } },
		  { .title = "x", .cmdline = "memmap=64M!" },
		  UNKNOWN },
		{ "C9", { { "/proc/cmdline", "memmap=64M!\n" } }, UNKNOWN },
		{ "C9", { { "/proc/cmdline/x", "" } }, UNKNOWN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

static void test_virtual(void **state)
{
	const struct row rows[] = {
		{ "D1", { VENDOR("Dell Inc."), PRODUCT("PowerEdge R640") }, OK },
		{ "D1", { VENDOR("Microsoft Corporation"), PRODUCT("Virtual Machine") }, REFUSE },
		{ "D1", { VENDOR("Microsoft Corporation"), PRODUCT("Surface Pro") }, OK },
		{ "D1", { { "/sys/bus/vmbus/drivers_probe", "" } }, REFUSE },
		{ "D1", { { DMI "sys_vendor/x", "" } }, UNKNOWN },

		{ "D2", { VENDOR("Dell Inc.") }, OK },
		{ "D2",
		  { { "/sys/hypervisor/type", "xen\n" }, { "/proc/xen/capabilities", "" } },
		  REFUSE },
		{ "D2", { VENDOR("Xen"), PRODUCT("HVM domU") }, REFUSE },
		{ "D2",
		  { { "/sys/hypervisor/type", "xen\n" },
		    { "/proc/xen/capabilities", "control_d\n" } },
		  OK },
		{ "D2", { { "/sys/hypervisor/type/x", "" } }, UNKNOWN },

		{ "D3", { { NULL } }, OK },
		{ "D3", { { "/proc/xen/capabilities", "control_d\n" } }, REFUSE },
		{ "D3", { { "/proc/xen/capabilities", "" } }, OK },
		{ "D3", { { "/proc/xen/capabilities/x", "" } }, UNKNOWN },

		{ "D4", { VENDOR("Google"), PRODUCT("Google Compute Engine") }, WARN },
		{ "D4", { PRODUCT("x") }, OK },
		{ "D4", { { DMI "product_name/x", "" } }, UNKNOWN },

		{ "D5", { VENDOR("Amazon EC2"), PRODUCT("m5.large") }, NOTE },
		{ "D5", { VENDOR("x") }, OK },
		{ "D5", { { DMI "sys_vendor/x", "" } }, UNKNOWN },

		{ "D6",
		  { { "/proc/cpuinfo", "model name\t: QEMU TCG CPU version 2.5+\n" } },
		  WARN },
		{ "D6",
		  { { "/proc/cpuinfo", "model name\t: Intel Xeon\n" }, VENDOR("Dell Inc.") },
		  OK },
		{ "D6",
		  { { "/proc/cpuinfo", "model name\t: Intel Xeon\n" },
		    VENDOR("QEMU"),
		    { "/sys/devices/system/clocksource/clocksource0/available_clocksource",
		      "kvm-clock tsc acpi_pm\n" } },
		  OK },
		{ "D6",
		  { { "/proc/cpuinfo", "model name\t: Intel Xeon\n" },
		    VENDOR("QEMU"),
		    { "/sys/devices/system/clocksource/clocksource0/available_clocksource",
		      "tsc acpi_pm\n" } },
		  UNKNOWN },
		{ "D6", { { "/proc/cpuinfo/x", "" } }, UNKNOWN },

		{ "D7",
		  { { "/proc/cpuinfo", "CPU implementer\t: 0x41\n" },
		    VENDOR("QEMU"),
		    { "/proc/sys/kernel/osrelease", "6.12.53-talos\n" } },
		  WARN },
		{ "D7",
		  { { "/proc/cpuinfo", "CPU implementer\t: 0x41\n" },
		    VENDOR("QEMU"),
		    { "/proc/sys/kernel/osrelease", "6.12.58\n" } },
		  OK },
		{ "D7",
		  { { "/proc/cpuinfo", "CPU implementer\t: 0x41\n" },
		    VENDOR("Ampere"),
		    { "/proc/sys/kernel/osrelease", "6.12.53\n" } },
		  OK },
		{ "D7",
		  { { "/proc/cpuinfo", "vendor_id\t: GenuineIntel\n" },
		    VENDOR("QEMU"),
		    { "/proc/sys/kernel/osrelease", "6.12.53\n" } },
		  OK },
		{ "D7",
		  { { "/proc/cpuinfo", "CPU implementer\t: 0x41\n" }, VENDOR("QEMU") },
		  UNKNOWN },

		{ "D8", { PRODUCT("BHYVE") }, REFUSE },
		{ "D8", { PRODUCT("x") }, OK },
		{ "D8", { { DMI "product_name/x", "" } }, UNKNOWN },

		{ "D9", { VENDOR("QEMU") }, NOTE },
		{ "D9", { PRODUCT("KVM") }, NOTE },
		{ "D9", { VENDOR("Dell Inc.") }, OK },
		{ "D9", { { DMI "sys_vendor/x", "" } }, UNKNOWN },

		{ "D10", { VENDOR("innotek GmbH"), PRODUCT("VirtualBox") }, WARN },
		{ "D10", { VENDOR("Parallels Software International Inc.") }, WARN },
		{ "D10", { VENDOR("QEMU") }, OK },
		{ "D10", { { DMI "sys_vendor/x", "" } }, UNKNOWN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

static void test_graphics_and_network(void **state)
{
	static const char default_route[] = "Iface\tDestination\tGateway\n"
					    "eth0\t0000A8C0\t00000000\n"
					    "bond0\t00000000\t0100A8C0\n";
	static const char n5105[] = "model name\t: Intel(R) Celeron(R) N5105 @ 2.00GHz\n";
	static const char meteor_lake[] = "cpu family\t: 6\nmodel\t\t: 170\n";
	const struct row rows[] = {
		{ "E1", { { NULL } }, OK },
		{ "E1",
		  { { "/sys/module/nvidia_drm/parameters/modeset", "Y\n" } },
		  WARN,
		  .evidence = "modeset: Y" },
		{ "E1", { { "/sys/module/nouveau/refcnt", "1\n" } }, WARN },
		{ "E1", { { "/sys/module", "a file" } }, UNKNOWN },

		{ "E2", { DRIVER("amdgpu"), DISPLAY }, WARN, .evidence = "driver amdgpu" },
		{ "E2", { DRIVER("i915"), DISPLAY }, OK },
		{ "E2", { DISPLAY }, OK }, /* no driver */
		{ "E2", { { "/sys/bus/pci/devices", "a file" } }, UNKNOWN },

		{ "E3", { DRIVER("i915"), DISPLAY, { "/proc/cpuinfo", n5105 } }, WARN },
		{ "E3", { DRIVER("xe"), DISPLAY, { "/proc/cpuinfo", meteor_lake } }, WARN },
		{ "E3",
		  { DRIVER("i915"),
		    DISPLAY,
		    { "/proc/cpuinfo", "cpu family\t: 6\nmodel\t: 158\n" } },
		  OK },
		{ "E3", { { "/proc/cpuinfo", n5105 } }, OK },
		{ "E3", { DRIVER("i915"), DISPLAY, { "/proc/cpuinfo/x", "" } }, UNKNOWN },

		{ "E4", { { NULL } }, ENTRY(.cmdline = "", .way = KX_WAY_SEGMENTS), OK },
		{ "E4", { EFI }, ENTRY(.cmdline = "", .way = KX_WAY_FILE), OK },
		{ "E4",
		  { EFI, { "/sys/firmware/efi/runtime-map/0/type", "" } },
		  ENTRY(.cmdline = "", .way = KX_WAY_SEGMENTS),
		  OK },
		{ "E4",
		  { EFI, { "/sys/firmware/efi/systab", "ACPI20=0x7f77e014\n" } },
		  ENTRY(.cmdline = "", .way = KX_WAY_SEGMENTS),
		  OK },
		{ "E4",
		  { EFI,
		    BYTES("/sys/kernel/boot_params/data", ZEROS_112 "\x14\xe0\x77\x7f\0\0\0\0") },
		  ENTRY(.cmdline = "", .way = KX_WAY_SEGMENTS),
		  OK },
		{ "E4",
		  { EFI, BYTES("/sys/kernel/boot_params/data", ZEROS_112 "\0\0\0\0\0\0\0\0") },
		  ENTRY(.cmdline = "quiet", .way = KX_WAY_SEGMENTS),
		  WARN,
		  .evidence = "runtime-map" },
		{ "E4",
		  { EFI },
		  ENTRY(.cmdline = "quiet acpi_rsdp=0x7f77e014", .way = KX_WAY_SEGMENTS),
		  OK },
		{ "E4", { EFI }, UNKNOWN },

		{ "E5", { { NULL } }, OK },
		{ "E5",
		  { { "/sys/firmware/efi/runtime-map/0/type", "" },
		    { "/sys/firmware/efi/efivars/Boot0000", "" } },
		  OK },
		{ "E5",
		  { { "/sys/firmware/efi/efivars/Boot0000", "" } },
		  NOTE,
		  .evidence = "runtime-map" },
		{ "E5", { { "/sys/firmware/efi/runtime-map/0/type", "" } }, NOTE },
		{ "E5", { { "/sys/firmware", "a file" } }, UNKNOWN },

		{ "E6",
		  { { "/proc/net/route", default_route },
		    { "/sys/class/net/bond0/device/driver", "->../../drivers/mlx5_core" } },
		  WARN },
		{ "E6",
		  { { "/proc/net/route", default_route },
		    { "/sys/class/net/bond0/lower_eth1", "->../eth1" },
		    { "/sys/class/net/eth1/device/driver", "->../../drivers/i40e" } },
		  WARN,
		  .evidence = "eth1/device: driver i40e" },
		{ "E6",
		  { { "/proc/net/route", default_route },
		    { "/sys/class/net/eth0/device/driver", "->../../drivers/i40e" },
		    { "/sys/class/net/bond0/device/driver", "->../../drivers/igb" } },
		  OK },
		{ "E6", { { "/proc/net/route/x", "" } }, UNKNOWN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

static void test_architecture(void **state)
{
	static const struct row rows[] = {
		/* arm64 and x86 differ in what /proc/cpuinfo shows: its arch/…/kernel/cpuinfo.c */
		{ "A16", { { "/proc/sys/kernel/arch", "x86_64\n" } }, OK },
		{ "A16", { { "/proc/sys/kernel/arch", "aarch64\n" } }, OK, .evidence = "aarch64" },
		{ "A16",
		  { { "/proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd\n"
				       "CPU implementer\t: 0x41\n" } },
		  OK,
		  .evidence = "/proc/cpuinfo: aarch64" },
		{ "A16",
		  { { "/proc/cpuinfo", "isa\t\t: rv64imafdc\n" } },
		  REFUSE,
		  .evidence = "riscv64" },
		/* a Loongson 3A of Debian's mips64el: arch/mips/kernel/proc.c */
		{ "A16",
		  { { "/proc/cpuinfo",
		      "system type\t\t: generic-loongson-machine\nprocessor\t\t: 0\n"
		      "isa\t\t\t: mips1 mips2 mips3 mips4 mips5 mips32r1 mips32r2 mips64r1 mips64r2\n" } },
		  REFUSE,
		  .evidence = "/proc/cpuinfo: mips64" },
		{ "A16",
		  { BYTES("/bin/sh", "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\10\0") },
		  REFUSE,
		  .evidence = "/bin/sh: mips64" },
		{ "A16",
		  { BYTES("/bin/sh", "\177ELF\2\2\1\0\0\0\0\0\0\0\0\0\0\3\0\26") },
		  REFUSE,
		  .evidence = "s390x" },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

/* Without a file that tells it is guessed, which is no "ok". */
static void test_architecture_guessed(void **state)
{
	static const struct row supported[] = {
		{ .id = "A16", UNKNOWN, .evidence = "uname: x86_64" }
	};
	static const struct row other[] = { { .id = "A16", REFUSE, .evidence = "uname: " } };
	struct utsname uts;

	static const struct row arm64[] = {
		{ .id = "A16", UNKNOWN, .evidence = "uname: aarch64" }
	};

	assert_int_equal(uname(&uts), 0);
	rows_check(strcmp(uts.machine, "x86_64") == 0	 ? supported
		   : strcmp(uts.machine, "aarch64") == 0 ? arm64
							 : other,
		   1);
}

static void test_other_devices(void **state)
{
	const struct row rows[] = {
		{ "E8", { DRIVER("xhci_hcd") }, OK },
		{ "E8", { DRIVER("xhci_hcd"), INPUT(BUTTON USB_KEYBOARD) }, NOTE },
		{ "E8", { DRIVER("ehci-pci"), INPUT(USB_KEYBOARD) }, OK },
		{ "E8", { DRIVER("xhci_hcd"), INPUT(USB_KEYBOARD PS2_KEYBOARD) }, OK },
		{ "E8", { DRIVER("xhci_hcd"), INPUT(PS2_KEYBOARD USB_KEYBOARD) }, OK },
		{ "E8", { DRIVER("xhci_hcd"), INPUT(BUTTON) }, OK },
		{ "E8", { { "/proc/bus/input/devices/x", "" } }, UNKNOWN },

		{ "E9", { DRIVER("vfio-pci"), { "/sys/module/vfio_pci/refcnt", "1\n" } }, REFUSE },
		{ "E9", { DRIVER("vfio-pci") }, REFUSE },
		{ "E9", { DRIVER("vfio-pci"), { "/sys/module/vfio_pci/refcnt", "0\n" } }, NOTE },
		{ "E9", { { "/sys/module/kvm_intel/refcnt", "4\n" } }, NOTE },
		{ "E9", { { "/sys/module/kvm_intel/refcnt", "0\n" } }, OK },
		{ "E9", { { "/sys/bus/pci/devices", "a file" } }, UNKNOWN },

		{ "E10", { DRIVER("megaraid_sas") }, NOTE },
		{ "E10", { DRIVER("ahci") }, OK },
		{ "E10", { { "/sys/bus/pci/devices", "a file" } }, UNKNOWN },

		{ "E11",
		  { { "/sys/class/graphics/fb0/name", "i915drmfb\n" } },
		  ENTRY(.way = KX_WAY_SEGMENTS),
		  NOTE },
		{ "E11",
		  { { "/sys/class/graphics/fb0/name", "EFI VGA\n" } },
		  ENTRY(.way = KX_WAY_SEGMENTS),
		  OK },
		{ "E11",
		  { { "/sys/class/graphics/fb0/name", "i915drmfb\n" } },
		  ENTRY(.way = KX_WAY_FILE),
		  OK },
		{ "E11",
		  { { "/sys/class/graphics/fb0/name/x", "" } },
		  ENTRY(.way = KX_WAY_SEGMENTS),
		  UNKNOWN },

		{ "E12", { { "/proc/sys/kernel/arch", "aarch64\n" } }, OK },
		{ "E12",
		  { { "/proc/sys/kernel/arch", "aarch64\n" },
		    BYTES("/proc/device-tree/cpus/cpu@0/enable-method", "psci\0"),
		    { "/sys/devices/system/cpu/possible", "0-3\n" } },
		  OK },
		{ "E12",
		  { { "/proc/sys/kernel/arch", "aarch64\n" },
		    BYTES("/proc/device-tree/cpus/cpu@0/enable-method", "spin-table\0"),
		    { "/sys/devices/system/cpu/possible", "0-3\n" } },
		  REFUSE },
		{ "E12",
		  { { "/proc/sys/kernel/arch", "aarch64\n" },
		    BYTES("/proc/device-tree/cpus/cpu@0/enable-method", "spin-table\0"),
		    { "/sys/devices/system/cpu/possible", "0\n" } },
		  OK },
		{ "E12",
		  { { "/proc/sys/kernel/arch", "aarch64\n" },
		    BYTES("/proc/device-tree/cpus/cpu@0/enable-method", "spin-table\0") },
		  UNKNOWN },

		{ "E13", { { NULL } }, OK },
		{ "E13", { { "/sys/class/watchdog/watchdog0/state", "inactive\n" } }, OK },
		{ "E13",
		  { { "/sys/class/watchdog/watchdog0/state", "active\n" },
		    { "/sys/class/watchdog/watchdog0/timeout", "30\n" },
		    { "/sys/class/watchdog/watchdog0/nowayout", "0\n" } },
		  WARN },
		{ "E13",
		  { { "/sys/class/watchdog/watchdog0/state", "active\n" },
		    { "/sys/class/watchdog/watchdog0/timeout", "60\n" },
		    { "/sys/class/watchdog/watchdog0/nowayout", "0\n" } },
		  OK },
		{ "E13",
		  { { "/sys/class/watchdog/watchdog0/state", "active\n" },
		    { "/sys/class/watchdog/watchdog0/timeout", "600\n" },
		    { "/sys/class/watchdog/watchdog0/nowayout", "1\n" } },
		  WARN },
		{ "E13", { { "/sys/class/watchdog/watchdog0/state/x", "" } }, UNKNOWN },

		{ "E14", { { "/run/reboot-required.pkgs", "linux-image-amd64\n" } }, OK },
		{ "E14", { { "/run/reboot-required.pkgs", "libc6\nintel-microcode\n" } }, NOTE },
		{ "E14", { { "/run/reboot-required.pkgs/x", "" } }, UNKNOWN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_virtual),
		cmocka_unit_test(test_graphics_and_network),
		cmocka_unit_test(test_architecture),
		cmocka_unit_test(test_architecture_guessed),
		cmocka_unit_test(test_other_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

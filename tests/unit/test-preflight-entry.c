// SPDX-License-Identifier: LGPL-2.1-or-later
/* Family B. Archives are written by hand after the kernel's buffer-format.rst, package managers'
 * files after dpkg(1); a directory in place of a file stands for one that cannot be read. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/cmocka-shim.h"
#include "tests/unit/preflight-rows.h"
#include "tests/unit/root.h"

/* "newc": magic, inode, mode, uid, gid, links, time, size, four device numbers, length of the name
 * with its NUL, checksum; name and contents padded to 4 bytes. */
#define N "00000000"
#define HEADER(size, name_n) "070701" N N N N N N size N N N N name_n N
#define TRAILER HEADER(N, "0000000b") "TRAILER!!!\0\0\0\0"
#define MICROCODE                      \
	HEADER("00000003", "00000007") \
	"kernel\0\0\0\0"               \
	"abc\0" TRAILER
#define A_FILE                         \
	HEADER("00000002", "00000005") \
	"init\0\0"                     \
	"hi\0\0" TRAILER
#define MODULES HEADER(N, "00000015") "lib/modules/6.1.0/x\0\0\0" TRAILER

static const struct kx_image_info linux_6_1 = { .type = "bzImage64",
						.version = "6.1.0-18-amd64",
						.cmdline_max = 10 };
static const char *const one[] = { "/i" };
static const char *const two[] = { "/m", "/i" };

#define ENTRY(...) .entry = { .title = "t", __VA_ARGS__ }
#define REUSED(line) ENTRY(.cmdline = line, .reuses_running = true)
#define ONE .initrds = one, .n_initrds = 1
#define TWO .initrds = two, .n_initrds = 2
#define LINUX .image = &linux_6_1
#define DEPENDENCIES(v)                              \
	{                                            \
		"/lib/modules/" v "/modules.dep", "" \
	}

static void test_image(void **state)
{
	const struct row rows[] = {
		{ "B1", { { NULL } }, ENTRY(.kernel = "/k", LINUX), OK },
		{ "B1", { { NULL } }, ENTRY(.kernel = "/k", .image_error = "no kernel"), REFUSE },
		{ "B1", { { NULL } }, UNKNOWN },
		/* what only the firmware starts is no damaged kernel: B12 alone finds it */
		{ "B1",
		  { { NULL } },
		  ENTRY(.kernel = "/k", .type = KX_ENTRY_OTHER, .image_error = "no kernel"),
		  UNKNOWN },
		{ "B1", { { NULL } }, ENTRY(.type = KX_ENTRY_CHAINLOAD), UNKNOWN },

		{ "B2", { { NULL } }, ENTRY(.kernel = "/k"), OK },
		{ "B2", { BYTES("/i", A_FILE) }, ENTRY(ONE), OK },
		{ "B2", { { "/i", "\x1f\x8b..." } }, ENTRY(ONE), OK },
		{ "B2", { BYTES("/m", MICROCODE), { "/i", "\x1f\x8b..." } }, ENTRY(TWO), OK },
		/* nobody has looked inside */
		{ "B2",
		  { { "/i", "\x1f\x8b..." } },
		  ENTRY(ONE, .initrd_unseen = "not unpacked"),
		  UNKNOWN,
		  .evidence = "not unpacked" },
		{ "B2", { BYTES("/i", A_FILE) }, ENTRY(ONE, .initrd_unseen = "not unpacked"), OK },
		{ "B2",
		  { { "/i", "\x1f\x8b..." } },
		  ENTRY(ONE, .initrd_unseen = "x", .initrd_damage = "cut off"),
		  REFUSE },
		{ "B2", { BYTES("/i", MICROCODE "\0\0\0\0" A_FILE) }, ENTRY(ONE), OK },
		{ "B2", { BYTES("/i", MICROCODE) }, ENTRY(ONE), REFUSE },
		{ "B2", { { "/i", "" } }, ENTRY(ONE), REFUSE, .evidence = "/i: empty" },
		{ "B2", { { NULL } }, ENTRY(ONE), REFUSE },
		{ "B2",
		  { BYTES("/i", HEADER("00000002", "00000005") "init\0\0"
							       "hi") },
		  ENTRY(ONE),
		  REFUSE },
		{ "B2", { { "/i", HEADER("00001000", "00000005") "init" } }, ENTRY(ONE), REFUSE },
		{ "B2", { { "/i/x", "" } }, ENTRY(ONE), UNKNOWN },
		{ "B2", { { NULL } }, UNKNOWN },

		{ "B3", { DEPENDENCIES("6.1.0-18-amd64") }, ENTRY(LINUX), OK },
		{ "B3",
		  { { "/usr/lib/modules/6.1.0-18-amd64/modules.dep", "" } },
		  ENTRY(LINUX),
		  OK },
		{ "B3", { DEPENDENCIES("6.1.0-17-amd64") }, ENTRY(LINUX), REFUSE },
		{ "B3", { BYTES("/i", A_FILE) }, ENTRY(LINUX, ONE), REFUSE },
		{ "B3", { BYTES("/i", MODULES) }, ENTRY(LINUX, ONE), WARN },
		{ "B3", { { "/i", "\x1f\x8b" } }, ENTRY(LINUX, ONE), WARN },
		{ "B3", { { "/lib/modules", "a file" } }, ENTRY(LINUX), UNKNOWN },
		{ "B3", { { NULL } }, ENTRY(.image_error = "x"), UNKNOWN },

		{ "B5", { { NULL } }, ENTRY(LINUX, .cmdline = "0123456789"), OK },
		{ "B5", { { NULL } }, ENTRY(LINUX, .cmdline = "01234567890"), REFUSE },
		{ "B5", { { NULL } }, ENTRY(.cmdline = "0123456789"), UNKNOWN },

		{ "B7",
		  { DEPENDENCIES("6.1.0-18-amd64"), DEPENDENCIES("6.1.0-9-amd64") },
		  ENTRY(LINUX),
		  OK },
		{ "B7",
		  { DEPENDENCIES("6.1.0-20-amd64") },
		  ENTRY(LINUX),
		  WARN,
		  .evidence = "6.1.0-20-amd64" },
		{ "B7", { DEPENDENCIES("6.10.0-1-amd64") }, ENTRY(LINUX), WARN },
		{ "B7", { DEPENDENCIES("6.1.0-18-rt-amd64") }, ENTRY(LINUX), OK },
		{ "B7", { DEPENDENCIES("6.12.0-rc3-amd64") }, ENTRY(LINUX), OK },
		/* left over from a package that was removed */
		{ "B7",
		  { { "/lib/modules/6.1.0-20-amd64/modules.dep.bin", "" } },
		  ENTRY(LINUX),
		  OK },
		{ "B7", { { "/lib/modules", "a file" } }, ENTRY(LINUX), UNKNOWN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

static void test_command_line(void **state)
{
	const struct row rows[] = {
		{ "B6", { { NULL } }, ENTRY(.cmdline = "ro"), OK },
		{ "B6", { { NULL } }, ENTRY(.cmdline = "ro $tuned_params"), WARN },
		{ "B6", { { NULL } }, ENTRY(.cmdline = "root=UUID=$x ro"), REFUSE },
		{ "B6", { { NULL } }, UNKNOWN },

		{ "B12", { { NULL } }, ENTRY(.type = KX_ENTRY_LINUX), OK },
		{ "B12", { { NULL } }, ENTRY(.type = KX_ENTRY_UKI), OK },
		{ "B12", { { NULL } }, ENTRY(.type = KX_ENTRY_CHAINLOAD), COLD },
		{ "B12", { { NULL } }, ENTRY(.type = KX_ENTRY_OTHER), COLD },
		{ "B12", { { NULL } }, UNKNOWN },

		{ "B17", { { NULL } }, ENTRY(.kernel = "/k"), OK },
		{ "B17", { { NULL } }, .opts = { .entry_error = "/boot: no kernels" }, REFUSE },
		{ "B17", { { NULL } }, UNKNOWN },

		{ "B18", { { NULL } }, ENTRY(.kernel = "/k"), OK },
		{ "B18", { { NULL } }, ENTRY(.is_broken = true), REFUSE },
		{ "B18", { { NULL } }, UNKNOWN },

		{ "B13", { { NULL } }, ENTRY(.way = KX_WAY_FILE), OK },
		{ "B13", { { NULL } }, ENTRY(.way = KX_WAY_FILE, .devicetree = "/d"), REFUSE },
		{ "B13", { { NULL } }, ENTRY(.way = KX_WAY_SEGMENTS, .devicetree = "/d"), OK },
		{ "B13", { { NULL } }, UNKNOWN },

		{ "B15", { { NULL } }, ENTRY(.cmdline = "ro"), OK },
		{ "B15", { { NULL } }, ENTRY(.cmdline = "systemd.unit=kiosk.target"), OK },
		/* a rescue entry, or a first boot, of the boot loader's own */
		{ "B15", { { NULL } }, ENTRY(.cmdline = "ro single"), NOTE, .evidence = "single" },
		{ "B15", { { NULL } }, ENTRY(.cmdline = "ignition.firstboot rw"), NOTE },
		{ "B15", { { NULL } }, REUSED("ro"), OK },
		{ "B15",
		  { { NULL } },
		  REUSED("ro init=/bin/sh"),
		  WARN,
		  .evidence = "init=/bin/sh" },
		{ "B15", { { NULL } }, REUSED("systemd.unit=kiosk.target"), WARN },
		{ "B15", { { NULL } }, REUSED("flatcar.first_boot=detected ro"), WARN },
		{ "B15",
		  { { NULL } },
		  REUSED("rd.break=mount"),
		  WARN,
		  .evidence = "rd.break=mount" },
		{ "B15", { { NULL } }, REUSED("rescue"), WARN },
		{ "B15", { { NULL } }, REUSED("fsck.mode=force"), WARN },
		{ "B15", { { NULL } }, REUSED("fsck.mode=auto"), OK },
		{ "B15", { { NULL } }, REUSED("acpi_rsdp=0x7fe014"), WARN },
		{ "B15", { { NULL } }, UNKNOWN },

		{ "B16", { { NULL } }, ENTRY(.kernel = "/k"), OK },
		{ "B16",
		  { { NULL } },
		  ENTRY(.kernel = "/k"),
		  WARN,
		  .evidence = "why",
		  .opts = { .guess = "why" } },
		{ "B16", { { NULL } }, REFUSE, .evidence = "why", .opts = { .guess = "why" } },
		{ "B16", { { NULL } }, UNKNOWN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

#define FOR_START(what) "<snapshot>\n  <description>" what "</description>\n</snapshot>\n"

static void test_system(void **state)
{
	static const char root_only[] = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n";
	static const char snapshot_5[] = "22 1 0:30 /@/.snapshots/5/snapshot / ro - btrfs "
					 "/dev/sda1 rw,subvol=/@/.snapshots/5/snapshot\n";
	static const char with_boot[] = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
					"30 22 8:2 / /boot rw - ext4 /dev/sda2 rw\n";
	const struct row rows[] = {
		{ "B8", { { NULL } }, OK },
		{ "B8", { { "/run/ostree-booted", "" } }, OK },
		{ "B8",
		  { { "/run/ostree-booted", "" }, { "/run/ostree/staged-deployment", "" } },
		  REFUSE },
		{ "B8",
		  { { "/run/ostree-booted", "" },
		    { "/run/ostree/staged-deployment", "" },
		    { "/run/ostree/staged-deployment-locked", "" } },
		  OK },
		{ "B8", { { "/run/composefs/staged-deployment", "" } }, REFUSE },

		{ "B19", { { "/proc/self/mountinfo", root_only } }, OK },
		{ "B19", { { "/proc/self/mountinfo/x", "" } }, UNKNOWN },
		{ "B19", { { "/proc/self/mounts", "" } }, UNKNOWN },
		{ "B19",
		  { { "/proc/self/mountinfo", snapshot_5 },
		    { "/.snapshots/6/info.xml", FOR_START("Snapshot Update of #5") } },
		  REFUSE },
		/* the entry names it */
		{ "B19",
		  { { "/proc/self/mountinfo", snapshot_5 },
		    { "/.snapshots/6/info.xml", FOR_START("Snapshot Update of #5") } },
		  ENTRY(.cmdline = "rootflags=subvol=@/.snapshots/6/snapshot"),
		  OK },
		{ "B19",
		  { { "/proc/self/mountinfo", snapshot_5 },
		    { "/.snapshots/6/info.xml", FOR_START("Snapshot Update of #5") } },
		  ENTRY(.cmdline = "rootflags=subvol=@/.snapshots/5/snapshot"),
		  REFUSE },
		{ "B19",
		  { { "/proc/self/mountinfo", snapshot_5 },
		    { "/.snapshots/4/info.xml", FOR_START("Snapshot Update of #3") } },
		  OK },
		{ "B19",
		  { { "/proc/self/mountinfo", snapshot_5 }, { "/.snapshots/6/info.xml/x", "" } },
		  UNKNOWN },

		{ "B9",
		  { { "/etc/fstab", "/dev/sda1 / ext4\n" }, { "/proc/self/mountinfo", root_only } },
		  OK },
		{ "B9",
		  { { "/etc/fstab", "# /dev/x /boot\nUUID=1\t/boot ext4\n" },
		    { "/proc/self/mountinfo", with_boot } },
		  OK },
		{ "B9",
		  { { "/etc/fstab", "UUID=1\t/boot ext4 noauto\n" },
		    { "/proc/self/mountinfo", root_only } },
		  WARN },
		{ "B9", { { "/etc/fstab", "UUID=1 /boot ext4\n" } }, UNKNOWN },

		{ "B10",
		  { { "/var/lib/dpkg/lock", "" },
		    { "/var/lib/dpkg/status", "Package: a\nStatus: install ok installed\n" } },
		  OK },
		{ "B10",
		  { { "/var/lib/dpkg/status",
		      "Package: a\nStatus: install ok half-configured\n" } },
		  WARN,
		  .evidence = "a:" },
		{ "B10",
		  { { "/var/lib/dpkg/status",
		      "Package: a\nStatus: install ok triggers-pending\n" } },
		  WARN },
		{ "B10", { { "/var/lib/dpkg/updates/0001", "" } }, WARN },
		{ "B10", { { "/var/lib/pacman/db.lck", "" } }, REFUSE },
		{ "B10", { { "/i.new", "" } }, ENTRY(ONE), WARN, .evidence = "/i.new" },
		{ "B10", { { "/var/lib/dpkg/status/x", "" } }, UNKNOWN },

		{ "B11", { { "/sys/kernel/kexec_loaded", "0\n" } }, OK },
		{ "B11", { { "/sys/kernel/kexec_loaded", "1\n" } }, WARN },
		{ "B11",
		  { { "/sys/kernel/kexec_loaded", "1\n" } },
		  .opts = { .loaded_is_ours = true },
		  OK },
		{ "B11", { { "/sys/kernel/kexec_loaded/x", "" } }, UNKNOWN },

		{ "B14",
		  { { "/etc/systemd/system/kexec.target.wants/rapidreboot.service", "" } },
		  OK },
		{ "B14", { { "/etc/rc6.d/K01kexec-load", "" } }, NOTE },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

#define UNITS "/etc/systemd/system/"
#define LOADER "[Service]\nType=oneshot\nExecStart=/sbin/kexec -d -l /vmlinuz --reuse-cmdline\n"

/* systemd.special(7) and systemd.unit(5). The unit of reboot.target, and the override, are those of
 * systemd's bug 7730; that of kexec.target is Arch's wiki's. */
static void test_other_loaders(void **state)
{
	const struct row rows[] = {
		{ "B14",
		  { { UNITS "kexec.target.wants/kexec-load@lts.service", LOADER } },
		  NOTE,
		  .evidence = "kexec-load@lts.service" },
		{ "B14",
		  { { UNITS "kexec.target.wants/kexec-load@lts.service", "->" UNITS "gone" } },
		  NOTE },
		/* a splash screen loads nothing */
		{ "B14",
		  { { "/usr/lib/systemd/system/kexec.target.wants/plymouth-kexec.service",
		      "[Service]\nExecStart=/usr/sbin/plymouthd --mode=shutdown\n" } },
		  OK },
		{ "B14",
		  { { UNITS "kexec-load.service", LOADER },
		    { UNITS "reboot.target.wants/kexec-load.service",
		      "->" UNITS "kexec-load.service" } },
		  NOTE,
		  .evidence = "reboot.target.wants/kexec-load.service" },
		{ "B14", { { UNITS "kexec-load.service", LOADER } }, OK },
		{ "B14",
		  { { "/run/systemd/system/shutdown.target.requires/x.service", LOADER } },
		  NOTE },
		{ "B14",
		  { { "/usr/lib/systemd/system/final.target.wants/x.service", LOADER } },
		  NOTE },
		{ "B14",
		  { { UNITS "reboot.target.wants/plymouth-reboot.service",
		      "[Unit]\nDescription=kexec -l\n[Service]\nExecStart=/bin/plymouth show\n" } },
		  OK },
		/* started at boot, does its work when it is stopped */
		{ "B14",
		  { { UNITS "multi-user.target.wants/x.service",
		      "[Service]\nExecStart=/bin/true\nExecStop=/usr/bin/sh -c \\\n  'kexec -l /k'\n" } },
		  NOTE },
		{ "B14", { { UNITS "multi-user.target.wants/x.service", LOADER } }, OK },
		{ "B14",
		  { { UNITS "multi-user.target.wants/x.service",
		      "[Service]\nExecStop=/bin/x --kexec\n" } },
		  OK },
		/* what an ordinary reboot ends with */
		{ "B14",
		  { { UNITS "systemd-reboot.service.d/override.conf",
		      "[Service]\nType=oneshot\nExecStart=\nExecStart=/bin/systemctl --force kexec\n" } },
		  NOTE,
		  .evidence = "systemd-reboot.service.d/override.conf" },
		{ "B14",
		  { { UNITS "systemd-reboot.service", "[Service]\nExecStart=/sbin/kexec -e\n" } },
		  NOTE },
		{ "B14",
		  { { "/lib/systemd/system/systemd-reboot.service",
		      "[Service]\nExecStart=systemctl --force reboot\n" } },
		  OK },
		/* OpenRC, Gentoo */
		{ "B14", { { "/etc/runlevels/shutdown/kexec", "#!/sbin/openrc-run\n" } }, NOTE },
		/* scripts of any name: systemd-shutdown(8), Debian Policy 9.3, OpenRC's local.d, Void */
		{ "B14",
		  { { "/usr/lib/systemd/system-shutdown/50-fast",
		      "#!/bin/sh\n[ \"$1\" = reboot ] && kexec -e\n" } },
		  NOTE,
		  .evidence = "system-shutdown/50-fast" },
		{ "B14",
		  { { "/usr/lib/systemd/system-shutdown/mdadm.shutdown",
		      "#!/bin/sh\n# not kexec -e\nmdadm --wait-clean --scan\n" } },
		  OK },
		{ "B14", { { "/etc/rc6.d/K01fast", "kexec -l /vmlinuz\n" } }, NOTE },
		{ "B14", { { "/etc/rc6.d/K09rapidreboot-jump", "kexec -e\n" } }, OK },
		{ "B14", { { "/etc/local.d/fast.stop", "kexec -l /k\n" } }, NOTE },
		{ "B14", { { "/etc/local.d/fast.start", "kexec -l /k\n" } }, OK },
		{ "B14", { { "/etc/runit/shutdown.d/65-fast.sh", "kexec -l /k\n" } }, NOTE },
		{ "B14", { { "/etc/rc.shutdown", "/usr/sbin/kexec --load /k\n" } }, NOTE },
		/* the crash kernel is loaded or dropped */
		{ "B14", { { "/etc/rc6.d/K80kdump", "kexec -p -u\n" } }, OK },
		{ "B14",
		  { { UNITS "multi-user.target.wants/c.service",
		      "[Service]\nExecStop=/sbin/kexec -pu\n" } },
		  OK },
		{ "B14", { { "/etc/rc6.d/K01x", "cp -p /a /b; kexec -l /k\n" } }, NOTE },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

static void test_programs_of_loaders(void **state)
{
	const struct row rows[] = {
		/* programs of units: a shell with a script (an installer of Arch), NixOS's wrappers, the unit of a
		 * Proxmox set-up; a program that is no script is not looked into */
		{ "B14",
		  { { UNITS "kexec.target.wants/kexec-reload.service",
		      "[Service]\nType=oneshot\nExecStart=/usr/bin/bash /var/tmp/kexec-reload\n" },
		    { "/var/tmp/kexec-reload", "mount /boot\nkexec -l /boot/vmlinuz.efi\n" } },
		  NOTE },
		{ "B14",
		  { { UNITS "kexec.target.wants/x.service",
		      "[Service]\nExecStart=-/bin/sh -e /var/tmp/quiet\n" },
		    { "/var/tmp/quiet", "mount /boot\n" } },
		  OK },
		{ "B14",
		  { { UNITS "kexec.target.wants/prepare-kexec.service",
		      "[Service]\nExecStart=/nix/store/a-prepare-kexec-start/bin/prepare-kexec-start\n" },
		    { "/nix/store/a-prepare-kexec-start/bin/prepare-kexec-start",
		      "#!/nix/store/b-bash/bin/bash\n/nix/store/c-kexec-tools/bin/kexec --load $p/kernel\n" } },
		  NOTE },
		{ "B14",
		  { { UNITS "kexec.target.wants/kexec-pve.service",
		      "[Service]\nExecStart=/sbin/kexec -l /boot/pve/vmlinuz "
		      "--initrd=/boot/pve/initrd.img --reuse-cmdline\n" } },
		  NOTE },
		{ "B14",
		  { { UNITS "reboot.target.wants/x.service", "[Service]\nExecStart=/usr/bin/x\n" },
		    { "/usr/bin/x", "\177ELF kexec -l\n" } },
		  OK },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

static void test_changed_units(void **state)
{
	const struct row rows[] = {
		/* what changes a unit: drop-ins of its own, words in the target itself, a template's */
		{ "B14",
		  { { UNITS "reboot.target.wants/x.service", "[Service]\nExecStart=/bin/true\n" },
		    { "/run/systemd/system/x.service.d/late.conf",
		      "[Service]\nExecStart=\nExecStart=/sbin/kexec -l /k\n" } },
		  NOTE },
		{ "B14",
		  { { UNITS "umount.target.d/late.conf", "[Unit]\nWants=y.service x.service\n" },
		    { UNITS "x.service", LOADER } },
		  NOTE,
		  .evidence = "umount.target.d/late.conf" },
		{ "B14",
		  { { UNITS "reboot.target", "[Unit]\nRequires=x.service\n" },
		    { UNITS "x.service", LOADER } },
		  NOTE,
		  .evidence = UNITS "reboot.target" },
		{ "B14", { { UNITS "systemd-reboot.service.wants/x.service", LOADER } }, NOTE },
		{ "B14",
		  { { UNITS "systemd-reboot.service",
		      "[Unit]\nDescription=x\nSuccessAction=kexec-force\n" } },
		  NOTE },
		{ "B14",
		  { { UNITS "network-online.target.wants/x.service",
		      "[Service]\nExecStop=/sbin/kexec -l /k\n" } },
		  NOTE },
		{ "B14", { { UNITS "poweroff.target.wants/x.service", LOADER } }, OK },
		/* other init systems */
		{ "B14", { { "/etc/dinit/shutdown-hook", "#!/bin/sh\nkexec -e\n" } }, NOTE },
		{ "B14", { { "/etc/inittab", "::shutdown:/sbin/kexec -e\n" } }, NOTE },
		{ "B14",
		  { { "/etc/s6-linux-init/current/scripts/rc.shutdown",
		      "#!/bin/sh\nkexec -l /k\n" } },
		  NOTE },
		{ "B14",
		  { { "/usr/libexec/finit/hook/sys/down/x", "#!/bin/sh\nkexec -e\n" } },
		  NOTE },
		{ "B14",
		  { { "/etc/runlevels/reboot/x", "#!/sbin/openrc-run\nkexec -e\n" } },
		  NOTE },
		/* what cannot be read may be one; a loader beside it is found all the same */
		{ "B14",
		  { { UNITS "reboot.target.wants/x.service/y", "" } },
		  UNKNOWN,
		  .evidence = UNITS "reboot.target.wants/x.service" },
		{ "B14", { { UNITS "reboot.target.wants", "a file" } }, UNKNOWN },
		{ "B14", { { UNITS "systemd-reboot.service.d/x.conf/y", "" } }, UNKNOWN },
		{ "B14", { { "/etc/rc6.d/K01x/y", "" } }, UNKNOWN, .evidence = "/etc/rc6.d/K01x" },
		{ "B14", { { "/etc/rc.shutdown/y", "" } }, UNKNOWN },
		{ "B14",
		  { { UNITS "reboot.target.wants/x.service",
		      "[Service]\nExecStart=/usr/local/bin/late\n" },
		    { "/usr/local/bin/late/y", "" } },
		  UNKNOWN,
		  .evidence = "/usr/local/bin/late" },
		{ "B14",
		  { { "/etc/rc6.d/K01x/y", "" }, { "/etc/rc6.d/K02y", "kexec -l /k\n" } },
		  NOTE,
		  .evidence = "/etc/rc6.d/K02y; /etc/rc6.d/K01x" },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

/* fcntl(2) tells another process' locks only, so a child takes this one. */
static void test_lock_held(void **state)
{
	struct preflight_opts opts = { 0 };
	struct preflight p;
	struct root root;
	char path[512];
	int ready[2];
	pid_t child;
	bool seen = false;
	char c;

	root_new(&root);
	root_put(&root, "/var/lib/dpkg/lock-frontend", "");
	(void)snprintf(path, sizeof(path), "%s/var/lib/dpkg/lock-frontend", root.path);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
		int fd = open(path, O_RDWR | O_CLOEXEC);

		if (fcntl(fd, F_SETLK, &lock) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		(void)pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	opts.root = open(root.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(preflight_run(&opts, &p, NULL), 0);
	for (size_t i = 0; i < p.n; i++)
		if (strcmp(p.findings[i].id, "B10") == 0)
			seen = p.findings[i].severity == PREFLIGHT_REFUSE &&
			       strstr(p.findings[i].evidence, "lock-frontend is locked");
	assert_true(seen);
	preflight_done(&p);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	(void)close(opts.root);
	(void)close(ready[0]);
	(void)close(ready[1]);
	root_free(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_command_line),
		cmocka_unit_test(test_system),
		cmocka_unit_test(test_other_loaders),
		cmocka_unit_test(test_programs_of_loaders),
		cmocka_unit_test(test_changed_units),
		cmocka_unit_test(test_lock_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Families F, G, H and W: storage, the way down, earlier attempts, requests to the firmware. Files
 * are as proc_pid_mountinfo(5), crypttab(5), sysfs, UEFI 2.10 and systemd's /run files have them; a
 * directory in place of a file stands for one that cannot be read. */
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/preflight-rows.h"

#define PLAIN_ROOT                                                                      \
	{                                                                               \
		"/proc/self/mountinfo", "1 0 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n" \
	}
#define SDA1                                                                     \
	{                                                                        \
		"/sys/dev/block/8:1", "->../../devices/pci0/ata1/block/sda/sda1" \
	}
#define SDA1_CLASS                                                                  \
	{                                                                           \
		"/sys/class/block/sda1", "->../../devices/pci0/ata1/block/sda/sda1" \
	}
#define NVME_CLASS                                                          \
	{                                                                   \
		"/sys/class/block/nvme0n1p2", "->../../devices/x/nvme0n1p2" \
	}

static void test_storage(void **state)
{
	const struct row rows[] = {
		{ "F3", { { NULL } }, OK },
		{ "F3",
		  { { "/run/systemd/units/invocation:keylime_agent.service", "->0123" } },
		  WARN },
		{ "F3",
		  { { "/run/systemd/units/invocation:keylime_agent.service", "no link" } },
		  UNKNOWN },

		{ "F4", { { "/proc/1/comm", "systemd\n" } }, OK },
		{ "F4", { { "/proc/1/comm", "systemd\n" } }, .opts = { .direct = true }, REFUSE },
		{ "F4", { { "/proc/1/comm", "sh\n" } }, .opts = { .direct = true }, OK },
		{ "F4", { { "/proc/1/comm/x", "" } }, .opts = { .direct = true }, UNKNOWN },

		{ "F6", { PLAIN_ROOT, SDA1, SDA1_CLASS }, OK },
		{ "F6",
		  { { "/proc/self/mountinfo", "1 0 0:20 / / rw - nfs4 server:/root rw\n" } },
		  WARN },
		{ "F6",
		  { PLAIN_ROOT,
		    SDA1,
		    { "/sys/class/block/sda1",
		      "->../../devices/platform/host3/session1/target3:0:0/3:0:0:1/block/sda/sda1" } },
		  WARN },
		{ "F6",
		  { { "/proc/self/mountinfo", "1 0 259:2 / / rw - ext4 /dev/nvme0n1p2 rw\n" },
		    { "/sys/dev/block/259:2", "->../../devices/x/nvme0n1p2" },
		    NVME_CLASS,
		    { "/sys/class/nvme/nvme0/transport", "tcp\n" } },
		  WARN },
		{ "F6",
		  { { "/proc/self/mountinfo", "1 0 259:2 / / rw - ext4 /dev/nvme0n1p2 rw\n" },
		    { "/sys/dev/block/259:2", "->../../devices/x/nvme0n1p2" },
		    NVME_CLASS,
		    { "/sys/class/nvme/nvme0/transport", "pcie\n" } },
		  OK },
		{ "F6",
		  { { "/proc/self/mountinfo", "1 0 0:20 / / rw - cifs //server/root rw\n" } },
		  WARN },
		{ "F6",
		  { { "/proc/self/mountinfo", "1 0 43:0 / / rw - ext4 /dev/nbd0 rw\n" },
		    { "/sys/dev/block/43:0", "->../../devices/virtual/block/nbd0" },
		    { "/sys/class/block/nbd0", "->../../devices/virtual/block/nbd0" } },
		  WARN },
		{ "F6",
		  { { "/proc/self/mountinfo", "1 0 0:26 / / rw - zfs rpool/ROOT/x rw\n" } },
		  UNKNOWN },
		{ "F6", { { "/proc/self/mountinfo", "1 0 0:2 / / rw - tmpfs tmpfs rw\n" } }, OK },
		{ "F6", { { "/proc/self/mountinfo/x", "" } }, UNKNOWN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

static void test_exit_initramfs(void **state)
{
	const struct row rows[] = {
		{ "G1", { { NULL } }, OK },
		{ "G1",
		  { { "/run/initramfs/.need_shutdown", "" }, { "/usr/sbin/kexec", "ELF" } },
		  OK },
		{ "G1",
		  { { "/run/initramfs/.need_shutdown", "" },
		    { "/usr/sbin/kexec", "->/etc/alternatives/kexec" } },
		  WARN },
		{ "G1", { { "/run/initramfs/.need_shutdown", "" } }, WARN },
		{ "G1", { { "/run/initramfs/shutdown", "" } }, WARN },
		{ "G1", { { "/run/initramfs/shutdown", "" }, { "/usr/sbin/kexec", "ELF" } }, OK },
		/* ours, wherever it is: handover/exit-initramfs.h */
		{ "G1",
		  { { "/run/initramfs/.need_shutdown", "" },
		    { "/proc/self/exe", "->/usr/local/sbin/rapidreboot" },
		    { "/usr/local/sbin/kexec", "ELF" } },
		  OK },
		{ "G1",
		  { { "/run/initramfs/.need_shutdown", "" },
		    { "/proc/self/exe", "->/usr/local/sbin/rapidreboot" } },
		  WARN },
		{ "G1", { { "/run/initramfs", "a file" } }, UNKNOWN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

static void test_way_down(void **state)
{
	static const char blocks[] = "WHAT=shutdown:sleep\nMODE=block\nWHO=packages\nWHY=upgrade\n";
	static const char delays[] = "WHAT=shutdown\nMODE=delay\nWHO=x\nWHY=y\n";
	static const char sleeps[] = "WHAT=sleep:idle\nMODE=block\nWHO=x\nWHY=y\n";
	const struct row rows[] = {
		{ "G2", { { NULL } }, OK },
		{ "G2",
		  { { "/run/systemd/inhibit/1", blocks } },
		  REFUSE,
		  .evidence = "packages: upgrade" },
		{ "G2", { { "/run/systemd/inhibit/1", delays } }, OK },
		{ "G2", { { "/run/systemd/inhibit/1", sleeps } }, OK },
		{ "G2", { { "/run/systemd/shutdown/scheduled", "MODE=reboot\n" } }, REFUSE },
		{ "G2", { { "/run/nologin", "" } }, REFUSE },
		{ "G2", { { "/run/nologin", "" } }, .opts = { .going_down = true }, OK },
		{ "G2", { { "/run/systemd/inhibit/1/x", "" } }, UNKNOWN },
		{ "G2",
		  { { "/run/shutdown.pid", "812\n" }, { "/proc/812/comm", "shutdown\n" } },
		  REFUSE,
		  .evidence = "process 812" },
		{ "G2", { { "/run/shutdown.pid", "812\n" }, { "/proc/812/comm", "sh\n" } }, OK },
		{ "G2", { { "/run/shutdown.pid", "812\n" } }, OK },
		{ "G2",
		  { { "/run/shutdown.pid", "../1\n" }, { "/proc/1/comm", "shutdown\n" } },
		  OK },
		{ "G2", { { "/run/shutdown.pid/x", "" } }, UNKNOWN },

		{ "G3", { { NULL } }, OK },
		{ "G3",
		  { { "/etc/runlevels/shutdown/kexec-exec", "->/etc/init.d/kexec-exec" },
		    { "/proc/1/exe", "->/bin/busybox" } },
		  WARN },
		{ "G3",
		  { { "/etc/runlevels/shutdown/kexec-exec", "->/etc/init.d/kexec-exec" },
		    { "/proc/1/exe", "->/sbin/init" } },
		  OK },
		{ "G3",
		  { { "/etc/runlevels/shutdown/kexec-exec", "->/etc/init.d/kexec-exec" } },
		  UNKNOWN },

		{ "G6", { { NULL } }, OK },
		{ "G6",
		  { { "/run/systemd/sessions/2", "UID=1000\nUSER=ann\nCLASS=user\n" } },
		  NOTE,
		  .evidence = "ann" },
		{ "G6",
		  { { "/run/systemd/sessions/2", "UID=0\nUSER=root\nCLASS=user-early\n" } },
		  NOTE,
		  .evidence = "root" },
		{ "G6", { { "/run/systemd/sessions/c1", "USER=gdm\nCLASS=greeter\n" } }, OK },
		{ "G6", { { "/run/systemd/sessions", "a file" } }, UNKNOWN },

		{ "G7", { { NULL } }, OK },
		{ "G7", { { "/nokexec", "" } }, COLD },
		{ "G7", { { "/no-kexec-reboot", "" } }, COLD },

		{ "H1", { { NULL } }, OK },
		{ "H1",
		  { { NULL } },
		  .opts = { .unconfirmed = "6.1 at noon" },
		  REFUSE,
		  .evidence = "6.1 at noon",
		  .remedy = "rapidreboot clear" },
		{ "H1",
		  { { NULL } },
		  .opts = { .unconfirmed = "6.1 at noon", .not_judged = true },
		  REFUSE,
		  .evidence = "6.1 at noon",
		  .remedy = "rapidreboot confirm" },

		{ "H4", { { NULL } }, OK },
		{ "H4",
		  { EFIVAR("LoaderEntryOneShot", EFI_LOADER_GUID, "a\0.\0c\0\0\0") },
		  WARN,
		  .evidence = "a.c" },
		{ "H4",
		  { EFIVAR("LoaderEntryOneShot", EFI_LOADER_GUID,
			   "k\0e\0x\0e\0c\0 \0r\0e\0b\0o\0o\0t\0\0\0") },
		  OK },
		{ "H4",
		  { { "/boot/grub/grubenv", "# GRUB Environment Block\nnext_entry=2\n####" } },
		  WARN,
		  .evidence = "next_entry=2" },
		{ "H4",
		  { { "/boot/grub2/grubenv", "# GRUB Environment Block\nnext_entry=\n####" } },
		  OK },
		{ "H4", { { "/boot/grub/grubenv/x", "" } }, UNKNOWN },

		{ "H5", { { NULL } }, OK },
		{ "H5",
		  { EFIVAR("LoaderEntryOneShot", EFI_LOADER_GUID,
			   "k\0e\0x\0e\0c\0 \0r\0e\0b\0o\0o\0t\0\0\0") },
		  NOTE },
		{ "H5", { { "/sys/firmware/efi/fw_platform_size", "64\n" } }, UNKNOWN },

		{ "H6", { { "/sys/kernel/kexec_crash_loaded", "0\n" } }, OK },
		{ "H6", { { "/sys/kernel/kexec_crash_loaded", "1\n" } }, NOTE },
		{ "H6", { { "/sys/kernel/kexec_crash_loaded/x", "" } }, UNKNOWN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

#define MOK_GUID "605dab50-e046-4300-abb6-3dd810dd8b23"
#define EFI_UNSEEN                                           \
	{                                                    \
		"/sys/firmware/efi/fw_platform_size", "64\n" \
	}

static void test_firmware(void **state)
{
	static const char pending[] = "/sys/class/firmware-attributes/x/attributes/pending_reboot";
	const struct row rows[] = {
		{ "W1", { { NULL } }, OK },
		{ "W1", { { "/run/systemd/reboot-to-firmware-setup", "" } }, COLD },
		{ "W1", { { "/run/systemd/reboot-to-boot-loader-menu", "" } }, COLD },
		{ "W1", { { "/run/systemd/reboot-to-boot-loader-entry", "" } }, COLD },
		{ "W1", { { "/run/systemd/reboot-param", "bootloader" } }, COLD },
		{ "W1", { { "/run/systemd/reboot-param", "" } }, OK },
		{ "W1", { { NULL } }, .bare = true, UNKNOWN },

		{ "W2", { { NULL } }, OK },
		{ "W2", { EFIVAR("OsIndications", EFI_GLOBAL_GUID, "\0\0\0\0\0\0\0\0") }, OK },
		{ "W2", { EFIVAR("OsIndications", EFI_GLOBAL_GUID, "\1\0\0\0\0\0\0\0") }, COLD },
		{ "W2",
		  { EFIVAR("OsIndications", EFI_GLOBAL_GUID, "\4\0\0\0\0\0\0\0") },
		  COLD,
		  .evidence = "0x4" },
		{ "W2", { EFIVAR("OsIndications", EFI_GLOBAL_GUID, "\x40\0\0\0\0\0\0\0") }, COLD },
		/* bit 1, which asks for a timestamp of revocation, is nobody's wish for a reboot */
		{ "W2", { EFIVAR("OsIndications", EFI_GLOBAL_GUID, "\2\0\0\0\0\0\0\0") }, OK },
		{ "W2", { EFIVAR("OsIndications", EFI_GLOBAL_GUID, "\1") }, UNKNOWN },
		{ "W2", { EFI_UNSEEN }, UNKNOWN },

		{ "W3", { { NULL } }, OK },
		{ "W3",
		  { EFIVAR("BootNext", EFI_GLOBAL_GUID, "\3\0") },
		  COLD,
		  .evidence = "Boot0003" },
		{ "W3", { EFI_UNSEEN }, UNKNOWN },

		{ "W4", { { NULL } }, OK },
		{ "W4", { EFIVAR("MokNew", MOK_GUID, "x") }, COLD, .evidence = "MokNew" },
		{ "W4", { EFIVAR("MokPW", MOK_GUID, "x") }, COLD },
		{ "W4", { EFIVAR("MokAuth", MOK_GUID, "x") }, COLD },
		{ "W4", { EFIVAR("MokXAuth", MOK_GUID, "x") }, COLD },
		{ "W4", { EFIVAR("MokListTrustedNew", MOK_GUID, "x") }, COLD },
		{ "W4", { EFIVAR("MokTML", MOK_GUID, "x") }, COLD },
		{ "W4", { EFIVAR("SbatPolicy", MOK_GUID, "\1") }, COLD },
		{ "W4", { EFIVAR("SbatLevelRT", MOK_GUID, "x") }, OK },
		{ "W4", { EFIVAR("MokListRT", MOK_GUID, "x") }, OK },
		{ "W4", { EFI_UNSEEN }, UNKNOWN },

		{ "W5", { { NULL } }, OK },
		{ "W5", { { pending, "0\n" } }, OK },
		{ "W5", { { pending, "1\n" } }, COLD },
		{ "W5",
		  { { "/sys/class/firmware-attributes/x/attributes/pending_reboot/x", "" } },
		  UNKNOWN },

		{ "W6", { { NULL } }, OK },
		{ "W6", { { "/sys/class/tpm/tpm0/ppi/request", "0\n" } }, OK },
		{ "W6", { { "/sys/class/tpm/tpm0/ppi/request", "5\n" } }, COLD },
		{ "W6", { { "/sys/class/tpm/tpm0/ppi/request", "23 1\n" } }, COLD },
		{ "W6", { { "/sys/class/tpm/tpm0/ppi/request/x", "" } }, UNKNOWN },

		{ "W11", { { NULL } }, OK },
		{ "W11", { { "/system-update", "->/usr/lib/sysimage/libdnf5/offline" } }, WARN },
		{ "W11", { { "/etc/system-update", "" } }, WARN },
		{ "W7", { { NULL } }, OK },
		{ "W7", { { "/run/reboot-needed", "reboot\n" } }, COLD },
		{ "W7", { { "/run/reboot-needed", "kexec\n" } }, OK },
		{ "W7", { { "/run/reboot-needed", "soft-reboot\n" } }, OK },
		{ "W7", { { "/run/reboot-needed/x", "" } }, UNKNOWN },
		/* zypper's own is empty: it does not say which kind */
		{ "W7", { { "/run/reboot-needed", "" } }, UNKNOWN },
		{ "W7", { { "/var/run/reboot-needed", "" } }, UNKNOWN },
		{ "W7", { { "/var/run/reboot-needed", "reboot\n" } }, COLD },
		{ "W7", { { "/run/reboot-needed", "perhaps\n" } }, UNKNOWN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

#define PACKAGES "/run/reboot-required.pkgs"
#define NOTE_FILE "/var/lib/rapidreboot/firmware-waits"
#define LOADER_TYPE "/proc/sys/kernel/bootloader_type"
#define BY_FIRMWARE                  \
	{                            \
		LOADER_TYPE, "114\n" \
	}
#define BY_KEXEC                     \
	{                            \
		LOADER_TYPE, "208\n" \
	}
/* the files of a test are of today, between these */
#define LONG_AGO                                            \
	{                                                   \
		"/proc/stat", "cpu 1 2\nbtime 1000000000\n" \
	}
#define LATER                                               \
	{                                                   \
		"/proc/stat", "cpu 1 2\nbtime 9000000000\n" \
	}

/* Debian Policy 9.12 and update-notifier's list; zypp-boot-plugin(8); type_of_loader 0xD is kexec's
 * (Documentation/arch/x86/boot.rst), 0x7 GRUB's; UEFI 2.10, 13.3 for places on the ESP; GRUB's manual for
 * core.img. */
static void test_upgrades(void **state)
{
	const struct row rows[] = {
		{ "W8", { { NULL } }, OK },
		{ "W8", { { PACKAGES, "linux-image-amd64\nlibc6\n" } }, OK },
		{ "W8",
		  { { PACKAGES, "linux-base\nshim-signed\n" } },
		  COLD,
		  .evidence = "shim-signed" },
		{ "W8", { { PACKAGES, "grub-efi-amd64-signed\n" } }, COLD },
		{ "W8", { { PACKAGES, "fwupd\n" } }, COLD },
		{ "W8", { { PACKAGES, "systemd-boot-efi\n" } }, COLD },
		{ "W8", { { "/var" PACKAGES, "shim-signed\n" } }, COLD },
		{ "W8", { { PACKAGES "/x", "" } }, UNKNOWN },
		{ "W8", { { NULL } }, .bare = true, UNKNOWN },
		/* one fast reboot later /run is empty */
		{ "W8", { BY_KEXEC, { NOTE_FILE, "since 5\nwants shim-signed\n" } }, COLD },
		{ "W8", { BY_FIRMWARE, { NOTE_FILE, "since 5\nwants shim-signed\n" } }, OK },
		{ "W8", { { NOTE_FILE, "since 5\nwants shim-signed\n" } }, COLD },
		{ "W8", { BY_KEXEC, { NOTE_FILE, "since 5\n" } }, OK },
		{ "W8", { BY_KEXEC, { NOTE_FILE "/x", "" } }, UNKNOWN },

		/* distributions that write nothing down: the loader's own file */
		{ "W8",
		  { BY_FIRMWARE, LONG_AGO, { "/boot/efi/EFI/debian/shimx64.efi", "" } },
		  WARN },
		{ "W8", { BY_FIRMWARE, LONG_AGO, { "/boot/efi/EFI/BOOT/BOOTX64.EFI", "" } }, WARN },
		{ "W8",
		  { BY_FIRMWARE, LONG_AGO, { "/efi/EFI/systemd/systemd-bootx64.efi", "" } },
		  WARN },
		{ "W8", { BY_FIRMWARE, LONG_AGO, { "/boot/grub2/i386-pc/core.img", "" } }, WARN },
		{ "W8",
		  { BY_FIRMWARE, LONG_AGO, { "/boot/efi/EFI/fedora/fw/fwupd-1.cap", "" } },
		  WARN },
		{ "W8", { BY_FIRMWARE, LONG_AGO, { "/boot/EFI/Linux/arch.efi", "" } }, OK },
		/* a kernel, whatever its name begins with */
		{ "W8", { BY_FIRMWARE, LONG_AGO, { "/boot/efi/EFI/Linux/bootc-1.efi", "" } }, OK },
		{ "W8", { BY_FIRMWARE, LONG_AGO, { "/boot/extlinux/ldlinux.sys", "" } }, WARN },
		{ "W8", { BY_FIRMWARE, LONG_AGO, { "/boot/limine/limine-bios.sys", "" } }, WARN },
		/* rpi-eeprom-update(1) */
		{ "W8", { { "/boot/firmware/pieeprom.upd", "" } }, COLD },
		{ "W8", { BY_FIRMWARE, LONG_AGO, { "/boot/efi/EFI/debian/grub.cfg", "" } }, OK },
		{ "W8", { BY_FIRMWARE, LATER, { "/boot/efi/EFI/debian/shimx64.efi", "" } }, OK },
		/* not the start of this kernel but that of the firmware counts */
		{ "W8",
		  { BY_KEXEC,
		    LATER,
		    { NOTE_FILE, "since 1000000000\n" },
		    { "/boot/efi/EFI/debian/shimx64.efi", "" } },
		  WARN },
		{ "W8",
		  { BY_KEXEC,
		    LONG_AGO,
		    { NOTE_FILE, "since 9000000000\n" },
		    { "/boot/efi/EFI/debian/shimx64.efi", "" } },
		  OK },
		{ "W8", { BY_KEXEC, LATER, { "/boot/efi/EFI/debian/shimx64.efi", "" } }, UNKNOWN },
		{ "W8", { BY_FIRMWARE, { "/boot/efi/EFI", "a file" } }, OK },
		/* EFI, and nothing to be seen on an ESP */
		{ "W8", { BY_FIRMWARE, LATER, EFI_UNSEEN }, UNKNOWN, .evidence = "ESP" },
		{ "W8",
		  { BY_FIRMWARE, LATER, EFI_UNSEEN, { "/efi/EFI/BOOT/BOOTX64.EFI", "" } },
		  OK },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

#define FWUPD_VARIABLE                                                            \
	"/sys/firmware/efi/efivars/fwupd-61b65ccc-0116-4b62-80ed-ec5f089ae523-0-" \
	"0abba7dc-e516-4167-bbf5-4d9d1c739416"
/* attributes; version 7, GUID, flags, instance, time, status, the end of a device path */
#define UPDATE_INFO(status)                                                                        \
	BYTES(FWUPD_VARIABLE, "\7\0\0\0\7\0\0\0" ZEROS16 "\0\0\1\0" ZEROS8 ZEROS16 status "\0\0\0" \
			      "\x7f\xff\4\0")
#define ZEROS8 "\0\0\0\0\0\0\0\0"
#define ZEROS16 ZEROS8 ZEROS8

/* fwupd-efi, efi/fwup-common.h; UEFI 2.10, 8.5.5. fwupd's database: test-rapidreboot-firmware.py. */
static void test_staged(void **state)
{
	const struct row rows[] = {
		{ "W9", { { NULL } }, OK },
		{ "W9", { UPDATE_INFO("\1") }, COLD, .evidence = "fwupd-61b65ccc" },
		{ "W9", { UPDATE_INFO("\2") }, OK }, /* attempted */
		{ "W9", { BYTES(FWUPD_VARIABLE, "\7\0\0\0\7\0\0\0") }, UNKNOWN },
		{ "W9", { { FWUPD_VARIABLE "/x", "" } }, UNKNOWN },
		{ "W9", { EFI_UNSEEN }, UNKNOWN, .evidence = "efivars" },
		{ "W9",
		  { { "/boot/efi/EFI/UpdateCapsule/bios.bin", "" } },
		  COLD,
		  .evidence = "bios.bin" },
		{ "W9", { { "/efi/EFI/updatecapsule/FW1", "" } }, COLD },
		{ "W9", { { "/boot/efi/EFI/UpdateCapsule", "a file" } }, UNKNOWN },
		{ "W9", { { "/var/lib/fwupd/pending.db", "" } }, OK }, /* as sqlite3 makes it */
		{ "W9", { { "/var/lib/fwupd/pending.db", "SQLite format 3" } }, UNKNOWN },
		{ "W9", { { "/var/lib/fwupd/pending.db/x", "" } }, UNKNOWN },
		{ "W9",
		  { { "/var/lib/fwupd/pending.db/x", "" }, UPDATE_INFO("\1") },
		  COLD,
		  .evidence = "pending.db" },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

/* systemd-boot writes the name that it has counted down: LoaderBootCountPath of systemd-bless-boot.service(8) and
 * UAPI.1, "Boot counting"; boot_counter and boot_success: greenboot's README. */
#define SD_BOOT                               \
	EFIVAR("LoaderInfo", EFI_LOADER_GUID, \
	       "s\0"                          \
	       "y\0"                          \
	       "s\0"                          \
	       "t\0"                          \
	       "e\0"                          \
	       "m\0"                          \
	       "d\0"                          \
	       "-\0"                          \
	       "b\0"                          \
	       "o\0"                          \
	       "o\0"                          \
	       "t\0"                          \
	       " \0"                          \
	       "2\0"                          \
	       "5\0"                          \
	       "2\0"                          \
	       "\0\0")
#define GRUB_INFO                             \
	EFIVAR("LoaderInfo", EFI_LOADER_GUID, \
	       "G\0"                          \
	       "R\0"                          \
	       "U\0"                          \
	       "B\0"                          \
	       " \0"                          \
	       "2\0"                          \
	       ".\0"                          \
	       "1\0"                          \
	       "2\0"                          \
	       "\0\0")
#define COUNTED                                        \
	EFIVAR("LoaderBootCountPath", EFI_LOADER_GUID, \
	       "\\\0"                                  \
	       "a\0"                                   \
	       "+\0"                                   \
	       "2\0"                                   \
	       "-\0"                                   \
	       "1\0"                                   \
	       ".\0"                                   \
	       "c\0"                                   \
	       "o\0"                                   \
	       "n\0"                                   \
	       "f\0"                                   \
	       "\0\0")
#define GRUBENV(text)                                                    \
	{                                                                \
		"/boot/grub2/grubenv", "# GRUB Environment Block\n" text \
	}

static void test_counting(void **state)
{
	const struct row rows[] = {
		{ "W10", { { NULL } }, OK },
		{ "W10", { { NULL } }, .bare = true, UNKNOWN },
		{ "W10", { SD_BOOT }, OK },
		/* neither good nor bad yet; bad; good; its partition is not mounted */
		{ "W10", { SD_BOOT, COUNTED, { "/efi/a+2-1.conf", "" } }, COLD },
		{ "W10", { SD_BOOT, COUNTED, { "/boot/a+0-1.conf", "" } }, COLD },
		{ "W10", { SD_BOOT, COUNTED, { "/boot/efi/a.conf", "" } }, OK },
		{ "W10", { SD_BOOT, COUNTED }, UNKNOWN, .evidence = "/a+2-1.conf" },
		{ "W10",
		  { SD_BOOT, EFIVAR("LoaderBootCountPath", EFI_LOADER_GUID, "a\0.\0c\0\0\0") },
		  UNKNOWN },
		/* the next one: three tries, none, no counter */
		{ "W10",
		  { SD_BOOT },
		  .entry = { .title = "New", .source = "/efi/loader/entries/b+3.conf" },
		  COLD,
		  .evidence = "3 tries left" },
		{ "W10",
		  { SD_BOOT },
		  .entry = { .title = "New", .source = "/efi/loader/entries/b+0-3.conf" },
		  OK },
		{ "W10",
		  { SD_BOOT },
		  .entry = { .title = "New", .source = "/efi/loader/entries/b+x.conf" },
		  OK },
		/* names mean nothing to GRUB */
		{ "W10",
		  { GRUB_INFO },
		  .entry = { .title = "New", .source = "/boot/loader/entries/b+3.conf" },
		  OK },

		{ "W10", { GRUBENV("boot_counter=3\nboot_success=0\n") }, COLD },
		{ "W10", { GRUBENV("boot_counter=3\n") }, COLD, .evidence = "boot_counter=3" },
		{ "W10", { GRUBENV("boot_counter=3\nboot_success=1\n") }, OK },
		/* Fedora's menu_auto_hide leaves it at 0 until somebody has logged in */
		{ "W10", { GRUBENV("boot_success=0\n") }, OK },
		{ "W10", { GRUB_INFO, GRUBENV("boot_counter=3\n") }, COLD },
		/* left over from a boot loader that does not run any more */
		{ "W10", { SD_BOOT, GRUBENV("boot_counter=3\n") }, OK },
		{ "W10", { { "/boot/grub/grubenv/x", "" } }, UNKNOWN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_storage),	 cmocka_unit_test(test_exit_initramfs),
		cmocka_unit_test(test_way_down), cmocka_unit_test(test_firmware),
		cmocka_unit_test(test_upgrades), cmocka_unit_test(test_staged),
		cmocka_unit_test(test_counting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

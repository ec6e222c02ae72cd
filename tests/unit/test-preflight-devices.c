// SPDX-License-Identifier: LGPL-2.1-or-later
/* B4, the names of devices on a command line. Who looks them up, and how, is in Linux
 * block/early-lookup.c, dracut.cmdline(7) and dracut's modules crypt, lvm and mdraid,
 * systemd-fstab-generator(8), initramfs-tools(7) and mkinitcpio(8). */
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/preflight-devices.h"

static void test_root(void **state)
{
	const struct row rows[] = {
		{ "B4", { { "/dev/disk/by-uuid/1-2", "" } }, ENTRY("ro root=UUID=1-2", ONE), OK },
		{ "B4", { { "/dev/disk/by-uuid/1-2", "" } }, ENTRY("root=UUID=1-2"), REFUSE },
		{ "B4",
		  { { "/dev/disk/by-uuid/3", "" } },
		  ENTRY("root=UUID=1", ONE),
		  REFUSE,
		  .evidence = "root=UUID=1" },
		{ "B4",
		  { { "/dev/disk/by-uuid/3", "" }, { "/proc/cmdline", "root=UUID=1 ro\n" } },
		  ENTRY("root=UUID=1", ONE),
		  WARN },
		{ "B4", { { "/dev/disk/by-partuuid/7", "" } }, ENTRY("root=PARTUUID=7"), OK },
		{ "B4", { NULL_DEVICE, { "/dev/sda1", "" } }, ENTRY("root=/dev/sda1"), OK },
		{ "B4", { NULL_DEVICE }, ENTRY("root=/dev/sda1"), REFUSE },
		/* without root= the initrd decides, or what is built into the kernel */
		{ "B4", { NULL_DEVICE }, ENTRY("ro quiet", ONE), UNKNOWN, .evidence = "no root=" },
		{ "B4", { NULL_DEVICE }, ENTRY("ro quiet"), UNKNOWN, .evidence = "no initrd" },
		{ "B4", { NULL_DEVICE }, ENTRY("", ONE), UNKNOWN },
		{ "B4",
		  { { "/dev/disk/by-uuid/1", "" } },
		  ENTRY("ro resume=UUID=9", ONE),
		  WARN,
		  .evidence = "resume=UUID=9" },
		/* systemd-gpt-auto-generator(8) has found the running root, which was not named either */
		{ "B4",
		  { FILE_AT("/dev/gpt-auto-root"), RUNNING("ro quiet\n") },
		  ENTRY("ro quiet", ONE),
		  OK },
		{ "B4",
		  { FILE_AT("/dev/gpt-auto-root"), RUNNING("root=UUID=1\n") },
		  ENTRY("ro quiet", ONE),
		  UNKNOWN },
		{ "B4",
		  { FILE_AT("/dev/gpt-auto-root"), FILE_AT("/proc/cmdline/x") },
		  ENTRY("ro quiet", ONE),
		  UNKNOWN,
		  .evidence = "/proc/cmdline" },
		{ "B4", { NULL_DEVICE }, ENTRY("root=\"/dev/sda1\""), REFUSE },
		{ "B4", { NULL_DEVICE }, ENTRY("root=ZFS=rpool/x", ONE), UNKNOWN },
		{ "B4", { NULL_DEVICE }, ENTRY("root=/dev/nfs", ONE), UNKNOWN },
		{ "B4",
		  { { "/dev/disk/by-uuid/1", "" } },
		  ENTRY("root=UUID=1 resume=UUID=9", ONE),
		  WARN,
		  .evidence = "resume=UUID=9" },
		{ "B4",
		  { { "/dev/disk/by-uuid/1", "" } },
		  ENTRY("root=UUID=1 rd.luks.uuid=9", ONE),
		  WARN },
		{ "B4", { { NULL } }, ENTRY("root=UUID=1", ONE), UNKNOWN },
		{ "B4", { { NULL } }, ENTRY(NULL, .kernel = "/k"), UNKNOWN },
		/* a label as udev spells it: libudev's udev_util_encode_string() */
		{ "B4",
		  { FILE_AT("/dev/disk/by-label/my\\x20root") },
		  ENTRY("\"root=LABEL=my root\"", ONE),
		  OK },
		{ "B4",
		  { FILE_AT("/dev/disk/by-label/a\\x2fb") },
		  ENTRY("root=LABEL=a/b", ONE),
		  OK },
		{ "B4",
		  { FILE_AT("/dev/disk/by-label/Root") },
		  ENTRY("root=LABEL=root", ONE),
		  REFUSE },
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/sda"), FILE_AT("/dev/sdb") },
		  ENTRY("root=/dev/sda:/dev/sdb", ONE),
		  OK },
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/sda") },
		  ENTRY("root=/dev/sda:/dev/sdb", ONE),
		  REFUSE },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

/* Without an initrd the kernel looks for itself: PARTUUID without regard to case, by its beginning, and
 * with an offset; numbers; nothing that udev makes. */
static void test_root_by_kernel(void **state)
{
	const struct row rows[] = {
		{ "B4",
		  { BY_PARTUUID("c1789075-d188-466c-b2a8-af2a999514f9") },
		  ENTRY("root=PARTUUID=C1789075-D188-466C-B2A8-AF2A999514F9"),
		  OK },
		{ "B4",
		  { BY_PARTUUID("c1789075-d188-466c-b2a8-af2a999514f9") },
		  ENTRY("root=PARTUUID=c1789075-D188"),
		  OK },
		/* the partition table of a DOS disk */
		{ "B4", { BY_PARTUUID("9f3a5c1e-02") }, ENTRY("root=PARTUUID=9F3A5C1E-02"), OK },
		{ "B4",
		  { BY_PARTUUID("9f3a5c1e-02") },
		  ENTRY("root=PARTUUID=9f3a5c1e-03"),
		  REFUSE },
		{ "B4", { BY_PARTUUID("9f3a5c1e-02") }, ENTRY("root=PARTUUID="), WARN },
		{ "B4",
		  { { "/dev/disk/by-partuuid/9f3a5c1e-01", "->../../sda1" },
		    FILE_AT("/sys/class/block/sda2") },
		  ENTRY("root=PARTUUID=9F3A5C1E-01/PARTNROFF=1"),
		  OK },
		{ "B4",
		  { { "/dev/disk/by-partuuid/9f3a5c1e-01", "->../../mmcblk0p1" },
		    FILE_AT("/sys/class/block/mmcblk0p3") },
		  ENTRY("root=PARTUUID=9f3a5c1e-01/PARTNROFF=1"),
		  REFUSE },
		{ "B4",
		  { { "/dev/disk/by-partuuid/9f3a5c1e-01", "->../../sda1" } },
		  ENTRY("root=PARTUUID=9f3a5c1e-01/partnroff=1"),
		  WARN },
		{ "B4",
		  { FILE_AT("/dev/disk/by-partlabel/root") },
		  ENTRY("root=PARTLABEL=root"),
		  OK },
		{ "B4",
		  { FILE_AT("/dev/disk/by-partlabel/root") },
		  ENTRY("root=PARTLABEL=Root"),
		  REFUSE },
		{ "B4", { NULL_DEVICE, BY_UUID("1") }, ENTRY("root=/dev/disk/by-uuid/1"), REFUSE },
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/mapper/vg-root") },
		  ENTRY("root=/dev/mapper/vg-root"),
		  REFUSE },
		{ "B4", { FILE_AT("/sys/dev/block/8:1") }, ENTRY("root=8:1"), OK },
		{ "B4", { FILE_AT("/sys/dev/block/8:1") }, ENTRY("root=8:2"), REFUSE },
		{ "B4", { FILE_AT("/sys/dev/block/8:1") }, ENTRY("root=0801"), OK },
		{ "B4", { FILE_AT("/sys/dev/block/8:1") }, ENTRY("root=fe01"), REFUSE },
		{ "B4", { FILE_AT("/sys/dev/block/259:261") }, ENTRY("root=110305"), OK },
		{ "B4", { { NULL } }, ENTRY("root=8:1"), UNKNOWN },
		/* init/do_mounts.c: flash, and file systems of their own */
		{ "B4", { NULL_DEVICE }, ENTRY("root=mtd:rootfs rootfstype=jffs2"), UNKNOWN },
		{ "B4", { NULL_DEVICE }, ENTRY("root=ubi0:rootfs rootfstype=ubifs"), UNKNOWN },
		{ "B4", { NULL_DEVICE }, ENTRY("root=myfs rootfstype=virtiofs"), UNKNOWN },
		/* with an initrd it is udev's names that count */
		{ "B4",
		  { BY_PARTUUID("c1789075-d188-466c-b2a8-af2a999514f9") },
		  ENTRY("root=PARTUUID=C1789075-D188-466C-B2A8-AF2A999514F9", ONE),
		  WARN },
		{ "B4", { BY_UUID("1a-b2") }, ENTRY("root=UUID=1A-B2", ONE), WARN },
		/* FAT has capitals */
		{ "B4", { BY_UUID("ABCD-1234") }, ENTRY("root=UUID=ABCD-1234", ONE), OK },
		{ "B4",
		  { BY_PARTUUID("c1789075-d188-466c-b2a8-af2a999514f9") },
		  ENTRY("root=PARTUUID=c1789075", ONE),
		  REFUSE },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

/* Words that name no device, and those that name one of another kind. */
static void test_no_device(void **state)
{
	static const char uuid[] = "71f4088d-e06f-43b2-818f-7a34de921460";
	const struct row rows[] = {
		{ "B4",
		  { NULL_DEVICE, BY_UUID("71f4088d-e06f-43b2-818f-7a34de921460") },
		  ENTRY("root=71f4088d-e06f-43b2-818f-7a34de921460", ONE),
		  WARN,
		  .evidence = uuid },
		{ "B4", { NULL_DEVICE, FILE_AT("/dev/sda1") }, ENTRY("root=sda1", ONE), WARN },
		{ "B4", { NULL_DEVICE }, ENTRY("root=ROOT", ONE), WARN },
		{ "B4", { NULL_DEVICE }, ENTRY("root= ro", ONE), WARN },
		{ "B4", { NULL_DEVICE }, ENTRY("root=UUID= ro", ONE), WARN },
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/vg/root") },
		  ENTRY("root=/dev/vg", ONE),
		  WARN },
		/* dracut.cmdline(7): NFS, iSCSI, live images, DHCP */
		{ "B4", { NULL_DEVICE }, ENTRY("root=nfs:192.168.0.1:/srv/root", ONE), UNKNOWN },
		{ "B4", { NULL_DEVICE }, ENTRY("root=192.168.0.1:/srv/root", ONE), UNKNOWN },
		{ "B4",
		  { NULL_DEVICE },
		  ENTRY("root=iscsi:192.168.50.1::::iqn.2009-06.dracut:target0", ONE),
		  UNKNOWN },
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/disk/by-label/Fedora-WS") },
		  ENTRY("root=live:CDLABEL=Fedora-WS", ONE),
		  OK },
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/disk/by-label/other") },
		  ENTRY("root=live:LABEL=Fedora-WS", ONE),
		  REFUSE },
		{ "B4", { NULL_DEVICE }, ENTRY("root=live:http://h/a?b=c", ONE), UNKNOWN },
		{ "B4", { NULL_DEVICE }, ENTRY("root=192.168.0.1:/srv/a=b", ONE), UNKNOWN },
		{ "B4", { NULL_DEVICE }, ENTRY("root=uuid=1234", ONE), UNKNOWN },
		{ "B4", { NULL_DEVICE }, ENTRY("root=dhcp", ONE), UNKNOWN },
		/* systemd-gpt-auto-generator(8), systemd-fstab-generator(8) */
		{ "B4", { NULL_DEVICE }, ENTRY("root=gpt-auto", ONE), UNKNOWN },
		{ "B4", { NULL_DEVICE }, ENTRY("root=tmpfs", ONE), OK },
		/* zfs-dracut, zfs-initramfs: a dataset; Alpine and Debian name the type elsewhere */
		{ "B4", { NULL_DEVICE }, ENTRY("root=zfs:AUTO", ONE), UNKNOWN },
		{ "B4", { NULL_DEVICE }, ENTRY("root=rpool/ROOT/x rootfstype=zfs", ONE), UNKNOWN },
		{ "B4", { NULL_DEVICE }, ENTRY("root=rpool/ROOT/x boot=zfs", ONE), UNKNOWN },
		{ "B4", { NULL_DEVICE }, ENTRY("root=rpool/ROOT/x", ONE), UNKNOWN },
		{ "B4", { NULL_DEVICE }, ENTRY("root=/srv/root ip=dhcp", ONE), UNKNOWN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

/* Roots that are no block device: there when they are mounted under the same name, never by assumption. */
static void test_elsewhere(void **state)
{
#define MOUNTED(type, source)                                                        \
	{                                                                            \
		"/proc/self/mountinfo", "1 0 0:26 / / rw - " type " " source " rw\n" \
	}
	const struct row rows[] = {
		{ "B4",
		  { MOUNTED("zfs", "rpool/x") },
		  ENTRY("root=ZFS=rpool/x boot=zfs", ONE),
		  OK },
		{ "B4", { MOUNTED("zfs", "rpool/x") }, ENTRY("root=zfs:rpool/x", ONE), OK },
		{ "B4", { MOUNTED("zfs", "rpool/x") }, ENTRY("root=ZFS=rpool/xy", ONE), UNKNOWN },
		{ "B4", { MOUNTED("zfs", "rpool/x") }, ENTRY("root=ZFS=rpool", ONE), UNKNOWN },
		/* the property bootfs of a pool may have been changed since */
		{ "B4", { MOUNTED("zfs", "rpool/x") }, ENTRY("root=zfs:AUTO", ONE), UNKNOWN },
		/* the same name of another kind */
		{ "B4", { MOUNTED("ext4", "rpool/x") }, ENTRY("root=ZFS=rpool/x", ONE), UNKNOWN },
		{ "B4", { MOUNTED("nfs4", "h:/r") }, ENTRY("root=nfs:h:/r:rw", ONE), OK },
		{ "B4", { MOUNTED("nfs", "h:/r") }, ENTRY("root=/dev/nfs nfsroot=h:/r,v3"), OK },
		{ "B4",
		  { MOUNTED("nfs", "h:/r") },
		  ENTRY("root=/dev/nfs nfsroot=h:/s,v3"),
		  UNKNOWN },
		{ "B4", { MOUNTED("nfs", "h:/r") }, ENTRY("root=/dev/nfs ip=dhcp"), UNKNOWN },
		{ "B4",
		  { NULL_DEVICE, MOUNTED("virtiofs", "myfs") },
		  ENTRY("root=myfs rootfstype=virtiofs"),
		  OK },
		{ "B4", { MOUNTED("ubifs", "ubi0:r") }, ENTRY("root=ubi0:r rootfstype=ubifs"), OK },
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/gpt-auto-root") },
		  ENTRY("root=gpt-auto", ONE),
		  OK },
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/gpt-auto-root-luks") },
		  ENTRY("root=gpt-auto-force", ONE),
		  OK },
		/* nothing has to be there */
		{ "B4", { NULL_DEVICE }, ENTRY("root=off", ONE), OK },
		{ "B4", { NULL_DEVICE }, ENTRY("root=/dev/ram0", ONE), OK },
		/* words beside root= that name a server */
		{ "B4",
		  { BY_UUID("1") },
		  ENTRY("root=UUID=1 mount.usr=h:/usr", ONE),
		  UNKNOWN,
		  .evidence = "mount.usr=h:/usr" },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

/* dracut.cmdline(7), rd.luks.uuid=; dracut's parse-crypt.sh looks for by-uuid/\*ID\*. */
static void test_luks(void **state)
{
#define A1559 BY_UUID("a1559d71-9be2-4501-ab32-67b7059e00c3")
	const struct row rows[] = {
		{ "B4",
		  { A1559 },
		  ENTRY("root=tmpfs rd.luks.uuid=luks-a1559d71-9be2-4501-ab32-67b7059e00c3", ONE),
		  OK },
		{ "B4",
		  { A1559 },
		  ENTRY("root=tmpfs rd.luks.uuid=a1559d71-9be2-4501-ab32-67b7059e00c3", ONE),
		  OK },
		{ "B4", { A1559 }, ENTRY("root=tmpfs rd.luks.uuid=a1559", ONE), OK },
		{ "B4", { A1559 }, ENTRY("root=tmpfs rd.luks.uuid=luks-a1559d71-9be2", ONE), OK },
		{ "B4", { A1559 }, ENTRY("root=tmpfs rd.luks.uuid=keysource:a1559d71", ONE), OK },
		{ "B4",
		  { A1559 },
		  ENTRY("root=tmpfs rd.luks.uuid=keysource:luks-a1559d71", ONE),
		  OK },
		{ "B4", { A1559 }, ENTRY("root=tmpfs rd_LUKS_UUID=luks-a1559d71", ONE), OK },
		{ "B4",
		  { A1559, BY_UUID("bbbb") },
		  ENTRY("root=tmpfs rd.luks.uuid=a1559 rd.luks.uuid=keysource:bbbb", ONE),
		  OK },
		{ "B4",
		  { A1559 },
		  ENTRY("root=tmpfs rd.luks.uuid=a1559 rd.luks.uuid=luks-bbbb", ONE),
		  WARN,
		  .evidence = "rd.luks.uuid=luks-bbbb" },
		{ "B4",
		  { A1559 },
		  ENTRY("root=tmpfs rd.luks.uuid=luks-bbbb rd.luks.uuid=a1559", ONE),
		  WARN,
		  .evidence = "rd.luks.uuid=luks-bbbb" },
		{ "B4", { A1559 }, ENTRY("root=tmpfs rd.luks.uuid=luks-a1559d72", ONE), WARN },
		{ "B4", { A1559 }, ENTRY("root=tmpfs rd.luks=0 rd.luks.uuid=luks-bbbb", ONE), OK },
		/* dracut's dracut-lib.sh, getargbool(): "0", "no", "off"; the last word counts */
		{ "B4", { A1559 }, ENTRY("root=tmpfs rd.luks=no rd.luks.uuid=bbbb", ONE), OK },
		{ "B4", { A1559 }, ENTRY("root=tmpfs rd.luks=off rd.luks.uuid=bbbb", ONE), OK },
		{ "B4", { A1559 }, ENTRY("root=tmpfs rd.luks rd.luks.uuid=bbbb", ONE), WARN },
		{ "B4",
		  { A1559 },
		  ENTRY("root=tmpfs rd.luks=0 rd.luks=1 rd.luks.uuid=bbbb", ONE),
		  WARN },
		/* parse-crypt.sh: the old word counts where the new one is not said */
		{ "B4", { A1559 }, ENTRY("root=tmpfs rd_NO_LUKS rd_LUKS_UUID=luks-bbbb", ONE), OK },
		{ "B4", { A1559 }, ENTRY("root=tmpfs rd_NO_LUKS rd.luks.uuid=luks-bbbb", ONE), OK },
		{ "B4",
		  { A1559 },
		  ENTRY("root=tmpfs rd.luks=1 rd_NO_LUKS rd.luks.uuid=bbbb", ONE),
		  WARN },
		{ "B4", { A1559 }, ENTRY("root=tmpfs rd.luks=OFF rd.luks.uuid=bbbb", ONE), WARN },
		/* systemd's parse_boolean() knows more values, in capitals, too */
		{ "B4", { A1559 }, ENTRY("root=tmpfs luks=False luks.uuid=bbbb", ONE), OK },
		{ "B4", { A1559 }, ENTRY("root=tmpfs luks=n luks.uuid=bbbb", ONE), OK },
		{ "B4", { A1559 }, ENTRY("root=tmpfs luks=1 luks.uuid=bbbb", ONE), WARN },
		{ "B4",
		  { A1559 },
		  ENTRY("root=tmpfs rd.luks.uuid=luks-bbbb"),
		  OK }, /* nobody reads it */
		{ "B4",
		  { A1559 },
		  ENTRY("root=tmpfs rd.luks.name=a1559d71-9be2-4501-ab32-67b7059e00c3=cryptroot",
			ONE),
		  OK },
		{ "B4", { A1559 }, ENTRY("root=tmpfs rd.luks.name=bbbb=cryptroot", ONE), WARN },
		{ "B4",
		  { BY_PARTUUID("9f3a5c1e-02") },
		  ENTRY("root=tmpfs rd.luks.partuuid=9f3a5c1e-02", ONE),
		  OK },
		{ "B4",
		  { BY_PARTUUID("9f3a5c1e-02") },
		  ENTRY("root=tmpfs rd.luks.partuuid=9f3a5c1e-03", ONE),
		  WARN },
		/* mkinitcpio's encrypt hook, Alpine's mkinitfs, genkernel */
		{ "B4",
		  { A1559, NULL_DEVICE },
		  ENTRY("root=tmpfs cryptdevice=UUID=bbbb:cryptroot", ONE),
		  WARN },
		{ "B4",
		  { A1559, NULL_DEVICE },
		  ENTRY("root=tmpfs cryptdevice=UUID=a1559d71-9be2-4501-ab32-67b7059e00c3:root:allow-discards",
			ONE),
		  OK },
		{ "B4", { NULL_DEVICE }, ENTRY("root=tmpfs cryptroot=/dev/sda2", ONE), WARN },
		{ "B4", { NULL_DEVICE }, ENTRY("root=tmpfs crypt_root=/dev/sda2", ONE), WARN },
		{ "B4", { { NULL } }, ENTRY("root=tmpfs rd.luks.uuid=a1559", ONE), UNKNOWN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

/* lvm(8): a "-" in a name is doubled below /dev/mapper. dracut waits for /dev/VG/LV. */
static void test_volumes(void **state)
{
	const struct row rows[] = {
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/fedora/root") },
		  ENTRY("root=tmpfs rd.lvm.lv=fedora/root", ONE),
		  OK },
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/mapper/fedora-root") },
		  ENTRY("root=tmpfs rd.lvm.lv=fedora/root rd.lvm.lv=fedora/swap", ONE),
		  WARN,
		  .evidence = "rd.lvm.lv=fedora/swap" },
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/mapper/my--vg-the--root") },
		  ENTRY("root=tmpfs rd.lvm.lv=my-vg/the-root", ONE),
		  OK },
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/mapper/my--vg-the--root") },
		  ENTRY("root=tmpfs rd.lvm.vg=my-vg", ONE),
		  OK },
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/mapper/my--vg-the--root") },
		  ENTRY("root=tmpfs rd.lvm.vg=my", ONE),
		  WARN },
		{ "B4", { NULL_DEVICE }, ENTRY("root=tmpfs rd.lvm=0 rd.lvm.lv=a/b", ONE), OK },
		{ "B4", { NULL_DEVICE }, ENTRY("root=tmpfs rd.lvm=off rd.lvm.lv=a/b", ONE), OK },
		{ "B4", { NULL_DEVICE }, ENTRY("root=tmpfs rd_NO_LVM rd_LVM_LV=a/b", ONE), OK },
		/* systemd-cryptsetup-generator(8), systemd-veritysetup-generator(8) */
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/sdb") },
		  ENTRY("root=tmpfs rd.luks.data=a1559d71-9be2=/dev/sdb", ONE),
		  OK },
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/sdb") },
		  ENTRY("root=tmpfs rd.luks.data=a1559d71-9be2=/dev/sdc", ONE),
		  WARN,
		  .evidence = "/dev/sdc" },
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/sdb") },
		  ENTRY("root=tmpfs systemd.verity_root_hash=/dev/sdc roothash=00", ONE),
		  WARN },
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/sdb") },
		  ENTRY("root=tmpfs systemd.verity_usr_data=/dev/sdb usrhash=00", ONE),
		  OK },
		/* dracut's parse-md.sh: md-uuid-, four groups of eight */
		{ "B4",
		  { FILE_AT("/dev/disk/by-id/md-uuid-3a7b2c9d:0e1f2a3b:4c5d6e7f:80910a1b") },
		  ENTRY("root=tmpfs rd.md.uuid=3a7b2c9d:0e1f2a3b:4c5d6e7f:80910a1b", ONE),
		  OK },
		{ "B4",
		  { FILE_AT("/dev/disk/by-id/md-uuid-3a7b2c9d:0e1f2a3b:4c5d6e7f:80910a1b") },
		  ENTRY("root=tmpfs rd.md.uuid=3a7b2c9d-0e1f-2a3b-4c5d-6e7f80910a1b", ONE),
		  OK },
		{ "B4",
		  { FILE_AT("/dev/disk/by-id/md-uuid-3a7b2c9d:0e1f2a3b:4c5d6e7f:80910a1b") },
		  ENTRY("root=tmpfs rd.md.uuid=00000000:0e1f2a3b:4c5d6e7f:80910a1b", ONE),
		  WARN },
		/* fips-mode-setup writes boot=, which dracut's fips module waits for */
		{ "B4", { BY_UUID("1") }, ENTRY("root=tmpfs fips=1 boot=UUID=2", ONE), WARN },
		{ "B4", { BY_UUID("1") }, ENTRY("root=tmpfs boot=UUID=2", ONE), OK },
		{ "B4", { NULL_DEVICE }, ENTRY("root=tmpfs boot=casper fips=0", ONE), OK },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root),	  cmocka_unit_test(test_root_by_kernel),
		cmocka_unit_test(test_no_device), cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_luks),	  cmocka_unit_test(test_volumes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

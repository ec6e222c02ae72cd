// SPDX-License-Identifier: LGPL-2.1-or-later
/* B4, what else than the root a boot waits for: places to resume from, and words of many makers of
 * initrds. */
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/preflight-devices.h"

static void test_resume(void **state)
{
#define CONF(text)                                         \
	{                                                  \
		"/etc/initramfs-tools/conf.d/resume", text \
	}
	const struct row rows[] = {
		{ "B4", { BY_UUID("1") }, ENTRY("root=tmpfs resume=UUID=1", ONE), OK },
		{ "B4",
		  { BY_UUID("1") },
		  ENTRY("root=UUID=1 resume=UUID=9", ONE),
		  WARN,
		  .evidence = "resume=UUID=9" },
		{ "B4", { BY_UUID("1") }, ENTRY("root=tmpfs resume=UUID=9 noresume", ONE), OK },
		{ "B4",
		  { BY_UUID("1") },
		  ENTRY("root=tmpfs resume=UUID=9 resume=UUID=1", ONE),
		  OK },
		{ "B4",
		  { NULL_DEVICE },
		  ENTRY("root=tmpfs resume=/dev/mapper/fedora-swap", ONE),
		  WARN },
		{ "B4",
		  { FILE_AT("/sys/dev/block/8:1") },
		  ENTRY("root=tmpfs resume=8:5", ONE),
		  WARN },
		{ "B4",
		  { NULL_DEVICE },
		  ENTRY("root=tmpfs resume=3f5ad593-4546-4a94-a374-bcfb68aa11f7", ONE),
		  WARN },
		{ "B4", { BY_UUID("1") }, ENTRY("root=tmpfs resume=swap:UUID=1", ONE), OK },
		/* both are gone, both are said */
		{ "B4",
		  { BY_UUID("1") },
		  ENTRY("root=UUID=2 resume=UUID=9", ONE),
		  REFUSE,
		  .evidence = "resume=UUID=9" },
		/* initramfs-tools: scripts/local-premount/resume waits as for a root */
		{ "B4",
		  { BY_UUID("1"), CONF("RESUME=UUID=9\n") },
		  ENTRY("root=UUID=1", ONE),
		  WARN,
		  .evidence = "/etc/initramfs-tools/conf.d/resume: RESUME=UUID=9" },
		{ "B4", { BY_UUID("1"), CONF("RESUME=UUID=1\n") }, ENTRY("root=UUID=1", ONE), OK },
		{ "B4", { BY_UUID("1"), CONF("RESUME=none\n") }, ENTRY("root=UUID=1", ONE), OK },
		{ "B4", { BY_UUID("1"), CONF("RESUME=auto\n") }, ENTRY("root=UUID=1", ONE), OK },
		{ "B4",
		  { BY_UUID("1"), CONF("RESUME=UUID=9\n") },
		  ENTRY("root=tmpfs noresume", ONE),
		  OK },
		{ "B4",
		  { BY_UUID("1"), CONF("RESUME=UUID=9\n") },
		  ENTRY("root=tmpfs resume=UUID=1", ONE),
		  OK },
		/* initramfs.conf(5): files of conf.d are read after it, the last one counts */
		{ "B4",
		  { BY_UUID("1"),
		    { "/etc/initramfs-tools/initramfs.conf", "MODULES=most\nRESUME=UUID=9\n" } },
		  ENTRY("root=UUID=1", ONE),
		  WARN,
		  .evidence = "/etc/initramfs-tools/initramfs.conf: RESUME=UUID=9" },
		{ "B4",
		  { BY_UUID("1"),
		    { "/etc/initramfs-tools/initramfs.conf", "RESUME=UUID=9\n" },
		    CONF("RESUME=UUID=1\n") },
		  ENTRY("root=UUID=1", ONE),
		  OK },
		{ "B4",
		  { BY_UUID("1"),
		    CONF("RESUME=UUID=1\n"),
		    { "/etc/initramfs-tools/conf.d/swap", "RESUME=UUID=9\n" } },
		  ENTRY("root=UUID=1", ONE),
		  WARN,
		  .evidence = "conf.d/swap" },
		/* mkinitramfs(8) skips these */
		{ "B4",
		  { BY_UUID("1"),
		    CONF("RESUME=UUID=1\n"),
		    { "/etc/initramfs-tools/conf.d/swap.dpkg-old", "RESUME=UUID=9\n" } },
		  ENTRY("root=UUID=1", ONE),
		  OK },
		/* left by a package that was removed: dracut makes the initrds */
		{ "B4",
		  { BY_UUID("1"), CONF("RESUME=UUID=9\n"), FILE_AT("/usr/bin/dracut") },
		  ENTRY("root=UUID=1", ONE),
		  OK },
		{ "B4",
		  { BY_UUID("1"), CONF("RESUME=UUID=9\n"), FILE_AT("/usr/bin/dracut"),
		    FILE_AT("/usr/sbin/mkinitramfs") },
		  ENTRY("root=UUID=1", ONE),
		  WARN },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

/* booster(1), systemd-cryptsetup-generator(8) */
static void test_booster(void **state)
{
	const struct row rows[] = {
		/* booster(1), Device Reference */
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/disk/by-path/pci-0000:02:00.0-nvme-1-part2") },
		  ENTRY("root=HWPATH=pci-0000:02:00.0-nvme-1-part2", ONE),
		  OK },
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/disk/by-path/pci-0000:02:00.0-nvme-1-part2") },
		  ENTRY("root=HWPATH=pci-0000:03:00.0-nvme-1-part2", ONE),
		  REFUSE },
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/disk/by-id/nvme-KXG6AZNV256G-part3") },
		  ENTRY("root=WWID=nvme-KXG6AZNV256G-part3", ONE),
		  OK },
		/* booster resolves an offset as the kernel does, dracut and systemd do not */
		{ "B4",
		  { { "/dev/disk/by-partuuid/9f3a5c1e-01", "->../../sda1" },
		    FILE_AT("/sys/class/block/sda2") },
		  ENTRY("root=PARTUUID=9f3a5c1e-01/PARTNROFF=1", ONE),
		  UNKNOWN },
		{ "B4",
		  { { "/dev/disk/by-partuuid/9f3a5c1e-01", "->../../sda1" } },
		  ENTRY("root=PARTUUID=9f3a5c1e-01/PARTNROFF=1", ONE),
		  REFUSE },
		/* README.initramfs of cryptsetup: the source may be known to some, and the key's device is gone */
		{ "B4",
		  { NULL_DEVICE,
		    { "/dev/disk/by-partuuid/9f3a5c1e-01", "->../../sda1" },
		    FILE_AT("/sys/class/block/sda2") },
		  ENTRY("root=tmpfs cryptopts=target=c,source=PARTUUID=9f3a5c1e-01/PARTNROFF=1,"
			"key=/dev/disk/by-label/stick:/k,keyscript=passdev",
			ONE),
		  WARN },
		{ "B4",
		  { NULL_DEVICE },
		  ENTRY("root=tmpfs rd.luks.header=a1559d71-9be2=/etc/root.hdr", ONE),
		  OK },
		{ "B4",
		  { BY_UUID("1") },
		  ENTRY("root=tmpfs rd.luks.header=a1559d71-9be2=/root.hdr:UUID=9", ONE),
		  WARN },
		{ "B4",
		  { NULL_DEVICE },
		  ENTRY("root=tmpfs rd.luks.header=a1559d71-9be2=/dev/sdb", ONE),
		  WARN },
		/* systemd-cryptsetup-generator(8), rd.luks.options= */
		{ "B4",
		  { BY_UUID("1") },
		  ENTRY("root=tmpfs rd.luks.options=a1559d71-9be2=discard,header=/h:UUID=9", ONE),
		  WARN,
		  .evidence = "rd.luks.options=" },
		{ "B4",
		  { BY_UUID("1") },
		  ENTRY("root=tmpfs rd.luks.options=a1559d71-9be2=header=/h:UUID=1", ONE),
		  OK },
		{ "B4",
		  { NULL_DEVICE },
		  ENTRY("root=tmpfs luks.options=timeout=10s,tries=1", ONE),
		  OK },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

/* Alpine's mkinitfs-bootparam(7), mkinitcpio's encrypt hook, genkernel(8), systemd's generators */
static void test_other_initrds(void **state)
{
	const struct row rows[] = {
		/* Alpine */
		{ "B4", { NULL_DEVICE }, ENTRY("root=tmpfs cryptheader=/dev/sdb", ONE), WARN },
		{ "B4",
		  { NULL_DEVICE, FILE_AT("/dev/sdb") },
		  ENTRY("root=tmpfs cryptheader=/dev/sdb", ONE),
		  OK },
		{ "B4", { NULL_DEVICE }, ENTRY("root=tmpfs cryptkey=EXEC=/bin/key", ONE), OK },
		{ "B4", { NULL_DEVICE }, ENTRY("root=tmpfs cryptkey=/dev/sdb:0:512", ONE), WARN },
		{ "B4", { NULL_DEVICE }, ENTRY("root=tmpfs cryptkey=/k.bin:8:64", ONE), OK },
		/* mkinitcpio: "rootfs:PATH" in the initrd, "DEVICE:TYPE:PATH" */
		{ "B4", { NULL_DEVICE }, ENTRY("root=tmpfs cryptkey=rootfs:/k", ONE), OK },
		{ "B4", { BY_UUID("1") }, ENTRY("root=tmpfs cryptkey=UUID=9:ext4:/k", ONE), WARN },
		{ "B4", { BY_UUID("1") }, ENTRY("root=tmpfs cryptkey=UUID=1:ext4:/k", ONE), OK },
		/* genkernel */
		{ "B4",
		  { BY_UUID("1") },
		  ENTRY("root=tmpfs crypt_root=UUID=1 root_key=k root_keydev=UUID=9", ONE),
		  WARN },
		{ "B4",
		  { BY_UUID("1") },
		  ENTRY("root=tmpfs crypt_swaps=UUID=1 crypt_swaps=UUID=9", ONE),
		  WARN,
		  .evidence = "crypt_swaps=UUID=9" },
		{ "B4", { BY_UUID("1") }, ENTRY("root=tmpfs swap_keydev=UUID=9", ONE), OK },
		{ "B4",
		  { BY_UUID("1") },
		  ENTRY("root=tmpfs swap_key=k swap_keydev=UUID=9", ONE),
		  WARN },
		{ "B4", { BY_UUID("1") }, ENTRY("root=tmpfs real_resume=UUID=9", ONE), WARN },
		{ "B4",
		  { BY_UUID("1") },
		  ENTRY("root=tmpfs real_resume=UUID=9 noresume", ONE),
		  OK },
		/* systemd-veritysetup-generator(8): both words are honoured in the initrd */
		{ "B4",
		  { NULL_DEVICE },
		  ENTRY("root=tmpfs rd.systemd.verity=no systemd.verity_root_data=/dev/sdb", ONE),
		  OK },
		{ "B4",
		  { NULL_DEVICE },
		  ENTRY("root=tmpfs systemd.verity=no systemd.verity_root_data=/dev/sdb", ONE),
		  OK },
		{ "B4",
		  { BY_PARTUUID("1") },
		  ENTRY("root=tmpfs rd.systemd.verity=0 "
			"roothash=00112233445566778899aabbccddeeff",
			ONE),
		  OK },
		/* dracut.cmdline(7): looked for when the root is not found */
		{ "B4", { BY_UUID("1") }, ENTRY("root=UUID=1 rootfallback=UUID=9", ONE), OK },
		/* systemd-fstab-generator(8) */
		{ "B4", { BY_UUID("1") }, ENTRY("root=UUID=1 mount.usr=UUID=9", ONE), WARN },
		{ "B4",
		  { BY_UUID("1") },
		  ENTRY("root=UUID=1 systemd.mount-extra=UUID=9:/d:ext4:nofail,ro", ONE),
		  OK },
		/* Linux block/early-lookup.c: strtoul() of base 16 takes "0x" as well */
		{ "B4", { FILE_AT("/sys/dev/block/8:1") }, ENTRY("root=0x801"), OK },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_booster),
		cmocka_unit_test(test_other_initrds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* What lies between a file system and its disks, in the capture initramfs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/target.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/disks.h"
#include "tests/unit/root.h"

#define MOUNTS                                                                                       \
	"21 1 254:1 / / rw - ext4 /dev/root rw\n22 21 0:5 / /proc rw - proc proc rw\n"               \
	"23 21 254:1 /sub /data rw - ext4 /dev/vda1 rw\n24 21 0:9 / /run rw - tmpfs tmpfs rw\n"      \
	"25 21 254:2 / /luks rw - ext4 /dev/mapper/c rw\n26 21 254:3 / /lvm rw - xfs /dev/dm-1 rw\n" \
	"31 21 254:5 / /thin rw - ext4 /dev/dm-2 rw\n32 21 254:6 / /multi rw - ext4 /dev/dm-3 rw\n"  \
	"33 21 254:8 / /both rw - ext4 /dev/dm-4 rw\n34 21 9:1 / /imsm rw - ext4 /dev/md1 rw\n"      \
	"35 21 254:9 / /over rw - ext4 /dev/dm-5 rw\n"

/* A volume on two disks, one on an array of two, a thin one, multipath, and an array of the firmware's. */
static void put_layers(const struct root *root)
{
	static const char *const links[][2] = {
		{ "/sys/dev/block/254:1", "../../devices/pci0/vda/vda1" },
		{ "/sys/dev/block/254:2", "../../devices/virtual/block/dm-0" },
		{ "/sys/dev/block/254:3", "../../devices/virtual/block/dm-1" },
		{ "/sys/dev/block/254:9", "../../devices/virtual/block/dm-5" },
		{ "/sys/dev/block/9:0", "../../devices/virtual/block/md0" },
		{ "/sys/class/block/dm-0", "../../devices/virtual/block/dm-0" },
		{ "/sys/dev/block/254:5", "../../devices/virtual/block/dm-2" },
		{ "/sys/dev/block/254:6", "../../devices/virtual/block/dm-3" },
		{ "/sys/dev/block/254:8", "../../devices/virtual/block/dm-4" },
		{ "/sys/dev/block/9:1", "../../devices/virtual/block/md1" },
		{ "/sys/dev/block/254:33", "../../devices/pci0/vda/vda3" },
		{ "/sys/class/block/vda2", "../../devices/pci0/vda/vda2" },
		{ "/sys/class/block/vda3", "../../devices/pci0/vda/vda3" },
		{ "/sys/class/block/vda4", "../../devices/pci0/vda/vda4" },
		{ "/sys/class/block/vdb4", "../../devices/pci0/vda/vdb4" },
		{ "/sys/class/block/md0", "../../devices/virtual/block/md0" },
	};
	static const char *const files[][2] = {
		{ "/sys/devices/virtual/block/dm-0/slaves/vda2/x", "" },
		{ "/sys/devices/virtual/block/dm-0/dm/uuid", "CRYPT-LUKS2-1-c\n" },
		{ "/sys/devices/virtual/block/dm-1/slaves/vda3/x", "" },
		{ "/sys/devices/virtual/block/dm-1/dm/uuid", "LVM-abc\n" },
		{ "/sys/devices/virtual/block/md0/slaves/vda4/x", "" },
		{ "/sys/devices/virtual/block/dm-5/slaves/dm-0/x", "" },
		{ "/sys/devices/virtual/block/dm-5/dm/uuid", "LVM-over\n" },
		{ "/sys/devices/pci0/vda/vda1/uevent", "" },
		{ "/sys/devices/virtual/block/dm-1/dm/name", "a-b\n" },
		{ "/dev/mapper/a-b.table",
		  "0 2048 linear 254:33 2048\n2048 4096 striped 2 128 254:33 8192 9:0 64\n" },
		{ "/sys/devices/virtual/block/dm-2/slaves/vda3/x", "" },
		{ "/sys/devices/virtual/block/dm-2/dm/uuid", "LVM-thin\n" },
		{ "/sys/devices/virtual/block/dm-2/dm/name", "thin\n" },
		{ "/dev/mapper/thin.table", "0 2048 thin 254:33 1\n" },
		{ "/sys/devices/virtual/block/dm-3/slaves/vda3/x", "" },
		{ "/sys/devices/virtual/block/dm-3/dm/uuid", "mpath-1\n" },
		{ "/sys/devices/virtual/block/dm-4/slaves/md0/x", "" },
		{ "/sys/devices/virtual/block/dm-4/dm/uuid", "LVM-both\n" },
		{ "/sys/devices/virtual/block/dm-4/dm/name", "both\n" },
		{ "/dev/mapper/both.table", "0 8 linear 9:0 8\n" },
		{ "/sys/devices/virtual/block/md0/slaves/vdb4/x", "" },
		{ "/sys/devices/virtual/block/md0/md/level", "raid1\n" },
		{ "/sys/devices/virtual/block/md0/md/metadata_version", "1.2\n" },
		{ "/sys/devices/virtual/block/md1/slaves/vda4/x", "" },
		{ "/sys/devices/virtual/block/md1/md/level", "raid1\n" },
		{ "/sys/devices/virtual/block/md1/md/metadata_version", "external:imsm\n" },
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		root_link(root, links[i][0], links[i][1]);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		root_put(root, files[i][0], files[i][1]);
	put_physical_volume(root, "/dev/vda3");
	put_physical_volume(root, "/dev/md0");
	put_array_member(root, "/dev/vda4");
	put_array_member(root, "/dev/vdb4");
	for (unsigned i = 1; i < 5; i++) {
		char path[16];

		(void)snprintf(path, sizeof(path), "/dev/dm-%u", i);
		put_ext4(root, path);
	}
}

static int machine_new(struct root *root)
{
	int fd;

	root_new(root);
	root_put(root, "/proc/self/mountinfo", MOUNTS);
	put_layers(root);
	fd = open(root->path, O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	return fd;
}

/* Volumes and arrays are written down from the disks upwards, by what is on the disks, not by their numbers. */
static void test_layers(void **state)
{
	static const struct {
		const char *directory, *text, *module;
	} rows[] = {
		{ "/lvm/a",
		  "volume=0 2048 linear " VOLUME_UUID " 2048;2048 4096 striped 2 128 " VOLUME_UUID
		  " 8192 " VOLUME_UUID " 64\n",
		  "dm_mod" },
		{ "/both/a", "array=1.2 2 " ARRAY_UUID "\nvolume=0 8 linear " VOLUME_UUID " 8\n",
		  "raid1" },
	};
	struct root root;
	int fd = machine_new(&root);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_capture_settings_ struct capture_settings s = { .wait_s = 1 };
		_cleanup_capture_device_ struct capture_device device = { 0 };
		_cleanup_free_ char *text = NULL;
		struct kx_error err = { 0 };
		bool has_module = false;
		int r;

		r = capture_target_find(fd, rows[i].directory, capture_target_add(&s), &device,
					&err);
		print_message("%s\n", err.message);
		assert_int_equal(r, 0);
		assert_int_equal(capture_settings_text(&s, &text, &err), 0);
		print_message("%s\n", text);
		assert_non_null(strstr(text, rows[i].text));
		for (size_t k = 0; k < device.drivers.n; k++)
			has_module |= strcmp(device.drivers.v[k], rows[i].module) == 0;
		assert_true(has_module);
	}
	close(fd);
	root_free(&root);
}

/* What is not put together is said before the crash, with what to do. */
static void test_refused(void **state)
{
	static const char *const rows[][2] = {
		{ "/luks/a", "not encrypted: / (ext4), /data (ext4), /lvm (xfs), /thin (ext4)" },
		{ "/over/a", "is encrypted" },
		{ "/thin/a", "neither linear nor striped" },
		{ "/multi/a", "a mapped device" },
		{ "/imsm/a", "superblocks are not md's own" },
	};
	struct root root;
	int fd = machine_new(&root);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_capture_device_ struct capture_device device = { 0 };
		struct capture_target target = { 0 };
		struct kx_error err = { 0 };

		assert_int_equal(capture_target_find(fd, rows[i][0], &target, &device, &err),
				 -EOPNOTSUPP);
		print_message("%s\n", err.message);
		assert_non_null(strstr(err.message, rows[i][1]));
		assert_null(target.uuid);
		assert_int_equal(target.n_layers, 0);
	}
	close(fd);
	root_free(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_layers),
					    cmocka_unit_test(test_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* The capture initramfs: where dumps go, which modules that needs, what the program is told, what is kept. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/open.h"
#include "capture/archive.h"
#include "capture/modules.h"
#include "capture/store.h"
#include "dump/dump.h"
#include "image/cpio.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/disks.h"
#include "tests/unit/root.h"

#define RELEASE "6.9.0-test"
#define MODULES "/lib/modules/" RELEASE "/"
#define UUID "01020304-0506-0708-090a-0b0c0d0e0f10"

static struct bytes text_of(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

/* ---- settings */

#define TARGET "uuid=1-2\ntype=ext4\ndirectory=/a b\n"

static void test_settings(void **state)
{
	static const struct {
		const char *text, *error; /* NULL: it is good */
	} rows[] = {
		{ TARGET, NULL },
		{ "# a word\n\n" TARGET "module=virtio_blk.ko\nmodule=crc32c-intel.ko\nlevel=0\n",
		  NULL },
		{ TARGET "uuid=3\ntype=vfat\noptions=ro,subvolid=5\ndirectory=/\n", NULL },
		{ TARGET "pack=zstd\nkeep=3\nkeep-mib=0\nwait=3600\nfailure=poweroff\n", NULL },
		{ "", "no file system" },
		{ "level=31\n", "no file system" },
		{ "type=ext4\n" TARGET, "line 1" },
		{ "uuid=1\ntype=ext4\n", "no directory" },
		{ "uuid=1\ndirectory=/\n", "no type" },
		{ "uuid=../x\n", "line 1" },
		{ "uuid=1\ntype=a b\n", "line 2" },
		{ "uuid=1\ntype=\n", "line 2" },
		{ "uuid=1\noptions=a b\n", "line 2" },
		{ "uuid=1\ndirectory=a\n", "line 2" },
		{ "uuid=1\ndirectory=/a/../b\n", "line 2" },
		{ "uuid=1\ndirectory=/..\n", "line 2" },
		{ "uuid=1\ndirectory=/a/.\n", "line 2" },
		{ "uuid=1\ndirectory=/a\033b\n", "line 2" },
		{ TARGET "module=../x.ko\n", "line 4" },
		{ TARGET "module=.ko\n", "line 4" },
		{ TARGET "module=x.o\n", "line 4" },
		{ TARGET "level=32\n", "line 4" },
		{ TARGET "level=\n", "line 4" },
		{ TARGET "keep=-1\n", "line 4" },
		{ TARGET "wait=3601\n", "line 4" },
		{ TARGET "pack=lzo\n", "line 4" },
		{ TARGET "failure=shell\n", "line 4" },
		{ TARGET "other=1\n", "line 4" },
		{ "ssh=a@b\ndirectory=/\nnet-mac=0:1\nnet-address=1.2.3.4/8\nnet-to=1.2.3.5\n"
		  "net-gateway=fe80::1\nnet-mtu=9000\nhost=h\n",
		  NULL },
		{ "ssh=a@b\ndirectory=/\nnet-mac=0:1\nnet-address=1.2.3.4/8\n", "no network" },
		{ "ssh=-oX\n", "line 1" },
		{ "nfs=s:/a b\ndirectory=/\nnet-mac=0:1\nnet-address=1.2.3.4/8\nnet-to=1.2.3.5\nhost=h\n",
		  NULL },
		{ "nfs=[fe80::1]:/\ndirectory=/\nnet-mac=0:1\nnet-address=fe80::2/64\n"
		  "net-to=fe80::1\n",
		  NULL },
		{ "nfs=s:/a\ndirectory=/\n", "no network" },
		{ "nfs=s:/a\nnet-mac=0:1\nnet-address=1.2.3.4/8\nnet-to=1.2.3.5\n", "s:/a" },
		{ "nfs=s:/a/../b\n", "line 1" },
		{ "nfs=s\n", "line 1" },
		{ "nfs=/a\n", "line 1" },
		{ "nfs=:/a\n", "line 1" },
		{ "nfs=s/a\n", "line 1" },
		{ "nfs=-o:/a\n", "line 1" },
		{ "nfs=a,b:/a\n", "line 1" },
		{ "ssh=a b\n", "line 1" },
		{ TARGET "host=a/b\n", "line 4" },
		{ TARGET "net-mtu=65536\n", "line 4" },
		{ "net-mac=0:1\n", "line 1" },
		{ TARGET "array=1.2 2 a-b\nvolume=0 8 linear a-b 8;8 8 striped 2 8 a 0 b 0\n",
		  NULL },
		{ TARGET "array=0.90 64 a\n", NULL },
		{ TARGET "array=2.0 2 a\n", "line 4" },
		{ TARGET "array=1.2 65 a\n", "line 4" },
		{ TARGET "array=1.2 0 a\n", "line 4" },
		{ TARGET "array=1.2 2 a/b\n", "line 4" },
		{ TARGET "array=1.2 2 a b\n", "line 4" },
		{ TARGET "array=imsm 2 a\n", "line 4" },
		{ TARGET "volume=0 8 linear a\n", "line 4" },
		{ TARGET "volume=0 8 linear 8:1/ 8\n", "line 4" },
		{ TARGET "volume=0 8 thin a 8\n", "line 4" },
		{ TARGET "volume=0 8 linear a 8;\n", NULL },
		{ TARGET "volume=;\n", "line 4" },
		{ TARGET "volume=\n", "line 4" },
		{ "volume=0 8 linear a 8\n", "line 1" },
		{ TARGET "word\n", "line 4" },
		{ "uuid=1\nuuid=2\nuuid=3\nuuid=4\nuuid=5\n", "line 5" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_capture_settings_ struct capture_settings s = { .wait_s = 4711 };
		struct kx_error err = { 0 };
		int r = capture_settings_parse(text_of(rows[i].text), &s, &err);

		print_message("%s\n", rows[i].text);
		assert_int_equal(r == 0, !rows[i].error);
		if (rows[i].error) {
			assert_non_null(strstr(err.message, rows[i].error));
			assert_int_equal(s.wait_s, 4711); /* untouched */
		}
	}
}

static void test_settings_values(void **state)
{
	_cleanup_capture_settings_ struct capture_settings s = { 0 };
	struct kx_error err = { 0 };

	assert_int_equal(capture_settings_parse(text_of(TARGET "module=a.ko\nlevel=1\npack=none\n"
							       "keep=2\nkeep-mib=3\nwait=4\n"
							       "failure=halt\n"),
						&s, &err),
			 0);
	assert_int_equal(s.n_targets, 1);
	assert_string_equal(s.targets[0].uuid, "1-2");
	assert_string_equal(s.targets[0].directory, "/a b");
	assert_null(s.targets[0].options);
	assert_string_equal(s.modules.v[0], "a.ko");
	assert_int_equal(s.level, 1);
	assert_int_equal(s.packing, DUMP_RAW);
	assert_int_equal(s.keep, 2);
	assert_int_equal(s.keep_mib, 3);
	assert_int_equal(s.wait_s, 4);
	assert_int_equal(s.failure, CAPTURE_HALT);
}

/* What cannot be said in a line is refused when the machine is armed, not after the crash. */
static void test_settings_text(void **state)
{
	static char uuid[] = "1", type[] = "ext4";
	static struct {
		char directory[16];
		bool is_good;
	} rows[] = { { "/a b", true },
		     { "/a\nuuid=2", false },
		     { "/a\nlevel=1", false },
		     { "/a/../b", false },
		     { "/a ", false } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct capture_settings s = {
			.targets = { { uuid, type, NULL, rows[i].directory } },
			.n_targets = 1,
			.wait_s = 1,
		};
		_cleanup_free_ char *text = NULL;
		struct kx_error err = { 0 };

		assert_int_equal(capture_settings_text(&s, &text, &err) == 0, rows[i].is_good);
	}
}

/* ---- targets */

#define DISK "/sys/devices/pci0000:00/0000:00:03.0/virtio0/block/vda"
#define MOUNTS                                                                                       \
	"21 1 254:1 / / rw - ext4 /dev/root rw\n22 21 0:5 / /proc rw - proc proc rw\n"               \
	"23 21 254:1 /sub /data rw - ext4 /dev/vda1 rw\n24 21 0:9 / /run rw - tmpfs tmpfs rw\n"      \
	"25 21 254:2 / /luks rw - ext4 /dev/mapper/c rw\n26 21 254:3 / /lvm rw - xfs /dev/dm-1 rw\n" \
	"27 21 0:44 / /net rw - nfs4 server:/a rw\n28 21 9:0 / /raid rw - ext4 /dev/md0 rw\n"        \
	"29 21 254:7 / /blank rw - ext4 /dev/vda7 rw\n30 24 254:1 / /run/over rw - ext4 /dev/vda1 rw\n"

static void machine_new(struct root *root)
{
	root_new(root);
	root_put(root, "/proc/self/mountinfo", MOUNTS);
	root_put(root, "/proc/sys/kernel/osrelease", RELEASE "\n");
	root_link(root, "/sys/dev/block/254:1",
		  "../../devices/pci0000:00/0000:00:03.0/virtio0/block/vda/vda1");
	root_link(root, "/sys/dev/block/254:7",
		  "../../devices/pci0000:00/0000:00:03.0/virtio0/block/vda/vda7");
	root_put(root, DISK "/vda1/uevent", "MAJOR=254\n");
	root_put(root, DISK "/vda7/uevent", "MAJOR=254\n");
	root_put(root, "/sys/devices/pci0000:00/0000:00:03.0/virtio0/uevent",
		 "DRIVER=virtio_blk\nMODALIAS=virtio:d00000002v00001AF4\n");
	root_link(root, "/sys/devices/pci0000:00/0000:00:03.0/virtio0/driver/module",
		  "../../../../module/virtio_blk");
	root_put(root, "/sys/devices/pci0000:00/0000:00:03.0/uevent", "MODALIAS=pci:v00001AF4\n");
	root_link(root, "/sys/devices/pci0000:00/0000:00:03.0/driver/module",
		  "../../../../module/virtio_pci");
	root_link(root, "/sys/class/block/vda1", "../../devices/x");
	root_link(root, "/sys/class/block/vda7", "../../devices/x");
	root_link(root, "/var/crash", "../data/dumps");
	root_put(root, "/data/x", "");
	put_ext4(root, "/dev/vda1");
	root_put(root, "/dev/vda7", "nothing");
}

static int open_root(const struct root *root)
{
	int fd = open(root->path, O_RDONLY | O_DIRECTORY);

	assert_true(fd >= 0);
	return fd;
}

static void test_targets(void **state)
{
	static const struct {
		const char *directory;
		const char *in_fs; /* NULL: refused, with */
		const char *error;
	} rows[] = {
		{ "/var/crash", "/sub/dumps", NULL },
		{ "/var/crash/x/../y//z/.", "/sub/dumps/y/z", NULL },
		{ "/srv/not/there", "/srv/not/there", NULL },
		{ "/", "/", NULL },
		{ "/run/over/a", "/a", NULL },
		{ "/run/crash", NULL, "no disk of this machine" },
		{ "/net/a", NULL, "no disk of this machine" },
		{ "/blank/a", NULL, "UUID" },
	};
	struct root root;
	int fd;

	machine_new(&root);
	fd = open_root(&root);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_capture_device_ struct capture_device device = { 0 };
		struct capture_target target = { 0 };
		struct kx_error err = { 0 };
		int r = capture_target_find(fd, rows[i].directory, &target, &device, &err);

		print_message("%s: %s\n", rows[i].directory, err.message);
		assert_int_equal(r == 0, rows[i].in_fs != NULL);
		if (r < 0) {
			assert_non_null(strstr(err.message, rows[i].error));
			assert_null(target.uuid);
			continue;
		}
		assert_string_equal(target.directory, rows[i].in_fs);
		assert_string_equal(target.uuid, UUID);
		assert_string_equal(target.type, "ext4");
		assert_int_equal(device.drivers.n, 2);
		assert_string_equal(device.drivers.v[0], "virtio_blk");
		assert_string_equal(device.drivers.v[1], "virtio_pci");
		assert_non_null(strstr(device.aliases.s, "virtio:d00000002v00001AF4\n"));
		capture_target_done(&target);
	}
	close(fd);
	root_free(&root);
}

static void test_device_find(void **state)
{
	_cleanup_free_ char *path = NULL, *none = NULL;
	struct root root;
	int fd;

	machine_new(&root);
	fd = open_root(&root);
	assert_int_equal(capture_device_find(fd, UUID, &path), 0);
	assert_string_equal(path, "/dev/vda1");
	assert_int_equal(capture_device_find(fd, "another", &none), -ENODEV);
	close(fd);
	root_free(&root);
}

/* ---- modules */

static void put_modules(const struct root *root)
{
	root_put(root, MODULES "modules.dep",
		 "kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio_ring.ko "
		 "kernel/drivers/virtio/virtio.ko\n"
		 "kernel/drivers/virtio/virtio_ring.ko: kernel/drivers/virtio/virtio.ko\n"
		 "kernel/drivers/virtio/virtio.ko:\n"
		 "kernel/drivers/net/other.ko:\n"
		 "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko\n"
		 "kernel/fs/jbd2/jbd2.ko:\n"
		 "kernel/crypto/crc32c_generic.ko:\n"
		 "kernel/arch/x86/crypto/crc32c-intel.ko:\n"
		 "kernel/drivers/hid/weak.ko:\n");
	root_put(root, MODULES "modules.alias",
		 "alias fs-ext4 ext4\nalias virtio:d00000002v* virtio_blk\n"
		 "alias virtio:d00000001v* other\nalias crypto-crc32c crc32c_generic\n"
		 "alias crypto-crc32c crc32c_intel\n");
	root_put(root, MODULES "modules.softdep", "softdep ext4 pre: crc32c\n");
	root_put(root, MODULES "modules.builtin", "kernel/drivers/virtio/virtio_pci.ko\n");
	for (size_t i = 0; i < 8; i++) {
		static const char *const paths[] = {
			"kernel/drivers/block/virtio_blk.ko",
			"kernel/drivers/virtio/virtio_ring.ko",
			"kernel/drivers/virtio/virtio.ko",
			"kernel/drivers/net/other.ko",
			"kernel/fs/ext4/ext4.ko",
			"kernel/fs/jbd2/jbd2.ko",
			"kernel/crypto/crc32c_generic.ko",
			"kernel/arch/x86/crypto/crc32c-intel.ko",
		};
		char path[128];

		(void)snprintf(path, sizeof(path), MODULES "%s", paths[i]);
		root_put(root, path, strrchr(paths[i], '/') + 1);
	}
}

static size_t place_of(const struct capture_modules *modules, const char *name)
{
	for (size_t i = 0; i < modules->n; i++)
		if (strcmp(modules->v[i].name, name) == 0)
			return i;
	return SIZE_MAX;
}

/* What a module needs comes before it; what another device needs is not there. */
static void test_modules(void **state)
{
	static const char *const order[][2] = {
		{ "virtio.ko", "virtio_ring.ko" },
		{ "virtio_ring.ko", "virtio_blk.ko" },
		{ "jbd2.ko", "ext4.ko" },
	};
	_cleanup_capture_device_ struct capture_device device = { 0 };
	_cleanup_capture_modules_ struct capture_modules modules = { 0 };
	_cleanup_names_ struct names types = { 0 };
	struct kx_error err = { 0 };
	struct root root;
	int fd;

	machine_new(&root);
	put_modules(&root);
	fd = open_root(&root);
	assert_int_equal(capture_names_add(&device.drivers, "virtio_pci", 10), 0); /* built in */
	strbuf_add(&device.aliases, "virtio:d00000002v00001AF4\nacpi:X:\n");
	assert_int_equal(capture_names_add(&types, "ext4", 4), 0);
	assert_int_equal(capture_modules_find(fd, RELEASE, &device, &types, &modules, &err), 0);
	assert_int_equal(modules.n, 7);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		print_message("%s before %s\n", order[i][0], order[i][1]);
		assert_true(place_of(&modules, order[i][1]) < SIZE_MAX);
		assert_true(place_of(&modules, order[i][0]) < place_of(&modules, order[i][1]));
	}
	assert_true(place_of(&modules, "crc32c_generic.ko") < SIZE_MAX);
	assert_true(place_of(&modules, "crc32c-intel.ko") < SIZE_MAX);
	assert_int_equal(modules.v[place_of(&modules, "ext4.ko")].n, strlen("ext4.ko"));
	close(fd);
	root_free(&root);
}

static void test_modules_missing(void **state)
{
	static const struct {
		const char *driver, *type, *release, *error;
	} rows[] = {
		{ "ahci", "ext4", RELEASE, "no module ahci" },
		{ "virtio_blk", "bcachefs", RELEASE, "file system bcachefs" },
		{ "virtio_blk", "ext4", "5.0", "modules.dep" },
	};
	struct root root;
	int fd;

	machine_new(&root);
	put_modules(&root);
	fd = open_root(&root);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_capture_device_ struct capture_device device = { 0 };
		_cleanup_capture_modules_ struct capture_modules modules = { 0 };
		_cleanup_names_ struct names types = { 0 };
		struct kx_error err = { 0 };

		assert_int_equal(capture_names_add(&device.drivers, rows[i].driver, 20), 0);
		assert_int_equal(capture_names_add(&types, rows[i].type, 20), 0);
		assert_int_equal(
			capture_modules_find(fd, rows[i].release, &device, &types, &modules, &err),
			-ENOENT);
		assert_non_null(strstr(err.message, rows[i].error));
	}
	close(fd);
	root_free(&root);
}

/* ---- the archive */

/* The code of a failure that names the program. */
static int archive_code(int fd, struct capture_wish wish)
{
	_cleanup_capture_settings_ struct capture_settings settings = { .level = 31, .wait_s = 9 };
	_cleanup_free_ uint8_t *p = NULL;
	struct kx_error err = { 0 };
	size_t n;
	int r;

	wish.settings = &settings;
	r = capture_archive_make(fd, &wish, &p, &n, &err);
	assert_true(r < 0);
	assert_non_null(strstr(err.message, "/program: "));
	return r;
}

static void test_archive(void **state)
{
	const char *directories[] = { "/var/crash", "/run/none", "/srv" };
	_cleanup_capture_settings_ struct capture_settings settings = { .level = 31, .wait_s = 9 },
							   told = { 0 };
	struct capture_wish wish = { .release = RELEASE,
				     .program = "/program",
				     .directories = directories,
				     .n_directories = 3,
				     .settings = &settings };
	struct cpio_entry e, found[32];
	struct kx_error err = { 0 };
	_cleanup_free_ uint8_t *p = NULL;
	struct root root;
	char path[128];
	size_t n, at = 0, n_found = 0, program = 0;
	int fd;

	machine_new(&root);
	put_modules(&root);
	fd = open_root(&root);
	wish.program_root = fd;
	assert_int_equal(archive_code(fd, wish), -ENOENT);
	root_put_program(&root, "/program", "code");
	(void)snprintf(path, sizeof(path), "%s/program", root.path);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(archive_code(fd, wish), NOT_TRUSTED);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(capture_archive_make(fd, &wish, &p, &n, &err), 0);
	while (n_found < 32 && cpio_next((struct bytes){ p, n }, &at, &e))
		found[n_found++] = e;
	assert_true(bytes_is(found[n_found - 1].name, "TRAILER!!!"));
	for (size_t i = 0; i < n_found; i++) {
		if (bytes_is(found[i].name, CAPTURE_PROGRAM_NAME)) {
			assert_int_equal(found[i].mode, S_IFREG | 0755);
			program = found[i].data.n;
		}
		if (bytes_is(found[i].name, CAPTURE_SETTINGS_NAME))
			assert_int_equal(capture_settings_parse(found[i].data, &told, &err), 0);
	}
	assert_true(program > 0);
	/* / and /data are one file system */
	assert_int_equal(told.n_targets, 1);
	assert_string_equal(told.targets[0].directory, "/sub/dumps");
	assert_int_equal(told.wait_s, 9);
	assert_int_equal(told.modules.n, 7);
	for (size_t i = 0; i < told.modules.n; i++) {
		size_t k = 0;

		(void)snprintf(path, sizeof(path), CAPTURE_MODULES_NAME "/%s", told.modules.v[i]);
		while (k < n_found && !bytes_is(found[k].name, path))
			k++;
		assert_true(k < n_found);
		assert_true(bytes_is(found[k].data,
				     told.modules.v[i])); /* as put_modules() filled it */
	}
	close(fd);
	root_free(&root);
}

/* ---- dumps that are kept */

static void put_dump(const struct root *root, const char *name, unsigned kib, bool has_notes)
{
	_cleanup_free_ char *content = malloc(kib << 10);
	char path[128];

	assert_non_null(content);
	memset(content, 'x', kib << 10);
	(void)snprintf(path, sizeof(path), "/c/%s/dump.%s", name, name);
	root_put_bytes(root, path, content, kib << 10);
	(void)snprintf(path, sizeof(path), "/c/%s/" CAPTURE_NOTES, name);
	if (has_notes)
		root_put(root, path, "");
}

static void test_prune(void **state)
{
	static const struct {
		unsigned keep;
		uint64_t bytes;
		const char *removed; /* letters of the dumps below, the newest first */
	} rows[] = {
		{ 0, 0, "" },	 { 2, 0, "ba" },	 { 1, 0, "cba" },
		{ 9, 0, "" },	 { 0, 1000 << 10, "" },	 { 0, 250 << 10, "ba" },
		{ 0, 1, "cba" }, { 3, 250 << 10, "ba" },
	};
	/* the last but one is of another tool, the last is none */
	static const char *const names[] = { "202601010000",	"202601010001", "202601010001-2",
					     "202601010001-10", "202501010000", "other" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_names_ struct names removed = { 0 };
		struct kx_error err = { 0 };
		struct root root;
		char top[128];

		root_new(&root);
		for (size_t k = 0; k < 6; k++)
			put_dump(&root, names[k], 100, k < 4);
		(void)snprintf(top, sizeof(top), "%s/c", root.path);
		assert_int_equal(
			capture_store_prune(top, rows[i].keep, rows[i].bytes, &removed, &err), 0);
		assert_int_equal(removed.n, strlen(rows[i].removed));
		for (size_t k = 0; k < removed.n; k++) {
			const char *want = names[rows[i].removed[k] - 'a'];

			assert_string_equal(strrchr(removed.v[k], '/') + 1, want);
			assert_int_not_equal(access(removed.v[k], F_OK), 0);
		}
		for (size_t k = 0; k < 6; k++) {
			char path[192];
			const bool is_gone = k < 4 && strchr(rows[i].removed, 'a' + (int)k);

			(void)snprintf(path, sizeof(path), "%s/%s/dump.%s", top, names[k],
				       names[k]);
			assert_int_equal(access(path, F_OK) == 0, !is_gone);
		}
		root_free(&root);
	}
}

/* A file that this program does not make stays, and so does the directory around it. */
static void test_prune_foreign(void **state)
{
	_cleanup_names_ struct names removed = { 0 };
	struct kx_error err = { 0 };
	struct root root;
	char path[128];

	root_new(&root);
	put_dump(&root, "202601010000", 4, true);
	put_dump(&root, "202601010001", 4, true);
	root_put(&root, "/c/202601010000/mine", "x");
	(void)snprintf(path, sizeof(path), "%s/c", root.path);
	assert_int_equal(capture_store_prune(path, 1, 0, &removed, &err), 0);
	(void)snprintf(path, sizeof(path), "%s/c/202601010000/mine", root.path);
	assert_int_equal(access(path, F_OK), 0);
	(void)snprintf(path, sizeof(path), "%s/c/202601010000/dump.202601010000", root.path);
	assert_int_not_equal(access(path, F_OK), 0);
	root_free(&root);
}

static void test_store(void **state)
{
	struct capture_store a = { 0 }, b = { 0 }, c = { 0 };
	struct kx_error err = { 0 };
	struct root root;
	char top[128];

	root_new(&root);
	(void)snprintf(top, sizeof(top), "%s/var/crash", root.path);
	/* date -u -d @1764331200: 2025-11-28 12:00 */
	assert_int_equal(capture_store_make(top, 1764331200, &a, &err), 0);
	assert_string_equal(strrchr(a.dump, '/'), "/dump.202511281200");
	assert_int_equal(capture_store_make(top, 1764331259, &b, &err), 0);
	assert_string_equal(strrchr(b.log, '/'), "/dmesg.202511281200-2");
	assert_int_equal(capture_store_note(&b, "x=1\n"), 0);
	assert_int_equal(capture_store_make(top, UINT64_MAX, &c, &err), -ERANGE);
	assert_null(c.directory);
	capture_store_done(&a);
	capture_store_done(&b);
	root_free(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings),	cmocka_unit_test(test_settings_values),
		cmocka_unit_test(test_settings_text),	cmocka_unit_test(test_targets),
		cmocka_unit_test(test_device_find),	cmocka_unit_test(test_modules),
		cmocka_unit_test(test_modules_missing), cmocka_unit_test(test_archive),
		cmocka_unit_test(test_prune),		cmocka_unit_test(test_prune_foreign),
		cmocka_unit_test(test_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Looking into a partition that is not mounted: when, which one, what is taken from it, and that it stays
 * readable for the load and is let go of afterwards. The machine's /boot/grub/grub.cfg is there all the
 * time, as on Proxmox VE. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/place.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/lib-fixture.h"

/* UAPI.2, "Defined Partition Type UUIDs" */
#define ESP "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
#define XBOOTLDR "bc13c2ff-59e6-4262-a352-b275fd6f7172"
#define ROOT_X86_64 "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
#define LOADER "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define GLOBAL "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define P1 "0f2b8a44-3f61-4b0a-9d6e-8b1f7a5c3d21"
#define P2 "7c1d5e90-22aa-4f37-b1c4-6e90d3f8a512"
#define AT1 "/dev/disk/by-partuuid/" P1
#define AT2 "/dev/disk/by-partuuid/" P2

/* What the fake kernel has; a static, since struct sys of the fixture has no room for it. */
static struct {
	struct root disk[2];
	struct sys_partition table[2];
	size_t n;
	int partitions_result, mount_result[2];
	unsigned n_mounts;
	char mounted[64];
} fake;

static int fake_partitions(struct sys *sys, const char *uuid, struct sys_partition **ret,
			   size_t *ret_n)
{
	bool found = false;

	(void)sys;
	if (fake.partitions_result < 0)
		return fake.partitions_result;
	for (size_t i = 0; i < fake.n; i++)
		found |= strcmp(fake.table[i].uuid, uuid) == 0;
	if (!found)
		return -ENOENT;
	*ret = calloc(fake.n, sizeof(**ret));
	assert_non_null(*ret);
	memcpy(*ret, fake.table, fake.n * sizeof(**ret));
	*ret_n = fake.n;
	return 0;
}

static int fake_mount_apart(struct sys *sys, const char *device, const char *type,
			    const char *option)
{
	const size_t i = strcmp(device, "/dev/sda2") == 0;

	(void)sys;
	fake.n_mounts++;
	(void)snprintf(fake.mounted, sizeof(fake.mounted), "%s %s %s", device, type,
		       option ? option : "-");
	if (fake.mount_result[i] < 0)
		return fake.mount_result[i];
	return open(fake.disk[i].path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void put_variable(struct fixture *f, const char *name, const char *guid, const char *value)
{
	uint8_t b[256] = { 6 };
	char path[256];
	size_t n = 4;

	for (const char *p = value; *p; p++, n += 2)
		b[n] = (uint8_t)*p;
	(void)snprintf(path, sizeof(path), "/sys/firmware/efi/efivars/%s-%s", name, guid);
	root_put_bytes(&f->root, path, b, n + 2);
}

static void put_esp(const struct root *disk, const struct fixture *f)
{
	_cleanup_free_ uint8_t *kernel = NULL;
	char full[256];
	size_t n;

	assert_int_equal(read_file_in(ROOT_HERE, fixture_path(f, "/boot/kernel", full), 1 << 20,
				      &kernel, &n),
			 0);
	root_put_bytes(disk, "/linux-a", kernel, n);
	root_put_bytes(disk, "/linux-b", kernel, n);
	root_put(disk, "/initrd-b", "of the partition");
	root_put(disk, "/EFI/systemd/systemd-bootx64.efi", "MZ");
	root_put(disk, "/loader/loader.conf", "default b.conf\n");
	root_put(disk, "/loader/entries/a.conf", "title A\nversion 2\nlinux /linux-a\n");
	root_put(disk, "/loader/entries/b.conf",
		 "title B\nversion 1\nlinux /linux-b\ninitrd /initrd-b\noptions root=b\n");
}

static int setup(void **state)
{
	struct fixture *f;

	assert_int_equal(fixture_setup(state), 0);
	f = *state;
	memset(&fake, 0, sizeof(fake));
	root_new(&fake.disk[0]);
	root_new(&fake.disk[1]);
	fake.table[0] = (struct sys_partition){ P1, ESP, "vfat", "/dev/sda1" };
	fake.table[1] = (struct sys_partition){ P2, XBOOTLDR, "ext4", "/dev/sda2" };
	fake.n = 1;
	put_esp(&fake.disk[0], f);
	put_variable(f, "LoaderInfo", LOADER, "systemd-boot 257.9");
	put_variable(f, "LoaderDevicePartUUID", LOADER, "0F2B8A44-3F61-4B0A-9D6E-8B1F7A5C3D21");
	f->sys.partitions = fake_partitions;
	f->sys.mount_apart = fake_mount_apart;
	return 0;
}

static int teardown(void **state)
{
	root_free(&fake.disk[0]);
	root_free(&fake.disk[1]);
	return fixture_teardown(state);
}

static struct kx_entries *entries(struct fixture *f, uint64_t flags, struct kx_entries_info *info)
{
	const struct kx_entries_opts opts = { .size = sizeof(opts), .flags = flags };
	struct kx_entries *list = NULL;
	struct kx_error err = { 0 };

	if (kx_entries_new(f->ctx, &opts, &list, &err) < 0)
		fail_msg("%s", err.message);
	*info = (struct kx_entries_info){ .size = sizeof(*info) };
	assert_int_equal(kx_entries_info(list, info), 0);
	return list;
}

static struct kx_entry default_of(const struct kx_entries *list, const struct kx_entries_info *info)
{
	struct kx_entry e = { .size = sizeof(e) };

	if (info->default_index == info->n_entries)
		fail_msg("no default: %s", info->guess ? info->guess : "");
	assert_int_equal(kx_entries_entry(list, info->default_index, &e), 0);
	return e;
}

static unsigned open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* The default is that of the loader.conf on the partition; its files are read there, also by another
 * context, and by the load. */
static void test_default(void **state)
{
	struct fixture *f = *state;
	const struct kx_ctx_opts here = { .size = sizeof(here) };
	struct kx_request req = { .size = sizeof(req) };
	const unsigned before = open_descriptors();
	struct kx_entries_info info;
	struct kx_entries *list = entries(f, KX_ENTRIES_MOUNT, &info);
	struct kx_entry e = default_of(list, &info);
	struct kx_image *image, *other = NULL;
	struct kx_plan *plan = NULL;
	struct kx_error err = { 0 };
	struct kx_ctx *ctx = NULL;

	assert_string_equal(info.loader, "systemd-boot");
	assert_string_equal(info.config, AT1 "/loader/loader.conf");
	assert_null(info.guess);
	assert_string_equal(e.id, "b.conf");
	assert_string_equal(e.kernel, AT1 "/linux-b");
	assert_int_equal(e.n_initrds, 1);
	assert_string_equal(e.initrds[0], AT1 "/initrd-b");
	assert_true(e.bootable);
	assert_string_equal(fake.mounted, "/dev/sda1 vfat -");

	assert_int_equal(kx_ctx_new(&here, &ctx, &err), 0);
	assert_int_equal(kx_image_open(ctx, e.kernel, NULL, &other, &err), 0);
	kx_image_free(other);
	ctx = kx_ctx_free(ctx);

	image = fixture_kernel(f, e.kernel);
	req.image = image;
	req.way = KX_WAY_SEGMENTS;
	req.cmdline = e.cmdline;
	req.initrds = e.initrds;
	req.n_initrds = e.n_initrds;
	if (kx_plan_new(f->ctx, &req, &plan, &err) < 0)
		fail_msg("%s", err.message);
	kx_plan_free(plan);
	kx_image_free(image);
	kx_entries_free(list);

	/* once more: the same place */
	list = entries(f, KX_ENTRIES_MOUNT, &info);
	assert_string_equal(default_of(list, &info).id, "b.conf");
	assert_int_equal(fake.n_mounts, 1);
	kx_entries_free(list);
	f->ctx = kx_ctx_free(f->ctx);
	assert_true(open_descriptors() <= before);
	assert_int_equal(open_in(ROOT_HERE, AT1 "/linux-b", O_RDONLY) < 0, 1);
}

/* Where it may not or cannot be looked into there is no default, never that of GRUB, and it is said why. */
static void test_not_looked(void **state)
{
	static const struct {
		uint64_t flags;
		int partitions, mount;
		const char *type, *fs, *says;
		unsigned n_mounts;
	} rows[] = {
		{ 0, 0, 0, ESP, "vfat", "is not allowed", 0 },
		{ KX_ENTRIES_MOUNT, -EACCES, 0, ESP, "vfat", "only root", 0 },
		{ KX_ENTRIES_MOUNT, -ENOENT, 0, ESP, "vfat", "no partition of this machine", 0 },
		{ KX_ENTRIES_MOUNT, 0, 0, ROOT_X86_64, "vfat", "neither that of an ESP", 0 },
		{ KX_ENTRIES_MOUNT, 0, 0, "0x83", "vfat", "its type 0x83", 0 },
		{ KX_ENTRIES_MOUNT, 0, 0, ESP, "btrfs", "btrfs is no file system", 0 },
		{ KX_ENTRIES_MOUNT, 0, 0, ESP, "", "what is on it is no file system", 0 },
		{ KX_ENTRIES_MOUNT, 0, -EPERM, ESP, "vfat", "only root can mount", 1 },
		{ KX_ENTRIES_MOUNT, 0, -EBUSY, ESP, "vfat", "something else uses it", 1 },
		{ KX_ENTRIES_MOUNT, 0, -ENOSYS, ESP, "vfat", "this kernel cannot mount", 1 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kx_entries_info info;
		struct kx_entries *list;

		fake.partitions_result = rows[i].partitions;
		fake.mount_result[0] = rows[i].mount;
		fake.n_mounts = 0;
		(void)snprintf(fake.table[0].type, sizeof(fake.table[0].type), "%s", rows[i].type);
		(void)snprintf(fake.table[0].fs, sizeof(fake.table[0].fs), "%s", rows[i].fs);
		list = entries(f, rows[i].flags, &info);
		if (info.default_index != info.n_entries || !info.guess ||
		    !strstr(info.guess, rows[i].says) || !strstr(info.guess, "systemd-boot") ||
		    fake.n_mounts != rows[i].n_mounts)
			fail_msg("row %zu: %u mounts, %s", i, fake.n_mounts, info.guess);
		kx_entries_free(list);
	}
}

/* UEFI specification, 3.1.3 and 10.3.5.1: Boot0001, a hard drive's node with a GUID, and the file. */
static void put_boot_option(struct fixture *f, const char *file)
{
	static const uint8_t start[] = { 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 'x', 0, 0, 0,
					 /* node 4/1, 42 bytes, partition 1 */
					 4, 1, 42, 0, 1, 0, 0, 0 };
	static const uint8_t guid[] = { 0x44, 0x8a, 0x2b, 0x0f, 0x61, 0x3f, 0x0a, 0x4b,
					0x9d, 0x6e, 0x8b, 0x1f, 0x7a, 0x5c, 0x3d, 0x21 };
	static const uint8_t current[] = { 6, 0, 0, 0, 1, 0 };
	uint8_t b[256] = { 0 };
	size_t n = sizeof(start) + 16, length = 4 + 2 * (strlen(file) + 1);

	memcpy(b, start, sizeof(start));
	memcpy(b + n, guid, sizeof(guid));
	n += sizeof(guid);
	b[n++] = 2; /* GPT */
	b[n++] = 2; /* a GUID */
	b[n++] = 4;
	b[n++] = 4;
	b[n++] = (uint8_t)length;
	b[n++] = 0;
	for (const char *p = file; *p; p++, n += 2)
		b[n] = (uint8_t)*p;
	n += 2;
	b[n++] = 0x7f;
	b[n++] = 0xff;
	b[n++] = 4;
	b[n++] = 0;
	b[8] = (uint8_t)(n - 14);
	root_put_bytes(&f->root, "/sys/firmware/efi/efivars/Boot0001-" GLOBAL, b, n);
	root_put_bytes(&f->root, "/sys/firmware/efi/efivars/BootCurrent-" GLOBAL, current,
		       sizeof(current));
}

static void drop_variable(struct fixture *f, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "/sys/firmware/efi/efivars/%s-" LOADER, name);
	root_remove(&f->root, path);
}

/* Who names the partition, and which loader is on it. @remove is a file of the machine. */
static void test_who(void **state)
{
	static const struct {
		const char *info, *program, *remove, *file, *text;
		const char *loader, *config;
		unsigned n_mounts;
	} rows[] = {
		{ "systemd-boot 252", NULL, "", NULL, NULL, "systemd-boot",
		  AT1 "/loader/loader.conf", 1 },
		{ NULL, "\\EFI\\systemd\\systemd-bootx64.efi", "", NULL, NULL, "systemd-boot",
		  AT1 "/loader/loader.conf", 1 },
		{ NULL, "\\EFI\\refind\\refind_x64.efi", "", "/EFI/refind/refind.conf",
		  "menuentry X {\n loader /linux-a\n}\n", "refind", AT1 "/EFI/refind/refind.conf",
		  1 },
		{ "Limine 9.2", NULL, "", "/EFI/BOOT/limine.conf",
		  "/X\nprotocol: linux\npath: boot():/linux-a\n", "limine",
		  AT1 "/EFI/BOOT/limine.conf", 1 },
		/* GRUB whose configuration is only there: Debian's signed one with a stub */
		{ "GRUB 2.12", NULL, "/boot/grub/grub.cfg", "/EFI/debian/grub.cfg",
		  "menuentry X { linux /linux-a\n}\n", "grub", AT1 "/EFI/debian/grub.cfg", 1 },
		/* a unified image would be as good: the firmware starts the kernel itself */
		{ NULL, "\\linux-a", "", NULL, NULL, "efistub", NULL, 1 },
		/* its configuration is found: nothing is mounted */
		{ "GRUB 2.12", NULL, "", NULL, NULL, "grub", "/boot/grub/grub.cfg", 0 },
		{ NULL, "\\EFI\\debian\\shimx64.efi", "", NULL, NULL, "grub", "/boot/grub/grub.cfg",
		  0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kx_entries_info info;
		struct kx_entries *list;
		struct fixture *f;

		teardown(state);
		setup(state);
		f = *state;
		if (rows[i].info)
			put_variable(f, "LoaderInfo", LOADER, rows[i].info);
		else
			drop_variable(f, "LoaderInfo");
		if (rows[i].program) {
			drop_variable(f, "LoaderDevicePartUUID");
			put_boot_option(f, rows[i].program);
		}
		if (rows[i].file)
			root_put(&fake.disk[0], rows[i].file, rows[i].text);
		if (*rows[i].remove)
			root_remove(&f->root, rows[i].remove);
		list = entries(f, KX_ENTRIES_MOUNT, &info);
		if (strcmp(info.loader, rows[i].loader) != 0 || fake.n_mounts != rows[i].n_mounts ||
		    (rows[i].config && strcmp(info.config, rows[i].config) != 0) || info.guess)
			fail_msg("row %zu: %s, %s, %u mounts, %s", i, info.loader, info.config,
				 fake.n_mounts, info.guess ? info.guess : "");
		kx_entries_free(list);
	}
}

/* XBOOTLDR of the same disk: without its journal being replayed, and not at all when it is in use. */
static void test_beside(void **state)
{
	struct fixture *f = *state;
	struct kx_entries_info info;
	struct kx_entries *list;

	fake.n = 2;
	root_put(&fake.disk[1], "/linux-c", "");
	root_put(&fake.disk[1], "/loader/entries/c.conf", "title C\nversion 3\nlinux /linux-c\n");
	root_put(&fake.disk[0], "/loader/loader.conf", "default c.conf\n");
	list = entries(f, KX_ENTRIES_MOUNT, &info);
	assert_int_equal(fake.n_mounts, 2);
	assert_string_equal(fake.mounted, "/dev/sda2 ext4 noload");
	assert_string_equal(default_of(list, &info).kernel, AT2 "/linux-c");
	kx_entries_free(list);

	teardown(state);
	setup(state);
	f = *state;
	fake.n = 2;
	fake.mount_result[1] = -EBUSY;
	list = entries(f, KX_ENTRIES_MOUNT, &info);
	assert_string_equal(default_of(list, &info).id, "b.conf");
	assert_null(info.guess);
	kx_entries_free(list);
}

/* The ESP is mounted, and XBOOTLDR is not: its entries count, for root. */
static void test_only_beside(void **state)
{
	struct fixture *f = *state;
	struct kx_entries_info info;
	struct kx_entries *list;

	fake.n = 2;
	root_put(&f->root, "/etc/fstab", "PARTUUID=" P1 " /efi vfat defaults 0 2\n");
	root_put(&f->root, "/efi/EFI/systemd/systemd-bootx64.efi", "MZ");
	root_put(&f->root, "/efi/loader/loader.conf", "default c.conf\n");
	root_put(&f->root, "/efi/loader/entries/a.conf", "title A\nlinux /a\n");
	root_put(&f->root, "/efi/a", "");
	root_put(&fake.disk[1], "/linux-c", "");
	root_put(&fake.disk[1], "/loader/entries/c.conf", "title C\nversion 3\nlinux /linux-c\n");
	list = entries(f, KX_ENTRIES_MOUNT, &info);
	assert_int_equal(fake.n_mounts, 1);
	assert_string_equal(default_of(list, &info).kernel, AT2 "/linux-c");
	assert_null(info.guess);
	kx_entries_free(list);

	/* everybody else sees what is mounted, and that is no guess */
	list = entries(f, 0, &info);
	assert_int_equal(info.n_entries, 1);
	assert_null(info.guess);
	kx_entries_free(list);
}

/* An XBOOTLDR partition that is mounted at /boot has entries; the ESP's loader.conf decides all the same. */
static void test_loader_conf_elsewhere(void **state)
{
	struct fixture *f = *state;
	struct kx_entries_info info;
	struct kx_entries *list;

	root_put(&f->root, "/boot/EFI/systemd/systemd-bootx64.efi", "MZ");
	root_put(&f->root, "/boot/loader/entries/d.conf", "title D\nversion 9\nlinux /kernel\n");
	list = entries(f, KX_ENTRIES_MOUNT, &info);
	assert_string_equal(default_of(list, &info).id, "b.conf");
	assert_int_equal(info.n_entries, 3);
	assert_null(info.guess);
	kx_entries_free(list);

	fake.mount_result[0] = -EPERM;
	place_remove(f->ctx->machine_root, f->ctx->places[0]);
	free(f->ctx->places[0]);
	f->ctx->n_places = 0;
	list = entries(f, KX_ENTRIES_MOUNT, &info);
	assert_string_equal(default_of(list, &info).id, "d.conf");
	assert_non_null(strstr(info.guess, "which was not read"));
	kx_entries_free(list);
}

/* Another system below a root has no devices here. */
static void test_captured(void **state)
{
	struct fixture *f = *state;
	struct kx_entries_info info;
	struct kx_entries *list;

	f->ctx->captured = true;
	list = entries(f, KX_ENTRIES_MOUNT, &info);
	assert_int_equal(info.default_index, info.n_entries);
	assert_int_equal(fake.n_mounts, 0);
	assert_null(strstr(info.guess, "PARTUUID"));
	kx_entries_free(list);
}

/* Paths stay inside of a place, whatever they consist of. */
static void test_place(void **state)
{
	struct fixture *f = *state;
	const int here = open(f->root.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const int other = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const int fd = open(fake.disk[0].path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	static const struct {
		const char *path;
		bool is_there;
	} rows[] = {
		{ "/p/linux-a", true },
		{ "/p/../../../../linux-a", true }, /* ".." at the top is the top */
		{ "/p/up/linux-a", true },	    /* a link to "/" */
		{ "/p/out", false }, /* a link to a file that only this machine has */
		{ "/plinux-a", false },
		{ "/p/boot/kernel", false },
	};

	root_link(&fake.disk[0], "/up", "/");
	root_link(&fake.disk[0], "/out", "/run/here");
	assert_int_equal(place_add(here, "/p", fd), 0);
	assert_int_equal(place_add(here, "/p", fd), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const int roots[] = { ROOT_HERE, here };

		for (size_t k = 0; k < ARRAY_SIZE(roots); k++) {
			_cleanup_close_ int got = open_in(roots[k], rows[i].path, O_RDONLY);

			if ((got >= 0) != rows[i].is_there)
				fail_msg("row %zu: %s: %d", i, rows[i].path, got);
		}
	}
	assert_int_equal(open_in(other, "/p/linux-a", O_RDONLY), -ENOENT);
	place_remove(here, "/p");
	close(open_in(here, "/p/linux-a", O_RDONLY));
	place_remove(here, "/p");
	assert_int_equal(open_in(here, "/p/linux-a", O_RDONLY), -ENOENT);
	close(here);
	close(other);
	close(fd);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_default),  ROW(test_not_looked),  ROW(test_who),
		ROW(test_beside),   ROW(test_only_beside), ROW(test_loader_conf_elsewhere),
		ROW(test_captured), ROW(test_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

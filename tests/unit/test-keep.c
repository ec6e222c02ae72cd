// SPDX-License-Identifier: LGPL-2.1-or-later
/* Files that outlive a fast reboot: which memory is chosen, what is put there, and when it is not believed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keep/header.h"
#include "keep/keep.h"
#include "keep/range.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/fake-machine.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

/* lib/cmdline.c, memparse(), and parse_memmap_one() of the kernel */
static void test_words(void **state)
{
	static const struct {
		const char *cmdline;
		int found;
		uint64_t start, end;
	} rows[] = {
		{ "quiet", 0, 0, 0 },
		{ "root=/dev/sda1 memmap=128M!1G quiet", 1, GIB, GIB + 128 * MIB },
		{ "memmap=0x8000000!0x40000000", 1, GIB, GIB + 128 * MIB },
		{ "memmap=4K$3G,64m!2g", 1, 2 * GIB, 2 * GIB + 64 * MIB },
		{ "memmap=4K#3G memmap=exactmap memmap=1M@1M", 0, 0, 0 },
		{ "memmap=64M!", -EINVAL, 0, 0 },
		{ "memmap=0!1G", -EINVAL, 0, 0 },
		{ "memmap=64M!1Gx", -EINVAL, 0, 0 },
		{ "memmap=64M!18446744073709551615", -EINVAL, 0, 0 },
		{ "memmap", 0, 0, 0 },
	};
	char word[KEEP_WORD_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct range range = { 0, 0 };

		assert_int_equal(keep_word_find(rows[i].cmdline, &range), rows[i].found);
		assert_int_equal(range.start, rows[i].start);
		assert_int_equal(range.end, rows[i].end);
	}
	keep_word_write((struct range){ 4 * GIB, 4 * GIB + 512 * MIB }, word);
	assert_string_equal(word, "memmap=512M!4096M");
}

#define LOW "00001000-0009ffff : System RAM\n000f0000-000fffff : reserved\n"

static void test_choice(void **state)
{
	static const struct {
		const char *iomem;
		uint64_t size;
		int r;
		uint64_t start, end;
	} rows[] = {
		/* above 4 GiB, the lowest */
		{ LOW "00100000-7fffffff : System RAM\n100000000-17fffffff : System RAM\n", GIB / 2,
		  0, 4 * GIB, 4 * GIB + GIB / 2 },
		/* the kernel lies there: the next section behind it */
		{ LOW "00100000-7fffffff : System RAM\n100000000-17fffffff : System RAM\n"
		      "  102000000-102ffffff : Kernel code\n",
		  64 * MIB, 0, 4 * GIB + 128 * MIB, 4 * GIB + 192 * MIB },
		/* a small machine: above 512 MiB, past its crash kernel; sizes are whole pages of 2 MiB */
		{ LOW "00100000-3fffffff : System RAM\n  20000000-27ffffff : Crash kernel\n",
		  63 * MIB, 0, 640 * MIB, 704 * MIB },
		{ LOW "00100000-3fffffff : System RAM\n", 512 * MIB, -ENOSPC, 0, 0 },
		{ LOW "00100000-1fffffff : System RAM\n", 64 * MIB, -ENOSPC, 0, 0 },
		{ LOW "00100000-3fffffff : System RAM\n", 0, -ENOSPC, 0, 0 },
		/* what has been set aside is no RAM */
		{ LOW
		  "00100000-1fffffff : System RAM\n20000000-27ffffff : Persistent Memory (legacy)\n"
		  "28000000-3fffffff : System RAM\n",
		  64 * MIB, 0, 640 * MIB, 704 * MIB },
		{ "00000000-00000000 : System RAM\n", 64 * MIB, -EPERM, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = rows[i].iomem;
		struct range range = { 0, 0 };
		struct kx_error err = { 0 };
		struct iomem iomem;

		assert_int_equal(iomem_parse((struct bytes){ (const uint8_t *)text, strlen(text) },
					     &iomem, NULL),
				 0);
		assert_int_equal(keep_range_choose(&iomem, rows[i].size, &range, &err), rows[i].r);
		assert_int_equal(range.start, rows[i].start);
		assert_int_equal(range.end, rows[i].end);
		assert_int_equal(err.message[0] != '\0', rows[i].r < 0);
		iomem_done(&iomem);
	}
}

/* ---- streams */

static size_t make_stream(uint8_t *p, size_t max, const char *path, const char *text)
{
	struct stream s = { .p = p, .max = max };
	const struct stream_entry e = { .path = { (const uint8_t *)path, strlen(path) },
					.mode = S_IFREG | 0640,
					.data = { NULL, strlen(text) } };
	uint8_t *data;

	assert_int_equal(stream_add(&s, &e, &data), 0);
	memcpy(data, text, strlen(text));
	assert_int_equal(stream_end(&s), 0);
	return s.n;
}

static void test_stream(void **state)
{
	static const char *const bad[] = { "",	    "/",     "relative", "/a//b",   "/a/",
					   "/../b", "/a/..", "/a/./b",	 "/a/../b", "//a" };
	uint8_t buf[256];
	struct stream_entry e;
	struct bytes rest;
	const size_t n = make_stream(buf, sizeof(buf), "/run/a b", "text");

	rest = (struct bytes){ buf, n };
	assert_int_equal(stream_next(&rest, &e), 1);
	assert_int_equal(e.path.n, 8);
	assert_memory_equal(e.path.p, "/run/a b", 8);
	assert_int_equal(e.mode, S_IFREG | 0640);
	assert_memory_equal(e.data.p, "text", 4);
	assert_int_equal(stream_next(&rest, &e), 0);
	/* wherever it is cut off */
	for (size_t cut = 0; cut < n; cut++) {
		int r = 1;

		rest = (struct bytes){ buf, cut };
		while (r > 0)
			r = stream_next(&rest, &e);
		assert_int_equal(r, -EBADMSG);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		rest = (struct bytes){ buf, make_stream(buf, sizeof(buf), bad[i], "x") };
		assert_int_equal(stream_next(&rest, &e), -EBADMSG);
	}
	/* no room: nothing is written behind the end */
	for (size_t max = 0; max < n; max++) {
		struct stream s = { .p = buf, .max = max };
		const struct stream_entry full = { .path = { (const uint8_t *)"/run/a b", 8 },
						   .data = { NULL, 4 } };
		uint8_t *data;

		memset(buf, 0xa5, sizeof(buf));
		if (stream_add(&s, &full, &data) == 0)
			assert_int_equal(stream_end(&s), -ENOSPC);
		for (size_t k = max; k < sizeof(buf); k++)
			assert_int_equal(buf[k], 0xa5);
	}
}

/* ---- a machine */

#define OTHER_BOOT "c1b0a1d2-0000-4000-8000-0123456789ab"
#define KEXEC "208\n"	 /* boot.rst, type_of_loader: 0xD and a version */
#define FIRMWARE "114\n" /* 7: GRUB */
#define DEVICE "/dev/pmem0"
enum { DEVICE_BYTES = 1 << 20 };

static struct fake_machine m;
static char cache[] = "/run/cache", dump[] = "/var/tmp/dump", missing[] = "/srv/not-there";
static char *const kept[] = { cache, dump, missing };
static const struct keep_paths paths = { kept, 3 };

static void path_of(char to[512], const char *path)
{
	(void)snprintf(to, 512, "%s%s", m.root.path, path);
}

static void put_kept(const char *text)
{
	char path[512];

	root_put(&m.root, "/run/cache/deep/file", text);
	root_put(&m.root, "/run/cache/empty", "");
	root_link(&m.root, "/run/cache/link", "deep/file");
	root_put(&m.root, "/var/tmp/dump", "rows\n");
	root_put(&m.root, "/var/tmp/other", "not kept\n");
	path_of(path, "/run/cache/deep");
	assert_int_equal(chmod(path, 02750), 0);
	path_of(path, "/run/cache/deep/file");
	assert_int_equal(chmod(path, 0604), 0);
}

static void drop_kept(void)
{
	static const char *const names[] = { "/run/cache/deep/file", "/run/cache/empty",
					     "/run/cache/link", "/var/tmp/dump" };
	char path[512];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		root_remove(&m.root, names[i]);
	path_of(path, "/run/cache/deep");
	assert_int_equal(rmdir(path), 0);
	path_of(path, "/run/cache");
	assert_int_equal(rmdir(path), 0);
}

static void boot(const char *id, const char *way)
{
	char line[64];

	(void)snprintf(line, sizeof(line), "%s\n", id);
	fake_put(&m, "/proc/sys/kernel/random/boot_id", line);
	fake_put(&m, "/proc/sys/kernel/bootloader_type", way);
}

static void setup(void)
{
	static uint8_t zeros[DEVICE_BYTES];

	fake_new(&m, "systemd");
	fake_put(&m, "/proc/cmdline", "quiet memmap=1M!1G\n");
	fake_put(&m, "/sys/kernel/kexec_loaded", "1\n");
	fake_put(&m, "/sys/block/pmem1/device/resource", "0x80000000\n");
	fake_put(&m, "/sys/block/pmem0/device/resource", "0x40000000\n");
	root_put_bytes(&m.root, DEVICE, zeros, sizeof(zeros));
	put_kept("known data\n");
	boot(MACHINE_BOOT_ID, FIRMWARE);
}

static void device_io(uint8_t *buf, bool write)
{
	char path[512];
	int fd;

	path_of(path, DEVICE);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write ? pwrite(fd, buf, DEVICE_BYTES, 0) : pread(fd, buf, DEVICE_BYTES, 0),
			 DEVICE_BYTES);
	(void)close(fd);
}

static void change_device(size_t at)
{
	static uint8_t buf[DEVICE_BYTES];

	device_io(buf, false);
	buf[at] ^= 1;
	device_io(buf, true);
}

static int save(struct kx_error *err)
{
	struct keep_counts counts = { 0 };

	return keep_save(m.rb.sys, &paths, &counts, err);
}

static int restore(struct keep_counts *counts, struct kx_error *err)
{
	return keep_restore(m.rb.sys, &paths, counts, err);
}

static mode_t mode_of(const char *path)
{
	struct stat st;
	char full[512];

	path_of(full, path);
	assert_int_equal(lstat(full, &st), 0);
	return st.st_mode;
}

static void test_round(void **state)
{
	struct keep_counts counts = { 0 };
	struct kx_error err = { 0 };

	setup();
	assert_int_equal(keep_save(m.rb.sys, &paths, &counts, &err), KEEP_DONE);
	assert_int_equal(counts.n_files, 3);
	assert_int_equal(counts.n_directories, 2);
	assert_int_equal(counts.n_links, 1);
	assert_int_equal(counts.n_missing, 1);
	drop_kept();
	root_put(&m.root, "/var/tmp/dump", "newer\n");
	boot(OTHER_BOOT, KEXEC);
	counts = (struct keep_counts){ 0 };
	assert_int_equal(restore(&counts, &err), KEEP_DONE);
	assert_string_equal(fake_read(&m, "/run/cache/deep/file"), "known data\n");
	assert_int_equal(mode_of("/run/cache/deep/file"), S_IFREG | 0604);
	assert_int_equal(mode_of("/run/cache/deep"), S_IFDIR | 02750);
	assert_true(S_ISLNK(mode_of("/run/cache/link")));
	assert_true(fake_has(&m, "/run/cache/empty"));
	/* what is there already is newer */
	assert_string_equal(fake_read(&m, "/var/tmp/dump"), "newer\n");
	assert_int_equal(counts.n_present, 1);
	/* once */
	assert_false(fake_has(&m, KEEP_NOTE));
	assert_int_equal(restore(&counts, &err), KEEP_NOTHING);
	fake_free(&m);
}

static void cold(void)
{
	boot(OTHER_BOOT, FIRMWARE);
}

static void unknown_way(void)
{
	fake_remove(&m, "/proc/sys/kernel/bootloader_type");
}

static void same_boot(void)
{
	boot(MACHINE_BOOT_ID, KEXEC);
}

static void torn_header(void)
{
	change_device(20);
}

static void changed_data(void)
{
	change_device(KEEP_DATA_AT + 100);
}

static void no_word(void)
{
	fake_put(&m, "/proc/cmdline", "quiet\n");
}

/* The boot in between knew nothing of the memory, and saved again elsewhere. */
static void stale(void)
{
	static uint8_t old[DEVICE_BYTES];
	struct kx_error err = { 0 };

	device_io(old, false);
	put_kept("other data\n");
	assert_int_equal(save(&err), KEEP_DONE);
	drop_kept();
	device_io(old, true);
	boot(OTHER_BOOT, KEXEC);
}

static void no_note(void)
{
	fake_remove(&m, KEEP_NOTE);
}

static void damaged_note(void)
{
	fake_put(&m, KEEP_NOTE, "0123\n");
}

static void test_ignored(void **state)
{
	static const struct {
		void (*change)(void);
		int result;
		const char *says;
	} rows[] = {
		{ cold, KEEP_IGNORED, "through the firmware" },
		{ unknown_way, KEEP_IGNORED, "not known" },
		{ same_boot, KEEP_IGNORED, "the boot that saved it" },
		{ torn_header, KEEP_IGNORED, "not all of it was written" },
		{ changed_data, KEEP_IGNORED, "digest" },
		{ no_word, KEEP_IGNORED, "command line" },
		{ stale, KEEP_IGNORED, "an earlier boot" },
		{ damaged_note, KEEP_IGNORED, "damaged" },
		{ no_note, KEEP_NOTHING, "saved nothing" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct keep_counts counts = { 0 };
		struct kx_error err = { 0 };

		setup();
		assert_int_equal(save(&err), KEEP_DONE);
		drop_kept();
		boot(OTHER_BOOT, KEEP_DONE == rows[i].result ? FIRMWARE : KEXEC);
		rows[i].change();
		assert_int_equal(restore(&counts, &err), rows[i].result);
		assert_non_null(strstr(err.message, rows[i].says));
		assert_false(fake_has(&m, "/run/cache"));
		assert_false(fake_has(&m, "/var/tmp/dump"));
		assert_false(fake_has(&m, KEEP_NOTE));
		fake_free(&m);
	}
}

/* Nothing valid is left by a save that does not come to its end, nor by one that is not for a fast reboot. */
static void test_not_saved(void **state)
{
	static uint8_t buf[DEVICE_BYTES];
	struct keep_header h;
	struct kx_error err = { 0 };
	char *big = calloc(1, DEVICE_BYTES);

	assert_non_null(big);
	setup();
	assert_int_equal(save(&err), KEEP_DONE);
	root_put_bytes(&m.root, "/run/cache/big", big, DEVICE_BYTES);
	assert_int_equal(save(&err), -ENOSPC);
	assert_false(fake_has(&m, KEEP_NOTE));
	device_io(buf, false);
	assert_false(keep_header_read((struct bytes){ buf, sizeof(buf) }, &h));
	root_remove(&m.root, "/run/cache/big");
	assert_int_equal(save(&err), KEEP_DONE);
	fake_put(&m, "/sys/kernel/kexec_loaded", "0\n");
	assert_int_equal(save(&err), KEEP_NOTHING);
	assert_false(fake_has(&m, KEEP_NOTE));
	fake_put(&m, "/sys/kernel/kexec_loaded", "1\n");
	fake_remove(&m, "/sys/block/pmem0/device/resource");
	assert_int_equal(save(&err), -ENODEV);
	assert_non_null(strstr(err.message, "memmap=1M!1024M"));
	free(big);
	fake_free(&m);
}

/* What is below none of the paths is not made, whatever the memory says. */
static void test_other_paths(void **state)
{
	static char part[] = "/run/cach", deep[] = "/run/cache/deep";
	static char *const others[] = { part, deep };
	const struct keep_paths narrow = { others, 2 };
	struct keep_counts counts = { 0 };
	struct kx_error err = { 0 };

	setup();
	assert_int_equal(save(&err), KEEP_DONE);
	drop_kept();
	boot(OTHER_BOOT, KEXEC);
	assert_int_equal(keep_restore(m.rb.sys, &narrow, &counts, &err), -EBADMSG);
	assert_false(fake_has(&m, "/run/cache"));
	fake_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),	    cmocka_unit_test(test_choice),
		cmocka_unit_test(test_stream),	    cmocka_unit_test(test_round),
		cmocka_unit_test(test_ignored),	    cmocka_unit_test(test_not_saved),
		cmocka_unit_test(test_other_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

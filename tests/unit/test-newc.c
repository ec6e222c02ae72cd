// SPDX-License-Identifier: LGPL-2.1-or-later
/* Files that GRUB wraps into archives: `initrd newc:NAME:FILE`. Words and order of the members: GRUB 2.14,
 * grub-core/loader/linux.c; bytes: kernel, buffer-format.rst. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "image/cpio.h"
#include "image/newc.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/lib-fixture.h"

static void test_split(void **state)
{
	static const struct {
		const char *word, *name, *file; /* NULL: a file as it is */
	} rows[] = {
		{ "newc:etc/key:/boot/key", "etc/key", "/boot/key" },
		{ "newc:/etc/key:/boot/key", "etc/key", "/boot/key" },
		{ "newc:///key:(hd0,1)/a:b", "key", "(hd0,1)/a:b" },
		{ "newc::/boot/key", "", "/boot/key" },
		{ "newc:/:/x", "", "/x" },
		{ "newc:etc/key", NULL, NULL },
		{ "/newc:a:b", NULL, NULL },
		{ "NEWC:a:b", NULL, NULL },
		{ "/boot/initrd", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bytes name = { 0 };
		const char *file = newc_split(rows[i].word, &name);

		if (!rows[i].file != !file)
			fail_msg("%s: %s", rows[i].word, file ? file : "a file");
		if (!file)
			continue;
		assert_string_equal(file, rows[i].file);
		assert_int_equal(name.n, strlen(rows[i].name));
		assert_memory_equal(name.p, rows[i].name, name.n);
	}
}

/* magic, inode 0, mode, owner and group 0, one link, time 0, size, four device numbers, length of name with
 * its NUL, check */
#define ZERO "00000000"
#define MEMBER(mode, size, name_n) \
	"070701" ZERO mode ZERO ZERO "00000001" ZERO size ZERO ZERO ZERO ZERO name_n ZERO

static const char wrapped[] = MEMBER("000041ff", ZERO, "00000004") "etc\0"
								   "\0\0" /* to 116 */
	MEMBER("000041ff", ZERO, "00000006") "etc/a\0"			  /* 116 */
	MEMBER("000081ff", "00000006", "0000000a") "etc/a/key\0"	  /* 120 */
						   "second\0\0" MEMBER(ZERO, ZERO,
								       "0000000b") "TRAILER!!!\0"
										   "\0\0"; /* 124 */

static void test_wrap(void **state)
{
	static const char name[] = "etc/a/key";
	const struct bytes n = { (const uint8_t *)name, sizeof(name) - 1 };
	const struct bytes file = { (const uint8_t *)"second", 6 };
	uint8_t *archive;
	size_t size;

	assert_int_equal(newc_wrap(n, file, &archive, &size), 0);
	assert_int_equal(size,
			 sizeof(wrapped)); /* the literal's own NUL is the last byte of padding */
	assert_memory_equal(archive, wrapped, size);
	free(archive);
}

/* Any name makes an archive that is read to its end: its last file has the contents. */
static void test_names(void **state)
{
	static const char *const names[] = { "a", "a/b", "a//b", "a/", "", "//", "a/b/c/d/e" };
	const struct bytes file = { (const uint8_t *)"xyz", 3 };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct bytes name = { (const uint8_t *)names[i], strlen(names[i]) };
		struct cpio_entry e;
		uint8_t *archive;
		size_t size, at = 0, n_files = 0;

		assert_int_equal(newc_wrap(name, file, &archive, &size), 0);
		while (cpio_next((struct bytes){ archive, size }, &at, &e))
			n_files += e.data.n == 3 && memcmp(e.data.p, "xyz", 3) == 0;
		assert_int_equal(n_files, 1);
		assert_int_equal(at, size);
		free(archive);
	}
}

static struct kx_entry default_entry(struct kx_ctx *ctx, struct kx_entries **ret)
{
	struct kx_entry e = { .size = sizeof(e) };
	struct kx_error err = { 0 };
	size_t i;

	if (kx_entries_new(ctx, NULL, ret, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(kx_entries_find(*ret, "0", &i, &err), 0);
	assert_int_equal(kx_entries_entry(*ret, i, &e), 0);
	return e;
}

/* What the next kernel gets: the initrd, padded, and the archive. */
static void test_load(void **state)
{
	struct fixture *f = *state;
	struct kx_request req = { .size = sizeof(req), .cmdline = "quiet" };
	struct kx_entries *list = NULL;
	struct kx_plan_info info = { .size = sizeof(info) };
	struct kx_plan *plan = NULL;
	struct kx_error err = { 0 };
	struct kx_image *image;
	struct kx_entry e;

	root_put(&f->root, "/boot/grub/grub.cfg",
		 "menuentry One { linux /boot/kernel quiet\n"
		 "initrd /boot/initrd newc:/etc/a/key:/boot/second\n}\n");
	e = default_entry(f->ctx, &list);
	assert_true(e.bootable);
	assert_int_equal(e.n_warnings, 0);
	assert_int_equal(e.n_initrds, 2);
	assert_string_equal(e.initrds[1], "newc:/etc/a/key:/boot/second");

	image = fixture_kernel(f, e.kernel);
	req.image = image;
	req.initrds = e.initrds;
	req.n_initrds = e.n_initrds;
	req.way = KX_WAY_FILE;
	f->keeps_given = true;
	if (kx_plan_new(f->ctx, &req, &plan, &err) < 0 || kx_plan_commit(f->ctx, plan, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(f->given_n, 8 + sizeof(wrapped));
	assert_memory_equal(f->given, "first\0\0\0", 8);
	assert_memory_equal(f->given + 8, wrapped, sizeof(wrapped));
	plan = kx_plan_free(plan);
	req.way = KX_WAY_SEGMENTS;
	if (kx_plan_new(f->ctx, &req, &plan, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(kx_plan_info(plan, &info), 0);
	assert_int_equal(info.initrd_size, 8 + sizeof(wrapped));
	plan = kx_plan_free(plan);
	kx_image_free(image);
	kx_entries_free(list);
	/* the name is one of this context alone */
	assert_true(open_in(f->ctx->machine_root, "newc:/etc/a/key:/boot/second", O_RDONLY) >= 0);
	f->ctx = kx_ctx_free(f->ctx);
	assert_true(open_in(ROOT_HERE, "newc:/etc/a/key:/boot/second", O_RDONLY) < 0);
}

/* The last 8 bytes of the file with that name, before the trailer: its contents and their padding. */
static void expect_contents(int root, const char *expected)
{
	static const char word[] = "newc:/etc/a/key:/boot/second";
	_cleanup_free_ uint8_t *archive = NULL;
	struct cpio_entry e;
	size_t n, at = 0;

	assert_int_equal(read_file_in(root, word, 4096, &archive, &n), 0);
	while (cpio_next((struct bytes){ archive, n }, &at, &e))
		if (e.data.n)
			break;
	assert_int_equal(e.data.n, strlen(expected));
	assert_memory_equal(e.data.p, expected, e.data.n);
}

/* One word on two systems, and on one system whose file has changed since: each gets its own file. */
static void test_same_word(void **state)
{
	static const char menu[] = "menuentry One { linux /boot/kernel\n"
				   "initrd newc:/etc/a/key:/boot/second\n}\n";
	struct fixture *f = *state;
	struct kx_ctx_opts opts = { .size = sizeof(opts) };
	struct kx_entries *first, *again, *others;
	struct kx_ctx *other;
	struct root root;

	root_put(&f->root, "/boot/grub/grub.cfg", menu);
	assert_true(default_entry(f->ctx, &first).bootable);
	root_new(&root);
	root_put(&root, "/boot/grub/grub.cfg", menu);
	root_put(&root, "/boot/kernel", "k");
	root_put(&root, "/boot/second", "of another system");
	opts.root = root.path;
	assert_int_equal(kx_ctx_new(&opts, &other, NULL), 0);
	assert_true(default_entry(other, &others).bootable);
	expect_contents(f->ctx->machine_root, "second");
	expect_contents(other->machine_root, "of another system");

	root_put(&f->root, "/boot/second", "changed");
	assert_true(default_entry(f->ctx, &again).bootable);
	expect_contents(f->ctx->machine_root, "changed");
	expect_contents(other->machine_root, "of another system");
	kx_entries_free(first);
	kx_entries_free(again);
	kx_entries_free(others);
	kx_ctx_free(other);
	root_free(&root);
}

/* A file that is missing, or too large to be a key, makes the entry one that cannot be started. */
static void test_missing(void **state)
{
	struct fixture *f = *state;
	struct kx_entries *list = NULL;
	char full[256];

	root_put(&f->root, "/boot/grub/grub.cfg",
		 "menuentry One { linux /boot/kernel\n initrd newc:a:/boot/none /boot/initrd\n}\n");
	assert_false(default_entry(f->ctx, &list).bootable);
	kx_entries_free(list);

	assert_int_equal(truncate(fixture_path(f, "/boot/second", full), (64 << 20) + 1), 0);
	root_put(&f->root, "/boot/grub/grub.cfg",
		 "menuentry One { linux /boot/kernel\n initrd newc:a:/boot/second\n}\n");
	assert_false(default_entry(f->ctx, &list).bootable);
	kx_entries_free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split), cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_names), WITH_MACHINE(test_load),
		WITH_MACHINE(test_missing),   WITH_MACHINE(test_same_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

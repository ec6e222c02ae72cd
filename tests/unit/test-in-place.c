// SPDX-License-Identifier: LGPL-2.1-or-later
/* Huge pages from load to jump, on a machine of tests/fake/pages.c: whatever fails, and wherever the
 * process dies, the pool is as it was, nothing is mounted, and nothing is loaded without its pages. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "tests/unit/in-place-fixture.h"

static void test_load_and_unload(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	expect(f, "zero-copy", "lie where they will run");
	assert_int_equal(f->fake->n_load, 1);
	assert_int_equal(f->fake->n_segments, 2); /* boot_params, purgatory */
	assert_int_equal(f->fake->total, 3);
	assert_true(f->fake->mounted);
	assert_int_equal(fstatat(f->ctx.machine_root, "run/rapidreboot/in-place", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* once more: the old pages go before new ones are had */
	expect(f, "zero-copy", "");
	assert_int_equal(f->fake->n_unload, 1);
	assert_int_equal(f->fake->total, 3);
	assert_int_equal(in_place_release(&f->ctx, NULL), 0);
	expect_nothing_held(f);
	assert_int_equal(in_place_release(&f->ctx, NULL), 0);
}

/* A next kernel that begins with its caches off sees what was written: each byte is cleaned after it was written last,
 * also those that are zero and those that the jump copies out of the file into holes. */
static void test_cleaned(void **state)
{
	struct fixture *f = *state;

	for (unsigned hole = 0; hole < 2; hole++) {
		size_t n = 0;

		if (hole)
			f->fake->frames[1] += UINT64_C(1) << 30;
		memset(f->fake->cleaned, 0, sizeof(f->fake->cleaned));
		expect(f, "zero-copy", "");
		for (size_t i = 0; i < FAKE_PAGES_MAX; i++) {
			if (!f->fake->there[i])
				continue;
			assert_true(f->fake->cleaned[i] == fake_page_digest(f->fake, i));
			n++;
		}
		assert_int_equal(n, 3);
		assert_int_equal(in_place_release(&f->ctx, NULL), 0);
	}
}

/* What others have in the pool is left alone, also what they add between load and unload. */
static void test_pool_of_others(void **state)
{
	struct fixture *f = *state;

	f->fake->total = 5;
	expect(f, "zero-copy", "");
	assert_int_equal(f->fake->total, 8);
	f->fake->total += 2;
	assert_int_equal(in_place_release(&f->ctx, NULL), 0);
	assert_int_equal(f->fake->total, 7);
}

/* The pages are wiped: an initial ramdisk may contain keys. */
static void test_wiped(void **state)
{
	struct fixture *f = *state;
	uint8_t *pages;
	size_t n = 0;

	expect(f, "zero-copy", "");
	pages = mmap(NULL, 8 * SYS_PAGE_SIZE, PROT_READ, MAP_SHARED, f->fake->memory, 0);
	assert_true(pages != MAP_FAILED);
	for (size_t i = 0; i < 3 * SYS_PAGE_SIZE; i++)
		n += pages[i] == 'i';
	assert_true(n >= sizeof(f->initrd));
	assert_int_equal(in_place_release(&f->ctx, NULL), 0);
	for (size_t i = 0; i < 3 * SYS_PAGE_SIZE; i++)
		assert_int_equal(pages[i], 0);
	munmap(pages, 8 * SYS_PAGE_SIZE);
}

static void test_refusals(void **state)
{
	struct fixture *f = *state;
	const struct sys_pages *pages = f->fake->sys.pages;

	root_put(&f->root, "/proc/meminfo", MEMINFO("2000000", "100000", "268287")); /* 262 MiB */
	expect(f, "copy", "6 MiB would be gone");
	root_put(&f->root, "/proc/meminfo", MEMINFO("2000000", "100000", "268288"));
	expect(f, "zero-copy", "");
	assert_int_equal(in_place_release(&f->ctx, NULL), 0);
	root_put(&f->root, "/proc/meminfo", MEMINFO("20000000", "100000", "2000000"));
	expect(f, "copy", "must be left"); /* a tenth */
	root_put(&f->root, "/proc/meminfo", "MemTotal: 1 kB\n");
	expect(f, "copy", "how much is free");
	root_put(&f->root, "/proc/meminfo", PLENTY);
	root_put(&f->root, "/proc/cmdline", "quiet kho=1\n");
	expect(f, "copy", "KHO");
	root_put(&f->root, "/proc/cmdline", "quiet kho=off nokho=1\n");
	expect(f, "zero-copy", "");
	root_put(&f->root, "/dev/liveupdate", "");
	expect(f, "copy", "KHO");
	assert_int_equal(f->fake->n_unload,
			 0); /* a load with a copy takes the place of the other */
	f->fake->sys.pages = NULL;
	expect(f, "copy", "");
	f->fake->sys.pages = pages;
	(void)unlinkat(f->ctx.machine_root, "dev/liveupdate", 0);
	f->more_flags = KX_REQ_COPY;
	expect(f, "copy", "unmounts");
	f->more_flags = 0;
	expect(f, "zero-copy", "");
	assert_int_equal(in_place_release(&f->ctx, NULL), 0);
}

static void test_pool_refuses(void **state)
{
	struct fixture *f = *state;

	f->fake->limit = 2;
	expect(f, "copy", "of 3 huge pages only 2");
	f->fake->limit = 3;
	expect(f, "zero-copy", "");
	assert_int_equal(in_place_release(&f->ctx, NULL), 0);
	f->fake->surplus = 1;
	expect(f, "copy", "overcommitted");
	assert_int_equal(f->fake->n_load, 3);
}

static void scatter(struct fixture *f)
{
	for (size_t i = 0; i < FAKE_PAGES_MAX; i++)
		f->fake->frames[i] = GiB + 2 * i * SYS_PAGE_SIZE;
}

/* No two pages side by side: the gap is filled by a segment, unless it is somebody's for good. */
static void test_holes(void **state)
{
	struct fixture *f = *state;

	scatter(f);
	expect(f, "zero-copy", "2 MiB are copied all the same");
	assert_int_equal(f->fake->n_segments, 3);
	assert_int_equal(f->fake->total, 3); /* one of them only keeps what the hole gets */
	assert_int_equal(in_place_release(&f->ctx, NULL), 0);
	f->fake->reserved = true;
	expect(f, "copy", "side by side");
}

static void test_places(void **state)
{
	struct fixture *f = *state;

	/* where the next kernel is told that there is no RAM */
	for (size_t i = 0; i < FAKE_PAGES_MAX; i++)
		f->fake->frames[i] = 3 * GiB + i * SYS_PAGE_SIZE;
	expect(f, "copy", "side by side");
	/* frames that cannot be seen */
	f->fake->fail_with = -EPERM;
	for (size_t i = 0; i < FAKE_PAGES_MAX; i++)
		f->fake->frames[i] = 4 * GiB + i * SYS_PAGE_SIZE;
	expect(f, "zero-copy", "");
}

/* io_uring may be forbidden; then only memory without a movable zone or CMA will do. */
static void test_settle(void **state)
{
	struct fixture *f = *state;
	/* pool_read, pool_resize, pool_read, mount, create, map, settle */
	enum { SETTLE = 7 };

	f->fake->fail_at = SETTLE;
	f->fake->fail_with = -ENOSYS;
	expect(f, "zero-copy", "");
	assert_int_equal(in_place_release(&f->ctx, NULL), 0);
	root_put(&f->root, "/proc/zoneinfo", "Node 0, zone  Movable\n        spanned  512\n");
	f->fake->calls = 0;
	expect(f, "copy", "io_uring");
	root_put(&f->root, "/proc/zoneinfo", "Node 0, zone   Normal\n        spanned  512\n");
	root_put(&f->root, "/proc/meminfo", PLENTY "CmaTotal: 4 kB\n");
	f->fake->calls = 0;
	expect(f, "copy", "io_uring");
	f->fake->fail_with = -EFAULT;
	root_put(&f->root, "/proc/meminfo", PLENTY);
	f->fake->calls = 0;
	expect(f, "copy", "cannot be kept");
}

/* Every call in turn fails once: another rung, and nothing is left behind. */
static void test_each_call_fails(void **state)
{
	struct fixture *f = *state;
	unsigned zero = 0, copied = 0;

	f->fake->fail_with = -EIO;
	for (int at = 1;; at++) {
		char why[300];
		const char *rung;

		f->fake->calls = 0;
		f->fake->fail_at = at;
		f->fake->n_load = 0;
		rung = commit(f, why, sizeof(why));
		if (f->fake->calls < at)
			break;
		f->fake->fail_at = 0;
		if (strcmp(rung, "zero-copy") == 0)
			zero++;
		else if (strcmp(rung, "copy") == 0)
			copied++;
		else
			assert_non_null(strstr(why, "kexec_load")); /* it failed itself */
		if (strcmp(rung, "zero-copy") != 0)
			expect_nothing_held(f);
		assert_int_equal(in_place_release(&f->ctx, NULL), 0);
		expect_nothing_held(f);
	}
	assert_true(copied >= 12);
	assert_int_equal(in_place_release(&f->ctx, NULL), 0);
}

/* In every call in turn the process dies: whoever comes next gives everything back. */
static void test_killed_anywhere(void **state)
{
	struct fixture *f = *state;
	bool done = false;

	for (int at = 1; !done; at++) {
		int status;
		pid_t pid;

		f->fake->calls = 0;
		f->fake->die_at = at;
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			char why[300];

			(void)commit(f, why, sizeof(why));
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		f->fake->die_at = 0;
		done = WEXITSTATUS(status) == 0;
		if (at % 2 && !done) { /* or loads again */
			expect(f, "zero-copy", "");
			assert_int_equal(f->fake->total, 3);
		}
		assert_int_equal(in_place_release(&f->ctx, NULL), 0);
		expect_nothing_held(f);
		assert_true(at < 200);
	}
}

static void expect_loaded_stays(struct fixture *f)
{
	char why[300];

	assert_string_equal(commit(f, why, sizeof(why)), "");
	assert_int_equal(f->fake->total, 3);
	assert_true(is_there(f, "run/rapidreboot/in-place"));
}

static void test_kexec_load_refuses(void **state)
{
	static const struct {
		int result;
		const char *rung;
	} rows[] = { { -EADDRNOTAVAIL, "copy" }, { -ENOMEM, "copy" }, { -EPERM, "" } };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		f->fake->n_load = 0;
		f->fake->load_result[0] = rows[i].result;
		expect(f, rows[i].rung, "kexec_load");
		assert_int_equal(f->fake->n_load, *rows[i].rung ? 2 : 1);
	}
}

/* Not asked for in vain: the pool is left alone, and what was loaded before. */
static void test_no_permission(void **state)
{
	struct fixture *f = *state;

	expect(f, "zero-copy", "");
	f->fake->calls = 0;
	root_put(&f->root, "/proc/sys/kernel/kexec_load_disabled", "1\n");
	f->fake->load_result[1] = -EPERM;
	expect_loaded_stays(f);
	root_put(&f->root, "/proc/sys/kernel/kexec_load_disabled", "0\n");
	assert_int_equal(f->fake->n_unload, 0);
	assert_int_equal(f->fake->calls, 1); /* the one with a copy, which says why */
	/* nor is anything given back while the image that needs it cannot be dropped */
	f->fake->fail_with = -EPERM;
	f->fake->fail_at = 2;
	assert_int_equal(kx_unload(&f->ctx, KX_WAY_SEGMENTS, 0, NULL), -EPERM);
	assert_non_null(strstr(f->log, "are kept"));
	assert_int_equal(f->fake->total, 3);
	assert_int_equal(kx_unload(&f->ctx, KX_WAY_SEGMENTS, 0, NULL), 0);
	expect_nothing_held(f);
}

/* ---- before the jump */

static void test_check(void **state)
{
	struct fixture *f = *state;
	uint64_t entry;

	assert_int_equal(in_place_check(&f->ctx, NULL), 0); /* nothing of ours */
	expect(f, "zero-copy", "");
	entry = f->fake->entry;
	assert_int_equal(in_place_check(&f->ctx, NULL), 0);
	assert_int_equal(f->fake->n_load, 1);
	/* moved, the same contents: once more with a copy, to the same places */
	put_kernel(f, entry);
	f->fake->frames[f->fake->there[0] ? 0 : 1] += 64 * MiB;
	for (size_t i = 0; i < FAKE_PAGES_MAX; i++)
		f->fake->frames[i] += 64 * MiB;
	assert_int_equal(in_place_check(&f->ctx, NULL), 0);
	assert_int_equal(f->fake->n_load, 2);
	assert_int_equal(f->fake->n_segments, 4);
	assert_true(f->fake->entry == entry);
	assert_int_equal(f->fake->segments[1].buf_n, sizeof(f->initrd));
	assert_int_equal(f->fake->first_byte[1], 'i');
	assert_non_null(strstr(f->log, "loaded again with a copy"));
}

static void test_pool_emptied(void **state)
{
	struct fixture *f = *state;

	scatter(f); /* with a hole: its contents are in the file, too */
	expect(f, "zero-copy", "");
	assert_int_equal(f->fake->sys.pages->pool_resize(&f->fake->sys, 0), 0);
	assert_int_equal(f->fake->surplus, 3);
	put_kernel(f, f->fake->entry);
	assert_int_equal(in_place_check(&f->ctx, NULL), 0);
	assert_int_equal(f->fake->n_segments, 4);
	assert_int_equal(f->fake->first_byte[1], 'i');
	/* and when that cannot be, nothing stays loaded */
	f->fake->n_load = 1;
	f->fake->load_result[1] = -ENOMEM;
	assert_int_equal(in_place_check(&f->ctx, NULL), -EIO);
	assert_int_equal(f->fake->n_unload, 1);
	assert_int_equal(f->fake->entry, 0);
	expect_nothing_held(f);
}

static void test_changed(void **state)
{
	struct fixture *f = *state;
	struct kx_error err = { 0 };
	uint8_t byte = 'i';

	for (size_t i = 0; i < 8; i++) {
		uint8_t there = 0;

		expect(f, "zero-copy", "");
		if (!f->fake->there[i] ||
		    pread(f->fake->memory, &there, 1, (off_t)(i * SYS_PAGE_SIZE)) != 1)
			continue;
		byte = there ^ 1;
		if (pwrite(f->fake->memory, &byte, 1, (off_t)(i * SYS_PAGE_SIZE)) != 1)
			fail();
		assert_int_equal(in_place_check(&f->ctx, &err), -EIO);
		assert_non_null(strstr(err.message, "changed in memory"));
		assert_int_equal(f->fake->entry, 0);
		expect_nothing_held(f);
	}
}

static void test_released(void **state)
{
	struct fixture *f = *state;
	struct kx_error err = { 0 };

	expect(f, "zero-copy", "");
	f->fake->mounted = false;
	f->fake->created = false;
	memset(f->fake->there, 0, sizeof(f->fake->there));
	assert_int_equal(in_place_check(&f->ctx, &err), -EIO);
	assert_non_null(strstr(err.message, "released"));
	assert_int_equal(f->fake->n_unload, 1);
	expect_nothing_held(f);
}

/* ---- the file */

static void test_files_of_others(void **state)
{
	struct fixture *f = *state;
	struct in_place read = { 0 };

	expect(f, "zero-copy", "");
	root_put(&f->root, "/proc/sys/kernel/random/boot_id", "1" BOOT_ID "\n");
	assert_int_equal(in_place_read(&f->ctx, &read, NULL), -ESTALE);
	assert_int_equal(in_place_check(&f->ctx, NULL), 0);
	/* of another boot: that one's pages are gone with it */
	assert_int_equal(in_place_release(&f->ctx, NULL), 0);
	assert_false(is_there(f, "run/rapidreboot/in-place"));
	assert_int_equal(f->fake->total, 3);
}

/* Each byte changed, and cut off anywhere: refused, never followed. */
static void test_damaged_file(void **state)
{
	struct fixture *f = *state;
	struct in_place read = { 0 };
	uint8_t *bytes;
	size_t n;
	int fd;

	expect(f, "zero-copy", "");
	assert_int_equal(in_place_read(&f->ctx, &read, NULL), 0);
	assert_int_equal(read.n_pages, 3);
	assert_int_equal(read.n_segments, 2);
	in_place_done(&read);
	fd = openat(f->ctx.machine_root, "run/rapidreboot/in-place", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(read_fd(fd, 1 << 20, &bytes, &n), 0);
	for (size_t i = 0; i < n; i += i < 512 ? 1 : 97) {
		const bool is_version = i >= 8 && i < 12;

		bytes[i] ^= 0x10;
		assert_int_equal(pwrite(fd, bytes + i, 1, (off_t)i), 1);
		assert_int_equal(in_place_read(&f->ctx, &read, NULL),
				 is_version ? -EPROTONOSUPPORT : -EBADMSG);
		bytes[i] ^= 0x10;
		assert_int_equal(pwrite(fd, bytes + i, 1, (off_t)i), 1);
	}
	for (size_t cut = n - 1; cut > 0; cut /= 2) {
		assert_int_equal(ftruncate(fd, (off_t)cut), 0);
		assert_int_equal(in_place_read(&f->ctx, &read, NULL), -EBADMSG);
	}
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(in_place_read(&f->ctx, &read, NULL), -EPERM);
	free(bytes);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_cleaned),	    test(test_load_and_unload),
		test(test_pool_of_others),  test(test_wiped),
		test(test_refusals),	    test(test_pool_refuses),
		test(test_holes),	    test(test_places),
		test(test_settle),	    test(test_each_call_fails),
		test(test_killed_anywhere), test(test_kexec_load_refuses),
		test(test_check),	    test(test_pool_emptied),
		test(test_changed),	    test(test_released),
		test(test_no_permission),   test(test_files_of_others),
		test(test_damaged_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

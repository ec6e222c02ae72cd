// SPDX-License-Identifier: LGPL-2.1-or-later
/* Others between a load in place and its jump: processes of ours, other programs, damage, and death. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/in-place-fixture.h"

static void test_one_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct kx_error err = { 0 };
	char why[300];
	int lock;

	expect(f, "zero-copy", "");
	lock = in_place_lock(&f->ctx, NULL);
	assert_true(lock >= 0);
	assert_int_equal(in_place_lock(&f->ctx, NULL), -EBUSY);
	/* no call at all reaches the kernel */
	f->fake->calls = 0;
	assert_string_equal(commit(f, why, sizeof(why)), "");
	assert_non_null(strstr(why, "another process"));
	assert_int_equal(kx_unload(&f->ctx, KX_WAY_SEGMENTS, 0, &err), -EBUSY);
	assert_non_null(strstr(err.message, "another process"));
	assert_int_equal(f->fake->calls, 0);
	close(lock);
	expect(f, "zero-copy", "");
	assert_int_equal(kx_unload(&f->ctx, KX_WAY_SEGMENTS, 0, NULL), 0);
}

/* Without a place for the lock nothing can be in place, and the rest works. */
static void test_no_place_for_lock(void **state)
{
	struct fixture *f = *state;

	root_put(&f->root, "/run/rapidreboot", "in the way");
	expect(f, "copy", "cannot be used");
	assert_int_equal(kx_unload(&f->ctx, KX_WAY_SEGMENTS, 0, NULL), 0);
}

/* Killed in every call in turn: what was filled in is overwritten before it goes back. */
static void test_killed_wiped(void **state)
{
	struct fixture *f = *state;
	static char buf[1 << 20];
	bool done = false;

	for (int at = 1; !done; at++) {
		size_t n = 0;
		ssize_t got;
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
		f->fake->die_at = 0;
		done = WEXITSTATUS(status) == 0;
		assert_int_equal(in_place_release(&f->ctx, NULL), 0);
		for (off_t o = 0; (got = pread(f->fake->memory, buf, sizeof(buf), o)) > 0; o += got)
			for (ssize_t i = 0; i < got; i++)
				n += buf[i] == 'i';
		if (n > 1000)
			fail_msg("killed in call %d: %zu bytes of the initial ramdisk are left", at,
				 n);
		assert_true(at < 200);
	}
}

/* In place by us, then anything by another program: ours is never put over it. */
static void test_other_program(void **state)
{
	static const uint64_t theirs[] = { 0x1234, 0 };
	struct fixture *f = *state;
	struct sys_segment segment = { "Y", 1, GiB, 4096 };
	struct kx_error err = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(theirs); i++) {
		int before;

		expect(f, "zero-copy", "");
		assert_int_equal(f->fake->sys.kexec_load(&f->fake->sys, theirs[i],
							 theirs[i] ? 1 : 0, &segment, 0),
				 0);
		put_kernel(f, theirs[i]);
		for (size_t k = 0; k < FAKE_PAGES_MAX; k++)
			f->fake->frames[k] += 64 * SYS_PAGE_SIZE;
		before = f->fake->n_load + f->fake->n_unload;
		assert_int_equal(in_place_check(&f->ctx, &err), -EIO);
		assert_non_null(strstr(err.message, "another program"));
		assert_int_equal(f->fake->n_load + f->fake->n_unload, before);
		assert_true(f->fake->entry == theirs[i]);
		expect_nothing_held(f);
	}
}

/* Moved, and nobody can say whose image it is: neither theirs is overwritten nor ours started. */
static void test_unknown_program(void **state)
{
	struct fixture *f = *state;
	struct kx_error err = { 0 };

	expect(f, "zero-copy", "");
	for (size_t k = 0; k < FAKE_PAGES_MAX; k++)
		f->fake->frames[k] += 64 * SYS_PAGE_SIZE;
	assert_int_equal(in_place_check(&f->ctx, &err), -EIO);
	assert_non_null(strstr(err.message, "cannot be told"));
	assert_int_equal(f->fake->n_load, 1);
	assert_true(f->fake->entry == 0);
	expect_nothing_held(f);
}

/* The file is gone, damaged, or of another version: no jump, and nothing stays loaded. */
static void test_state_lost(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 4; i++) {
		struct kx_error err = { 0 };
		int fd;

		expect(f, "zero-copy", "");
		fd = openat(f->ctx.machine_root, "run/rapidreboot/in-place", O_RDWR | O_CLOEXEC);
		assert_true(fd >= 0);
		if (i == 0)
			assert_int_equal(
				unlinkat(f->ctx.machine_root, "run/rapidreboot/in-place", 0), 0);
		else if (i == 1)
			assert_int_equal(ftruncate(fd, 100), 0);
		else if (i == 2)
			assert_int_equal(pwrite(fd, "\3", 1, 8), 1); /* the version */
		else
			assert_int_equal(fchmod(fd, 0666), 0);
		close(fd);
		assert_int_equal(in_place_check(&f->ctx, &err), -EIO);
		assert_true(f->fake->entry == 0);
		assert_false(f->fake->mounted);
		f->fake->total = 0;
		assert_int_equal(in_place_check(&f->ctx, NULL), 0);
		assert_int_equal(in_place_release(&f->ctx, NULL), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_one_at_a_time), test(test_no_place_for_lock), test(test_killed_wiped),
		test(test_other_program), test(test_unknown_program),	test(test_state_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

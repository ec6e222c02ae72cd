// SPDX-License-Identifier: LGPL-2.1-or-later
/* Mapped files that others shorten while they are read. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "tests/unit/cmocka-shim.h"

enum { SIZE = 64 * 4096 };

static int file_of(size_t n)
{
	int fd = memfd_create("x", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)n), 0);
	for (size_t i = 0; i < n; i += 4096)
		assert_int_equal(pwrite(fd, "k", 1, (off_t)i), 1);
	return fd;
}

static void test_shortened(void **state)
{
	static uint8_t copy[SIZE];
	struct contents c, other;
	int fd = file_of(SIZE), fd_other = file_of(SIZE);

	assert_int_equal(contents_open(fd, SIZE, &c), 0);
	assert_int_equal(contents_open(fd_other, SIZE, &other), 0);
	assert_true(c.is_mapped);
	assert_int_equal(c.p[SIZE - 4096], 'k');
	assert_false(contents_is_torn(&c));
	assert_int_equal(ftruncate(fd, 4096), 0);
	/* still nothing: nobody has looked behind the new end */
	contents_copy(&c, copy);
	assert_true(contents_is_torn(&c));
	assert_false(contents_is_torn(&other));
	assert_int_equal(copy[0], 'k');
	for (size_t i = 4096; i < SIZE; i++)
		assert_int_equal(copy[i], 0);
	contents_done(&c);
	/* the next one in its place is whole */
	assert_int_equal(contents_open(fd_other, SIZE, &c), 0);
	assert_false(contents_is_torn(&c));
	contents_done(&c);
	contents_done(&other);
	assert_int_equal(close(fd), 0);
	assert_int_equal(close(fd_other), 0);
}

/* A mapping of somebody else's: the process ends as it did before, also while ours are watched. */
static void end_by_foreign(bool watched)
{
	int fd = file_of(SIZE), status;
	pid_t pid = fork();

	if (pid == 0) {
		const struct sigaction none = { .sa_handler = SIG_DFL };
		struct contents c;
		volatile char *p = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, fd, 0);

		(void)sigaction(SIGBUS, &none, NULL);
		if (watched && contents_open(file_of(SIZE), SIZE, &c) < 0)
			_exit(9);
		if (p == MAP_FAILED || ftruncate(fd, 0) < 0)
			_exit(9);
		_exit(p[4096]);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
	assert_int_equal(close(fd), 0);
}

static void test_of_others(void **state)
{
	end_by_foreign(false);
	end_by_foreign(true);
}

/* What handled the signal before handles it again afterwards. */
static void test_restored(void **state)
{
	struct sigaction before, after;
	struct contents c;
	int fd = file_of(SIZE);

	assert_int_equal(sigaction(SIGBUS, NULL, &before), 0);
	assert_int_equal(contents_open(fd, SIZE, &c), 0);
	assert_int_equal(sigaction(SIGBUS, NULL, &after), 0);
	assert_ptr_not_equal(before.sa_sigaction, after.sa_sigaction);
	contents_done(&c);
	assert_int_equal(sigaction(SIGBUS, NULL, &after), 0);
	assert_ptr_equal(before.sa_sigaction, after.sa_sigaction);
	assert_int_equal(close(fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shortened),
		cmocka_unit_test(test_of_others),
		cmocka_unit_test(test_restored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

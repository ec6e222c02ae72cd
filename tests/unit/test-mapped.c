// SPDX-License-Identifier: LGPL-2.1-or-later
/* Mapped files that others write to while they are read. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mapped.h"
#include "tests/unit/cmocka-shim.h"

enum { PAGE = 4096, SIZE = 64 * PAGE };

static void on_sigbus(int number, siginfo_t *info, void *context)
{
	if (info->si_code != BUS_ADRERR || !mapped_give_zeros(info->si_addr))
		(void)signal(SIGBUS, SIG_DFL);
}

static void handle(void)
{
	const struct sigaction action = { .sa_sigaction = on_sigbus,
					  .sa_flags = SA_SIGINFO | SA_NODEFER };

	assert_int_equal(sigaction(SIGBUS, &action, NULL), 0);
}

/* With its times long ago: file systems tell moments apart by a few milliseconds only. */
static int file_of(const char *name)
{
	const struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	static char pages[SIZE];
	int fd = memfd_create(name, MFD_CLOEXEC);

	assert_true(fd >= 0);
	memset(pages, 'k', sizeof(pages));
	assert_int_equal(write(fd, pages, SIZE), SIZE);
	assert_int_equal(futimens(fd, old), 0);
	return fd;
}

static void assert_changed(uint64_t before, const char *name)
{
	struct kx_error err = { 0 };

	assert_int_equal(mapped_check(before, &err), -ESTALE);
	assert_non_null(strstr(err.message, name));
	assert_non_null(strstr(err.message, "was changed while it was read"));
}

static void test_shortened(void **state)
{
	const uint64_t before = mapped_changes();
	static uint8_t copy[SIZE];
	struct contents c, other;
	int fd = file_of("short"), fd_other = file_of("other");

	handle();
	assert_int_equal(contents_open(fd, SIZE, &c), 0);
	assert_int_equal(contents_open(fd_other, SIZE, &other), 0);
	assert_true(c.is_mapped);
	assert_int_equal(mapped_check(before, NULL), 0);
	assert_int_equal(ftruncate(fd, PAGE), 0);
	contents_copy(&c, copy);
	assert_int_equal(copy[0], 'k');
	for (size_t i = PAGE; i < SIZE; i++)
		assert_int_equal(copy[i], 0);
	assert_changed(before, "short");
	/* one change, however often it is looked for, also when the mapping is gone */
	assert_int_equal(mapped_changes(), before + 1);
	contents_done(&c);
	assert_int_equal(mapped_changes(), before + 1);
	assert_changed(before, "short");
	/* the next task */
	assert_int_equal(contents_open(fd_other, SIZE, &c), 0);
	assert_int_equal(mapped_check(before + 1, NULL), 0);
	contents_done(&c);
	contents_done(&other);
	assert_int_equal(close(fd), 0);
	assert_int_equal(close(fd_other), 0);
}

/* Nobody looked behind its end, or it has its old length again. */
static void test_written(void **state)
{
	static const struct {
		bool shorten, lengthen, write;
	} ways[] = { { .write = true },
		     { .shorten = true },
		     { .lengthen = true },
		     { .shorten = true, .lengthen = true, .write = true } };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const uint64_t before = mapped_changes();
		struct contents c;
		int fd = file_of("written");

		assert_int_equal(contents_open(fd, SIZE, &c), 0);
		assert_int_equal(mapped_check(before, NULL), 0);
		if (ways[i].shorten)
			assert_int_equal(ftruncate(fd, 0), 0);
		if (ways[i].lengthen)
			assert_int_equal(ftruncate(fd, ways[i].shorten ? SIZE : 2 * SIZE), 0);
		if (ways[i].write)
			assert_int_equal(pwrite(fd, "x", 1, 5), 1);
		contents_done(&c); /* the look is taken here at the latest */
		assert_changed(before, "written");
		assert_int_equal(close(fd), 0);
	}
}

/* Read, and with other owners or names: its contents are what they were. */
static void test_not_written(void **state)
{
	const uint64_t before = mapped_changes();
	struct contents c;
	int fd = file_of("same");

	assert_int_equal(contents_open(fd, SIZE, &c), 0);
	assert_int_equal(fchmod(fd, 0400), 0);
	assert_int_equal(c.p[SIZE - 1], 'k');
	contents_done(&c);
	assert_int_equal(mapped_check(before, NULL), 0);
	assert_int_equal(close(fd), 0);
}

/* More than there is room for: the rest is read instead. */
static void test_many(void **state)
{
	enum { MANY = 1100 };
	static struct contents c[MANY];
	size_t n_mapped = 0;
	int fd = file_of("many");

	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(contents_open(fd, SIZE, &c[i]), 0);
		n_mapped += c[i].is_mapped;
		assert_int_equal(c[i].p[SIZE - 1], 'k');
	}
	assert_in_range(n_mapped, 200, 1024);
	for (size_t i = 0; i < MANY; i++)
		contents_done(&c[i]);
	assert_int_equal(close(fd), 0);
}

/* A mapping of somebody else's: the process ends as it would without us. */
static void test_of_others(void **state)
{
	int fd = file_of("foreign"), status;
	pid_t pid = fork();

	if (pid == 0) {
		struct contents c;
		volatile char *p = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, fd, 0);

		handle();
		if (p == MAP_FAILED || contents_open(file_of("ours"), SIZE, &c) < 0 ||
		    ftruncate(fd, 0) < 0)
			_exit(9);
		_exit(p[PAGE]);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
	assert_int_equal(close(fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shortened),   cmocka_unit_test(test_written),
		cmocka_unit_test(test_not_written), cmocka_unit_test(test_many),
		cmocka_unit_test(test_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

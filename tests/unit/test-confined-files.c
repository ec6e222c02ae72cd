// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the confined child (src/sys/confine.c) cannot do when the filter has a hole: the filter is left out in this
 * program (--wrap in meson.build), so that only Landlock stands in the way.
 */
#include <errno.h>
#include <seccomp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confined/reader.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/lib-fixture.h"

enum { LANDLOCK_CREATE = 444 }; /* the same on every architecture */

int __wrap_seccomp_load(scmp_filter_ctx filter);
int __wrap_seccomp_load(scmp_filter_ctx filter)
{
	return 0;
}

static int make_directory(void *data, void *answer, struct kx_error *err)
{
	*(int *)answer = mkdir(data, 0755) < 0 ? errno : 0;
	return 0;
}

static void test_no_file_system(void **state)
{
	struct fixture *f = *state;
	char full[256];
	int code = -1;
	const struct reader reader = { .work = make_directory,
				       .data = (void *)(uintptr_t)fixture_path(f, "/boot/new",
									       full),
				       .answer = &code,
				       .answer_n = sizeof(code) };

	if (syscall(LANDLOCK_CREATE, NULL, 0, 1) < 1)
		skip(); /* Linux before 5.13, or without it */
	assert_int_equal(ctx_reader_run(f->ctx, &reader, NULL), 0);
	assert_int_equal(code, EACCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = { WITH_MACHINE(test_no_file_system) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

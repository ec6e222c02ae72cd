// SPDX-License-Identifier: LGPL-2.1-or-later
/* B10, locks of package managers other than dpkg's: flock(2) by apk, XBPS and NixOS as proc_locks(5) shows it,
 * and the process in libzypp's file. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/preflight-rows.h"
#include "tests/unit/root.h"

static void test_processes(void **state)
{
	const struct row rows[] = {
		{ "B10",
		  { { "/run/zypp.pid", "4242" }, { "/proc/4242/comm", "zypper\n" } },
		  REFUSE,
		  .evidence = "process 4242" },
		/* left behind; emptied */
		{ "B10", { { "/run/zypp.pid", "4242" }, { "/proc/4243/comm", "sh\n" } }, OK },
		{ "B10", { { "/run/zypp.pid", "" } }, OK },
		{ "B10", { { "/run/zypp.pid/x", "" } }, UNKNOWN, .evidence = "zypp.pid" },
		/* without /proc/locks nobody can tell */
		{ "B10", { { "/lib/apk/db/lock", "" } }, UNKNOWN, .evidence = "/lib/apk/db/lock" },
		{ "B10", { { "/lib/apk/db/lock", "" }, { "/proc/locks", "" } }, OK },
		{ "B10", { { "/var/db/.pkg.portage_lockfile", "" } }, OK },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

/* What B10 says of a machine where @path is there and /proc/locks has a line with @front before its name. */
static const struct preflight_finding *look(struct preflight *p, const char *path,
					    const char *front, bool elsewhere)
{
	struct preflight_opts opts = { 0 };
	char full[512], line[256];
	struct root root;
	struct stat st;
	size_t at = 0;

	root_new(&root);
	root_put(&root, "/run/utmp", "");
	root_put(&root, path, "");
	(void)snprintf(full, sizeof(full), "%s%s", root.path, path);
	assert_int_equal(stat(full, &st), 0);
	(void)snprintf(line, sizeof(line), "%s%02x:%02x:%lu 0 EOF\n", front,
		       elsewhere ? 0xfedU : major(st.st_dev), elsewhere ? 0xcbU : minor(st.st_dev),
		       (unsigned long)st.st_ino);
	root_put(&root, "/proc/locks", line);
	opts.root = open(root.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(opts.root >= 0);
	assert_int_equal(preflight_run(&opts, p, NULL), 0);
	fd_close(opts.root);
	root_free(&root);
	while (at < p->n && strcmp(p->findings[at].id, "B10") != 0)
		at++;
	assert_true(at < p->n);
	return &p->findings[at];
}

static void test_flock(void **state)
{
	static const struct {
		const char *path, *front;
		bool elsewhere;
		enum preflight_status status;
	} rows[] = {
		{ "/lib/apk/db/lock", "7: FLOCK  ADVISORY  WRITE 708 ", false, PREFLIGHT_FINDING },
		{ "/var/db/xbps/lock", "7: FLOCK  ADVISORY  WRITE 708 ", false, PREFLIGHT_FINDING },
		{ "/run/nixos/switch-to-configuration.lock",
		  "1: POSIX  ADVISORY  READ  5 00:22:7 0 EOF\n"
		  "2: FLOCK  ADVISORY  WRITE 708 ",
		  false, PREFLIGHT_FINDING },
		/* the same number on another device; one that somebody waits for elsewhere */
		{ "/lib/apk/db/lock", "7: FLOCK  ADVISORY  WRITE 708 ", true, PREFLIGHT_OK },
		{ "/lib/apk/db/lock", "7: -> FLOCK  ADVISORY  WRITE 708 ", false, PREFLIGHT_OK },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct preflight p;
		const struct preflight_finding *f =
			look(&p, rows[i].path, rows[i].front, rows[i].elsewhere);

		if (f->status != rows[i].status)
			fail_msg("row %zu: %s", i, f->evidence);
		preflight_done(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_flock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

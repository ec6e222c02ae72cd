// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/preflight-rows.h"
#include "tests/unit/root.h"

static void build(const struct root *root, const struct row *row)
{
	if (!row->bare) {
		root_put(root, "/proc/version", "Linux\n");
		root_put(root, "/sys/kernel/profiling", "0\n");
		root_put(root, "/run/utmp", "");
	}
	/* the same rows on every host; A16 finds out which, and A15 whether there is a /proc */
	if (strcmp(row->id, "A16") != 0 && !(row->bare && strcmp(row->id, "A15") == 0))
		root_put(root, "/proc/sys/kernel/arch", "x86_64\n");
	for (size_t i = 0; i < ROW_FILES_MAX && row->files[i].path; i++) {
		const struct row_file *f = &row->files[i];

		if (strncmp(f->text, "->", 2) == 0)
			root_link(root, f->path, f->text + 2);
		else if (strncmp(f->text, "#!", 2) == 0)
			root_put_program(root, f->path, f->text);
		else
			root_put_bytes(root, f->path, f->text, f->n ? f->n : strlen(f->text));
	}
}

static size_t index_of(const struct preflight *p, const char *id)
{
	size_t i = 0;

	while (i < p->n && strcmp(p->findings[i].id, id) != 0)
		i++;
	return i;
}

static void compare(const struct row *row, const struct preflight_finding *f, size_t i)
{
	bool is_finding = row->status == PREFLIGHT_FINDING;

	if (f->status != row->status || (is_finding && f->severity != row->severity))
		fail_msg("row %zu, %s: is %s/%s, should be %s/%s; %s", i, row->id,
			 preflight_status_name(f->status), preflight_severity_name(f->severity),
			 preflight_status_name(row->status), preflight_severity_name(row->severity),
			 f->evidence);
	assert_int_equal(is_finding, *f->sentence != '\0');
	/* who is told that something cannot be known is told why */
	assert_true(row->status != PREFLIGHT_UNKNOWN || *f->evidence);
	if (row->evidence && !strstr(f->evidence, row->evidence))
		fail_msg("row %zu, %s: no \"%s\" in \"%s\"", i, row->id, row->evidence,
			 f->evidence);
	if (row->remedy && (!f->remedy || !strstr(f->remedy, row->remedy)))
		fail_msg("row %zu, %s: no \"%s\" in remedy \"%s\"", i, row->id, row->remedy,
			 f->remedy ? f->remedy : "");
}

void rows_check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct preflight_opts opts = rows[i].opts;
		struct preflight p;
		struct root root;
		size_t at;

		root_new(&root);
		build(&root, &rows[i]);
		opts.root = open(root.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		assert_true(opts.root >= 0);
		opts.entry = rows[i].entry.title ? &rows[i].entry : NULL;
		assert_int_equal(preflight_run(&opts, &p, NULL), 0);
		at = index_of(&p, rows[i].id);
		assert_true(at < p.n);
		compare(&rows[i], &p.findings[at], i);
		preflight_done(&p);
		fd_close(opts.root);
		root_free(&root);
	}
}

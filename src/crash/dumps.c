// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finds saved dumps by the names that each tool gives them. */
#include "crash/dumps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/dir.h"
#include "base/error.h"
#include "base/file.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/strbuf.h"
#include "config/legacy-vars.h"

#define DIRECTORY "/var/crash"

enum { KDUMP_CONF_MAX = 1 << 20 };

void crash_dumps_done(struct crash_dumps *dumps)
{
	for (size_t i = 0; i < dumps->n; i++)
		free(dumps->v[i].path);
	free(dumps->v);
	*dumps = (struct crash_dumps){ 0 };
}

static bool is_dump(const char *name, bool *ret_incomplete)
{
	static const char *const starts[] = { "vmcore", "dump" };

	*ret_incomplete = ends_with(name, "-incomplete") || ends_with(name, ".incomplete");
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		const size_t n = strlen(starts[i]);

		/* vmcore-dmesg.txt is a log */
		if (strncmp(name, starts[i], n) == 0 &&
		    (!name[n] || name[n] == '.' || *ret_incomplete))
			return true;
	}
	return *ret_incomplete;
}

static int add(int root, const char *path, bool is_incomplete, struct crash_dumps *dumps)
{
	_cleanup_close_ int fd = open_in(root, path, O_PATH);
	struct crash_dump *bigger;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	bigger = realloc(dumps->v, (dumps->n + 1) * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	dumps->v = bigger;
	bigger[dumps->n] = (struct crash_dump){
		.path = strdup(path),
		.bytes = (uint64_t)st.st_size,
		.written_at = (uint64_t)st.st_mtime,
		.is_incomplete = is_incomplete,
	};
	if (!bigger[dumps->n].path)
		return -ENOMEM;
	dumps->n++;
	return 0;
}

/* Dumps in @directory, and with @deeper in the directories in it. */
static int look(int root, const char *directory, bool deeper, struct crash_dumps *dumps)
{
	_cleanup_names_ struct names names = { 0 };
	int r = list_in(root, directory, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_strbuf_ struct strbuf path = { 0 };
		bool is_incomplete;

		strbuf_addf(&path, "%s/%s", directory, names.v[i]);
		if (path.failed)
			return -ENOMEM;
		if (is_dump(names.v[i], &is_incomplete))
			r = add(root, path.s, is_incomplete, dumps);
		else if (deeper && is_directory_in(root, path.s))
			r = look(root, path.s, false, dumps);
	}
	return r;
}

static int by_time(const void *a, const void *b)
{
	const struct crash_dump *x = a, *y = b;

	if (x->written_at != y->written_at)
		return x->written_at < y->written_at ? 1 : -1;
	return strcmp(x->path, y->path);
}

int crash_dumps_find(int root, const char *directory, struct crash_dumps *ret, struct kx_error *err)
{
	_cleanup_crash_dumps_ struct crash_dumps dumps = { 0 };
	int r = look(root, directory, true, &dumps);

	if (r < 0 && r != -ENOENT)
		return kx_fail_path(err, r, directory);
	if (dumps.n)
		qsort(dumps.v, dumps.n, sizeof(*dumps.v), by_time);
	*ret = dumps;
	dumps = (struct crash_dumps){ 0 };
	return 0;
}

/* The path that variable @name of @file has, without "file://"; NULL: none, or not a local one. */
static char *of_variable(int root, const char *file, const char *name)
{
	_cleanup_(config_words_done) struct config_words warnings = { 0 };
	_cleanup_vars_ struct vars vars = { .warnings = &warnings };
	const char *value;

	if (vars_read(&vars, root, file, NULL) < 0)
		return NULL;
	value = vars_get_or(&vars, name, "");
	if (strncmp(value, "file://", strlen("file://")) == 0)
		value += strlen("file://");
	return value[0] == '/' ? strdup(value) : NULL;
}

/* "path DIRECTORY" of kdump.conf(5); the last one counts. */
static char *of_kdump_conf(int root)
{
	_cleanup_free_ uint8_t *raw = NULL;
	struct bytes text, line;
	struct lines lines;
	char *found = NULL;

	if (read_file_in(root, "/etc/kdump.conf", KDUMP_CONF_MAX, &raw, &text.n) < 0)
		return NULL;
	text.p = raw;
	lines = lines_of(text);
	while (lines_next_said(&lines, &line)) {
		const struct bytes key = bytes_word(&line);

		if (bytes_is(key, "path") && bytes_starts(line, "/"))
			(void)!bytes_set(&found, bytes_word(&line));
	}
	return found;
}

char *crash_dumps_directory(int root)
{
	char *found = of_variable(root, "/etc/default/kdump-tools", "KDUMP_COREDIR");

	if (!found)
		found = of_kdump_conf(root);
	if (!found)
		found = of_variable(root, "/etc/sysconfig/kdump", "KDUMP_SAVEDIR");
	return found ? found : strdup(DIRECTORY);
}

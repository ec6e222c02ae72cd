// SPDX-License-Identifier: LGPL-2.1-or-later
#include "capture/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lines.h"
#include "base/open.h"
#include "base/strbuf.h"
#include "capture/settings.h"

enum { STAMP_N = 12, SAME_MINUTE_MAX = 100 };

void capture_store_done(struct capture_store *s)
{
	free(s->directory);
	free(s->dump);
	free(s->log);
	*s = (struct capture_store){ 0 };
}

/* ---- making */

static int stamp(uint64_t at, char ret[STAMP_N + 1])
{
	const time_t t = (time_t)at;
	struct tm tm;

	/* years of four digits only */
	if (at > UINT64_C(253402300799) || !gmtime_r(&t, &tm) ||
	    strftime(ret, STAMP_N + 1, "%Y%m%d%H%M", &tm) != STAMP_N)
		return -ERANGE;
	return 0;
}

static int make_one(const char *top, const char *name, struct capture_store *ret)
{
	_cleanup_capture_store_ struct capture_store s = { 0 };

	if (asprintf(&s.directory, "%s/%s", top, name) < 0 ||
	    asprintf(&s.dump, "%s/dump.%s", s.directory, name) < 0 ||
	    asprintf(&s.log, "%s/dmesg.%s", s.directory, name) < 0)
		return -ENOMEM;
	if (mkdir(s.directory, 0700) < 0)
		return -errno;
	*ret = s;
	s = (struct capture_store){ 0 };
	return 0;
}

int capture_store_make(const char *top, uint64_t crashed_at, struct capture_store *ret,
		       struct kx_error *err)
{
	char name[STAMP_N + 16];
	int r = stamp(crashed_at, name);

	if (r == 0)
		r = directories_make_in(ROOT_HERE, top, 0755);
	if (r == 0)
		r = make_one(top, name, ret);
	for (unsigned i = 2; r == -EEXIST && i <= SAME_MINUTE_MAX; i++) {
		(void)snprintf(name + STAMP_N, sizeof(name) - STAMP_N, "-%u", i);
		r = make_one(top, name, ret);
	}
	return r < 0 ? kx_fail(err, r, "%s: cannot make a directory for the dump: %s", top,
			       strerror(-r))
		     : 0;
}

int capture_store_note(const struct capture_store *s, const char *text)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };

	strbuf_addf(&path, "%s/" CAPTURE_NOTES, s->directory);
	return path.failed ? -ENOMEM
			   : file_replace_in(ROOT_HERE, path.s, 0600, text, strlen(text), true);
}

/* ---- removing */

static bool is_stamp(const char *name)
{
	size_t n = strspn(name, "0123456789");

	if (n != STAMP_N || (name[n] && name[n] != '-'))
		return false;
	return !name[n] || (name[n + 1] && !name[n + 1 + strspn(name + n + 1, "0123456789")]);
}

/* "202611291200" < "202611291200-2" < "202611291200-10" */
static int by_time(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	int r = strncmp(x, y, STAMP_N);

	return r ? r
		 : atoi(x[STAMP_N] ? x + STAMP_N + 1 : "") -
			       atoi(y[STAMP_N] ? y + STAMP_N + 1 : "");
}

static bool is_ours(const char *file)
{
	return strncmp(file, "dump.", 5) == 0 || strncmp(file, "dmesg.", 6) == 0 ||
	       strcmp(file, CAPTURE_NOTES) == 0;
}

static int find(const char *top, struct names *ret)
{
	_cleanup_names_ struct names all = { 0 };
	int r = list_in(ROOT_HERE, top, &all);

	for (size_t i = 0; r == 0 && i < all.n; i++) {
		_cleanup_strbuf_ struct strbuf path = { 0 };

		if (!is_stamp(all.v[i]))
			continue;
		strbuf_addf(&path, "%s/%s/" CAPTURE_NOTES, top, all.v[i]);
		if (path.failed)
			return -ENOMEM;
		if (is_there_in(ROOT_HERE, path.s))
			r = capture_names_add(ret, all.v[i], strlen(all.v[i]));
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_time);
	return r;
}

/* Bytes of what is ours in DIRECTORY, or with @remove what could not be removed of it: 0 or an errno. */
static int each_file(const char *directory, bool remove, uint64_t *ret_bytes)
{
	_cleanup_names_ struct names files = { 0 };
	uint64_t bytes = 0;
	int r = list_in(ROOT_HERE, directory, &files);

	for (size_t i = 0; r == 0 && i < files.n; i++) {
		_cleanup_strbuf_ struct strbuf path = { 0 };
		struct stat st;

		if (!is_ours(files.v[i]))
			continue;
		strbuf_addf(&path, "%s/%s", directory, files.v[i]);
		if (path.failed)
			return -ENOMEM;
		if (remove && unlink(path.s) < 0)
			return -errno;
		if (!remove && lstat(path.s, &st) == 0)
			bytes += (uint64_t)st.st_blocks * 512;
	}
	if (ret_bytes)
		*ret_bytes = bytes;
	return r;
}

static int remove_one(const char *directory, struct kx_error *err)
{
	int r = each_file(directory, true, NULL);

	if (r == 0 && rmdir(directory) < 0 && errno != ENOTEMPTY && errno != EEXIST)
		r = -errno;
	return r < 0 ? kx_fail(err, r, "%s: cannot remove it: %s", directory, strerror(-r)) : 0;
}

int capture_store_prune(const char *top, unsigned keep, uint64_t keep_bytes,
			struct names *ret_removed, struct kx_error *err)
{
	_cleanup_names_ struct names found = { 0 };
	uint64_t all = 0;
	int r = find(top, &found), first = 0;

	if (r < 0)
		return kx_fail(err, r, "%s: %s", top, strerror(-r));
	for (size_t i = found.n; i > 0; i--) { /* the newest first */
		_cleanup_strbuf_ struct strbuf path = { 0 };
		const bool is_newest = i == found.n;
		uint64_t bytes = 0;

		strbuf_addf(&path, "%s/%s", top, found.v[i - 1]);
		if (path.failed || each_file(path.s, false, &bytes) == -ENOMEM)
			return kx_fail(err, -ENOMEM, "out of memory");
		all += bytes;
		if (is_newest ||
		    ((!keep || found.n - i < keep) && (!keep_bytes || all <= keep_bytes)))
			continue;
		r = remove_one(path.s, err);
		if (r == 0)
			r = capture_names_add(ret_removed, path.s, path.n);
		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

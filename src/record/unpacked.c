// SPDX-License-Identifier: LGPL-2.1-or-later
#include "record/unpacked.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/strbuf.h"

#define DIRECTORY "/var/lib/rapidreboot"
enum { DIGITS = 16, LINE = 2 * DIGITS + 1, FILE_MAX = UNPACKED_LINES_MAX * (LINE + 1) };

static bool take_hex(struct bytes b, size_t off, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = off; i < off + DIGITS; i++) {
		const char *const digits = "0123456789abcdef";
		const char *at = b.p[i] ? strchr(digits, b.p[i]) : NULL;

		if (!at)
			return false;
		v = v << 4 | (uint64_t)(at - digits);
	}
	*ret = v;
	return true;
}

static bool take_line(struct bytes line, struct unpacked *ret)
{
	return line.n == LINE && line.p[DIGITS] == ' ' && take_hex(line, 0, &ret->files) &&
	       take_hex(line, DIGITS + 1, &ret->contents);
}

/* Whoever can write to the file could call a damaged file whole. */
static bool is_roots(int root)
{
	_cleanup_close_ int fd = open_in(root, UNPACKED, O_PATH | O_NOFOLLOW);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

/* 0 lines also when it cannot be used */
static size_t read_all(int root, struct unpacked ret[UNPACKED_LINES_MAX])
{
	_cleanup_free_ uint8_t *text = NULL;
	struct lines lines;
	struct bytes line;
	size_t n = 0, size;

	if (!is_roots(root) || read_file_in(root, UNPACKED, FILE_MAX, &text, &size) < 0)
		return 0;
	lines = lines_of((struct bytes){ text, size });
	while (n < UNPACKED_LINES_MAX && lines_next(&lines, &line))
		if (take_line(line, &ret[n]))
			n++;
	return n;
}

bool unpacked_find(int root, uint64_t files, uint64_t *ret_contents)
{
	struct unpacked all[UNPACKED_LINES_MAX];
	const size_t n = read_all(root, all);

	for (size_t i = 0; i < n; i++)
		if (all[i].files == files) {
			*ret_contents = all[i].contents;
			return true;
		}
	return false;
}

static void add_line(struct strbuf *text, const struct unpacked *u)
{
	strbuf_addf(text, "%016" PRIx64 " %016" PRIx64 "\n", u->files, u->contents);
}

int unpacked_note(int root, const struct unpacked *u)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct unpacked all[UNPACKED_LINES_MAX];
	const size_t n = read_all(root, all);
	size_t kept = 1;
	int r;

	add_line(&text, u);
	for (size_t i = 0; i < n && kept < UNPACKED_LINES_MAX; i++)
		if (all[i].files != u->files) {
			add_line(&text, &all[i]);
			kept++;
		}
	if (text.failed)
		return -ENOMEM;
	r = directories_make_in(root, DIRECTORY, 0755);
	return r < 0 ? r : file_replace_in(root, UNPACKED, 0600, text.s, text.n, false);
}

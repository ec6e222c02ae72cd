// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cmdline.h"
#include "base/io.h"
#include "base/num.h"
#include "handover/logind.h"
#include "preflight/look.h"

static void add_formatted(struct strbuf *b, const char *fmt, va_list ap) _printf_(2, 0);
static void add_formatted(struct strbuf *b, const char *fmt, va_list ap)
{
	char text[2048];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	strbuf_add(b, text);
}

void evidence(struct report *r, const char *path, const char *value)
{
	evidencef(r, "%s: %s", path, value);
}

void evidencef(struct report *r, const char *fmt, ...)
{
	va_list ap;

	if (r->evidence.n)
		strbuf_add(&r->evidence, "; ");
	va_start(ap, fmt);
	add_formatted(&r->evidence, fmt, ap);
	va_end(ap);
}

enum preflight_status found(struct report *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_formatted(&r->sentence, fmt, ap);
	va_end(ap);
	return PREFLIGHT_FINDING;
}

enum preflight_status unknown(struct report *r, const char *path, int code)
{
	if (code == -ENOMEM)
		r->evidence.failed = true;
	evidence(r, path, open_strerror(code));
	return PREFLIGHT_UNKNOWN;
}

void unseen(struct report *r, const char *path, int code)
{
	if (code == -ENOMEM)
		r->unseen.failed = true;
	strbuf_addf(&r->unseen, "%s%s: %s", r->unseen.n ? "; " : "", path, open_strerror(code));
}

bool seen(struct report *r, const char *path, int code)
{
	if (code < 0 && code != -ENOENT)
		unseen(r, path, code);
	return code >= 0;
}

bool look_there(const struct look *l, struct report *r, const char *path)
{
	const int code = look_exists(l, path);

	return seen(r, path, code) && code > 0;
}

enum preflight_status unknown_entry(const struct look *l, struct report *r)
{
	const char *why = l->opts->entry_error;

	if (l->entry)
		why = l->entry->image_error ? l->entry->image_error
					    : "the kernel was not looked at";
	evidencef(r, "%s", why ? why : "no boot entry");
	return PREFLIGHT_UNKNOWN;
}

/* When /proc, /sys or /run is not mounted, a missing file there says nothing: -ENODATA instead of
 * -ENOENT. */
static int answer(const struct look *l, const char *path, int r)
{
	if (r != -ENOENT)
		return r;
	if ((strncmp(path, "/proc/", 6) == 0 && !l->has_proc) ||
	    (strncmp(path, "/sys/", 5) == 0 && !l->has_sys) ||
	    (strncmp(path, "/run/", 5) == 0 && !l->has_run))
		return -ENODATA;
	return r;
}

int look_exists(const struct look *l, const char *path)
{
	int r = exists_in(l->root, path);

	if (r == 0 && answer(l, path, -ENOENT) != -ENOENT)
		return -ENODATA;
	return r;
}

int look_line(const struct look *l, const char *path, char **ret)
{
	return answer(l, path, read_line_in(l->root, path, ret));
}

int look_u64(const struct look *l, const char *path, uint64_t *ret)
{
	return answer(l, path, read_u64_in(l->root, path, ret));
}

int look_kexec(const struct look *l, const char *what, const char **ret_path)
{
	/* kernel/ksysfs.c, and kernel/kexec_core.c since it has a folder of its own */
	static const char *const paths[][3] = {
		{ "loaded", "/sys/kernel/kexec/loaded", "/sys/kernel/kexec_loaded" },
		{ "crash_loaded", "/sys/kernel/kexec/crash_loaded",
		  "/sys/kernel/kexec_crash_loaded" },
	};
	const char *const *row = paths[strcmp(what, paths[0][0]) != 0];
	uint64_t loaded;
	int code = -ENOENT;

	for (size_t i = 1; i < 3 && code == -ENOENT; i++) {
		*ret_path = row[i];
		code = look_u64(l, row[i], &loaded);
	}
	return code < 0 ? code : loaded != 0;
}

int look_link(const struct look *l, const char *path, char **ret)
{
	return answer(l, path, readlink_in(l->root, path, ret));
}

int look_list(const struct look *l, const char *path, struct names *ret)
{
	return answer(l, path, list_in(l->root, path, ret));
}

int look_file(const struct look *l, const char *path, struct look_file *ret)
{
	struct look_file text;
	int r = read_file_in(l->root, path, LOOK_FILE_MAX, &text.buf, &text.b.n);

	if (r < 0)
		return answer(l, path, r);
	text.b.p = text.buf;
	*ret = text;
	return 0;
}

void look_file_done(struct look_file *text)
{
	free(text->buf);
	*text = (struct look_file){ 0 };
}

bool path_make(char *buf, size_t n, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vsnprintf(buf, n, fmt, ap);
	va_end(ap);
	return r >= 0 && (size_t)r < n;
}

int look_efi(const struct look *l, const char *name, struct look_file *ret)
{
	_cleanup_names_ struct names names = { 0 };
	struct look_file text;
	char path[256];
	int r;

	if (!path_make(path, sizeof(path), "/sys/firmware/efi/efivars/%s", name))
		return -EINVAL;
	r = look_file(l, path, &text);
	if (r == -ENOENT) {
		/* On an EFI machine without efivarfs mounted a missing variable says nothing. */
		if (look_exists(l, "/sys/firmware/efi") == 1 &&
		    (look_list(l, "/sys/firmware/efi/efivars", &names) < 0 || names.n == 0))
			return -ENODATA;
		return r;
	}
	if (r < 0)
		return r;
	if (text.b.n < 4) {
		look_file_done(&text);
		return -EBADMSG;
	}
	text.b = (struct bytes){ text.b.p + 4, text.b.n - 4 };
	*ret = text;
	return 0;
}

int efi_ascii(struct bytes b, char **ret)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };

	for (size_t i = 0; i + 1 < b.n; i += 2) {
		unsigned c = b.p[i] | (unsigned)b.p[i + 1] << 8;

		if (c == 0)
			break;
		strbuf_addf(&out, "%c", c >= 0x20 && c < 0x7f ? (int)c : '?');
	}
	return strbuf_take(&out, ret);
}

/* @name is a key with its "=", or the beginning of one. */
static bool begins_with(const struct cmdline_word *word, const char *name)
{
	struct bytes all = word->whole;

	if (all.n && all.p[0] == '"')
		all = (struct bytes){ all.p + 1, all.n - 1 };
	return bytes_starts(all, name);
}

int cmdline_value(const char *cmdline, const char *name, char **ret)
{
	struct bytes value = { 0 };
	struct cmdline_word word;

	while (cmdline && cmdline_next(&cmdline, &word))
		if (begins_with(&word, name))
			value = word.value;
	if (!value.p)
		return -ENOENT;
	*ret = bytes_dup(value);
	return *ret ? 0 : -ENOMEM;
}

bool cmdline_has(const char *cmdline, const char *name)
{
	struct cmdline_word word;

	while (cmdline && cmdline_next(&cmdline, &word))
		if (begins_with(&word, name))
			return true;
	return false;
}

int look_cmdline(const struct look *l, char **ret)
{
	return look_line(l, "/proc/cmdline", ret);
}

const char *const grubenv_files[] = { "/boot/grub/grubenv", "/boot/grub2/grubenv", NULL };

int look_grubenv(const struct look *l, const char *path, const char *name, char **ret)
{
	_cleanup_look_file_ struct look_file text = { 0 };
	_cleanup_free_ char *value = NULL;
	int code = look_file(l, path, &text);

	if (code >= 0)
		code = logind_value(text.b, name, &value);
	if (code < 0 || !*value)
		return code < 0 ? code : -ENOENT;
	*ret = TAKE_PTR(value);
	return 0;
}

int proc_field(struct bytes text, const char *name, char **ret)
{
	struct lines lines = lines_of(text);
	struct bytes line;
	size_t n = strlen(name);

	while (lines_next(&lines, &line)) {
		struct bytes rest;

		if (!bytes_starts(line, name))
			continue;
		rest = bytes_trim((struct bytes){ line.p + n, line.n - n });
		if (!bytes_starts(rest, ":"))
			continue;
		*ret = bytes_dup(bytes_trim((struct bytes){ rest.p + 1, rest.n - 1 }));
		return *ret ? 0 : -ENOMEM;
	}
	return -ENOENT;
}

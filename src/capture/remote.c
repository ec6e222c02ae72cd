// SPDX-License-Identifier: LGPL-2.1-or-later
#include "capture/remote.h"

#include "base/strbuf.h"

/* In single quotes, which end for each quote inside (POSIX, XCU 2.2.2). */
static void add_quoted(struct strbuf *b, const char *s)
{
	strbuf_add(b, "'");
	for (; *s; s++)
		if (*s == '\'')
			strbuf_add(b, "'\\''");
		else
			strbuf_add_n(b, s, 1);
	strbuf_add(b, "'");
}

static void add_name(struct strbuf *b, const struct remote_file *f, bool is_incomplete)
{
	_cleanup_strbuf_ struct strbuf name = { 0 };

	strbuf_addf(&name, "%s%s", f->name, is_incomplete ? ".incomplete" : "");
	if (name.failed)
		b->failed = true;
	else
		add_quoted(b, name.s);
}

/* sync(1) takes a file since coreutils 8.24; without that all is written to the disk. */
static void add_finish(struct strbuf *b, const struct remote_file *f)
{
	strbuf_add(b, "[ \"$(wc -c < ");
	add_name(b, f, true);
	strbuf_addf(b, ")\" -eq %llu ] || exit %d; { sync ", (unsigned long long)f->n,
		    REMOTE_SHORT);
	add_name(b, f, true);
	strbuf_add(b, " || sync; } 2> /dev/null; mv ");
	add_name(b, f, true);
	strbuf_add(b, " ");
	add_name(b, f, false);
	strbuf_addf(b, " || exit %d; ", REMOTE_CANNOT_RENAME);
}

int capture_remote_command(const char *directory, const struct remote_file *finish,
			   const struct remote_file *put, char **ret)
{
	_cleanup_strbuf_ struct strbuf inner = { 0 }, b = { 0 };

	strbuf_add(&inner, "umask 077; mkdir -p ");
	add_quoted(&inner, directory);
	strbuf_add(&inner, " && cd ");
	add_quoted(&inner, directory);
	strbuf_addf(&inner, " || exit %d; ", REMOTE_NO_DIRECTORY);
	if (finish)
		add_finish(&inner, finish);
	if (put) {
		strbuf_add(&inner, "cat > ");
		add_name(&inner, put, true);
		strbuf_addf(&inner, " || exit %d; ", REMOTE_CANNOT_WRITE);
		if (put->n != REMOTE_SIZE_UNKNOWN)
			add_finish(&inner, put);
	}
	strbuf_add(&inner, "exit 0");
	if (inner.failed)
		return -ENOMEM;
	strbuf_add(&b, "exec sh -c ");
	add_quoted(&b, inner.s);
	return strbuf_take(&b, ret);
}

const char *capture_remote_error(int status)
{
	switch (status) {
	case REMOTE_NO_DIRECTORY:
		return "cannot make the directory there";
	case REMOTE_CANNOT_WRITE:
		return "cannot write the file there";
	case REMOTE_SHORT:
		return "not all of the file arrived";
	case REMOTE_CANNOT_RENAME:
		return "cannot give the file its name there";
	default:
		return NULL;
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot crash save: a dump of a crash that has happened into a smaller file. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "cli/json.h"
#include "cli/plain.h"
#include "cli/rapidreboot/crash.h"
#include "dump/dump.h"

static int write_dump(void *data, uint64_t offset, const void *buf, size_t n)
{
	const int *fd = data;

	return write_at(*fd, buf, n, offset);
}

static int read_back(void *data, uint64_t offset, void *buf, size_t n)
{
	ssize_t got = crash_read_dump(data, offset, buf, n);

	return got < 0 ? (int)got : (size_t)got < n ? -EIO : 0;
}

static int print_saved(const struct dump_counts *c, const char *to, bool json)
{
	if (json)
		return json_print(json_pack(
			       "{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
			       "file", json_text(to), "bytes", (json_int_t)c->n_bytes, "page_size",
			       (json_int_t)c->page_n, "pages", (json_int_t)c->n_pages, "kept",
			       (json_int_t)c->n_kept, "zero", (json_int_t)c->n_zero, "cache",
			       (json_int_t)c->n_cache, "cache_private",
			       (json_int_t)c->n_cache_private, "user", (json_int_t)c->n_user,
			       "free", (json_int_t)c->n_free, "bad", (json_int_t)c->n_bad,
			       "unreadable", (json_int_t)c->n_unreadable, "unknown",
			       (json_int_t)c->n_unknown, "filter_misses", json_text(c->missing))) <
				       0
			       ? EXIT_FAILED
			       : EXIT_OK;
	plain_printf(stdout,
		     "%s: %llu MiB, %llu of %llu pages; left out: %llu zero, %llu cache, %llu of "
		     "programs, %llu free\n",
		     to, (unsigned long long)c->n_bytes >> 20, (unsigned long long)c->n_kept,
		     (unsigned long long)c->n_pages, (unsigned long long)c->n_zero,
		     (unsigned long long)(c->n_cache + c->n_cache_private),
		     (unsigned long long)c->n_user, (unsigned long long)c->n_free);
	return EXIT_OK;
}

static void warn_saved(const struct dump_counts *c)
{
	if (c->missing)
		fprintf(stderr,
			"rapidreboot: warning: the crashed kernel does not tell what its pages are "
			"used for (no %s in VMCOREINFO): only pages of zeros were left out\n",
			c->missing);
	if (c->n_unreadable)
		fprintf(stderr,
			"rapidreboot: warning: %llu pages cannot be read and are zero in the dump\n",
			(unsigned long long)c->n_unreadable);
}

/* Gives a whole file the name @to, which nothing may have, so that a power failure does not take it away
 * again. Not by rename(2), which would replace a file. */
static int name_whole(const char *partial, const char *to, struct kx_error *err)
{
	const char *slash = strrchr(to, '/');
	_cleanup_free_ char *parent = slash ? strndup(to, (size_t)(slash + 1 - to)) : strdup(".");
	_cleanup_close_ int dir = -1;

	if (!parent)
		return kx_fail(err, -ENOMEM, "out of memory");
	if (link(partial, to) < 0)
		return kx_fail(err, -errno, "cannot name it %s: %s", to, strerror(errno));
	dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fsync(dir) < 0)
		return kx_fail(err, -errno, "cannot write its name to the disk: %s",
			       strerror(errno));
	return 0;
}

/* Under a name of its own until it is whole and on the disk. */
static int write_file(struct vmcore *core, const struct options *o, const char *to,
		      const char *partial, struct dump_counts *ret)
{
	_cleanup_close_ int fd = -1;
	const struct dump_sink sink = { write_dump, read_back, &fd };
	/* in the order of --pack; readers of zlib are the most */
	static const enum dump_packing packings[] = { DUMP_ZLIB, DUMP_ZLIB, DUMP_ZSTD, DUMP_RAW };
	struct kx_error err = { 0 };
	uint64_t level = DUMP_LEVEL_MAX;
	int r;

	if (o->level)
		(void)!parse_u64(o->level, &level); /* is_level() of its option has read it */
	fd = open(partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return crash_fail(partial, "cannot make", -errno);
	r = dump_write(core, (unsigned)level, packings[o->packing], &sink, ret, &err);
	if (r == 0 && fsync(fd) < 0)
		r = kx_fail(&err, -errno, "cannot write it to the disk: %s", strerror(errno));
	if (r == 0)
		r = name_whole(partial, to, &err);
	if (unlink(partial) < 0 && r == 0)
		r = kx_fail(&err, -errno, "cannot remove its first name: %s", strerror(errno));
	if (r == 0)
		return EXIT_OK;
	plain_printf(stderr, "rapidreboot: %s: %s; nothing was saved\n", partial, err.message);
	return EXIT_FAILED;
}

static int save(const struct options *o)
{
	_cleanup_(vmcore_freep) struct vmcore *core = NULL;
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *partial = NULL;
	const char *from = o->operands[0], *to = o->operands[1];
	struct dump_counts counts;
	int r;

	if (o->n_operands != 2)
		return command_fail(&crash_save_command,
				    "a dump and the name of a new file are needed");
	if (access(to, F_OK) == 0)
		return crash_fail(to, "cannot save as", -EEXIST);
	if (asprintf(&partial, "%s.incomplete", to) < 0) {
		partial = NULL;
		return crash_fail(to, "cannot save as", -ENOMEM);
	}
	r = crash_open_dump(from, &fd, &core);
	if (r == EXIT_OK)
		r = write_file(core, o, to, partial, &counts);
	if (r != EXIT_OK)
		return r;
	warn_saved(&counts);
	return print_saved(&counts, to, o->json);
}

static int run(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	const int r = command_take(&crash_save_command, argc, argv, &o);

	return r >= 0 ? r : save(&o);
}

const struct command crash_save_command = {
	.name = "crash save",
	.synopsis = "FROM TO",
	.summary = "copy a dump, smaller",
	.run = run,
	.taker = BY_CRASH_SAVE,
	.operands_min = 2,
	.operands_max = 2,
	.about =
		"Copies the dump FROM, such as /proc/vmcore, into the new file TO, compressed and without\n"
		"what nobody needs.",
};

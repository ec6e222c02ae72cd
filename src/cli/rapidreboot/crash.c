// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot crash: whether this machine is armed for a crash, and the dump of one that has happened. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "cli/json.h"
#include "cli/plain.h"
#include "cli/rapidreboot/options.h"
#include "dump/dump.h"

enum { MEMINFO_N = 16 << 10 };

static int fail(const char *path, const char *what, int code)
{
	plain_printf(stderr, "rapidreboot: %s %s: %s\n", what, path, strerror(-code));
	return EXIT_FAILED;
}

/* ---- a dump as bytes */

static ssize_t read_core(void *data, uint64_t offset, void *buf, size_t n)
{
	const int *fd = data;

	return read_at(*fd, buf, n, offset);
}

static int write_dump(void *data, uint64_t offset, const void *buf, size_t n)
{
	const int *fd = data;

	return write_at(*fd, buf, n, offset);
}

static int read_back(void *data, uint64_t offset, void *buf, size_t n)
{
	ssize_t got = read_core(data, offset, buf, n);

	return got < 0 ? (int)got : (size_t)got < n ? -EIO : 0;
}

static int open_core(const char *path, int *fd, struct vmcore **ret)
{
	const struct vmcore_source source = { read_core, fd };
	struct kx_error err = { 0 };

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd < 0)
		return fail(path, "cannot open", -errno);
	if (vmcore_open(&source, ret, &err) < 0) {
		plain_printf(stderr, "rapidreboot: %s: %s\n", path, err.message);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

/* ---- save */

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
		return fail(partial, "cannot make", -errno);
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
	const char *from = o->operands[1], *to = o->operands[2];
	struct dump_counts counts;
	int r;

	if (o->n_operands != 3)
		return command_fail(&crash_command, "save needs a dump and the name of a new file");
	if (access(to, F_OK) == 0)
		return fail(to, "cannot save as", -EEXIST);
	if (asprintf(&partial, "%s.incomplete", to) < 0) {
		partial = NULL;
		return fail(to, "cannot save as", -ENOMEM);
	}
	r = open_core(from, &fd, &core);
	if (r == EXIT_OK)
		r = write_file(core, o, to, partial, &counts);
	if (r != EXIT_OK)
		return r;
	warn_saved(&counts);
	return print_saved(&counts, to, o->json);
}

/* ---- status */

struct crash_status {
	struct kx_state kernel;
	bool has_proof;
	struct dump_proof proof;
	struct kx_error no_proof;
};

static void prove(struct crash_status *s)
{
	_cleanup_(vmcore_freep) struct vmcore *core = NULL;
	_cleanup_close_ int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int meminfo = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	const struct vmcore_source source = { read_core, &fd };
	char text[MEMINFO_N];
	ssize_t n = meminfo < 0 ? -errno : read_at(meminfo, text, sizeof(text), 0);

	if (fd < 0 || n < 0) {
		(void)kx_fail(&s->no_proof, -EACCES, "/proc/kcore or /proc/meminfo cannot be read");
		return;
	}
	s->has_proof = vmcore_open(&source, &core, &s->no_proof) == 0 &&
		       dump_prove(core, (struct bytes){ (uint8_t *)text, (size_t)n }, &s->proof,
				  &s->no_proof) == 0;
}

static json_t *status_json(const struct crash_status *s)
{
	json_t *all = json_pack("{s:b, s:I, s:o}", "supported", s->kernel.crash_loaded >= 0,
				"reserved", (json_int_t)s->kernel.crash_size, "loaded",
				s->kernel.crash_loaded < 0 ? json_null()
							   : json_boolean(s->kernel.crash_loaded));
	json_t *filter =
		s->has_proof ? json_pack("{s:b, s:o, s:I, s:I}", "knows_kernel", s->proof.is_good,
					 "misses", json_text(s->proof.missing), "free_found",
					 (json_int_t)s->proof.free_found, "free_said",
					 (json_int_t)s->proof.free_said)
			     : json_null();

	json_object_set_new(all, "filter", filter);
	return all;
}

static void print_status(const struct crash_status *s)
{
	const int loaded = s->kernel.crash_loaded;

	printf("crash kernel: %s\n", loaded < 0	   ? "not supported by the running kernel"
				     : loaded == 1 ? "loaded"
						   : "not loaded");
	printf("reserved:     %llu MiB\n", (unsigned long long)s->kernel.crash_size >> 20);
	if (!s->has_proof)
		plain_printf(stdout, "filter:       not tried: %s\n", s->no_proof.message);
	else if (s->proof.missing)
		printf("filter:       does not know this kernel: no %s in VMCOREINFO\n",
		       s->proof.missing);
	else
		printf("filter:       %s: %llu MiB of free pages found, the kernel says %llu\n",
		       s->proof.is_good ? "knows this kernel" : "does not know this kernel",
		       (unsigned long long)s->proof.free_found >> 20,
		       (unsigned long long)s->proof.free_said >> 20);
}

/* A machine on which nothing is loaded is not armed, which fleets have to see. */
static int status(const struct options *o)
{
	_cleanup_(kx_ctx_freep) struct kx_ctx *ctx = NULL;
	struct crash_status s = { .kernel = { .size = sizeof(s.kernel) } };
	struct kx_error err = { 0 };

	if (kx_ctx_new(NULL, &ctx, &err) < 0 || kx_state(ctx, &s.kernel, &err) < 0)
		return fail_with(&err);
	prove(&s);
	if (o->json) {
		if (json_print(status_json(&s)) < 0)
			return EXIT_FAILED;
	} else {
		print_status(&s);
	}
	return s.kernel.crash_loaded == 1 ? EXIT_OK : EXIT_NOTHING;
}

static int run(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	const int r = command_take(&crash_command, argc, argv, &o);

	if (r >= 0)
		return r;
	if (strcmp(o.operands[0], "save") == 0)
		return save(&o);
	if (strcmp(o.operands[0], "status") == 0 && o.n_operands == 1)
		return status(&o);
	return command_fail(&crash_command, "'%s' is neither status nor save FROM TO",
			    o.operands[0]);
}

const struct command crash_command = {
	.name = "crash",
	.synopsis = "status|save",
	.summary = "whether a crash kernel is loaded; save a dump",
	.run = run,
	.taker = BY_CRASH,
	.operands_min = 1,
	.operands_max = 3,
	.about =
		"status: is a crash kernel loaded, what is reserved for it, and will a dump be small?\n"
		"save FROM TO: copies the dump FROM, such as /proc/vmcore, into the new file TO,\n"
		"compressed and without what nobody needs.",
};

// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot crash save: a dump of a crash that has happened into a smaller file. */

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "capture/save.h"
#include "cli/json.h"
#include "cli/plain.h"
#include "cli/rapidreboot/crash.h"

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

static int write_file(struct vmcore *core, const struct options *o, const char *to,
		      struct dump_counts *ret)
{
	/* in the order of --pack; readers of zlib are the most */
	static const enum dump_packing packings[] = { DUMP_ZLIB, DUMP_ZLIB, DUMP_ZSTD, DUMP_RAW };
	const struct capture_file file = { .path = to };
	struct kx_error err = { 0 };
	uint64_t level = DUMP_LEVEL_MAX;

	if (o->level)
		(void)!parse_u64(o->level, &level); /* is_level() of its option has read it */
	if (capture_save_dump(core, &file, (unsigned)level, packings[o->packing], ret, &err) == 0)
		return EXIT_OK;
	plain_printf(stderr, "rapidreboot: %s; nothing was saved\n", err.message);
	return EXIT_FAILED;
}

static int save(const struct options *o)
{
	_cleanup_(vmcore_freep) struct vmcore *core = NULL;
	_cleanup_close_ int fd = -1;
	const char *from = o->operands[0], *to = o->operands[1];
	struct dump_counts counts;
	int r;

	if (o->n_operands != 2)
		return command_fail(&crash_save_command,
				    "a dump and the name of a new file are needed");
	r = crash_open_dump(from, &fd, &core);
	if (r == EXIT_OK)
		r = write_file(core, o, to, &counts);
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

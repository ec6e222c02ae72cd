// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/kexec/exits.h"
#include "cli/kexec/failure.h"
#include "cli/kexec/load.h"
#include "cli/kexec/report.h"
#include "cli/plain.h"

DEFINE_CLEANUP(struct kx_image *, kx_image_free)

struct loading {
	struct kx_ctx *ctx;
	const struct job *job;
	const struct options *options;
	struct notes *notes;
	struct kx_image *image;
	struct kx_image_info info;
	struct kx_request request;
	struct kx_plan *plan;
	struct kx_plan_info plan_info;
	char *cmdline; /* what request.cmdline points to */
};

static void loading_done(struct loading *l)
{
	l->plan = kx_plan_free(l->plan);
	l->image = kx_image_free(l->image);
	free(l->cmdline);
}

static struct attempt attempt_of(const struct loading *l, enum kx_way way)
{
	return (struct attempt){
		.options = l->options,
		.kernel = l->options->kernel,
		.way = way,
		.image = l->image,
		.plan = l->plan,
		.notes = l->notes,
	};
}

static unsigned image_kind(const char *type)
{
	static const struct {
		const char *prefix;
		unsigned kind;
	} kinds[] = {
		{ "multiboot", KIND_MULTIBOOT }, { "elf-", KIND_ELF },
		{ "vmlinux", KIND_ELF },	 { "bzImage64", KIND_BZIMAGE64 },
		{ "bzImage", KIND_BZIMAGE },	 { "uki", KIND_UKI | KIND_BZIMAGE64 },
		{ "Image", KIND_DEVICE_TREE },	 { "uImage", KIND_DEVICE_TREE },
		{ "vmlinuz", KIND_DEVICE_TREE },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(type, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
			return kinds[i].kind;
	return KIND_ANY;
}

/* Is the option given, and known to the image's loader? Scripts pass some options for every kind of
 * image. */
static bool wanted(const struct loading *l, enum opt opt)
{
	for (size_t i = 0; i < opt_table.n_rows; i++) {
		const struct opt_row *row = &opt_table.rows[i];

		if (row->id == (int)opt)
			return options_have(l->options, opt) &&
			       (!row->takers || row->takers & image_kind(l->info.type));
	}
	return false;
}

static void warn_unwanted(struct loading *l)
{
	for (size_t i = 0; i < opt_table.n_rows; i++) {
		const struct opt_row *row = &opt_table.rows[i];

		if (options_have(l->options, row->id) && !wanted(l, (enum opt)row->id) &&
		    strcmp(row->name, opt_name(row->id)) == 0)
			notes_warn(l->notes, "--%s is not used: %s is a %s image", row->name,
				   l->options->kernel, l->info.type);
	}
}

static uint64_t wanted_flags(const struct loading *l)
{
	uint64_t flags = l->options->flags;

	for (size_t i = 0; i < opt_table.n_rows; i++) {
		const struct opt_row *row = &opt_table.rows[i];

		if (row->takers && row->flag && !wanted(l, (enum opt)row->id))
			flags &= ~row->flag;
	}
	if (l->options->entry)
		flags |= KX_REQ_HAS_ENTRY;
	return flags;
}

/* The type of a file that is not what --type demands, or NULL when it is nothing known. */
static char *actual_type(struct loading *l)
{
	_cleanup_(kx_image_freep) struct kx_image *image = NULL;
	struct kx_image_info info = { .size = sizeof(info) };

	if (!l->options->type ||
	    kx_image_open(l->ctx, l->options->kernel, NULL, &image, NULL) < 0 ||
	    kx_image_info(image, &info) < 0)
		return NULL;
	return strdup(info.type);
}

static int open_image(struct loading *l)
{
	_cleanup_free_ char *actual = NULL;
	struct attempt a = attempt_of(l, l->job->way);
	struct kx_error err = { 0 };
	int r;

	r = kx_image_open(l->ctx, l->options->kernel, l->options->type, &l->image, &err);
	if (r == -ENOEXEC)
		actual = actual_type(l);
	if (r < 0)
		return fail_image(&a, actual, &err);
	l->info.size = sizeof(l->info);
	return kx_image_info(l->image, &l->info) < 0 ? EXIT_FAILED : EXIT_OK;
}

/* Those of @parts that are there, a blank between each two. NULL without memory. */
static char *join_words(const char *const *parts, size_t n)
{
	size_t size = 1;
	char *line, *end;

	for (size_t i = 0; i < n; i++)
		size += parts[i] ? strlen(parts[i]) + 1 : 0;
	line = calloc(1, size);
	if (!line)
		return NULL;
	end = line;
	for (size_t i = 0; i < n; i++) {
		if (parts[i] && end != line)
			*end++ = ' ';
		if (parts[i])
			end = stpcpy(end, parts[i]);
	}
	return line;
}

/* The running command line, then --append. Multiboot kernels expect their own name before it; any
 * other image without either gets the line it carries. */
static int make_cmdline(struct loading *l)
{
	const struct options *o = l->options;
	bool is_multiboot = image_kind(l->info.type) & KIND_MULTIBOOT;
	_cleanup_free_ char *running = NULL;
	struct kx_error err = { 0 };

	if (options_have(o, OPT_REUSE_CMDLINE) &&
	    kx_cmdline_running(l->ctx, l->job->on_crash ? KX_CMDLINE_ON_CRASH : 0, &running, &err) <
		    0) {
		(void)fail_other(&err);
		return EXIT_USAGE;
	}
	if (!running && !o->append && !is_multiboot)
		return EXIT_OK;
	l->cmdline = join_words(
		(const char *[]){ is_multiboot ? o->kernel : NULL, running, o->append }, 3);
	l->request.cmdline = l->cmdline;
	return l->cmdline ? EXIT_OK : EXIT_USAGE;
}

static void make_request(struct loading *l)
{
	const struct options *o = l->options;

	l->request.size = sizeof(l->request);
	l->request.image = l->image;
	if (wanted(l, OPT_INITRD)) {
		l->request.initrds = o->initrds.v;
		l->request.n_initrds = o->initrds.n;
	}
	if (wanted(l, OPT_MODULE)) {
		l->request.modules = o->modules.v;
		l->request.n_modules = o->modules.n;
	}
	if (wanted(l, OPT_DTB))
		l->request.dtb = o->dtb;
	if (image_kind(l->info.type) & KIND_ELF)
		l->request.args = o->args;
	l->request.flags = wanted_flags(l);
	l->request.mem_min = o->mem_min;
	l->request.mem_end = o->mem_max == UINT64_MAX ? 0 : o->mem_max + 1;
	l->request.entry = o->entry;
	l->request.cache = o->cache;
	l->request.serial_port = o->serial_port;
	l->request.serial_baud = o->serial_baud;
	if (o->initrds.n > 1)
		notes_say(l->notes, "kexec: %zu initial ramdisks are joined in the order given",
			  o->initrds.n);
}

static int make_plan(struct loading *l, enum kx_way way, struct kx_error *err)
{
	int r;

	l->plan = kx_plan_free(l->plan);
	l->request.way = way;
	r = kx_plan_new(l->ctx, &l->request, &l->plan, err);
	if (r < 0)
		return r;
	l->plan_info = (struct kx_plan_info){ .size = sizeof(l->plan_info) };
	r = kx_plan_info(l->plan, &l->plan_info);
	if (r < 0)
		return r;
	for (size_t i = 0; i < l->plan_info.n_warnings; i++)
		notes_warn(l->notes, "%s", kx_plan_warning(l->plan, i));
	if (l->notes->verbose)
		plain_printf(stderr, "kexec_%s: flags = 0x%llx: %s\n",
			     l->plan_info.way == KX_WAY_FILE ? "file_load" : "load",
			     (unsigned long long)l->plan_info.syscall_flags, l->plan_info.reason);
	return 0;
}

/* The rung that was reached is known only after the load. */
static int commit(struct loading *l, struct kx_error *err)
{
	int r = kx_plan_commit(l->ctx, l->plan, err);

	if (r < 0)
		return r;
	if (kx_plan_info(l->plan, &l->plan_info) == 0 &&
	    (l->notes->verbose || l->request.flags & (KX_REQ_FAST | KX_REQ_DIET)))
		plain_printf(stderr, "kexec: %s: %s\n", l->plan_info.rung,
			     l->plan_info.rung_reason);
	if (l->plan_info.diet)
		plain_printf(stderr, "kexec: initial ramdisk: %s\n", l->plan_info.diet);
	return 0;
}

static int dry_run(struct loading *l)
{
	struct report report = {
		.job = l->job,
		.image = l->image,
		.plan = l->plan,
		.kernel = l->options->kernel,
	};

	if (options_have(l->options, OPT_JSON))
		return report_json(&report) < 0 ? EXIT_USAGE : EXIT_OK;
	report_text(&report);
	return EXIT_OK;
}

/* kexec_load(2) is impossible: the error of kexec_file_load(2) is reported. */
static int no_way_left(struct loading *l, const struct kx_error *first, const struct kx_error *err)
{
	struct attempt a = attempt_of(l, KX_WAY_FILE);
	int r = fail_commit(&a, first);

	plain_printf(stderr, "%s\n", err->message);
	return r;
}

/* kexec_file_load said that it does not exist or does not know the image. Both errors are shown, in
 * their order: the first one is usually the cause. */
static int fall_back(struct loading *l, const struct kx_error *first)
{
	struct kx_error err = { 0 };
	struct attempt a;
	int r;

	if (l->job->way == KX_WAY_FILE)
		return fail_unavailable(first->message);
	r = make_plan(l, KX_WAY_SEGMENTS, &err);
	if (r == -EOPNOTSUPP)
		return no_way_left(l, first, &err);

	plain_printf(stderr, "kexec: %s\n", first->message);
	fputs("kexec: trying kexec_load\n", stderr);
	a = attempt_of(l, KX_WAY_SEGMENTS);
	if (r < 0)
		return fail_plan(&a, &err);
	return commit(l, &err) < 0 ? fail_commit(&a, &err) : EXIT_OK;
}

static int load_image(struct loading *l)
{
	enum kx_way way = l->job->way;
	struct kx_error err = { 0 };
	struct attempt a;

	if (way == KX_WAY_FILE && !l->info.file_load) {
		char why[256];

		(void)snprintf(why, sizeof(why),
			       "%s is a %s image, which kexec_file_load does not know: use -c or "
			       "leave out -s",
			       l->options->kernel, l->info.type);
		return fail_unavailable(why);
	}
	if (make_plan(l, way, &err) < 0) {
		a = attempt_of(l, l->info.file_load ? way : KX_WAY_SEGMENTS);
		return fail_plan(&a, &err);
	}
	if (options_have(l->options, OPT_DRY_RUN))
		return dry_run(l);
	if (commit(l, &err) == 0)
		return EXIT_OK;
	if (l->plan_info.way == KX_WAY_FILE && kx_error_falls_back(&err))
		return fall_back(l, &err);
	a = attempt_of(l, l->plan_info.way);
	return fail_commit(&a, &err);
}

static int check_crash_region(struct kx_ctx *ctx)
{
	struct kx_state state = { .size = sizeof(state) };
	struct kx_error err = { 0 };

	if (kx_state(ctx, &state, &err) < 0)
		return fail_other(&err);
	if (state.crash_size)
		return EXIT_OK;
	fputs("Memory for crashkernel is not reserved\n"
	      "Please reserve memory by passing\"crashkernel=Y@X\" parameter to kernel\n"
	      "Then try to loading kdump kernel\n",
	      stderr);
	return EXIT_USAGE;
}

static int check_reuse_initrd(struct kx_ctx *ctx)
{
	_cleanup_free_ char *running = NULL;
	struct kx_error err = { 0 };

	if (kx_cmdline_running(ctx, 0, &running, &err) < 0) {
		(void)fail_other(&err);
		return EXIT_USAGE;
	}
	fputs(strstr(running, "retain_initrd")
		      ? "--reuseinitrd not implemented on this architecture\n"
		      : "unrecoverable error: current boot didn't retain the initrd for reuse.\n",
	      stderr);
	return EXIT_USAGE;
}

int load_run(struct kx_ctx *ctx, const struct job *job, const struct options *options,
	     struct notes *notes)
{
	_cleanup_(loading_done) struct loading l = {
		.ctx = ctx,
		.job = job,
		.options = options,
		.notes = notes,
	};
	int r = EXIT_OK;

	if (options_have(options, OPT_REUSEINITRD))
		r = check_reuse_initrd(ctx);
	if (!r)
		r = open_image(&l);
	if (!r)
		r = make_cmdline(&l);
	if (r)
		return r;
	make_request(&l);
	warn_unwanted(&l);
	return load_image(&l);
}

int load_check(struct kx_ctx *ctx, const struct job *job)
{
	return job->load && job->on_crash ? check_crash_region(ctx) : EXIT_OK;
}

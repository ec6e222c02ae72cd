// SPDX-License-Identifier: GPL-2.0-or-later

/* kexec: the command line of kexec-tools on top of libkexec. Facts are read from argv (options.c),
 * what they imply is decided at once (actions.c), then the steps are taken in a fixed order. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/kexec/exits.h"
#include "cli/kexec/failure.h"
#include "cli/kexec/load.h"
#include "cli/kexec/report.h"
#include "cli/protect.h"
#include "handover/shutdown.h"

DEFINE_CLEANUP(struct kx_ctx *, kx_ctx_free)

static int read_state(struct kx_ctx *ctx, struct kx_state *ret)
{
	struct kx_error err = { 0 };

	*ret = (struct kx_state){ .size = sizeof(*ret) };
	return kx_state(ctx, ret, &err) < 0 ? fail_other(&err) : EXIT_OK;
}

static int print_crash_size(struct kx_ctx *ctx)
{
	struct kx_state state;
	int r = read_state(ctx, &state);

	if (r)
		return r;
	printf("%" PRIu64 "\n", state.crash_size);
	return EXIT_OK;
}

/* Says nothing: the exit status is the answer. */
static int status_run(struct kx_ctx *ctx, const struct job *job)
{
	struct kx_state state;
	int loaded;

	if (read_state(ctx, &state))
		return EXIT_FAILED;
	loaded = job->status_crash ? state.crash_loaded : state.loaded;
	if (loaded < 0)
		return EXIT_FAILED;
	return loaded ? EXIT_IS_LOADED : EXIT_OK;
}

/* Makes the two calls one after the other rather than with KX_WAY_AUTO, to know which of them
 * failed. */
static int unload_run(struct kx_ctx *ctx, const struct job *job)
{
	uint64_t flags = job->on_crash ? KX_UNLOAD_ON_CRASH : 0;
	struct kx_error err = { 0 };
	enum kx_way way = job->way == KX_WAY_SEGMENTS ? KX_WAY_SEGMENTS : KX_WAY_FILE;
	int r;

	r = kx_unload(ctx, way, flags, &err);
	if (r == -ENOSYS && job->way == KX_WAY_FILE)
		return fail_unavailable(err.message);
	if (r == -ENOSYS && way == KX_WAY_FILE) {
		way = KX_WAY_SEGMENTS;
		r = kx_unload(ctx, way, flags, &err);
	}
	return r < 0 ? fail_unload(way, &err) : EXIT_OK;
}

static int shutdown_run(struct kx_ctx *ctx)
{
	struct kx_error nothing = { .code = -ENOENT };
	struct kx_state state;
	int r = read_state(ctx, &state);

	if (r)
		return r;
	if (state.loaded == 0)
		return fail_jump(&nothing);
	r = shutdown_reboot();
	fprintf(stderr, "shutdown: %s\nThe kernel is loaded: reboot, or jump now with kexec -e.\n",
		strerror(-r));
	return EXIT_FAILED;
}

static int jump_run(struct kx_ctx *ctx, const struct job *job)
{
	struct kx_error err = { 0 };

	(void)kx_jump(ctx, job->jump_flags, &err);
	return fail_jump(&err);
}

/* Options without a meaning for the action are accepted: old scripts pass all of them with every
 * action. */
static void warn_ignored(const struct job *job, const struct options *o, struct notes *notes)
{
	if (job->load || job->status)
		return;
	for (size_t i = 0; i < opt_table.n_rows; i++) {
		const struct opt_row *row = &opt_table.rows[i];

		if (row->takers && options_have(o, row->id) &&
		    strcmp(row->name, opt_name(row->id)) == 0)
			notes_warn(notes, "--%s is ignored: nothing is loaded by this call",
				   row->name);
	}
}

static int run_dry(struct kx_ctx *ctx, const struct job *job, const struct options *o,
		   struct notes *notes)
{
	struct report report = { .job = job };

	if (job->load)
		return load_run(ctx, job, o, notes);
	if (options_have(o, OPT_JSON))
		return report_json(&report) < 0 ? EXIT_USAGE : EXIT_OK;
	report_text(&report);
	return EXIT_OK;
}

static int run(struct kx_ctx *ctx, const struct job *job, const struct options *o,
	       struct notes *notes)
{
	int r;

	if (o->immediate == OPT_PRINT_CKR_SIZE)
		return print_crash_size(ctx);
	r = job_refuse(job, o);
	if (r)
		return r;
	if (job->status)
		return status_run(ctx, job);
	warn_ignored(job, o, notes);
	r = load_check(ctx, job);
	if (!r && options_have(o, OPT_DRY_RUN))
		return run_dry(ctx, job, o, notes);
	if (!r && job->unload)
		r = unload_run(ctx, job);
	if (!r && job->load)
		r = load_run(ctx, job, o, notes);
	notes_flush(notes);
	notes->immediate = true;
	if (!r && job->shutdown)
		r = shutdown_run(ctx);
	if (!r && job->jump)
		r = jump_run(ctx, job);
	return r;
}

static int run_with(const struct options *o)
{
	_cleanup_(kx_ctx_freep) struct kx_ctx *ctx = NULL;
	struct notes notes = { .verbose = options_have(o, OPT_DEBUG) };
	struct kx_ctx_opts opts = {
		.size = sizeof(opts),
		.root = o->root,
		.log = notes_log,
		.log_data = &notes,
	};
	struct job job = job_decide(o);
	struct kx_error err = { 0 };
	int r;

	r = kx_ctx_new(&opts, &ctx, &err) < 0 ? fail_other(&err) : run(ctx, &job, o, &notes);
	notes_flush(&notes);
	return r;
}

int main(int argc, char **argv)
{
	_cleanup_(options_done) struct options options;
	int r = EXIT_OK;

	protect_process(kx_fault);
	if (argc < 1 || options_parse(argc, argv, &options) < 0) {
		fputs("kexec: no memory\n", stderr);
		return EXIT_USAGE;
	}
	if (options.immediate == OPT_HELP)
		usage_print(stdout);
	else if (options.immediate == OPT_VERSION)
		version_print(stdout);
	else
		r = run_with(&options);
	if (fflush(stdout) != 0 && r == EXIT_OK)
		r = EXIT_USAGE;
	return r;
}

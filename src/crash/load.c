// SPDX-License-Identifier: LGPL-2.1-or-later
/* Loads a crash kernel. A machine that is armed stays armed: when the kernel has dropped the image that
 * was loaded before, and cannot load the new one, the old one is loaded again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/num.h"
#include "base/strbuf.h"
#include "crash/load.h"
#include "crash/rules.h"

enum { NOTE_MAX = 128 << 10, ARCHIVE_MAX = 256 << 20 };

/* ---- the note */

static bool is_one_line(const char *s)
{
	return !s || !strchr(s, '\n');
}

/* A load that cannot be remembered is a load all the same. */
static void write_note(const struct crash_job *job)
{
	const struct crash_choice *c = job->choice;
	_cleanup_strbuf_ struct strbuf b = { 0 };
	int r;

	if (!is_one_line(c->kernel) || !is_one_line(c->initrd) || !is_one_line(c->cmdline))
		return;
	strbuf_addf(&b, "kernel %s\n", c->kernel);
	if (c->initrd || job->archive)
		strbuf_addf(&b, "initrd %s\n", job->archive ? CRASH_ARCHIVE_FILE : c->initrd);
	strbuf_addf(&b, "way %d\nflags %llu\ncmdline %s\n", (int)job->info.way,
		    (unsigned long long)job->settings->options.flags, c->cmdline);
	r = b.failed ? -ENOMEM : directory_make_in(job->root, CRASH_NOTE_DIRECTORY, 0700);
	if (r == 0 && job->archive)
		r = file_replace_in(job->root, CRASH_ARCHIVE_FILE, 0600, job->archive,
				    job->archive_n, false);
	if (r == 0)
		r = file_replace_in(job->root, CRASH_NOTE_FILE, 0600, b.s, b.n, false);
	if (r < 0)
		teller_warn(job->teller, CRASH_NOTE_FILE ": cannot write it: %s", strerror(-r));
}

static int take_number(struct bytes value, uint64_t *ret)
{
	_cleanup_free_ char *s = bytes_dup(value);

	return s ? parse_u64(s, ret) : -ENOMEM;
}

int crash_note_read(int root, struct crash_choice *ret, struct crash_options *options)
{
	_cleanup_crash_choice_ struct crash_choice found = { 0 };
	_cleanup_free_ uint8_t *raw = NULL;
	uint64_t way = 0, flags = 0;
	struct bytes text, line;
	struct lines lines;
	int r = read_file_in(root, CRASH_NOTE_FILE, NOTE_MAX, &raw, &text.n);

	if (r < 0)
		return r;
	text.p = raw;
	lines = lines_of(text);
	while (r == 0 && lines_next(&lines, &line)) {
		const struct bytes key = bytes_word(&line);

		if (bytes_is(key, "kernel"))
			r = bytes_set(&found.kernel, line);
		else if (bytes_is(key, "initrd"))
			r = bytes_set(&found.initrd, line);
		else if (bytes_is(key, "cmdline"))
			r = bytes_set(&found.cmdline, line);
		else if (bytes_is(key, "way"))
			r = take_number(line, &way);
		else if (bytes_is(key, "flags"))
			r = take_number(line, &flags);
	}
	if (r == -ENOMEM)
		return r;
	if (r < 0 || !found.kernel || !found.cmdline || way > KX_WAY_SEGMENTS)
		return -EBADMSG;
	*ret = found;
	found = (struct crash_choice){ 0 };
	*options = (struct crash_options){ (enum kx_way)way, flags };
	return 0;
}

/* ---- loading */

void crash_job_done(struct crash_job *job)
{
	job->plan = kx_plan_free(job->plan);
	job->image = kx_image_free(job->image);
	capture_settings_done(&job->capture);
	free(TAKE_PTR(job->archive));
}

static struct kx_request request_of(const struct crash_job *job)
{
	return (struct kx_request){
		.size = sizeof(struct kx_request),
		.image = job->image,
		.initrds = (const char *const *)&job->choice->initrd,
		.n_initrds = job->choice->initrd ? 1 : 0,
		.initrd_parts = &job->part,
		.n_initrd_parts = job->archive ? 1 : 0,
		.cmdline = job->choice->cmdline,
		.way = job->needs_signature ? KX_WAY_FILE : job->settings->options.way,
		.flags = job->settings->options.flags | KX_REQ_ON_CRASH,
	};
}

static void describe_archive(struct crash_job *job)
{
	job->part = (struct kx_part){
		.size = sizeof(job->part),
		.path = "the initial ramdisk of rapidreboot",
		.bytes = job->archive,
		.n = job->archive_n,
	};
}

/* Puts the initial ramdisk together, for the release that the kernel's file tells, or else the running one. */
static int make_archive(struct crash_job *job, struct kx_error *err)
{
	struct kx_image_info info = { .size = sizeof(info) };
	_cleanup_free_ char *running = NULL;
	const char *directories[] = { job->settings->target, CRASH_FALLBACK_DIRECTORY };
	struct capture_wish wish = {
		.program = job->program,
		.program_root = ROOT_HERE,
		.remote = job->remote,
		.directories = directories,
		.n_directories = sizeof(directories) / sizeof(directories[0]),
		.settings = &job->capture,
	};
	int r;

	const char *place = crash_remote_name(job->settings);

	if (place && !job->remote)
		return kx_fail(err, -EOPNOTSUPP,
			       "dumps are sent to %s: only the running system can tell how that "
			       "is reached",
			       place);
	r = kx_image_info(job->image, &info);

	if (r < 0)
		return kx_fail(err, r, "the kernel cannot be described");
	if (!info.version) {
		r = crash_running_release(job->root, &running, err);
		if (r < 0)
			return r;
	}
	wish.release = info.version ? info.version : running;
	job->capture = job->settings->capture; /* which has neither targets nor modules */
	r = capture_archive_make(job->root, &wish, &job->archive, &job->archive_n, err);
	if (r < 0)
		return r;
	describe_archive(job);
	return 0;
}

static int open_image(struct crash_job *job, struct kx_error *err)
{
	int r = job->image ? 0
			   : kx_image_open(job->ctx, job->choice->kernel, NULL, &job->image, err);

	return r < 0 || !job->choice->is_own || job->archive ? r : make_archive(job, err);
}

static int make_plan(struct crash_job *job, const struct kx_request *request, struct kx_error *err)
{
	struct kx_plan *plan;
	const char *warning;
	int r = kx_plan_new(job->ctx, request, &plan, err);

	if (r < 0)
		return r;
	job->plan = kx_plan_free(job->plan);
	job->plan = plan;
	job->info = (struct kx_plan_info){ .size = sizeof(job->info) };
	r = kx_plan_info(plan, &job->info);
	if (r < 0)
		return kx_fail(err, r, "the plan cannot be described");
	for (size_t i = 0; (warning = kx_plan_warning(plan, i)); i++)
		teller_warn(job->teller, "%s", warning);
	teller_detail(job->teller, "%s", job->info.reason);
	return 0;
}

int crash_plan(struct crash_job *job, struct kx_error *err)
{
	struct kx_request request;
	int r = open_image(job, err);

	if (r < 0)
		return r;
	request = request_of(job);
	return make_plan(job, &request, err);
}

static int commit(struct crash_job *job, struct kx_error *err)
{
	struct kx_error first = { 0 };
	struct kx_request request;
	int r = kx_plan_commit(job->ctx, job->plan, &first);

	if (r < 0 && job->info.way == KX_WAY_FILE && !job->needs_signature &&
	    job->settings->options.way == KX_WAY_AUTO && kx_error_falls_back(&first)) {
		teller_say(job->teller, "%s; trying kexec_load", first.message);
		request = request_of(job);
		request.way = KX_WAY_SEGMENTS;
		r = make_plan(job, &request, &first);
		if (r == 0)
			r = kx_plan_commit(job->ctx, job->plan, &first);
	}
	return r < 0 ? kx_fail_as(err, r, &first) : 0;
}

static int is_loaded(struct kx_ctx *ctx)
{
	struct kx_state state = { .size = sizeof(state) };

	return kx_state(ctx, &state, NULL) < 0 ? -EIO : state.crash_loaded;
}

/* What was made for the last load, and is in memory, not where files are loaded from. */
static int take_archive(struct crash_job *job, struct crash_choice *choice)
{
	int r;

	if (!choice->initrd || strcmp(choice->initrd, CRASH_ARCHIVE_FILE) != 0)
		return 0;
	r = read_file_in(job->root, CRASH_ARCHIVE_FILE, ARCHIVE_MAX, &job->archive,
			 &job->archive_n);
	if (r < 0)
		return r;
	free(TAKE_PTR(choice->initrd));
	describe_archive(job);
	return 0;
}

/* Loads again what the note remembers. @err has the failure that made this necessary. */
static void load_last_good(const struct crash_job *failed, struct kx_error *err)
{
	_cleanup_crash_choice_ struct crash_choice choice = { 0 };
	struct crash_settings settings = { 0 };
	struct crash_job job = {
		.ctx = failed->ctx,
		.root = failed->root,
		.settings = &settings,
		.choice = &choice,
	};
	struct kx_error why = { 0 };
	const int code = err ? err->code : -EIO;
	char before[sizeof(why.message)];

	if (crash_note_read(failed->root, &choice, &settings.options) < 0)
		return;
	(void)snprintf(before, sizeof(before), "%s", err ? err->message : "");
	if (take_archive(&job, &choice) == 0 && crash_plan(&job, &why) == 0 &&
	    kx_plan_commit(job.ctx, job.plan, &why) == 0) {
		write_note(&job);
		(void)kx_fail(err, code, "%.300s. What was loaded before, %.100s, was loaded again",
			      before, choice.kernel);
	}
	crash_job_done(&job);
}

int crash_load(struct crash_job *job, struct kx_error *err)
{
	const int before = is_loaded(job->ctx);
	int r = commit(job, err);

	if (r < 0) {
		if (before == 1 && is_loaded(job->ctx) == 0)
			load_last_good(job, err);
		return r;
	}
	write_note(job);
	return 0;
}

int crash_unload(struct crash_job *job, struct kx_error *err)
{
	int r = kx_unload(job->ctx, job->needs_signature ? KX_WAY_FILE : KX_WAY_AUTO,
			  KX_UNLOAD_ON_CRASH, err);

	if (r == 0)
		(void)!file_remove_in(job->root, CRASH_ARCHIVE_FILE);
	return r;
}

int crash_estimate(struct crash_job *job, struct kx_crash_estimate *ret, struct kx_error *err)
{
	struct kx_request request;
	int r = open_image(job, err);

	if (r < 0)
		return r;
	request = request_of(job);
	ret->size = sizeof(*ret);
	return kx_crash_estimate(job->ctx, &request, ret, err);
}

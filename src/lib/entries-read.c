// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/entries-read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "confined/reader.h"
#include "entry/choose.h"
#include "entry/fs-root.h"
#include "entry/grub-read.h"
#include "lib/arch.h"
#include "lib/boot-partition.h"
#include "lib/entries-answer.h"
#include "lib/newc-parts.h"
#include "lib/outside-channel.h"

/* Twice the time that the budget has for all of it, on an emulated machine as well. */
static const struct reader_limits limits = { .confine = { .cpu_s = 60 }, .idle_s = 60 };

/* ---- in the child */

/* kx_entries_eval(): runs a GRUB script and keeps what it printed and set. */
static int read_script(struct entry_fs *fs, const struct boot_find_opts *find,
		       struct kx_entries *entries, struct kx_error *err)
{
	struct grub_result result = { 0 };
	int r = grub_read_all(fs, find, find->config, &result, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < result.n_vars; i++) {
		_cleanup_free_ char *text = NULL;

		if (asprintf(&text, "%s=%s", result.vars[i].name, result.vars[i].value) < 0)
			r = -ENOMEM;
		else
			r = strlist_add(&entries->vars, text);
	}
	entries->menu = result.menu;
	result.menu = (struct boot_menu){ 0 };
	entries->output = TAKE_PTR(result.output);
	grub_result_done(&result);
	return r < 0 ? kx_fail(err, r, "out of memory") : 0;
}

static int read_menu(struct entry_fs *fs, const struct boot_find_opts *find, uint64_t flags,
		     struct kx_entries *entries, struct kx_error *err)
{
	if (!(flags & KX_ENTRIES_SCRIPT))
		return boot_menu_find(fs, find, &entries->menu, err);
	if (!find->config)
		return kx_fail(err, -EINVAL, "which script to evaluate is not said");
	return read_script(fs, find, entries, err);
}

static uint64_t now_ms(void *data)
{
	struct sys *sys = data;

	return sys->boottime_ms(sys);
}

/* The budget was used up: the same sentence for every reader. */
static int fail_spent(const struct budget *budget, struct kx_error *err)
{
	char limit[64];

	budget_explain(budget, limit, sizeof(limit));
	return kx_fail(
		err, BUDGET_SPENT,
		"the configuration of the boot loader is not read to its end: it asks for %s. "
		"It includes itself, or its text grows with each line; correct it, or name another "
		"one with "
		"--config",
		limit);
}

struct job {
	struct sys *sys;
	const struct kx_entries_opts *o;
	struct boot_find_opts find;
	struct outside *out; /* of the system itself, or of the child */
	struct outside_asker asker;
	struct window window; /* for the answer */
};

static void connect_job(void *data, int channel)
{
	struct job *job = data;

	outside_asker_init(&job->asker, channel, job->out->look);
	job->out = &job->asker.out;
}

static int make_list(const struct job *job, struct kx_entries *entries, struct kx_error *err)
{
	_cleanup_fs_root_ struct entry_fs *fs = NULL;
	struct budget budget;
	const struct fs_root_opts root = { .outside = job->out,
					   .places = job->o->places,
					   .n_places = job->o->n_places,
					   .budget = &budget };
	int r;

	budget_init(&budget, now_ms, job->sys);
	r = fs_root_new(&root, &fs, err);
	if (r < 0)
		return r;
	r = read_menu(fs, &job->find, job->o->flags, entries, err);
	/* readers skip a file that cannot be read; after the budget was used up the list is not
	 * complete */
	if (r == BUDGET_SPENT || budget.spent != BUDGET_KINDS)
		return fail_spent(&budget, err);
	return r;
}

static int work(void *data, void *answer, struct kx_error *err)
{
	const struct job *job = data;
	struct kx_entries made = { 0 };
	int r = make_list(job, &made, err);

	if (r == 0 && entries_encode(&made, job->window.p, ENTRIES_ANSWER_MAX, answer) < 0)
		r = kx_fail(err, -EFBIG, "the boot entries are too long to be handed over");
	boot_menu_done(&made.menu);
	strlist_done(&made.vars);
	free(made.output);
	return r;
}

/* ---- in the parent */

#define DOING "reading the boot loader's configuration"

static int answer_question(void *data, struct bytes question, struct reader_answer *ret,
			   struct kx_error *err)
{
	struct outside_server *server = data;
	const int r = outside_answer(server, question, ret);

	if (r == BUDGET_SPENT)
		return fail_spent(server->budget, err);
	return r < 0 ? reader_fail_answer(DOING, err) : 0;
}

static int take_list(struct bytes answer, const struct budget *budget, struct kx_entries *entries,
		     struct kx_error *err)
{
	const int r = answer.n > ENTRIES_ANSWER_MAX ? -EPROTO : entries_decode(answer, entries);

	if (r == -ENOMEM)
		return kx_fail(err, r, "out of memory");
	if (r == BUDGET_SPENT)
		return fail_spent(budget, err);
	return r < 0 ? reader_fail_answer(DOING, err) : 0;
}

static int run_job(struct kx_ctx *ctx, struct job *job, struct kx_entries *entries,
		   struct kx_error *err)
{
	struct outside *out = job->out;
	struct budget budget;
	struct outside_server server = { .out = out, .budget = &budget };
	const struct reader_service service = { connect_job, answer_question, &server };
	size_t n = 0;
	const struct reader reader = { .doing = DOING,
				       .work = work,
				       .data = job,
				       .answer = &n,
				       .answer_n = sizeof(n),
				       .windows = &job->window,
				       .n_windows = 1,
				       .service = &service,
				       .limits = &limits };
	int r;

	budget_init(&budget, now_ms, ctx->sys);
	r = ctx_reader_run(ctx, &reader, err);
	outside_server_done(&server);
	if (r == 0)
		r = take_list((struct bytes){ job->window.p, n }, &budget, entries, err);
	if (r == 0 && newc_parts_make(ctx, out, &budget, &entries->menu) < 0)
		r = kx_fail(err, -ENOMEM, "out of memory");
	return r;
}

int entries_read(struct kx_ctx *ctx, const struct kx_entries_opts *o, struct kx_entries *entries,
		 struct kx_error *err)
{
	static const enum boot_firmware firmware[] = {
		[KX_FIRMWARE_AUTO] = BOOT_FIRMWARE_AUTO,
		[KX_FIRMWARE_EFI] = BOOT_FIRMWARE_EFI,
		[KX_FIRMWARE_BIOS] = BOOT_FIRMWARE_BIOS,
	};
	struct boot_partition_look look = { ctx, o->flags & KX_ENTRIES_MOUNT };
	const bool may_look = !ctx->captured && ctx->sys->partitions;
	const struct arch_found arch = ctx_arch(ctx);
	struct outside_system system;
	struct job job = { .sys = ctx->sys, .o = o };
	int r;

	if ((size_t)o->firmware >= sizeof(firmware) / sizeof(firmware[0]))
		return kx_fail(err, -EINVAL, "firmware %d is not known", (int)o->firmware);
	outside_system_init(&system, ctx->machine_root, may_look ? boot_partition_look : NULL,
			    &look);
	job.out = &system.out;
	job.find = (struct boot_find_opts){
		.config = o->config,
		.type = o->type,
		.firmware = firmware[o->firmware],
		.grub_flavour = o->grub_flavour,
		.vars = o->vars,
		.n_vars = o->n_vars,
		.machine = arch.id == ARCH_UNKNOWN ? NULL : arch_name(arch.id),
		.running_cmdline = entries->running_cmdline,
	};
	if (window_make(ENTRIES_ANSWER_MAX, &job.window) < 0)
		return kx_fail(err, -ENOMEM, "no address space for the list of boot entries");
	r = run_job(ctx, &job, entries, err);
	window_done(&job.window);
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "cli/kexec/actions.h"
#include "cli/kexec/exits.h"
#include "cli/plain.h"

enum { OFF, ON, KEEP };

struct switches {
	int load, exec, shutdown, sync, ifdown;
};

/* What each action option does to the switches, as in kexec-tools 2.0.32, applied left to right. */
static const struct {
	enum opt opt;
	struct switches set;
} action_rows[] = {
	/*                             load exec shutdown sync ifdown */
	{ OPT_LOAD, { ON, OFF, OFF, KEEP, KEEP } },
	{ OPT_FORCE, { ON, ON, OFF, ON, ON } },
	{ OPT_EXEC, { OFF, ON, OFF, ON, ON } },
	{ OPT_LOAD_PANIC, { ON, OFF, OFF, OFF, KEEP } },
	{ OPT_UNLOAD, { OFF, KEEP, OFF, OFF, KEEP } },
	{ OPT_LOAD_PRESERVE_CONTEXT, { ON, OFF, OFF, ON, KEEP } },
	{ OPT_LOAD_JUMP_BACK_HELPER, { OFF, OFF, OFF, ON, KEEP } },
	{ OPT_LOAD_LIVE_UPDATE, { ON, OFF, OFF, ON, KEEP } },
	{ OPT_EXEC_LIVE_UPDATE, { OFF, ON, OFF, ON, ON } },
};

static void turn(int *value, int to)
{
	if (to != KEEP)
		*value = to;
}

static void switches_apply(struct switches *s, enum opt opt)
{
	for (size_t i = 0; i < sizeof(action_rows) / sizeof(action_rows[0]); i++) {
		const struct switches *set = &action_rows[i].set;

		if (action_rows[i].opt != opt)
			continue;
		turn(&s->load, set->load);
		turn(&s->exec, set->exec);
		turn(&s->shutdown, set->shutdown);
		turn(&s->sync, set->sync);
		turn(&s->ifdown, set->ifdown);
	}
}

/* Options that mean something to kexec_load only. */
static const enum opt segment_options[] = {
	OPT_REAL_MODE, OPT_ENTRY_32BIT, OPT_TYPE, OPT_MEM_MIN, OPT_MEM_MAX, OPT_ENTRY,
};

static enum opt segment_option_given(const struct options *o)
{
	for (size_t i = 0; i < sizeof(segment_options) / sizeof(segment_options[0]); i++)
		if (options_have(o, segment_options[i]))
			return segment_options[i];
	return OPT_MAX_;
}

static void decide_way(struct job *job, const struct options *o)
{
	job->way = o->way;
	job->way_reason = segment_option_given(o);
	if (job->way == KX_WAY_AUTO && job->way_reason != OPT_MAX_)
		job->way = KX_WAY_SEGMENTS;
}

struct job job_decide(const struct options *o)
{
	struct switches s = { ON, OFF, ON, ON, OFF };
	struct job job = {
		.status = options_have(o, OPT_STATUS),
		.unload = options_have(o, OPT_UNLOAD),
		.on_crash = options_have(o, OPT_LOAD_PANIC),
		.status_crash = options_have(o, OPT_LOAD_PANIC) || !options_have(o, OPT_LOAD),
	};

	for (size_t i = 0; i < o->n_actions; i++)
		switches_apply(&s, o->actions[i]);
	decide_way(&job, o);
	if (job.status) {
		job.unload = false;
		return job;
	}

	job.load = s.load;
	job.shutdown = s.shutdown;
	job.jump = s.exec;
	/* `-u -p` means the same as `-p -u`: unload the crash kernel; nothing is loaded. */
	if (job.unload && job.on_crash && !o->kernel)
		job.load = false;
	/* sync and taking interfaces down belong to a jump only. */
	if (s.exec && s.sync && !options_have(o, OPT_NO_SYNC))
		job.jump_flags |= KX_JUMP_SYNC;
	if (s.exec && s.ifdown && !options_have(o, OPT_NO_IFDOWN))
		job.jump_flags |= KX_JUMP_IFDOWN;
	return job;
}

static int refuse_live_update(const struct options *o)
{
	if (options_have(o, OPT_EXEC_LIVE_UPDATE)) {
		fputs("--exec-live-update only works under xen.\n", stderr);
		return EXIT_USAGE;
	}
	if (options_have(o, OPT_LOAD_LIVE_UPDATE)) {
		fputs("--load-live-update can only be used with xen\n", stderr);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static int refuse_kexec_jump(const struct options *o)
{
	bool helper = options_have(o, OPT_LOAD_JUMP_BACK_HELPER);

	if (!helper && !options_have(o, OPT_LOAD_PRESERVE_CONTEXT))
		return EXIT_OK;
	if (o->way != KX_WAY_SEGMENTS) {
		fprintf(stderr,
			"--%s not supported with kexec_file_load\n"
			"Only kexec_load can come back from a kernel: add -c.\n",
			opt_name(helper ? OPT_LOAD_JUMP_BACK_HELPER : OPT_LOAD_PRESERVE_CONTEXT));
		return EXIT_USAGE;
	}
	if (!helper && !options_have(o, OPT_MEM_MAX)) {
		fputs("--load-preserve-context needs --mem-max, with --mem-min: they bound the "
		      "memory that the new kernel uses and that is kept for the way back\n",
		      stderr);
		return EXIT_USAGE;
	}
	if (helper) {
		fputs("--load-jump-back-helper is not implemented; nothing was loaded\n", stderr);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static int refuse_way(const struct job *job, const struct options *o)
{
	bool entry = job->way_reason == OPT_REAL_MODE || job->way_reason == OPT_ENTRY_32BIT;

	if (!job->load || job->way != KX_WAY_FILE || job->way_reason == OPT_MAX_)
		return EXIT_OK;
	if (entry)
		fputs("Kexec2 syscall does not support 16bit or 32bit entry yet\n", stderr);
	fprintf(stderr,
		"--%s means nothing to kexec_file_load, which --%s (-s) asks for: leave out one "
		"of them\n",
		opt_name(job->way_reason), opt_name(OPT_FILE_SYSCALL));
	return entry ? EXIT_FAILED : EXIT_USAGE;
}

static int refuse_looking(const struct job *job, const struct options *o)
{
	bool dry_run = options_have(o, OPT_DRY_RUN);

	if (options_have(o, OPT_JSON) && !dry_run) {
		fputs("--json only goes with --dry-run\n", stderr);
		return EXIT_USAGE;
	}
	if (o->root && !dry_run && !job->status) {
		fputs("--root only goes with --dry-run or --status: what is read from another "
		      "system cannot be loaded into this one\n",
		      stderr);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

int job_refuse(const struct job *job, const struct options *o)
{
	int r;

	if (o->problem.text[0]) {
		plain_printf(stderr, "%s\n", o->problem.text);
		/* 1 would say "loaded" */
		return options_have(o, OPT_STATUS) ? EXIT_FAILED : o->problem.status;
	}
	r = refuse_looking(job, o);
	if (r || job->status)
		return r && job->status ? EXIT_FAILED : r;
	if (job->on_crash && job->load && job->jump) {
		fputs("--load-panic and --force contradict each other: a crash kernel is started "
		      "by a crash, and the jump would go into another kernel\n",
		      stderr);
		return EXIT_USAGE;
	}
	r = refuse_live_update(o);
	if (!r)
		r = refuse_kexec_jump(o);
	if (!r)
		r = refuse_way(job, o);
	if (!r && job->load && !o->kernel) {
		fputs("No kernel specified\n", stderr);
		usage_print(stdout);
		r = EXIT_FAILED;
	}
	return r;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/check.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "handover/request.h"

/* Why the initial ramdisks have not been unpacked, or NULL. */
static const char *why_unseen(const struct start *s)
{
	if (!s->plan || s->plan_info.is_unpacked || s->is_known)
		return NULL;
	return s->not_looked_at
		       ? s->not_looked_at
		       : "not all of it was unpacked here, where it is handed over as it is";
}

/* The file that the entry is written in; NULL when none was chosen, or a kernel by its file. */
static const char *source_of(const struct choice *c)
{
	return c->entries && c->title ? choice_entry(c->entries, c->index).source_file : NULL;
}

/* Facts about the entry for the checks, as far as they were found out. */
static struct preflight_entry describe(const struct start *s)
{
	const struct choice *c = &s->choice;
	const bool is_kernel = !is_for_firmware(c->type);

	return (struct preflight_entry){
		.title = c->title,
		.type = c->type,
		.kernel = is_kernel ? c->kernel : NULL,
		.initrds = (const char *const *)c->initrds.v,
		.n_initrds = is_kernel ? c->initrds.n : 0,
		.initrd_damage = s->plan ? s->plan_info.initrd_damage : NULL,
		.initrd_unseen = why_unseen(s),
		.cmdline = s->plan	? s->plan_info.cmdline
			   : s->cmdline ? s->cmdline
					: c->cmdline,
		.reuses_running = c->reuses_running,
		.devicetree = c->devicetree,
		.source = source_of(c),
		.only_firmware = c->only_firmware,
		.is_broken = c->is_broken,
		.way = s->plan ? s->plan_info.way : c->way,
		.image = s->image ? &s->image_info : NULL,
		.image_error = s->image_error.code ? s->image_error.message : NULL,
	};
}

/* A missing file is no error: a live system, for example, has no record. */
static void read_record(const struct reboot *rb, struct attempts *all, struct preflight_opts *opts,
			struct kx_error *err)
{
	struct sys seen = rb->seen;
	const struct attempt *a;

	if (attempts_read(&seen, all, err) < 0) {
		opts->record_error = err->message;
		return;
	}
	a = attempts_unconfirmed(&seen, all);
	opts->unconfirmed = a ? a->entry : NULL;
	opts->not_judged = a && attempt_waits_here(&seen, a);
	if (!a && all->damaged) /* the last attempt may stand there */
		opts->record_error = "lines of /var/lib/rapidreboot/attempts are damaged";
}

static bool is_ours(const struct reboot *rb)
{
	struct sys seen = rb->seen;
	struct request loaded;

	return loaded_read(&seen, &loaded, NULL) == 0;
}

/* wish->ignore_inhibitors means that check G2 does not refuse either; init decides about inhibitors
 * itself. */
static int copy_force(const struct wish *wish, struct config_words *ret)
{
	for (size_t i = 0; i < wish->force.n; i++)
		if (config_words_add(ret, wish->force.v[i], strlen(wish->force.v[i])) < 0)
			return -ENOMEM;
	return wish->ignore_inhibitors ? config_words_add(ret, "G2", 2) : 0;
}

static enum reason run_checks(const struct reboot *rb, const struct wish *wish, enum judging how,
			      const struct start *s, struct verdict *v)
{
	static struct attempts all;
	const struct preflight_entry entry = describe(s);
	const enum keys_by by = keys_by(rb, wish, &s->choice.config);
	struct config_words force = { 0 };
	struct kx_error record = { 0 }, err = { 0 };
	struct preflight_opts opts = {
		.root = rb->machine,
		.entry = s->choice.title ? &entry : NULL,
		.entry_error = v->err.message,
		.guess = s->choice.guess,
		.config = &s->choice.config,
		.has_terminal = rb->has_terminal,
		.loaded_is_ours = is_ours(rb),
		.hands_keys = by != KEYS_BY_NOTHING,
		.by_key_files = by == KEYS_BY_FILES,
		.direct = wish->direct && reboot_init_name(rb),
		.going_down = how == JUDGE_GOING_DOWN,
		.files = choice_files_root(rb, &s->choice),
		.target = rb->place == PLACE_INSTALLED ? rb->root : NULL,
	};
	int r = copy_force(wish, &force);

	opts.force = (const char *const *)force.v;
	opts.n_force = force.n;
	read_record(rb, &all, &opts, &record);
	if (r == 0)
		r = preflight_run(&opts, &v->findings, &err);
	else
		kx_fail(&err, r, "out of memory");
	config_words_done(&force);
	if (r == 0)
		return REASON_NONE;
	v->err = err;
	return REASON_FAILED;
}

/* The verdict of the checks goes before a plan that failed: checks B1 (image cannot be used) and
 * B12 (no entry) explain it better. */
static enum reason settle(const struct preflight *p, enum reason planned)
{
	switch (p->outcome) {
	case PREFLIGHT_NOTE:
	case PREFLIGHT_WARN:
		break;
	case PREFLIGHT_COLD:
		return REASON_FIRMWARE;
	case PREFLIGHT_REFUSE:
		return REASON_CHECKS;
	}
	return planned;
}

/* A check looks at everything: it unpacks what is not known to be whole. */
static enum reason plan_check(const struct reboot *rb, const struct wish *wish, struct start *s,
			      struct kx_error *err)
{
	s->is_known = start_is_known(rb, s);
	if (s->is_known)
		s->not_looked_at = NULL;
	/* hooks of kernel packages look when nobody waits: whoever reboots finds it done */
	s->keeps = rb->place == PLACE_HERE && rb->sys->has_boot_capability(rb->sys);
	/* what kexec_file_load(2) is to get is not unpacked to be looked at */
	return s->is_known || s->plan_info.way != KX_WAY_SEGMENTS ? REASON_NONE
								  : start_unpack(rb, wish, s, err);
}

void judge(const struct reboot *rb, const struct wish *wish, enum judging how,
	   struct start *ret_start, struct verdict *ret)
{
	enum reason chosen, planned = REASON_NONE, checked;

	*ret_start = (struct start){ 0 };
	*ret = (struct verdict){ .reason = REASON_NONE };
	chosen = choice_make(rb, wish, &ret_start->choice, &ret->err);
	if (chosen == REASON_NONE)
		planned = start_plan(rb, wish, how >= JUDGE_LOAD, ret_start, &ret->err);
	if (chosen == REASON_NONE && planned == REASON_NONE && how == JUDGE_CHECK)
		planned = plan_check(rb, wish, ret_start, &ret->err);
	checked = run_checks(rb, wish, how, ret_start, ret);
	/* by the settings only where F1 has found something to open */
	ret_start->takes_keys = wish->hands_keys || ret->findings.takes_key;
	ret->reason = chosen != REASON_NONE    ? chosen
		      : checked != REASON_NONE ? checked
					       : settle(&ret->findings, planned);
	/* --force got past check B1, but without a usable kernel there is nothing to load */
	if (ret->reason == REASON_NONE && !ret_start->plan) {
		ret->reason = REASON_PLAN;
		if (!ret->err.code)
			kx_fail(&ret->err, -ENOEXEC, "\"%s\" is no kernel that can be loaded",
				ret_start->choice.title);
	}
}

bool may_go_cold(const struct wish *wish, const struct verdict *verdict, enum reason reason)
{
	static const bool cold_helps[N_REASONS] = {
		[REASON_FAILED] = true,	       [REASON_NO_ENTRY] = true,
		[REASON_NOT_BOOTABLE] = true,  [REASON_FORBIDDEN] = true,
		[REASON_PLAN] = true,	       [REASON_CHECKS] = true,
		[REASON_FIRMWARE] = true,      [REASON_UNRECORDED] = true,
		[REASON_FILES_CHANGED] = true, [REASON_LOAD] = true,
		[REASON_GONE] = true,
	};

	if (wish->root || wish->entry || wish->pick || wish->kernel || wish->when.text[0])
		return false;
	for (size_t i = 0; i < verdict->findings.n; i++)
		if (verdict->findings.findings[i].holds_cold)
			return false;
	return reason < N_REASONS && cold_helps[reason];
}

void verdict_why(const struct verdict *verdict, enum reason reason, const struct kx_error *err,
		 char *ret, size_t size)
{
	const struct preflight_finding *f = verdict->findings.findings;

	(void)snprintf(ret, size, "%s: %s", reason_name(reason), err->message);
	for (size_t i = 0; reason == REASON_CHECKS && i < verdict->findings.n; i++)
		if (f[i].status == PREFLIGHT_FINDING && f[i].severity == PREFLIGHT_REFUSE) {
			(void)snprintf(ret, size, "%s: %s", f[i].id, f[i].sentence);
			return;
		}
}

void judge_unpacked(const struct reboot *rb, const struct wish *wish, struct start *s,
		    struct verdict *v)
{
	enum reason planned, checked = REASON_NONE;

	if (v->reason != REASON_NONE || !s->plan_info.is_open)
		return;
	planned = start_unpack(rb, wish, s, &v->err);
	/* the checks have seen everything else already */
	if (planned == REASON_NONE && s->plan_info.initrd_damage) {
		preflight_done(&v->findings);
		checked = run_checks(rb, wish, JUDGE_LOAD, s, v);
	}
	v->reason = checked != REASON_NONE ? checked : settle(&v->findings, planned);
}

void verdict_done(struct verdict *verdict)
{
	preflight_done(&verdict->findings);
	*verdict = (struct verdict){ .reason = REASON_NONE };
}

/* ---- telling the findings */

/* As finding_print() of src/cli/finding.h does it for a person; here each line has the id, since others may come
 * between them. */
static void tell_finding(const struct teller *t, const struct preflight_finding *f)
{
	void (*say)(const struct teller *, const char *, ...) =
		f->severity == PREFLIGHT_NOTE ? teller_detail : teller_say;

	say(t, "%-4s%-8s %s", f->id, preflight_severity_name(f->severity), f->sentence);
	if (*f->evidence)
		say(t, "%-4s%-8s %s", f->id, "found:", f->evidence);
	if (f->remedy)
		say(t, "%-4s%-8s %s", f->id, "to do:", f->remedy);
}

void tell_findings(const struct reboot *rb, const struct preflight *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->findings[i].status == PREFLIGHT_FINDING)
			tell_finding(&rb->teller, &p->findings[i]);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mix.h"
#include "base/strbuf.h"
#include "handover/exit-initramfs.h"
#include "handover/init.h"
#include "handover/request.h"
#include "preflight/preflight.h"
#include "reboot/same.h"
#include "reboot/tune.h"
#include "record/unpacked.h"

static enum reason fail_memory(struct kx_error *err)
{
	kx_fail(err, -ENOMEM, "out of memory");
	return REASON_FAILED;
}

/* ---- plan */

static int plan_by(const struct reboot *rb, struct start *s, enum kx_way way, uint64_t flags,
		   const char *reason, struct kx_error *err)
{
	const struct choice *c = &s->choice;
	const struct kx_part archive = {
		.size = sizeof(archive),
		.path = "(keys)",
		.bytes = s->keys.archive.p,
		.n = s->keys.archive.n,
		.flags = KX_PART_SECRET,
	};
	struct kx_request request = {
		.size = sizeof(request),
		.image = s->image,
		.initrds = (const char *const *)c->initrds.v,
		.n_initrds = c->initrds.n,
		.modules = (const char *const *)c->modules.v,
		.n_modules = c->modules.n,
		.cmdline = s->cmdline,
		.way = way,
		.flags = c->flags | flags | (s->unpacks ? 0 : KX_REQ_UNPACK_LATER) |
			 (s->keeps ? KX_REQ_KEEP : 0),
		.cache = c->config.cache,
		.initrd_parts = &archive,
		.n_initrd_parts = archive.n ? 1 : 0,
	};
	struct kx_plan *made;
	int r = kx_plan_new(choice_ctx(rb, c), &request, &made, err);

	if (r < 0)
		return r;
	s->plan = kx_plan_free(s->plan);
	s->plan = made;
	s->plan_info.size = sizeof(s->plan_info);
	r = kx_plan_info(made, &s->plan_info);
	s->reason = reason ? reason : s->plan_info.reason;
	s->not_looked_at =
		s->plan_info.is_open
			? "whether kernel and initial ramdisk can be unpacked: `rapidreboot check` "
			  "tells, and nothing is loaded without that"
			: NULL;
	return r;
}

/* Some init systems unmount the huge pages that hold a kernel on the way down; then a copy is
 * needed. */
static uint64_t copy_only(const struct reboot *rb, bool direct)
{
	return direct || init_spares_pages(rb->sys) ? 0 : KX_REQ_COPY;
}

/* Plans kexec_load(2) with an unpacked kernel; when that is not possible (no memory map, a kernel
 * that cannot be unpacked here) the configured way. */
static int plan_fast(const struct reboot *rb, const struct wish *wish, struct start *s,
		     struct kx_error *err)
{
	const enum kx_way way = s->choice.way;
	struct kx_error why = { 0 };
	int r = plan_by(rb, s, KX_WAY_SEGMENTS,
			(s->diet ? KX_REQ_DIET : KX_REQ_FAST) | copy_only(rb, wish->direct),
			way == KX_WAY_SEGMENTS
				? NULL
				: "it is permitted, and starts what is unpacked already",
			&why);

	if (r >= 0)
		return r;
	teller_detail(&rb->teller, "nothing is unpacked: %s", why.message);
	(void)snprintf(s->not_fast, sizeof(s->not_fast), "%s", why.message);
	return plan_by(rb, s, way, 0, NULL, err);
}

/* Chooses the fastest way that is permitted: kexec_file_load(2) where files have to be verified or
 * handed on as they are. */
static int plan(const struct reboot *rb, const struct wish *wish, struct start *s,
		struct kx_error *err)
{
	const enum kx_way way = s->choice.way;

	if (s->safe && way != KX_WAY_FILE)
		(void)snprintf(s->not_fast, sizeof(s->not_fast),
			       "nothing is to be unpacked beforehand (--safe, SAFE=yes)");
	if (way == KX_WAY_FILE || s->safe)
		return plan_by(rb, s, way, 0, NULL, err);
	if (way == KX_WAY_AUTO && s->file_only) {
		(void)snprintf(s->not_fast, sizeof(s->not_fast), "%s", s->file_only);
		return plan_by(rb, s, KX_WAY_FILE, KX_REQ_FAST, s->file_only, err);
	}
	return plan_fast(rb, wish, s, err);
}

/* What was wished for with --tune, else the settings; those are for the kernels of entries, as APPEND= is. */
static const char *tune_of(const struct wish *wish, const struct start *s)
{
	if (wish->tune || wish->kernel || wish->cmdline || s->choice.by == CHOSEN_BY_OTHER_TOOL)
		return wish->tune;
	return s->choice.config.tune;
}

/* Words that shorten the start, by the command line that is in @b. */
static int add_tuning(const struct wish *wish, struct start *s, struct strbuf *b)
{
	_cleanup_strbuf_ struct strbuf words = { 0 }, told = { 0 };
	const char *names = tune_of(wish, s);

	/* with modules of its own it is no Linux that is told so */
	if (!names || s->choice.modules.n)
		return 0;
	tune_add(names, b->s, &words, &told);
	if (words.n)
		strbuf_add_word(b, words.s);
	if (words.failed || told.failed)
		return -ENOMEM;
	return told.n ? strbuf_take(&told, &s->tuned) : 0;
}

/* A UKI has a command line of its own: words are appended to that. */
static int make_cmdline(const struct wish *wish, struct start *s)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	const char *base = s->choice.cmdline;

	if (!s->choice.append && !tune_of(wish, s))
		return wish_set(&s->cmdline, base);
	if (!base)
		base = s->image_info.cmdline;
	if (base)
		strbuf_add(&b, base);
	if (s->choice.append)
		strbuf_add_word(&b, s->choice.append);
	if (add_tuning(wish, s, &b) < 0)
		return -ENOMEM;
	return strbuf_take(&b, &s->cmdline);
}

/* A kernel whose last attempt without modules came back through the firmware gets all modules,
 * unless a person asks for diet. */
static void decide_diet(const struct reboot *rb, const struct wish *wish, struct start *s)
{
	const char *version = s->image_info.version ? s->image_info.version : "";
	struct sys seen = rb->seen;
	struct attempts all;

	s->diet = wish->diet || s->choice.config.diet;
	if (!s->diet || wish->diet || attempts_read(&seen, &all, NULL) < 0 ||
	    !attempts_diet_failed(&seen, &all, version))
		return;
	s->diet = false;
	s->no_diet = "all of it is kept: the last attempt at this kernel without all of its "
		     "modules came back through the firmware";
}

/* ---- files that were unpacked once */

/* Only of files of this system is known that they stay what they were. */
static bool may_note(const struct reboot *rb, const struct start *s)
{
	return rb->place == PLACE_HERE && s->choice.files && s->choice.modules.n == 0;
}

/* A note that cannot be written costs time at the next look and nothing else. */
static void note_unpacked(const struct reboot *rb, const struct start *s)
{
	struct unpacked u = { .files = s->choice.files };
	int r;

	if (!may_note(rb, s) || s->plan_info.is_unpacked < 2 ||
	    kx_plan_contents(s->plan, &u.contents) < 0)
		return;
	r = unpacked_note(rb->machine, &u);
	if (r < 0)
		teller_detail(&rb->teller, UNPACKED ": %s", strerror(-r));
}

bool start_is_known(const struct reboot *rb, const struct start *s)
{
	uint64_t noted, contents;

	return may_note(rb, s) && s->plan && unpacked_find(rb->machine, s->choice.files, &noted) &&
	       kx_plan_contents(s->plan, &contents) == 0 && contents == noted;
}

/* ---- the first plan, and the one after that */

static enum reason plan_and_note(const struct reboot *rb, const struct wish *wish, struct start *s,
				 struct kx_error *err)
{
	if (plan(rb, wish, s, err) < 0)
		return REASON_PLAN;
	note_unpacked(rb, s);
	return REASON_NONE;
}

enum reason start_plan(const struct reboot *rb, const struct wish *wish, bool unpacks,
		       struct start *s, struct kx_error *err)
{
	s->unpacks = unpacks;
	s->safe = wish->safe || s->choice.config.safe;
	s->file_only = preflight_file_only(rb->machine);
	s->image_info = (struct kx_image_info){ .size = sizeof(s->image_info) };
	if (!s->choice.kernel || is_for_firmware(s->choice.type))
		return REASON_NONE;
	if (kx_image_open(choice_ctx(rb, &s->choice), s->choice.kernel, NULL, &s->image,
			  &s->image_error) < 0)
		return s->image_error.code == -ENOMEM ? fail_memory(err) : REASON_NONE;
	(void)kx_image_info(s->image, &s->image_info);
	if (make_cmdline(wish, s) < 0)
		return fail_memory(err);
	decide_diet(rb, wish, s);
	return plan_and_note(rb, wish, s, err);
}

enum reason start_unpack(const struct reboot *rb, const struct wish *wish, struct start *s,
			 struct kx_error *err)
{
	if (!s->plan || !s->plan_info.is_open)
		return REASON_NONE;
	s->unpacks = true;
	s->not_fast[0] = '\0';
	return plan_and_note(rb, wish, s, err);
}

/* ---- load */

/* A number that differs between two loads of different contents: the kernel does not tell what it has
 * loaded. */
static void take_digest(struct start *s)
{
	const struct kx_plan_info *info = &s->plan_info;
	const uint64_t numbers[] = { info->way, info->entry, info->kernel_size, info->initrd_size };
	struct kx_segment segment = { .size = sizeof(segment) };
	uint64_t hash = mix(MIX_NONE, numbers, sizeof(numbers));

	hash = mix(hash, s->choice.kernel, strlen(s->choice.kernel));
	hash = mix(hash, info->cmdline, strlen(info->cmdline));
	/* kexec_file_load(2) has no segments to tell files of one size apart */
	hash = mix(hash, &s->choice.files, sizeof(s->choice.files));
	for (size_t i = 0; i < info->n_segments; i++)
		if (kx_plan_segment(s->plan, i, &segment) == 0 && segment.data_size &&
		    !segment.secret)
			hash = mix(hash, segment.data, segment.data_size);
	(void)snprintf(s->digest, sizeof(s->digest), "%016llx", (unsigned long long)hash);
}

/* By what the image that is loaded now is known again; 0 when it cannot be. */
static uint64_t start_of(const struct reboot *rb, const struct kx_plan_info *info)
{
	uint64_t start;

	if (info->way == KX_WAY_SEGMENTS)
		return info->entry;
	return kx_loaded_entry(rb->ctx, &start, NULL) < 0 ? 0 : start;
}

static bool is_unpacked(const struct start *s)
{
	return s->plan_info.way == KX_WAY_SEGMENTS && strcmp(s->plan_info.rung, "bzImage") != 0;
}

static void leave_note(const struct reboot *rb, const struct wish *wish, const struct start *s)
{
	struct request loaded = { .mode = REBOOT_KEXEC,
				  .start = start_of(rb, &s->plan_info),
				  .is_diet = s->plan_info.is_diet != 0 };
	struct kx_error err = { 0 };

	(void)snprintf(loaded.entry, sizeof(loaded.entry), "%s", s->choice.title);
	(void)snprintf(loaded.digest, sizeof(loaded.digest), "%s", s->digest);
	(void)snprintf(loaded.rung, sizeof(loaded.rung), "%s", s->plan_info.rung);
	/* what is not unpacked is quickly loaded, and may be on a lower rung than it could be by now */
	if (is_unpacked(s))
		same_as(rb, wish, s, loaded.same);
	/* the load was successful all the same; only `status` and check B11 miss the note */
	if (loaded_write(rb->sys, &loaded, &err) < 0)
		teller_warn(&rb->teller, "%s", err.message);
}

static void prepare_exit(const struct reboot *rb)
{
	struct kx_error err = { 0 };

	/* the exit initramfs may have a kexec of its own; if not, it reboots through the
	 * firmware */
	if (exit_initramfs_prepare(rb->sys, &err) < 0)
		teller_warn(&rb->teller, "%s", err.message);
}

/* kexec_load(2) failed with an error that kexec_file_load(2), which checks more, need not have. */
static bool may_try_file(const struct start *s, const struct kx_error *err)
{
	return s->choice.way == KX_WAY_AUTO && s->plan_info.way == KX_WAY_SEGMENTS &&
	       err->step == KX_STEP_LOAD && err->code != -EBUSY && s->image_info.file_load;
}

/* kexec_file_load does not exist or does not know the image, and no policy wants it. */
static bool may_try_segments(const struct start *s, const struct kx_error *err)
{
	return s->choice.way == KX_WAY_AUTO && !s->file_only && kx_error_falls_back(err);
}

static int try_other(const struct reboot *rb, struct start *s, enum kx_way way,
		     struct kx_error *err)
{
	struct kx_error first = *err;
	int r;

	teller_say(&rb->teller, "%s", first.message);
	(void)snprintf(s->not_fast, sizeof(s->not_fast), "%s", first.message);
	r = plan_by(rb, s, way, 0, "the other system call was refused", err);
	return r < 0 ? r : kx_plan_commit(choice_ctx(rb, &s->choice), s->plan, err);
}

static enum reason commit(const struct reboot *rb, struct start *s, struct kx_error *err)
{
	int r = kx_plan_commit(choice_ctx(rb, &s->choice), s->plan, err);

	if (r < 0 && may_try_file(s, err))
		r = try_other(rb, s, KX_WAY_FILE, err);
	else if (r < 0 && may_try_segments(s, err))
		r = try_other(rb, s, KX_WAY_SEGMENTS, err);
	/* whether the rung zero-copy was reached is known only after the load */
	return r < 0 || kx_plan_info(s->plan, &s->plan_info) < 0 ? REASON_LOAD : REASON_NONE;
}

/* The plan once more, with the keys behind the initial ramdisk. */
static enum reason add_keys(const struct reboot *rb, struct start *s, struct kx_error *err)
{
	enum reason reason = keys_make(rb, &s->keys, err);
	const bool by_segments = s->plan_info.way == KX_WAY_SEGMENTS;
	/* huge pages would keep the keys */
	const uint64_t flags = by_segments && !s->safe ? KX_REQ_FAST | KX_REQ_COPY : 0;

	if (reason != REASON_NONE)
		return reason;
	return plan_by(rb, s, s->plan_info.way, flags, s->reason, err) < 0 ? REASON_PLAN
									   : REASON_NONE;
}

static enum reason commit_with_keys(const struct reboot *rb, struct start *s, struct kx_error *err)
{
	enum reason reason = add_keys(rb, s, err);

	if (reason == REASON_NONE)
		reason = commit(rb, s, err);
	if (reason != REASON_NONE)
		keys_withdraw(rb);
	return reason;
}

enum reason start_load(const struct reboot *rb, const struct wish *wish, struct start *s,
		       struct kx_error *err)
{
	enum reason reason;

	if (rb->place == PLACE_CAPTURED) {
		kx_fail(err, -EROFS,
			"%s holds files of another machine: what is found there can be looked at "
			"(--dry-run), not started",
			rb->root);
		return REASON_ELSEWHERE;
	}
	if (choice_files(rb, &s->choice) != s->choice.files) {
		kx_fail(err, -ESTALE,
			"%s: the kernel or its initial ramdisk has changed since it "
			"was checked; once that is finished, try again",
			s->choice.kernel);
		return REASON_FILES_CHANGED;
	}
	if (!s->is_loaded) {
		reason = s->keys.n ? commit_with_keys(rb, s, err) : commit(rb, s, err);
		if (reason != REASON_NONE)
			return reason;
		/* those of the image that this one has replaced */
		if (!s->keys.n)
			keys_withdraw(rb);
		take_digest(s);
		leave_note(rb, wish, s);
	}
	prepare_exit(rb);
	return REASON_NONE;
}

enum reason start_load_again(const struct reboot *rb, struct start *s, struct kx_error *err)
{
	struct request loaded;
	uint64_t first;
	int r = loaded_read(rb->sys, &loaded, err);

	first = r == 0 ? loaded.start : 0;
	loaded.start = 0;
	loaded.same[0] = '\0';
	if (r == 0)
		r = loaded_write(rb->sys, &loaded, err);
	if (r < 0)
		return REASON_FAILED;
	r = kx_plan_commit(choice_ctx(rb, &s->choice), s->plan, err);
	if (r == 0)
		r = kx_plan_info(s->plan, &s->plan_info);
	loaded.start = r == 0 ? start_of(rb, &s->plan_info) : first;
	if (r == 0)
		(void)snprintf(loaded.rung, sizeof(loaded.rung), "%s", s->plan_info.rung);
	/* without it the note tells no start, and the image is not compared with it */
	(void)!loaded_write(rb->sys, &loaded, NULL);
	return r < 0 ? REASON_LOAD : REASON_NONE;
}

void start_let_go(struct start *s)
{
	s->plan = kx_plan_free(s->plan);
	s->image = kx_image_free(s->image);
	s->plan_info = (struct kx_plan_info){ 0 };
	s->image_info = (struct kx_image_info){ 0 };
	s->choice.entries = kx_entries_free(s->choice.entries);
	s->choice.list = (struct kx_entries_info){ 0 };
}

void start_done(struct start *s)
{
	start_let_go(s);
	free(s->cmdline);
	free(s->tuned);
	keys_done(&s->keys);
	choice_done(&s->choice);
	*s = (struct start){ 0 };
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Carries out a plan: load, unload, jump. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mapped.h"
#include "lib/crash.h"
#include "lib/in-place.h"
#include "lib/prepare.h"

/* How often a load is repeated while it fails with EBUSY: the kernel does not wait for its lock
 * (kernel/kexec_internal.h, kexec_trylock()). */
enum { BUSY_TRIES = 20, BUSY_WAIT_MS = 50 };

static int may_act(const struct kx_ctx *ctx, enum kx_step step, struct kx_error *err)
{
	if (!ctx->captured)
		return 0;
	return kx_fail_at(err,
			  kx_fail(err, -EROFS,
				  "this context describes another machine (a root directory was "
				  "given), where nothing can be loaded or started"),
			  step);
}

static int file_load_once(struct kx_ctx *ctx, const struct kx_plan *plan, uint64_t flags)
{
	return ctx->sys->kexec_file_load(ctx->sys, plan->kernel.fd, plan->initrd.fd,
					 strlen(plan->cmdline) + 1, plan->cmdline, flags);
}

int load_segments(struct kx_ctx *ctx, uint64_t entry, size_t n, const struct sys_segment *segments,
		  uint64_t flags)
{
	int r = -EBUSY;

	for (unsigned i = 0; i < BUSY_TRIES && r == -EBUSY; i++) {
		if (i)
			ctx->sys->sleep_ms(ctx->sys, BUSY_WAIT_MS);
		r = ctx->sys->kexec_load(ctx->sys, entry, n, segments, flags);
	}
	return r;
}

static int segments_load(struct kx_ctx *ctx, const struct kx_plan *plan, uint64_t flags)
{
	struct sys_segment segments[PLAN_SEGMENTS_MAX];

	for (size_t i = 0; i < plan->plan.n_segments; i++) {
		const struct segment *s = &plan->plan.segments[i];

		segments[i] = (struct sys_segment){ s->data.p, s->data.n, s->dest.start,
						    range_size(s->dest) };
	}
	return load_segments(ctx, plan->plan.entry, plan->plan.n_segments, segments, flags);
}

static int load(struct kx_ctx *ctx, const struct kx_plan *plan, uint64_t flags)
{
	int r = -EBUSY;

	if (plan->way != KX_WAY_FILE)
		return segments_load(ctx, plan, flags);
	for (unsigned i = 0; i < BUSY_TRIES && r == -EBUSY; i++) {
		if (i)
			ctx->sys->sleep_ms(ctx->sys, BUSY_WAIT_MS);
		r = file_load_once(ctx, plan, flags);
	}
	return r;
}

/* Takes the lock on huge pages, held until the caller returns. When there is no directory for the
 * lock file this goes on without, since there can be no pages that it would protect; @why has the
 * reason. */
static int lock_pages(struct kx_ctx *ctx, int *ret_lock, struct kx_error *why)
{
	*ret_lock = in_place_lock(ctx, why);
	return *ret_lock == -EBUSY ? -EBUSY : 0;
}

/* Returns 1 when the plan with a copy is to be loaded instead. */
static int commit_in_place(struct kx_ctx *ctx, struct kx_plan *plan, int lock,
			   const struct kx_error *no_lock, struct kx_error *err)
{
	struct kx_error why = { 0 };
	int r = 1;

	if (!plan->plan.may_be_in_place || plan->not_in_place)
		return 1;
	if (lock < 0)
		why = *no_lock;
	else
		r = in_place_commit(ctx, plan, &why);
	if (r < 0)
		return explain_load(ctx, plan, r, err);
	plan_log(ctx, plan);
	if (r == 0)
		return 0;
	plan->not_in_place = strdup(why.message);
	return plan->not_in_place ? 1 : kx_fail(err, -ENOMEM, "out of memory");
}

static bool is_for_crash(const struct kx_plan *plan)
{
	return plan->syscall_flags &
	       (plan->way == KX_WAY_FILE ? SYS_KEXEC_FILE_ON_CRASH : SYS_KEXEC_ON_CRASH);
}

/* Gives back the huge pages of the image that was loaded before. */
static void release(struct kx_ctx *ctx)
{
	struct kx_error err = { 0 };

	if (in_place_release(ctx, &err) < 0)
		ctx_log(ctx, KX_LOG_WARNING, "%s", err.message);
}

static int commit_with_copy(struct kx_ctx *ctx, struct kx_plan *plan, struct kx_error *err)
{
	int r;

	if (is_for_crash(plan))
		plan->crash_was_loaded = crash_is_loaded(ctx);
	r = load(ctx, plan, plan->syscall_flags);

	if (r == -EINVAL && plan->optional_flags) {
		ctx_log(ctx, KX_LOG_NOTICE,
			"the kernel refused flags %#llx, which only newer ones know; trying "
			"again without",
			(unsigned long long)plan->optional_flags);
		r = load(ctx, plan, plan->syscall_flags & ~plan->optional_flags);
	}
	if (r < 0)
		return explain_load(ctx, plan, r, err);
	if (!is_for_crash(plan))
		release(ctx);
	return 0;
}

static int unload_once(struct kx_ctx *ctx, enum kx_way way, bool on_crash)
{
	struct sys *sys = ctx->sys;

	if (way == KX_WAY_FILE)
		return sys->kexec_file_load(sys, -1, -1, 0, NULL,
					    SYS_KEXEC_FILE_UNLOAD |
						    (on_crash ? SYS_KEXEC_FILE_ON_CRASH : 0));
	return sys->kexec_load(sys, 0, 0, NULL, on_crash ? SYS_KEXEC_ON_CRASH : 0);
}

static int unload(struct kx_ctx *ctx, enum kx_way way, bool on_crash)
{
	int r = -EBUSY;

	for (unsigned i = 0; i < BUSY_TRIES && r == -EBUSY; i++) {
		if (i)
			ctx->sys->sleep_ms(ctx->sys, BUSY_WAIT_MS);
		r = unload_once(ctx, way, on_crash);
	}
	return r;
}

/* @r is what the load came to. What was loaded of files that were changed meanwhile does not stay. */
static int drop_changed(struct kx_ctx *ctx, const struct kx_plan *plan, int r, struct kx_error *err)
{
	const bool on_crash = is_for_crash(plan);
	struct kx_error why = { 0 };
	const int stale = mapped_check(plan->image->n_changes, &why);
	int dropped = 0;

	if (stale == 0)
		return r;
	if (r == 0)
		dropped = unload(ctx, plan->way, on_crash);
	if (dropped < 0)
		return kx_fail(err, stale,
			       "%s; what was loaded of it cannot be unloaded (%s), and must not be "
			       "started",
			       why.message, strerror(-dropped));
	if (on_crash)
		crash_say_state(ctx, plan->crash_was_loaded, &why);
	else if (r == 0)
		release(ctx);
	return kx_fail_as(err, stale, &why);
}

KX_EXPORT int kx_plan_commit(struct kx_ctx *ctx, struct kx_plan *plan, struct kx_error *err)
{
	const enum kx_step step = plan->way == KX_WAY_FILE ? KX_STEP_FILE_LOAD : KX_STEP_LOAD;
	_cleanup_close_ int lock = -1;
	struct kx_error why = { 0 };
	int r = may_act(ctx, step, err);

	if (r == 0 && !is_for_crash(plan) && lock_pages(ctx, &lock, &why) < 0)
		return kx_fail_at(err, kx_fail_as(err, -EBUSY, &why), step);
	if (r == 0)
		r = mapped_check(plan->image->n_changes, err);
	if (r < 0)
		return kx_fail_at(err, r, step);
	r = is_for_crash(plan) ? 1 : commit_in_place(ctx, plan, lock, &why, err);
	if (r == 1)
		r = commit_with_copy(ctx, plan, err);
	r = drop_changed(ctx, plan, r, err);
	if (r == 0)
		prepare_done(ctx, plan);
	if (r == 0 && is_for_crash(plan))
		crash_forget_note(ctx);
	return r;
}

KX_EXPORT int kx_error_falls_back(const struct kx_error *err)
{
	return err->step == KX_STEP_FILE_LOAD &&
	       (err->code == -ENOSYS || err->code == -EINVAL || err->code == -ENOEXEC ||
		err->code == -EOPNOTSUPP);
}

KX_EXPORT int kx_unload(struct kx_ctx *ctx, enum kx_way way, uint64_t flags, struct kx_error *err)
{
	const bool on_crash = flags & KX_UNLOAD_ON_CRASH;
	enum kx_way used = way == KX_WAY_SEGMENTS ? KX_WAY_SEGMENTS : KX_WAY_FILE;
	_cleanup_close_ int lock = -1;
	struct kx_error why = { 0 };
	int r = may_act(ctx, KX_STEP_UNLOAD, err);

	if (r < 0)
		return r;
	if (!on_crash && lock_pages(ctx, &lock, &why) < 0)
		return kx_fail_at(err, kx_fail_as(err, -EBUSY, &why), KX_STEP_UNLOAD);
	r = unload(ctx, used, on_crash);
	if (r == -ENOSYS && way == KX_WAY_AUTO) {
		used = KX_WAY_SEGMENTS;
		r = unload(ctx, used, on_crash);
	}
	if (r < 0 && !on_crash && in_place_is_held(ctx))
		ctx_log(ctx, KX_LOG_WARNING,
			"the huge pages that hold the loaded kernel are kept: it still needs them");
	if (r < 0)
		return explain_unload(ctx, used, on_crash, r, err);
	if (on_crash)
		crash_forget_note(ctx);
	else
		r = in_place_release(ctx, err);
	return r < 0 ? kx_fail_at(err, r, KX_STEP_UNLOAD) : 0;
}

int unload_segments(struct kx_ctx *ctx)
{
	return unload(ctx, KX_WAY_SEGMENTS, false);
}

/* ---- the jump */

/* Interfaces that were up and are down now; brought back when the jump fails. */
struct taken_down {
	char (*names)[SYS_INTERFACE_NAME];
	bool *down;
	size_t n;
};

static void interfaces_down(struct kx_ctx *ctx, struct taken_down *ret)
{
	int r = ctx->sys->interfaces_up(ctx->sys, &ret->names, &ret->n);

	if (r == 0) {
		ret->down = calloc(ret->n + 1, sizeof(*ret->down));
		if (!ret->down)
			r = -ENOMEM;
	}
	if (r < 0) {
		ret->n = 0;
		if (r != -EAFNOSUPPORT && r != -EPROTONOSUPPORT)
			ctx_log(ctx, KX_LOG_WARNING, "ifdown: cannot list interfaces: %s",
				strerror(-r));
		return;
	}
	for (size_t i = 0; i < ret->n; i++) {
		r = ctx->sys->interface_set(ctx->sys, ret->names[i], false);
		ret->down[i] = r == 0;
		if (r < 0)
			ctx_log(ctx, KX_LOG_WARNING, "ifdown: shutdown %s: %s", ret->names[i],
				strerror(-r));
	}
}

static void interfaces_back(struct kx_ctx *ctx, struct taken_down *taken)
{
	for (size_t i = 0; i < taken->n; i++) {
		int r = taken->down[i] ? ctx->sys->interface_set(ctx->sys, taken->names[i], true)
				       : 0;

		if (r < 0)
			ctx_log(ctx, KX_LOG_WARNING, "%s could not be brought up again: %s",
				taken->names[i], strerror(-r));
	}
	free(taken->names);
	free(taken->down);
}

static int check_loaded(struct kx_ctx *ctx, struct kx_state *state, struct kx_error *err)
{
	int r = kx_state(ctx, state, err);

	if (r == 0 && state->loaded == 0)
		r = kx_fail_at(err,
			       kx_fail(err, -ENOENT, "no kernel is loaded; load one first (-l)"),
			       KX_STEP_STATE);
	return r;
}

KX_EXPORT int kx_jump(struct kx_ctx *ctx, uint64_t flags, struct kx_error *err)
{
	struct kx_state state = { .size = sizeof(state) };
	struct taken_down taken = { 0 };
	_cleanup_close_ int lock = -1;
	struct kx_error why = { 0 };
	int r = may_act(ctx, KX_STEP_JUMP, err);

	if (r == 0)
		r = check_loaded(ctx, &state, err);
	if (r < 0)
		return r;
	if (!state.can_boot)
		return explain_jump(ctx, -EPERM, err);
	/* locked, so that nobody loads or unloads between the check and the jump */
	r = lock_pages(ctx, &lock, &why);
	if (r < 0)
		return kx_fail_at(err, kx_fail_as(err, r, &why), KX_STEP_JUMP);
	/* another process may have unloaded while this one waited for the lock */
	r = check_loaded(ctx, &state, err);
	if (r < 0)
		return r;
	r = in_place_check(ctx, err);
	if (r < 0)
		return kx_fail_at(err, r, KX_STEP_JUMP);
	if (flags & KX_JUMP_ONLY_CHECK)
		return 0;

	if (flags & KX_JUMP_SYNC)
		ctx->sys->sync(ctx->sys);
	/* When it is not known whether a kernel is loaded, the jump may fail and return: then
	 * interfaces are left as they are. */
	if ((flags & KX_JUMP_IFDOWN) && state.loaded == 1)
		interfaces_down(ctx, &taken);
	r = ctx->sys->reboot_kexec(ctx->sys);
	interfaces_back(ctx, &taken);
	return explain_jump(ctx, r < 0 ? r : -EINVAL, err);
}

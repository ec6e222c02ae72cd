// SPDX-License-Identifier: LGPL-2.1-or-later
/* Images in huge pages between load and jump: checked again before the jump, and given back when
 * they are not needed any more. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fundamental/crc32c.h"
#include "fundamental/digest.h"
#include "lib/in-place.h"
#include "sys/pages.h"

/* ---- giving back */

/* Initial ramdisks contain keys, and pages are not cleared when they are given back. */
static void wipe(struct kx_ctx *ctx, const struct in_place *state)
{
	const struct sys_pages *pages = ctx->sys->pages;
	_cleanup_close_ int fd = pages->open(ctx->sys);
	void *view;

	if (fd < 0 || !state->n_pages ||
	    pages->map(ctx->sys, fd, state->order, state->n_pages, &view) < 0)
		return;
	explicit_bzero(view, state->n_pages * SYS_PAGE_SIZE);
	pages->unmap(ctx->sys, view, state->n_pages);
}

/* Reduces the pool by the number of our pages, since others may have changed its size as well. If
 * we were killed while the pool grew, it is not known how far it came. */
static int shrink_pool(struct kx_ctx *ctx, const struct in_place *state)
{
	const struct sys_pages *pages = ctx->sys->pages;
	struct sys_pool pool;
	uint64_t ours = state->pool_added;
	int r = pages->pool_read(ctx->sys, &pool);

	if (r < 0)
		return r;
	if (!state->is_ready && pool.total < state->pool_before + ours)
		ours = pool.total > state->pool_before ? pool.total - state->pool_before : 0;
	if (ours > pool.total)
		ours = pool.total;
	return ours ? pages->pool_resize(ctx->sys, pool.total - ours) : 0;
}

int in_place_drop(struct kx_ctx *ctx, const struct in_place *state, struct kx_error *err)
{
	const struct sys_pages *pages = ctx->sys->pages;
	int r = 0;

	if (!pages)
		return in_place_forget(ctx, err);
	if (pages->is_mounted(ctx->sys)) {
		wipe(ctx, state);
		r = pages->remove(ctx->sys);
	}
	if (r == 0)
		r = pages->unmount(ctx->sys);
	if (r == 0)
		r = shrink_pool(ctx, state);
	if (r < 0)
		return kx_fail(err, r, "the huge pages of the next kernel cannot be given back: %s",
			       strerror(-r));
	return in_place_forget(ctx, err);
}

int in_place_release(struct kx_ctx *ctx, struct kx_error *err)
{
	_cleanup_in_place_ struct in_place state = { 0 };
	int r = in_place_read(ctx, &state, err);

	if (r == -ENOENT)
		return 0;
	if (r == -ESTALE) /* a file of an earlier boot: its pages ended with that boot */
		return in_place_forget(ctx, err);
	return r == 0 || in_place_has_lost(r) ? in_place_drop(ctx, &state, err) : r;
}

bool in_place_is_held(struct kx_ctx *ctx)
{
	_cleanup_in_place_ struct in_place state = { 0 };

	return in_place_read(ctx, &state, NULL) == 0;
}

/* ---- before the jump */

struct look {
	void *view;
	bool is_whole;	   /* contents */
	const char *moved; /* why the pages are not at their addresses any more, or NULL */
};

static bool is_part_whole(const struct in_place_part *part, const uint8_t *p)
{
	struct digest d;

	digest_bytes(p, part->n, crc32c_has_insn(), &d);
	return memcmp(d.crc, part->crc, sizeof(d.crc)) == 0;
}

static bool are_whole(const struct in_place *state, const uint8_t *view)
{
	for (size_t i = 0; i < state->n_parts; i++) {
		if (!is_part_whole(&state->parts[i], view))
			return false;
		view += range_size(state->parts[i].window);
	}
	return true;
}

static const char *moved(struct kx_ctx *ctx, const struct in_place *state, void *view)
{
	_cleanup_free_ uint64_t *now = calloc(state->n_pages, sizeof(*now));
	struct sys_pool pool;

	if (!now || ctx->sys->pages->frames(ctx->sys, view, state->n_pages, now) < 0)
		return "it cannot be seen where huge pages lie";
	for (size_t i = 0; i < state->n_pages; i++)
		if (state->frames[i] && state->frames[i] != now[i])
			return "huge pages were moved";
	if (ctx->sys->pages->pool_read(ctx->sys, &pool) < 0 || pool.surplus)
		return "the pool of huge pages was made smaller than what is in use";
	return NULL;
}

static int look(struct kx_ctx *ctx, const struct in_place *state, struct look *ret)
{
	const struct sys_pages *pages = ctx->sys->pages;
	_cleanup_close_ int fd = pages->is_mounted(ctx->sys) ? pages->open(ctx->sys) : -ENOENT;
	int r = fd;

	if (r >= 0)
		r = pages->map(ctx->sys, fd, state->order, state->n_pages, &ret->view);
	if (r < 0)
		return r;
	ret->is_whole = are_whole(state, ret->view);
	ret->moved = moved(ctx, state, ret->view);
	return 0;
}

/* Loads the same image to the same addresses with kexec_load(2), from the contents of the pages,
 * wherever they are now. */
static int load_copy(struct kx_ctx *ctx, const struct in_place *state, const uint8_t *view)
{
	struct sys_segment segments[PLAN_SEGMENTS_MAX + 2];
	size_t n = 0;

	for (size_t i = 0; i < state->n_parts; i++) {
		const struct in_place_part *part = &state->parts[i];

		segments[n++] = (struct sys_segment){ view, part->n, part->window.start,
						      range_size(part->window) };
		view += range_size(part->window);
	}
	for (size_t i = 0; i < state->n_segments && n < PLAN_SEGMENTS_MAX; i++)
		segments[n++] =
			(struct sys_segment){ state->segments[i].data.p, state->segments[i].data.n,
					      state->segments[i].dest.start,
					      range_size(state->segments[i].dest) };
	return load_segments(ctx, state->entry, n, segments, state->flags);
}

/* Unloads an image whose pages are damaged or gone: starting it in a later reboot would crash. */
static int give_up(struct kx_ctx *ctx, const struct in_place *state, const char *why,
		   struct kx_error *err)
{
	const int r = unload_segments(ctx);

	if (r < 0)
		return kx_fail(err, -EIO, "%s, and the image that is loaded cannot be dropped: %s",
			       why, strerror(-r));
	(void)!in_place_drop(ctx, state, NULL);
	return kx_fail(err, -EIO, "%s; nothing is loaded any more: load it again", why);
}

static int degrade(struct kx_ctx *ctx, const struct in_place *state, struct look *found,
		   struct kx_error *err)
{
	char why[300];
	const bool ours = in_place_is_loaded(ctx, state) == 1;
	int r = ours ? load_copy(ctx, state, found->view) : 0;

	if (!ours) { /* never replaces what another program has loaded since */
		ctx->sys->pages->unmap(ctx->sys, found->view, state->n_pages);
		(void)snprintf(why, sizeof(why), "%s, and it cannot be told whose kernel is loaded",
			       found->moved);
		return give_up(ctx, state, why, err);
	}
	ctx->sys->pages->unmap(ctx->sys, found->view, state->n_pages);
	if (r == 0) {
		ctx_log(ctx, KX_LOG_WARNING, "%s: loaded again with a copy (rung \"copy\")",
			found->moved);
		return 0;
	}
	(void)snprintf(why, sizeof(why), "%s, and it cannot be loaded with a copy: %s",
		       found->moved, strerror(-r));
	return give_up(ctx, state, why, err);
}

/* The file cannot be read, so it is not known which pages the image needs: it is unloaded. */
static int check_without_state(struct kx_ctx *ctx, int code, const char *sentence,
			       struct kx_error *err)
{
	const struct in_place nothing = { 0 };
	const struct sys_pages *pages = ctx->sys->pages;

	if (code == -ESTALE || (code == -ENOENT && !(pages && pages->is_mounted(ctx->sys))))
		return 0;
	return give_up(
		ctx, &nothing,
		code == -ENOENT
			? "huge pages of a next kernel are there, but not the file that says "
			  "which"
			: sentence,
		err);
}

/* Another program has loaded its own image: it is left as it is, and ours is given back. */
static int leave_theirs(struct kx_ctx *ctx, const struct in_place *state, struct kx_error *err)
{
	(void)!in_place_drop(ctx, state, NULL);
	return kx_fail(err, -EIO,
		       "another program has loaded or unloaded a kernel since: what is loaded is "
		       "not what was asked for; load it again");
}

static int check_state(struct kx_ctx *ctx, const struct in_place *state, struct kx_error *err)
{
	struct look found = { 0 };
	int r = look(ctx, state, &found);

	if (r < 0)
		return give_up(ctx, state, "the memory that holds the next kernel was released",
			       err);
	if (!found.is_whole) {
		ctx->sys->pages->unmap(ctx->sys, found.view, state->n_pages);
		return give_up(ctx, state, "the next kernel was changed in memory", err);
	}
	if (found.moved)
		return degrade(ctx, state, &found, err);
	ctx->sys->pages->unmap(ctx->sys, found.view, state->n_pages);
	ctx_log(ctx, KX_LOG_NOTICE, "the next kernel lies where it was put");
	return 0;
}

int in_place_check(struct kx_ctx *ctx, struct kx_error *err)
{
	_cleanup_in_place_ struct in_place state = { 0 };
	struct kx_error why = { 0 };
	int r = in_place_read(ctx, &state, &why);

	if (r < 0)
		return check_without_state(ctx, r, why.message, err);
	/* a process was killed while it filled the pages, before the load: the image that is loaded
	 * does not use them */
	if (!ctx->sys->pages || !state.is_ready)
		return 0;
	if (in_place_is_loaded(ctx, &state) == 0)
		return leave_theirs(ctx, &state, err);
	return check_state(ctx, &state, err);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Turns a plan with a copy into one without: allocates huge pages, reads their physical addresses,
 * makes the plan again for those addresses, fills the pages, and passes the few remaining segments
 * to kexec_load(2). A step that fails gives back what the earlier ones took.
 */

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fundamental/crc32c.h"
#include "fundamental/digest.h"
#include "fundamental/purgatory-abi.h"
#include "lib/in-place.h"
#include "plan/planner.h"
#include "sys/pages.h"

static_assert(SYS_PAGE_SIZE == SYS_PAGE_SIZE, "one size");

/* Pages below this address are not used: firmware of some machines uses memory there. */
#define LOWEST (UINT64_C(16) << 20)
/* limit of four-level page tables, which the new kernel may have, too */
#define HIGHEST (UINT64_C(1) << 46)
/* Limit on windows that are tried when a hole in one turns out to be impossible to fill. */
enum { HOLE_TRIES = 64, SMALL_PAGES = SYS_PAGE_SIZE / SYS_PAGE_SMALL };

struct frame {
	uint64_t address;
	size_t index; /* page of the file */
};

struct loading {
	struct kx_ctx *ctx;
	const struct sys_pages *pages;
	struct kx_plan *plan;
	struct in_place state;
	size_t n_kernel, n_initrd;
	int fd;
	void *view; /* of the file: all pages, later those of the windows in their order */
	size_t n_view;
	struct frame *frames; /* ascending */
	size_t n_frames;
	struct windows windows;
	struct plan made;
};

static void view_close(struct loading *l)
{
	if (l->view)
		l->pages->unmap(l->ctx->sys, l->view, l->n_view);
	l->view = NULL;
}

static int view_open(struct loading *l, const size_t *order, size_t n, struct kx_error *why)
{
	int r = l->pages->map(l->ctx->sys, l->fd, order, n, &l->view);

	l->n_view = n;
	return r < 0 ? kx_fail(why, r, "huge pages cannot be mapped: %s", strerror(-r)) : 0;
}

/* ---- the pool */

static int grow_once(struct loading *l, uint64_t need, struct kx_error *why)
{
	struct sys_pool pool;
	int r = l->pages->pool_resize(l->ctx->sys, l->state.pool_before + need);

	if (r == 0)
		r = l->pages->pool_read(l->ctx->sys, &pool);
	if (r < 0)
		return kx_fail(why, r, "the pool of huge pages cannot grow: %s", strerror(-r));
	l->state.pool_added =
		pool.total > l->state.pool_before ? pool.total - l->state.pool_before : 0;
	if (pool.surplus)
		return kx_fail(why, -EBUSY, "the pool of huge pages is overcommitted");
	return 0;
}

/* Allocates more pages than needed, to choose from. The file is written before with the number
 * asked for, and after with the number obtained. */
static int grow(struct loading *l, struct kx_error *why)
{
	const uint64_t need = l->n_kernel + l->n_initrd, wanted = in_place_wanted(l->ctx, l->plan);
	struct sys_pool pool;
	int r = l->pages->pool_read(l->ctx->sys, &pool);

	if (r < 0)
		return kx_fail(why, r, "the pool of huge pages cannot be read: %s", strerror(-r));
	/* then the next pages that any program releases would leave the pool: mm/hugetlb.c */
	if (pool.surplus)
		return kx_fail(why, -EBUSY, "the pool of huge pages is overcommitted");
	l->state.pool_before = pool.total;
	l->state.pool_added = wanted;
	r = in_place_write(l->ctx, &l->state, why);
	if (r == 0)
		r = grow_once(l, wanted, why);
	if (r == 0 && l->state.pool_added < need) {
		(void)l->pages->compact(l->ctx->sys);
		r = grow_once(l, wanted, why);
	}
	if (r == 0)
		r = in_place_write(l->ctx, &l->state, why);
	if (r == 0 && l->state.pool_added < need)
		r = kx_fail(why, -ENOMEM, "of %llu huge pages only %llu could be had",
			    (unsigned long long)need, (unsigned long long)l->state.pool_added);
	return r;
}

static int shrink(struct loading *l, size_t n, struct kx_error *why)
{
	struct sys_pool pool;
	int r = l->pages->pool_read(l->ctx->sys, &pool);

	if (r == 0)
		r = l->pages->pool_resize(l->ctx->sys, pool.total - n);
	if (r < 0)
		return kx_fail(why, r, "the pool of huge pages: %s", strerror(-r));
	l->state.pool_added -= n;
	return 0;
}

/* ---- the pages */

static int compare_frames(const void *a, const void *b)
{
	const uint64_t x = ((const struct frame *)a)->address,
		       y = ((const struct frame *)b)->address;

	return x < y ? -1 : x > y;
}

static int settle(struct loading *l, struct kx_error *why)
{
	int r = l->pages->settle(l->ctx->sys, l->view, l->n_view);

	if ((r == -ENOSYS || r == -EPERM) && !in_place_has_movable_memory(l->ctx))
		return 0;
	if (r == -ENOSYS || r == -EPERM)
		return kx_fail(why, r,
			       "without io_uring pages cannot be kept out of memory that the "
			       "kernel may want to empty (CMA, ZONE_MOVABLE)");
	return r < 0 ? kx_fail(why, r, "huge pages cannot be kept where they are: %s", strerror(-r))
		     : 0;
}

static int look(struct loading *l, struct kx_error *why)
{
	_cleanup_free_ uint64_t *addresses = calloc(l->n_view, sizeof(*addresses));
	int r;

	l->frames = calloc(l->n_view, sizeof(*l->frames));
	if (!l->frames || !addresses)
		return kx_fail(why, -ENOMEM, "out of memory");
	r = l->pages->frames(l->ctx->sys, l->view, l->n_view, addresses);
	if (r < 0)
		return kx_fail(why, r, "/proc/self/pagemap does not show where pages lie: %s",
			       strerror(-r));
	for (size_t i = 0; i < l->n_view; i++) {
		uint64_t flags;

		r = l->pages->flags(l->ctx->sys, addresses[i], 1, &flags);
		if (r < 0)
			return kx_fail(why, r, "/proc/kpageflags: %s", strerror(-r));
		if ((flags & (SYS_PAGE_HUGE | SYS_PAGE_POISONED)) == SYS_PAGE_HUGE)
			l->frames[l->n_frames++] = (struct frame){ addresses[i], i };
	}
	qsort(l->frames, l->n_frames, sizeof(*l->frames), compare_frames);
	return 0;
}

static int get_pages(struct loading *l, struct kx_error *why)
{
	_cleanup_free_ size_t *order = calloc(l->state.pool_added, sizeof(*order));
	struct sys *sys = l->ctx->sys;
	int r;

	if (!order)
		return kx_fail(why, -ENOMEM, "out of memory");
	for (size_t i = 0; i < l->state.pool_added; i++)
		order[i] = i;
	r = l->pages->mount(sys);
	if (r == -EXDEV)
		return kx_fail(why, r,
			       "this process has mounts of its own, and huge pages on them would "
			       "not outlive it");
	if (r < 0)
		return kx_fail(why, r, "hugetlbfs cannot be mounted on " SYS_PAGES_MOUNT ": %s",
			       strerror(-r));
	l->fd = l->pages->create(sys, l->state.pool_added);
	if (l->fd < 0)
		return kx_fail(why, l->fd, SYS_PAGES_FILE ": %s", strerror(-l->fd));
	r = view_open(l, order, l->state.pool_added, why);
	if (r == 0)
		r = settle(l, why);
	if (r == 0)
		r = look(l, why);
	return r;
}

/* ---- the windows */

/* A hole is written to at the jump, so all of it has to be memory that the page allocator manages
 * (no firmware, no driver). */
static int check_hole(struct loading *l, struct range hole, struct ranges *not_holes,
		      struct kx_error *why)
{
	const uint64_t bad =
		SYS_PAGE_POISONED | SYS_PAGE_MISSING | SYS_PAGE_OFFLINE | SYS_PAGE_RESERVED;
	uint64_t flags[SMALL_PAGES];
	int r = 0;

	for (uint64_t at = hole.start; r == 0 && at < hole.end; at += SYS_PAGE_SIZE) {
		bool is_bad = l->pages->flags(l->ctx->sys, at, SMALL_PAGES, flags) < 0;

		for (size_t i = 0; i < SMALL_PAGES && !is_bad; i++)
			is_bad = flags[i] & bad;
		if (is_bad)
			r = ranges_add(not_holes, (struct range){ at, at + SYS_PAGE_SIZE });
	}
	return r < 0 ? kx_fail(why, r, "out of memory") : 0;
}

static int random_numbers(struct loading *l, uint64_t random[2])
{
	random[0] = random[1] = 0;
	if (!l->plan->plan.kernel.is_randomised)
		return 0;
	return l->ctx->sys->random(l->ctx->sys, random, 2 * sizeof(random[0]));
}

static int choose_until(struct loading *l, struct windows_request *req, struct ranges *not_holes,
			struct kx_error *why)
{
	for (unsigned i = 0; i < HOLE_TRIES; i++) {
		const size_t before = not_holes->n;
		int r = windows_choose(req, &l->windows, why);

		for (size_t k = 0; r == 0 && k < l->windows.n_holes; k++)
			r = check_hole(l, l->windows.holes[k], not_holes, why);
		if (r < 0 || not_holes->n == before)
			return r;
	}
	return kx_fail(why, -ENOSPC, "the gaps between huge pages cannot be used");
}

static int choose(struct loading *l, struct kx_error *why)
{
	_cleanup_free_ uint64_t *addresses = calloc(l->n_frames + 1, sizeof(*addresses));
	struct ranges not_holes = { 0 };
	struct windows_request req = {
		.page = SYS_PAGE_SIZE,
		.frames = addresses,
		.n_frames = l->n_frames,
		.n_kernel = l->n_kernel,
		.n_initrd = l->n_initrd,
		.memory = &l->plan->plan.memory,
		.bounds = { LOWEST, HIGHEST },
		.taken = &l->plan->plan.keep_off,
		.not_holes = &not_holes,
		.holes_max = PLAN_SEGMENTS_MAX - l->plan->machine.planner->n_beside,
	};
	int r;

	if (!addresses)
		return kx_fail(why, -ENOMEM, "out of memory");
	for (size_t i = 0; i < l->n_frames; i++)
		addresses[i] = l->frames[i].address;
	r = random_numbers(l, req.random);
	if (r < 0)
		r = kx_fail(why, r, "no random numbers: %s", strerror(-r));
	else
		r = choose_until(l, &req, &not_holes, why);
	ranges_done(&not_holes);
	return r;
}

static struct frame *frame_at(struct loading *l, uint64_t address)
{
	const struct frame key = { .address = address };

	return bsearch(&key, l->frames, l->n_frames, sizeof(key), compare_frames);
}

/* Assigns pages of the file to addresses of the windows. Pages that lie in no window store the
 * contents of holes, so that the file has the whole image. @used receives both. */
static void order_pages(struct loading *l, bool *used)
{
	const struct range windows[] = { l->windows.kernel, l->windows.initrd };
	size_t n = 0, spare = 0;

	for (size_t pass = 0; pass < 2; pass++) {
		n = 0;
		for (size_t i = 0; i < 2; i++) {
			for (uint64_t at = windows[i].start; at < windows[i].end;
			     at += SYS_PAGE_SIZE, n++) {
				const struct frame *f = frame_at(l, at);

				if (pass == 0 && f) {
					l->state.order[n] = f->index;
					l->state.frames[n] = at;
					used[f->index] = true;
				}
				if (pass == 0 || f)
					continue;
				while (used[spare])
					spare++;
				l->state.order[n] = spare;
				l->state.frames[n] = 0;
				used[spare] = true;
			}
		}
	}
	l->state.n_pages = n;
}

/* The file keeps the pages of the windows, in their order in the view. */
static int arrange(struct loading *l, struct kx_error *why)
{
	const size_t n_file = l->n_view, n = l->n_kernel + l->n_initrd;
	_cleanup_free_ bool *used = calloc(n_file + 1, sizeof(*used));
	size_t n_spare = 0;
	int r;

	l->state.order = calloc(n, sizeof(*l->state.order));
	l->state.frames = calloc(n, sizeof(*l->state.frames));
	if (!used || !l->state.order || !l->state.frames)
		return kx_fail(why, -ENOMEM, "out of memory");
	order_pages(l, used);
	view_close(l);
	for (size_t i = 0; i < n_file; i++) {
		if (used[i])
			continue;
		r = l->pages->punch(l->ctx->sys, l->fd, i);
		if (r < 0)
			return kx_fail(why, r, SYS_PAGES_FILE ": %s", strerror(-r));
		n_spare++;
	}
	r = shrink(l, n_spare, why);
	return r < 0 ? r : view_open(l, l->state.order, n, why);
}

static int check_frames(struct loading *l, struct kx_error *why)
{
	_cleanup_free_ uint64_t *now = calloc(l->n_view, sizeof(*now));
	int r = now ? l->pages->frames(l->ctx->sys, l->view, l->n_view, now) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < l->n_view; i++)
		if (l->state.frames[i] && l->state.frames[i] != now[i])
			r = -EXDEV;
	return r < 0 ? kx_fail(why, r, "huge pages did not stay where they were") : 0;
}

/* ---- their contents */

/* The digest that the purgatory compares; when its check is off, the digest is computed here. */
static void digest_of(const struct plan *plan, const struct segment *s, uint32_t ret[3])
{
	struct purgatory_args args = { 0 };
	struct digest d;

	for (size_t i = 0; i < plan->n_segments; i++)
		if (strcmp(plan->segments[i].name, "purgatory") == 0)
			memcpy(&args, plan->segments[i].data.p, sizeof(args));
	for (uint32_t i = 0; i < args.n_regions && i < PURGATORY_REGIONS_MAX; i++) {
		if (args.regions[i].start != s->dest.start || args.regions[i].n != s->data.n)
			continue;
		memcpy(ret, args.regions[i].crc, sizeof(args.regions[i].crc));
		return;
	}
	digest_bytes(s->data.p, s->data.n, crc32c_has_insn(), &d);
	memcpy(ret, d.crc, sizeof(d.crc));
}

static void note_parts(struct loading *l)
{
	const struct plan *plan = &l->made;
	struct in_place *state = &l->state;

	for (size_t i = 0; i < plan->n_in_place; i++) {
		const struct segment *s = &plan->in_place[i];
		struct in_place_part *part = &state->parts[state->n_parts++];

		*part = (struct in_place_part){ .window = s->dest, .n = s->data.n };
		digest_of(plan, s, part->crc);
	}
	for (size_t i = 0; i < plan->n_segments; i++) {
		const struct segment *s = &plan->segments[i];

		if (!range_contains(l->windows.kernel, s->dest) &&
		    !range_contains(l->windows.initrd, s->dest))
			state->segments[state->n_segments++] =
				(struct in_place_segment){ s->dest, s->data };
	}
	state->entry = plan->entry;
	state->flags = l->plan->syscall_flags;
	state->is_ready = true;
}

/* Pages come cleared, so that gaps and tails are zero. Nobody copies them at the jump, after which the caches are
 * off, so that all of them are cleaned, the zeros as well; nothing may be written to them later. */
static void fill(const struct loading *l)
{
	uint8_t *at = l->view;

	for (size_t i = 0; i < l->made.n_in_place; i++) {
		const struct segment *s = &l->made.in_place[i];

		memcpy(at, s->data.p, s->data.n);
		at += range_size(s->dest);
	}
	l->pages->clean(l->ctx->sys, l->view, l->n_view);
}

static int prepare(struct loading *l, struct kx_error *why)
{
	int r = grow(l, why);

	if (r == 0)
		r = get_pages(l, why);
	if (r == 0)
		r = choose(l, why);
	if (r == 0)
		r = arrange(l, why);
	if (r == 0)
		r = plan_in_place(&l->plan->machine, &l->plan->request, &l->plan->plan, &l->windows,
				  &l->made, why);
	/* written before the pages are filled, so that after a crash of this process it is known
	 * which ones to overwrite */
	if (r == 0)
		r = in_place_write(l->ctx, &l->state, why);
	if (r < 0)
		return r;
	fill(l);
	note_parts(l);
	r = check_frames(l, why);
	return r < 0 ? r : in_place_write(l->ctx, &l->state, why);
}

static int hand_over(struct loading *l)
{
	struct sys_segment segments[PLAN_SEGMENTS_MAX];

	for (size_t i = 0; i < l->made.n_segments; i++) {
		const struct segment *s = &l->made.segments[i];

		segments[i] = (struct sys_segment){ s->data.p, s->data.n, s->dest.start,
						    range_size(s->dest) };
	}
	return load_segments(l->ctx, l->made.entry, l->made.n_segments, segments,
			     l->plan->syscall_flags);
}

/* The plan with the copy is kept: it owns the kernel that both plans point to. */
static void take_over(struct loading *l)
{
	l->plan->copied = l->plan->plan;
	l->plan->plan = TAKE(l->made, (struct plan){ 0 });
}

/* An older image of ours in huge pages is given back first: there is rarely memory for two. */
static int clear_way(struct kx_ctx *ctx, struct kx_error *why)
{
	_cleanup_in_place_ struct in_place old = { 0 };
	int r = in_place_read(ctx, &old, why);

	if (r == -ENOENT)
		return 0;
	if (r == 0 && old.is_ready) {
		r = unload_segments(ctx);
		if (r < 0)
			return kx_fail(why, r,
				       "the image loaded before is in huge pages, and the kernel "
				       "does not drop it: %s",
				       strerror(-r));
	}
	if (r == 0)
		return in_place_drop(ctx, &old, why);
	return in_place_has_lost(r) ? in_place_drop(ctx, &old, why) : r;
}

/* May a kernel be loaded (capability, kexec_load_disabled, kexec_load_limit_reboot)? If not, no
 * pages are allocated and none given back, and kexec_load(2) fails with the reason. */
static int check_permission(struct kx_ctx *ctx, struct kx_error *why)
{
	struct kx_state state = { .size = sizeof(state) };

	if (kx_state(ctx, &state, NULL) < 0 ||
	    (state.can_boot && state.load_disabled != 1 && state.load_limit != 0))
		return 0;
	return kx_fail(why, -EPERM, "no kernel may be loaded");
}

static bool is_for_copy(int r)
{
	return r == -EADDRNOTAVAIL || r == -EINVAL || r == -ENOMEM;
}

static int load(struct loading *l, struct kx_error *why)
{
	int r = in_place_boot_id(l->ctx, l->state.boot_id);

	if (r < 0) {
		(void)kx_fail(why, r, "/proc/sys/kernel/random/boot_id: %s", strerror(-r));
		return 1;
	}
	if (prepare(l, why) < 0)
		return 1;
	r = hand_over(l);
	if (r < 0 && is_for_copy(r)) {
		(void)kx_fail(why, r, "kexec_load: %s", strerror(-r));
		return 1;
	}
	if (r == 0)
		take_over(l);
	return r;
}

int in_place_commit(struct kx_ctx *ctx, struct kx_plan *plan, struct kx_error *why)
{
	struct loading l = { .ctx = ctx, .pages = ctx->sys->pages, .plan = plan, .fd = -1 };
	struct kx_error ignored;
	int r;

	in_place_need(plan, &l.n_kernel, &l.n_initrd);
	if (in_place_obstacle(ctx, plan, why) < 0 || check_permission(ctx, why) < 0)
		return 1;
	if (clear_way(ctx, why) < 0)
		return 1;
	r = load(&l, why);
	view_close(&l);
	l.fd = fd_close(l.fd);
	plan_done(&l.made);
	free(l.frames);
	if (r != 0)
		(void)!in_place_drop(ctx, &l.state, &ignored);
	in_place_done(&l.state);
	return r;
}

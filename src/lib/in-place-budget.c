// SPDX-License-Identifier: LGPL-2.1-or-later
/* Can this machine spare huge pages for the next kernel? Reads only. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/dir.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/num.h"
#include "lib/in-place.h"
#include "lib/prepare.h"
#include "sys/pages.h"

enum { TEXT_MAX = 4 << 20 };

/* Memory that has to stay free for the rest of the system: a tenth of RAM, and at least this
 * much. */
#define LEFT_SHARE 10
#define LEFT_MIN (UINT64_C(256) << 20)

void in_place_need(const struct kx_plan *plan, size_t *ret_kernel, size_t *ret_initrd)
{
	*ret_kernel = (plan->plan.kernel.size + SYS_PAGE_SIZE - 1) / SYS_PAGE_SIZE;
	*ret_initrd = (plan->request.initrd.n + SYS_PAGE_SIZE - 1) / SYS_PAGE_SIZE;
}

/* "MemAvailable:   123 kB" of /proc/meminfo, in bytes; false when it is not there. */
static bool meminfo(struct bytes text, const char *name, uint64_t *ret)
{
	struct lines lines = lines_of(text);
	struct bytes line;

	while (lines_next(&lines, &line)) {
		struct bytes word = bytes_word(&line);
		char digits[24];

		if (!bytes_is(word, name))
			continue;
		word = bytes_word(&line);
		if (word.n >= sizeof(digits))
			return false;
		memcpy(digits, word.p, word.n);
		digits[word.n] = '\0';
		if (parse_u64(digits, ret) < 0)
			return false;
		*ret <<= 10;
		return true;
	}
	return false;
}

struct page_budget {
	uint64_t free, available, left; /* bytes; @left of them have to stay free */
};

static int budget_read(struct kx_ctx *ctx, struct page_budget *ret, struct kx_error *err)
{
	_cleanup_free_ uint8_t *file = NULL;
	struct bytes text = { 0 };
	uint64_t total;
	int r = read_file_in(ctx->machine_root, "/proc/meminfo", TEXT_MAX, &file, &text.n);

	if (r < 0)
		return kx_fail_path(err, r, "/proc/meminfo");
	text.p = file;
	if (!meminfo(text, "MemTotal:", &total) || !meminfo(text, "MemFree:", &ret->free) ||
	    !meminfo(text, "MemAvailable:", &ret->available))
		return kx_fail(err, -EBADMSG, "/proc/meminfo does not say how much is free");
	ret->left = total / LEFT_SHARE > LEFT_MIN ? total / LEFT_SHARE : LEFT_MIN;
	return 0;
}

static bool fits(uint64_t there, size_t pages, const struct page_budget *budget)
{
	return there >= budget->left && (there - budget->left) / SYS_PAGE_SIZE >= pages;
}

static int check_memory(struct kx_ctx *ctx, const struct kx_plan *plan, struct kx_error *err)
{
	struct page_budget budget;
	size_t n_kernel, n_initrd;
	int r = budget_read(ctx, &budget, err);

	in_place_need(plan, &n_kernel, &n_initrd);
	if (r < 0 || fits(budget.available, n_kernel + n_initrd, &budget))
		return r;
	return kx_fail(err, -ENOMEM,
		       "%llu MiB would be gone until the reboot and %llu MiB are available, of "
		       "which %llu MiB must be left",
		       (unsigned long long)((n_kernel + n_initrd) * SYS_PAGE_SIZE >> 20),
		       (unsigned long long)(budget.available >> 20),
		       (unsigned long long)(budget.left >> 20));
}

/* How many pages to ask for. The kernel gives single free pages before it splits large blocks, so
 * asking for twice as many finds far more adjacent pages. Unused ones are given back, but file
 * caches must not be dropped for that. */
size_t in_place_wanted(struct kx_ctx *ctx, const struct kx_plan *plan)
{
	struct page_budget budget;
	size_t n_kernel, n_initrd, need, ample, some;

	in_place_need(plan, &n_kernel, &n_initrd);
	need = n_kernel + n_initrd;
	some = need + need / 4 + 1;
	ample = need + some;
	if (budget_read(ctx, &budget, NULL) < 0)
		return need;
	return fits(budget.free, ample, &budget)       ? ample
	       : fits(budget.available, some, &budget) ? some
						       : need;
}

int in_place_obstacle(struct kx_ctx *ctx, struct kx_plan *plan, struct kx_error *err)
{
	const char *why = fast_needs_file(ctx, plan);

	if (!why && plan->request.flags & KX_REQ_COPY)
		why = "init unmounts what would hold the pages before the jump";
	if (why)
		return kx_fail(err, -EOPNOTSUPP, "%s", why);
	if (!ctx->captured && !ctx->sys->pages)
		return kx_fail(err, -EOPNOTSUPP, "there are no huge pages here");
	if (exists_in(ctx->machine_root, "/sys/kernel/mm/hugepages/hugepages-2048kB") != 1)
		return kx_fail(err, -EOPNOTSUPP, "this kernel has no huge pages of %llu MiB",
			       (unsigned long long)SYS_PAGE_SIZE >> 20);
	return check_memory(ctx, plan, err);
}

/* "Node 0, zone  Movable", and some lines on "        spanned  0" */
static bool has_movable_zone(struct bytes text)
{
	struct lines lines = lines_of(text);
	struct bytes line;
	bool in_zone = false;

	while (lines_next(&lines, &line)) {
		struct bytes word;

		line = bytes_trim(line);
		word = bytes_word(&line);
		if (bytes_is(word, "Node")) {
			in_zone = line.n >= 7 && memcmp(line.p + line.n - 7, "Movable", 7) == 0;
			continue;
		}
		if (in_zone && bytes_is(word, "spanned") && !bytes_is(bytes_trim(line), "0"))
			return true;
	}
	return false;
}

bool in_place_has_movable_memory(struct kx_ctx *ctx)
{
	_cleanup_free_ uint8_t *info = NULL, *zones = NULL;
	uint64_t cma;
	size_t n;

	if (read_file_in(ctx->machine_root, "/proc/meminfo", TEXT_MAX, &info, &n) < 0)
		return true;
	if (meminfo((struct bytes){ info, n }, "CmaTotal:", &cma) && cma)
		return true;
	if (read_file_in(ctx->machine_root, "/proc/zoneinfo", TEXT_MAX, &zones, &n) < 0)
		return true;
	return has_movable_zone((struct bytes){ zones, n });
}

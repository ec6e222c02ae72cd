// SPDX-License-Identifier: LGPL-2.1-or-later
/* The file of this boot that says which pages hold the next kernel. It has the kernel's physical
 * address and its random offset, so only root may read it. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/io.h"
#include "fundamental/digest.h"
#include "lib/in-place.h"
#include "sys/pages.h"

#define DIRECTORY "/run/rapidreboot"
#define FILE_NAME DIRECTORY "/in-place"
#define LOCK_NAME DIRECTORY "/lock"

/* Time limit for the lock: filling a gigabyte of pages takes seconds; a process that holds it for a
 * minute hangs. */
enum { LOCK_TRIES = 600, LOCK_WAIT_MS = 100 };

/* The file is used during one boot only, but the library may be upgraded in between: magic and
 * version keep their places in every format, and the version grows with each change. All lengths
 * are checked, since memory is accessed by them. */
#define MAGIC UINT64_C(0x3145434c504e4952)
#define FILE_VERSION 2
enum { PAGES_MAX = 4096, FILE_MAX = 4 << 20 };

struct file_head {
	uint64_t magic;
	uint32_t version;
	uint32_t crc; /* digest of all that follows this field */
	uint32_t is_ready;
	char boot_id[IN_PLACE_BOOT_ID_MAX];
	uint64_t pool_before, pool_added, entry, flags;
	uint32_t n_pages, n_parts, n_segments;
	struct in_place_part parts[2];
};
#define AFTER_CRC (offsetof(struct file_head, is_ready))

struct file_page {
	uint64_t frame, order;
};

struct file_segment {
	uint64_t start, end, n;
};

void in_place_done(struct in_place *state)
{
	free(state->order);
	free(state->frames);
	free(state->store);
	*state = (struct in_place){ 0 };
}

int in_place_boot_id(struct kx_ctx *ctx, char ret[IN_PLACE_BOOT_ID_MAX])
{
	_cleanup_free_ char *line = NULL;
	int r = read_line_in(ctx->machine_root, "/proc/sys/kernel/random/boot_id", &line);

	if (r == 0 && (!*line || strlen(line) >= IN_PLACE_BOOT_ID_MAX))
		r = -EBADMSG;
	if (r < 0)
		return r;
	memset(ret, 0, IN_PLACE_BOOT_ID_MAX);
	memcpy(ret, line, strlen(line));
	return 0;
}

int in_place_lock(struct kx_ctx *ctx, struct kx_error *err)
{
	int r = directory_make_in(ctx->machine_root, DIRECTORY, 0700);

	if (r == 0)
		r = lock_file_in(ctx->machine_root, LOCK_NAME);
	for (unsigned i = 0; r == -EWOULDBLOCK && i < LOCK_TRIES; i++) {
		ctx->sys->sleep_ms(ctx->sys, LOCK_WAIT_MS);
		r = lock_file_in(ctx->machine_root, LOCK_NAME);
	}
	if (r == -EWOULDBLOCK)
		return kx_fail(err, -EBUSY, "another process is loading or unloading a kernel");
	if (r < 0) /* never -EBUSY, which means that another process holds the lock */
		return kx_fail_file(err,
				    kx_fail(err, r == -EBUSY ? -EIO : r,
					    LOCK_NAME ": cannot be used: %s", strerror(-r)),
				    LOCK_NAME);
	return r;
}

static uint32_t crc_of(const uint8_t *file, size_t n)
{
	struct digest d;

	digest_bytes(file + AFTER_CRC, n - AFTER_CRC, false, &d);
	return d.crc[0] ^ d.crc[1] ^ d.crc[2];
}

static size_t file_size(const struct in_place *state)
{
	size_t n = sizeof(struct file_head) + state->n_pages * sizeof(struct file_page) +
		   state->n_segments * sizeof(struct file_segment);

	for (size_t i = 0; i < state->n_segments; i++)
		n += state->segments[i].data.n;
	return n;
}

static uint8_t *append(uint8_t *at, const void *p, size_t n)
{
	if (n)
		memcpy(at, p, n);
	return at + n;
}

static void fill(const struct in_place *state, uint8_t *file, size_t n)
{
	struct file_head head = {
		.magic = MAGIC,
		.version = FILE_VERSION,
		.is_ready = state->is_ready,
		.pool_before = state->pool_before,
		.pool_added = state->pool_added,
		.entry = state->entry,
		.flags = state->flags,
		.n_pages = (uint32_t)state->n_pages,
		.n_parts = (uint32_t)state->n_parts,
		.n_segments = (uint32_t)state->n_segments,
		.parts = { state->parts[0], state->parts[1] },
	};
	uint8_t *at = file + sizeof(head);

	memcpy(head.boot_id, state->boot_id, sizeof(head.boot_id));
	for (size_t i = 0; i < state->n_pages; i++)
		at = append(at, &(struct file_page){ state->frames[i], state->order[i] },
			    sizeof(struct file_page));
	for (size_t i = 0; i < state->n_segments; i++)
		at = append(at,
			    &(struct file_segment){ state->segments[i].dest.start,
						    state->segments[i].dest.end,
						    state->segments[i].data.n },
			    sizeof(struct file_segment));
	for (size_t i = 0; i < state->n_segments; i++)
		at = append(at, state->segments[i].data.p, state->segments[i].data.n);
	memcpy(file, &head, sizeof(head));
	head.crc = crc_of(file, n);
	memcpy(file, &head, sizeof(head));
}

int in_place_write(struct kx_ctx *ctx, const struct in_place *state, struct kx_error *err)
{
	const size_t n = file_size(state);
	_cleanup_free_ uint8_t *file = NULL;
	int r;

	if (n > FILE_MAX || state->n_pages > PAGES_MAX)
		return kx_fail(err, -E2BIG, FILE_NAME ": would have %zu bytes", n);
	file = calloc(1, n);
	if (!file)
		return kx_fail(err, -ENOMEM, "out of memory");
	fill(state, file, n);
	r = file_replace_in(ctx->machine_root, FILE_NAME, 0600, file, n, false);
	return r < 0 ? kx_fail(err, r, FILE_NAME ": cannot be written: %s", strerror(-r)) : 0;
}

int in_place_forget(struct kx_ctx *ctx, struct kx_error *err)
{
	int r = file_remove_in(ctx->machine_root, FILE_NAME);

	return r < 0 ? kx_fail(err, r, FILE_NAME ": cannot be removed: %s", strerror(-r)) : 0;
}

/* Cuts @n bytes off the front of @rest. */
static bool take(struct bytes *rest, void *ret, size_t n)
{
	if (rest->n < n)
		return false;
	memcpy(ret, rest->p, n);
	*rest = (struct bytes){ rest->p + n, rest->n - n };
	return true;
}

static bool take_pages(struct in_place *state, struct bytes *rest)
{
	state->order = calloc(state->n_pages + 1, sizeof(*state->order));
	state->frames = calloc(state->n_pages + 1, sizeof(*state->frames));
	if (!state->order || !state->frames)
		return false;
	for (size_t i = 0; i < state->n_pages; i++) {
		struct file_page page;

		if (!take(rest, &page, sizeof(page)) || page.order >= PAGES_MAX)
			return false;
		state->frames[i] = page.frame;
		state->order[i] = (size_t)page.order;
	}
	return true;
}

static bool take_segments(struct in_place *state, struct bytes *rest)
{
	size_t n[PLAN_SEGMENTS_MAX];

	for (size_t i = 0; i < state->n_segments; i++) {
		struct file_segment s;

		if (!take(rest, &s, sizeof(s)) || s.start >= s.end || s.n > s.end - s.start)
			return false;
		state->segments[i].dest = (struct range){ s.start, s.end };
		n[i] = (size_t)s.n;
	}
	for (size_t i = 0; i < state->n_segments; i++) {
		if (rest->n < n[i])
			return false;
		state->segments[i].data = (struct bytes){ rest->p, n[i] };
		*rest = (struct bytes){ rest->p + n[i], rest->n - n[i] };
	}
	return true;
}

/* Checks that the windows consist of as many pages as the file lists, and that their contents
 * fit. */
static bool check_parts(const struct in_place *state)
{
	uint64_t n = 0;

	if (!state->is_ready) /* the file was written before the pages were filled */
		return state->n_parts == 0;
	for (size_t i = 0; i < state->n_parts; i++) {
		const struct in_place_part *part = &state->parts[i];

		if (part->window.start >= part->window.end || part->n > range_size(part->window) ||
		    range_size(part->window) % SYS_PAGE_SIZE)
			return false;
		n += range_size(part->window) / SYS_PAGE_SIZE;
	}
	return n == state->n_pages;
}

static bool parse_rest(const struct file_head *head, struct bytes rest, struct in_place *state)
{
	state->is_ready = head->is_ready;
	memcpy(state->boot_id, head->boot_id, sizeof(state->boot_id));
	state->pool_before = head->pool_before;
	state->pool_added = head->pool_added;
	state->entry = head->entry;
	state->flags = head->flags;
	state->n_pages = head->n_pages;
	state->n_parts = head->n_parts;
	state->n_segments = head->n_segments;
	memcpy(state->parts, head->parts, sizeof(state->parts));
	return take_pages(state, &rest) && take_segments(state, &rest) && check_parts(state);
}

static int parse(struct bytes file, struct in_place *state, struct kx_error *err)
{
	struct file_head head;
	struct bytes rest = file;

	if (file.n >= offsetof(struct file_head, crc)) {
		memcpy(&head, file.p, offsetof(struct file_head, crc));
		if (head.magic == MAGIC && head.version != FILE_VERSION)
			return kx_fail(err, -EPROTONOSUPPORT,
				       FILE_NAME ": was written by another version of rapidreboot");
	}
	if (!take(&rest, &head, sizeof(head)) || head.magic != MAGIC ||
	    head.crc != crc_of(file.p, file.n) || head.n_pages > PAGES_MAX || head.n_parts > 2 ||
	    head.n_segments > PLAN_SEGMENTS_MAX || head.boot_id[IN_PLACE_BOOT_ID_MAX - 1] ||
	    !parse_rest(&head, rest, state))
		return kx_fail(err, -EBADMSG, FILE_NAME ": is damaged");
	return 0;
}

static int read_own(struct kx_ctx *ctx, uint8_t **ret, size_t *ret_n)
{
	_cleanup_close_ int fd = open_in(ctx->machine_root, FILE_NAME, O_RDONLY | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return fd == -ENOTDIR ? -ENOENT : fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		return -EPERM;
	return read_fd(fd, FILE_MAX, ret, ret_n);
}

int in_place_read(struct kx_ctx *ctx, struct in_place *ret, struct kx_error *err)
{
	_cleanup_in_place_ struct in_place state = { 0 };
	char boot_id[IN_PLACE_BOOT_ID_MAX];
	size_t n;
	int r = read_own(ctx, &state.store, &n);

	if (r < 0)
		return kx_fail_path(err, r, FILE_NAME);
	r = in_place_boot_id(ctx, boot_id);
	if (r < 0)
		return kx_fail_path(err, r, "/proc/sys/kernel/random/boot_id");
	r = parse((struct bytes){ state.store, n }, &state, err);
	if (r < 0)
		return r;
	if (strcmp(state.boot_id, boot_id) != 0)
		return kx_fail(err, -ESTALE, FILE_NAME ": belongs to another boot");
	*ret = TAKE(state, (struct in_place){ 0 });
	return 0;
}

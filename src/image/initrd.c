// SPDX-License-Identifier: LGPL-2.1-or-later
/* Unpacks the archives of an initial ramdisk, as init/initramfs.c would read them. */
#include "image/initrd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/jobs.h"
#include "base/lines.h"
#include "fundamental/overflow.h"
#include "image/cpio.h"
#include "image/decompress.h"

enum {
	RATIO_MAX = 200, /* of one stream; real ones stay below 20 */
	RATIO_SLACK = 1 << 20,
	STREAMS_MAX = 1024, /* of one file; real ones have up to three */
	ROOM_SLACK = 4096,  /* zeros between parts, and the byte that is one too many */
};

/* Names that the kernel looks for before there is a file system: drivers/base/firmware_loader and
 * drivers/acpi/tables.c. */
#define EARLY "kernel/"

/* A file of several, and what it is unpacked to; empty when it is left as it is. */
struct part {
	struct bytes in;
	size_t max;
	struct unpacked out;
	struct initrd_unpacked what;
	int r;
};

size_t initrd_plain_length(struct bytes b)
{
	size_t at = 0;

	for (;;) {
		struct bytes rest = { b.p + at, b.n - at };
		size_t n = cpio_zeros(rest);
		struct cpio_entry entry;

		if (!n && at % CPIO_ALIGN == 0)
			n = cpio_entry_at(rest, &entry) ? entry.n : 0;
		if (!n)
			return at;
		at += n;
	}
}

size_t initrd_early_length(struct bytes plain)
{
	struct cpio_entry entry;
	bool has_early = false;
	size_t end = 0;

	for (size_t at = 0; cpio_next(plain, &at, &entry);) {
		has_early = has_early || bytes_starts(entry.name, EARLY);
		if (has_early)
			end = at;
		if (cpio_is_end(&entry))
			has_early = false;
	}
	return end ? end + cpio_zeros((struct bytes){ plain.p + end, plain.n - end }) : 0;
}

/* Appends zeros to @out up to a multiple of CPIO_ALIGN plus @skew, then @b. */
static int add(struct unpacked *out, size_t skew, struct bytes b)
{
	const size_t zeros_n = (size_t)cpio_aligned(out->n) + skew - out->n;
	size_t done = 0;

	while (done < zeros_n + b.n) {
		size_t room, n;
		uint8_t *to;
		int r = unpacked_room(out, &to, &room, NULL);

		if (r < 0)
			return r;
		if (done < zeros_n) {
			n = zeros_n - done < room ? zeros_n - done : room;
			memset(to, 0, n);
		} else {
			n = zeros_n + b.n - done < room ? zeros_n + b.n - done : room;
			memcpy(to, b.p + (done - zeros_n), n);
		}
		unpacked_add(out, n);
		done += n;
	}
	return 0;
}

/* Largest size of @out: the rest of the budget, and what a real stream can become at most. */
static size_t limit(const struct unpacked *out, struct bytes rest, size_t max)
{
	const size_t n = (size_t)cpio_aligned(out->n);
	size_t end = max > rest.n ? max - rest.n : 0, most;

	if (end < n)
		end = n;
	if (mul_overflow(rest.n, (size_t)RATIO_MAX, &most) ||
	    add_overflow(most, n + RATIO_SLACK, &most))
		return end;
	return most < end ? most : end;
}

/* Unpacks the stream at the start of @rest; returns its length, or 0 with the reason why it
 * stays packed. */
static int unpack_stream(struct part *part, struct bytes rest, size_t *ret_used)
{
	struct initrd_unpacked *what = &part->what;
	struct unpacked *out = &part->out;
	const size_t before = out->n;
	struct kx_error err = { 0 };
	struct bytes found = { 0 };
	size_t start;
	int r;

	*ret_used = 0;
	out->max = SIZE_MAX - 1;
	r = add(out, 0, (struct bytes){ 0 });
	if (r < 0)
		return r;
	out->max = limit(out, rest, part->max);
	start = out->n;
	r = decompress_append(rest, out, ret_used, &err);
	if (r == -ENOMEM)
		return r;
	if (out->n > start) /* when nothing was unpacked there is no buffer either */
		found = (struct bytes){ out->p + start, out->n - start };
	if (r < 0) {
		what->damaged = r == -EBADMSG;
		(void)snprintf(what->why_not, sizeof(what->why_not), "%.200s", err.message);
	} else if (!found.n || initrd_plain_length(found) != found.n) {
		*ret_used = 0;
		(void)snprintf(what->why_not, sizeof(what->why_not),
			       "what unpacks of it are not whole cpio archives");
	} else {
		what->n_unpacked++;
		what->cost += found.n * (uint64_t)compression_cost(rest);
		return 0;
	}
	out->n = before;
	return 0;
}

/* Begins the result at the first packed stream, at @at, with a copy of the plain archives before
 * it. */
static int begin(struct part *part, size_t at)
{
	part->out.max = SIZE_MAX - 1;
	return part->what.n_unpacked ? 0 : add(&part->out, 0, (struct bytes){ part->in.p, at });
}

static int unpack_packed(struct part *part, size_t at, size_t *ret_used)
{
	const struct bytes rest = { part->in.p + at, part->in.n - at };
	int r;

	if (!compression_detect(rest)) {
		*ret_used = 0;
		(void)snprintf(part->what.why_not, sizeof(part->what.why_not),
			       "neither a cpio archive nor a known compression");
		return 0;
	}
	if (part->what.n_unpacked == STREAMS_MAX) {
		*ret_used = 0;
		(void)snprintf(part->what.why_not, sizeof(part->what.why_not),
			       "more than %d packed parts", STREAMS_MAX);
		return 0;
	}
	r = begin(part, at);
	if (r < 0)
		return r;
	r = unpack_stream(part, rest, ret_used);
	if (!part->what.n_unpacked)
		part->out.n = 0;
	return r;
}

static int unpack_part(struct part *part)
{
	const struct bytes in = part->in;
	size_t at = 0;
	int r = 0;

	while (r == 0 && at < in.n && !part->what.why_not[0]) {
		const struct bytes rest = { in.p + at, in.n - at };
		size_t used = cpio_zeros(rest);

		if (!used && at % CPIO_ALIGN == 0)
			used = initrd_plain_length(rest);
		if (!used)
			r = unpack_packed(part, at, &used);
		else if (part->what.n_unpacked && rest.p[0])
			r = add(&part->out, 0, (struct bytes){ rest.p, used });
		at += used;
		part->out.max = SIZE_MAX - 1;
	}
	if (r == 0 && at < in.n && part->what.n_unpacked)
		r = add(&part->out, at % CPIO_ALIGN, (struct bytes){ in.p + at, in.n - at });
	return r;
}

static void unpack_one(void *data, size_t i)
{
	struct part *part = (struct part *)data + i;

	part->r = unpack_part(part);
}

/* ---- the row of them */

static bool is_unpacked(const struct part *part)
{
	return part->what.n_unpacked;
}

static struct bytes result(const struct part *part)
{
	return is_unpacked(part) ? (struct bytes){ part->out.p, part->out.n } : part->in;
}

static size_t total(const struct part *parts, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum = (size_t)cpio_aligned(sum) + result(&parts[i]).n;
	return sum;
}

static void release(struct part *part)
{
	if (!part->out.is_fixed)
		free(part->out.p);
	part->out.p = NULL;
}

static void give_up(struct part *part)
{
	release(part);
	part->out = (struct unpacked){ 0 };
	part->what.n_unpacked = 0;
	part->what.cost = 0;
}

/* Decides which files are replaced: what exceeds the limit stays packed, and everything after a
 * part that stays packed stays so, too, since the order of files counts. */
static void decide(struct part *parts, size_t n, size_t max, struct initrd_unpacked *ret)
{
	struct initrd_unpacked what = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (what.why_not[0]) {
			give_up(&parts[i]);
			continue;
		}
		memcpy(what.why_not, parts[i].what.why_not, sizeof(what.why_not));
		what.damaged = parts[i].what.damaged;
		if (is_unpacked(&parts[i]) && total(parts, i + 1) > max) {
			give_up(&parts[i]);
			(void)snprintf(what.why_not, sizeof(what.why_not),
				       "unpacks to more than %zu bytes", max);
		}
		what.n_unpacked += parts[i].what.n_unpacked;
		what.cost += parts[i].what.cost;
	}
	*ret = what;
}

/* One after the other to the zeros of @room. */
static void join(const struct part *parts, size_t n, const struct room *room)
{
	size_t at = 0;

	if (room->ready)
		room->ready(room->p, total(parts, n));
	for (size_t i = 0; i < n; i++) {
		const struct bytes b = result(&parts[i]);

		at = (size_t)cpio_aligned(at);
		memcpy(room->p + at, b.p, b.n);
		at += b.n;
	}
}

/* Unpacks one file after the other, and none after the first that is not unpacked completely. */
static void unpack_in_order(struct part *parts, size_t n, size_t max)
{
	for (size_t i = 0; i < n; i++) {
		give_up(&parts[i]);
		parts[i].what = (struct initrd_unpacked){ 0 };
	}
	for (size_t i = 0; i < n && (i == 0 || !parts[i - 1].what.why_not[0]); i++) {
		const size_t before = total(parts, i);

		parts[i].max = max > before ? max - before : 0;
		unpack_one(parts, i);
	}
}

/* Unpacks files at the same time. Each may use the whole limit; when they exceed it together, it
 * is shared out in their order, so that the result does not depend on which was faster. */
static void unpack_parts(struct part *parts, size_t n, size_t max)
{
	struct unpacked_share share = { .max = max < SIZE_MAX / 2 ? 2 * max : SIZE_MAX };

	for (size_t i = 0; i < n; i++)
		parts[i].out.share = n > 1 ? &share : NULL;
	jobs_run(n, unpack_one, parts);
	for (size_t i = 0; i < n; i++)
		parts[i].out.share = NULL;
	if (atomic_load(&share.is_over))
		unpack_in_order(parts, n, max);
}

static int unpack_all(struct part *parts, size_t n, size_t max, const struct room *room,
		      size_t *ret_n, struct initrd_unpacked *ret_what)
{
	struct initrd_unpacked what;

	if (n == 1) /* the usual case: no copy */
		parts->out = unpacked_in(room);
	unpack_parts(parts, n, max);
	for (size_t i = 0; i < n; i++)
		if (parts[i].r < 0)
			return parts[i].r;
	decide(parts, n, max, &what);
	if (what.n_unpacked && total(parts, n) > room->n)
		return -EFBIG;
	if (what.n_unpacked && n > 1)
		join(parts, n, room);
	*ret_n = what.n_unpacked ? total(parts, n) : 0;
	*ret_what = what;
	return 0;
}

/* Plain archives before and packed ones behind what is unpacked are not bound by @max. */
size_t initrd_room(const struct bytes *files, size_t n, size_t max)
{
	size_t room = ROOM_SLACK;

	for (size_t i = 0; i < n; i++)
		if (add_overflow(room, (size_t)cpio_aligned(files[i].n), &room))
			return SIZE_MAX;
	return add_overflow(room, max, &room) ? SIZE_MAX : room;
}

int initrd_unpack_to(const struct bytes *files, size_t n, size_t max, const struct room *room,
		     size_t *ret_n, struct initrd_unpacked *ret_what, struct kx_error *err)
{
	struct part *parts = calloc(n + 1, sizeof(*parts));
	int r = -ENOMEM;

	if (parts) {
		for (size_t i = 0; i < n; i++)
			parts[i] = (struct part){ .in = files[i], .max = max };
		r = unpack_all(parts, n, max, room, ret_n, ret_what);
		for (size_t i = 0; i < n; i++)
			release(&parts[i]);
	}
	free(parts);
	return r < 0 ? kx_fail(err, r, "out of memory for the unpacked initial ramdisk") : 0;
}

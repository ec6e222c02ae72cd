// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Makes an initial ramdisk anew for kexec_file_load(2), where the kernels check and unpack all
 * of it: every byte is hashed between the kernels, formats that unpack fast are larger, and modules
 * that nobody asks for are hashed and unpacked for nothing. Chooses what costs least altogether.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "image/decompress-config.h"
#include "image/decompress.h"
#include "image/initrd.h"

/* SHA-256 as the kernel's purgatory does it, without special instructions: picoseconds a byte on the
 * processor that compression_cost() speaks of. */
#define DIGEST_COST UINT64_C(3600)

/* What lz4 leaves of an initial ramdisk, in percent: of the 129 MB with all modules of Linux 7.2. */
#define LZ4_LEAVES 31

/* Packing takes longer than it saves, while services run. Without modules left out it has to save this
 * share of the time. */
#define WORTH(before) ((before) / 2)

static int (*const pack)(struct bytes head, struct bytes in, uint8_t **ret, size_t *ret_n,
			 struct kx_error *err) = HAVE_LZ4 ? pack_lz4 : NULL;

#define LZ4_MAGIC "\x02\x21\x4c\x18"

/* An unpacked initial ramdisk. */
struct unpacked_row {
	uint8_t *p;
	size_t n;
	size_t early_n; /* at its start, which has to stay as it is */
};

static uint64_t megabytes(uint64_t n)
{
	return (n + 500000) / 1000000;
}

static uint64_t lz4_cost(size_t packed_n, size_t unpacked_n)
{
	const uint64_t unpack_cost = compression_cost(
		(struct bytes){ (const uint8_t *)LZ4_MAGIC, sizeof(LZ4_MAGIC) - 1 });

	return DIGEST_COST * packed_n + unpack_cost * unpacked_n;
}

static void say(struct initrd_repacked *ret, size_t n_before, size_t n, uint64_t before,
		uint64_t after)
{
	(void)snprintf(ret->why, sizeof(ret->why),
		       "%sit has %" PRIu64 " MB instead of %" PRIu64
		       ", and checking and unpacking it takes about %" PRIu64 " %% of the time",
		       ret->is_packed ? "as lz4 " : "", megabytes(n), megabytes(n_before),
		       before ? after * 100 / before : 100);
}

/* Packs all but the early part of @row when it is likely to cost less than @least. */
static int try_lz4(const struct unpacked_row *row, uint64_t least, struct initrd_repacked *to,
		   uint64_t *ret_cost, struct kx_error *err)
{
	const struct bytes early = { row->p, row->early_n };
	struct bytes rest = { row->p + row->early_n, row->n - row->early_n };
	int r;

	/* zeros before a packed archive: the kernel takes none there (init/initramfs.c, Start) */
	while (rest.n && !rest.p[0])
		rest = (struct bytes){ rest.p + 1, rest.n - 1 };
	*ret_cost = lz4_cost(early.n + rest.n / 100 * LZ4_LEAVES, rest.n);
	if (!rest.n || *ret_cost >= least)
		return 0;
	r = pack(early, rest, &to->p, &to->n, err);
	if (r < 0)
		return r;
	to->is_packed = true;
	*ret_cost = lz4_cost(to->n, rest.n);
	return 0;
}

static int use_plain(const struct unpacked_row *row, struct initrd_repacked *to,
		     struct kx_error *err)
{
	free(to->p);
	to->p = malloc(row->n);
	if (!to->p)
		return kx_fail(err, -ENOMEM, "no memory for the unpacked initial ramdisk");
	memcpy(to->p, row->p, row->n);
	to->n = row->n;
	to->is_packed = false;
	return 0;
}

static void leave(struct initrd_repacked *to, const char *why_no_lz4, bool is_tiny)
{
	free(to->p);
	to->p = NULL;
	to->n = 0;
	(void)snprintf(to->why, sizeof(to->why), "%s",
		       is_tiny	    ? "there is little in it"
		       : why_no_lz4 ? why_no_lz4
				    : "another form saves less than half of the time that "
				      "checking and unpacking it takes");
}

/* @before: what the present form of @n_before bytes costs. */
static int choose(const struct unpacked_row *row, size_t n_before, uint64_t before,
		  const char *why_no_lz4, struct initrd_repacked *to, struct kx_error *err)
{
	const bool must = to->diet.n_left_out;
	const uint64_t most = must ? UINT64_MAX : WORTH(before),
		       plain = DIGEST_COST * (uint64_t)row->n;
	uint64_t cost = UINT64_MAX;
	int r = 0;

	if (!why_no_lz4)
		r = try_lz4(row, plain < most ? plain : most, to, &cost, err);
	if (r < 0)
		return r;
	if (to->p && cost < plain && cost < most) {
		say(to, n_before, to->n, before, cost);
		return 0;
	}
	if (plain >= most) {
		leave(to, why_no_lz4, row->n == row->early_n);
		return 0;
	}
	r = use_plain(row, to, err);
	if (r == 0)
		say(to, n_before, to->n, before, plain);
	return r;
}

/* Of what follows the early part, which is read from a place of its own. */
static int leave_out(struct unpacked_row *row, const struct diet_facts *facts, struct diet *ret,
		     struct kx_error *err)
{
	size_t n = row->n - row->early_n;
	int r = initrd_diet(row->p + row->early_n, n, facts, &n, ret);

	if (r < 0)
		return kx_fail(err, r, "no memory to choose the modules of the initial ramdisk");
	row->n = row->early_n + n;
	return 0;
}

int initrd_repack(const struct bytes *files, size_t n_files, struct bytes in,
		  const struct repack_wish *wish, struct initrd_repacked *ret, struct kx_error *err)
{
	const char *why_no_lz4 = !pack ? "lz4 is not built in" : wish->why_no_lz4;
	struct room room = { .n = initrd_room(files, n_files, wish->max) };
	struct initrd_repacked repacked = { .diet.why_not = "not all of it unpacks" };
	_cleanup_free_ uint8_t *unpacked = NULL;
	struct unpacked_row row = { 0 };
	struct initrd_unpacked what;
	int r;

	unpacked = room.p = calloc(1, room.n);
	if (!unpacked)
		return kx_fail(err, -ENOMEM, "no memory for the unpacked initial ramdisk");
	r = initrd_unpack_to(files, n_files, wish->max, &room, &row.n, &what, err);
	if (r < 0)
		return r;
	row.p = unpacked;
	if (what.why_not[0]) {
		(void)snprintf(repacked.why, sizeof(repacked.why), "not all of it unpacks: %.200s",
			       what.why_not);
		*ret = repacked;
		return 0;
	}
	if (!row.n && in.n) { /* nothing was packed */
		memcpy(unpacked, in.p, in.n);
		row.n = in.n;
	}
	row.early_n = initrd_early_length((struct bytes){ in.p, initrd_plain_length(in) });
	repacked.diet.why_not[0] = '\0';
	if (wish->facts)
		r = leave_out(&row, wish->facts, &repacked.diet, err);
	if (r == 0)
		r = choose(&row, in.n, DIGEST_COST * in.n + what.cost, why_no_lz4, &repacked, err);
	if (r == 0)
		*ret = repacked;
	return r;
}

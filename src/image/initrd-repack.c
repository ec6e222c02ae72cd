// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Packs an initial ramdisk anew for kexec_file_load(2), where the kernels check and unpack all
 * of it: every byte is hashed between the kernels, and formats that unpack fast are larger.
 * Chooses what costs least altogether.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "image/decompress-config.h"
#include "image/decompress.h"
#include "image/initrd.h"

/* SHA-256 as the kernel's purgatory does it, without special instructions: picoseconds a byte on the
 * processor that compression_cost() speaks of. */
#define DIGEST_COST UINT64_C(3600)

static int (*const pack)(struct bytes head, struct bytes in, uint8_t **ret, size_t *ret_n,
			 struct kx_error *err) = HAVE_LZ4 ? pack_lz4 : NULL;

#define LZ4_MAGIC "\x02\x21\x4c\x18"

static uint64_t megabytes(uint64_t n)
{
	return (n + 500000) / 1000000;
}

/* The archives at the start that the next kernel reads before it unpacks anything,
 * kernel/x86/microcode/ and kernel/firmware/acpi/, which have to stay plain. */
static struct bytes early_part(struct bytes in)
{
	const struct bytes plain = { in.p, initrd_plain_length(in) };

	return initrd_has_early(plain) ? plain : (struct bytes){ in.p, 0 };
}

static int repack(struct bytes in, struct bytes plain, uint64_t cost, struct initrd_repacked *ret,
		  struct kx_error *err)
{
	const struct bytes early = early_part(in);
	const uint64_t unpack_cost = compression_cost(
		(struct bytes){ (const uint8_t *)LZ4_MAGIC, sizeof(LZ4_MAGIC) - 1 });
	struct bytes rest = { plain.p + early.n, plain.n - early.n };
	uint8_t *packed = NULL;
	uint64_t before, after;
	size_t n = 0;
	int r;

	/* zeros before a packed archive: the kernel takes none there (init/initramfs.c, Start) */
	while (rest.n && !rest.p[0])
		rest = (struct bytes){ rest.p + 1, rest.n - 1 };
	if (!rest.n || (cost && cost <= unpack_cost * rest.n)) {
		(void)snprintf(ret->why, sizeof(ret->why), "%s",
			       rest.n ? "it is packed with lz4 already" : "there is little in it");
		return 0;
	}
	r = pack(early, rest, &packed, &n, err);
	if (r < 0)
		return r;
	before = DIGEST_COST * in.n + cost;
	after = DIGEST_COST * n + unpack_cost * rest.n;
	(void)snprintf(ret->why, sizeof(ret->why),
		       "as lz4 it has %" PRIu64 " MB instead of %" PRIu64
		       ", and checking and unpacking it takes about %" PRIu64 " %% of the time",
		       megabytes(n), megabytes(in.n), after * 100 / before);
	if (after >= before) {
		free(packed);
		return 0;
	}
	ret->p = packed;
	ret->n = n;
	return 0;
}

int initrd_repack(const struct bytes *files, size_t n_files, struct bytes in, size_t max,
		  struct initrd_repacked *ret, struct kx_error *err)
{
	struct room room = { .n = initrd_room(files, n_files, max) };
	_cleanup_free_ uint8_t *unpacked = NULL;
	struct initrd_repacked repacked = { 0 };
	struct initrd_unpacked what;
	struct bytes plain = in;
	size_t n;
	int r;

	if (!pack) {
		(void)snprintf(ret->why, sizeof(ret->why), "lz4 is not built in");
		return 0;
	}
	unpacked = room.p = calloc(1, room.n);
	if (!unpacked)
		return kx_fail(err, -ENOMEM, "no memory for the unpacked initial ramdisk");
	r = initrd_unpack_to(files, n_files, max, &room, &n, &what, err);
	if (r < 0)
		return r;
	if (what.why_not[0]) {
		(void)snprintf(repacked.why, sizeof(repacked.why), "not all of it unpacks: %.200s",
			       what.why_not);
	} else {
		if (n)
			plain = (struct bytes){ unpacked, n };
		r = repack(in, plain, what.cost, &repacked, err);
		if (r < 0)
			return r;
	}
	*ret = repacked;
	return 0;
}

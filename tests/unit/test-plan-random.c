// SPDX-License-Identifier: LGPL-2.1-or-later
/* Memory maps, kernels and requests thrown together: whatever plan comes out must keep every rule
 * (plan-check.h), and where none does there must be no room by a count made here. Seeded, so a
 * failure comes back; the number of the round is in the message. */
#include <errno.h>

#include "tests/unit/plan-machines.h"

#define ROUNDS 3000

static uint64_t random_state;

/* xorshift64* (Vigna 2014) */
static uint64_t random_below(uint64_t n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * UINT64_C(0x2545f4914f6cdd1d) >> 16) % n;
}

/* Disjoint ranges going up, most of them RAM, with ends that respect no page. */
static void random_machine(struct machine *m)
{
	uint64_t at = random_below(2) ? 0 : MiB * random_below(64), n = 1 + random_below(200);

	*m = (struct machine){ .planner = &planner_x86_64,
			       .x86_64.tsc_khz = random_below(5000000) };
	for (uint64_t i = 0; i < n; i++) {
		static const uint64_t sizes[] = { 4096, 65536, MiB, 8 * MiB, 64 * MiB, GiB };
		uint64_t size = 1 + random_below(sizes[random_below(6)]);
		enum memory_type type = random_below(3)
						? MEMORY_RAM
						: (enum memory_type)random_below(MEMORY_N_TYPES);

		if (random_below(4))
			size = (size + 4095) & ~UINT64_C(4095);
		assert_int_equal(memmap_add(&m->memory, (struct range){ at, at + size }, type), 0);
		at += size + (random_below(3) ? 0 : random_below(GiB));
		if (random_below(3))
			at = (at + 4095) & ~UINT64_C(4095);
	}
	assert_int_equal(memmap_normalise(&m->memory), 0);
	for (uint64_t i = random_below(20); i; i--) {
		uint64_t start = random_below(at + 1);

		assert_int_equal(
			ranges_add(&m->keep_off,
				   (struct range){ start, start + random_below(32 * MiB) }),
			0);
	}
	m->n_rng_seed = random_below(2) ? 32 : 0;
}

static void random_request(struct fake_kernel *k, uint8_t *initrd, char *cmdline,
			   struct plan_request *req)
{
	static const uint64_t flags[] = { 0, KX_REQ_NO_DIGEST, KX_REQ_ENTRY_32BIT,
					  KX_REQ_CONSOLE_SERIAL };
	size_t n_cmdline = random_below(2048);

	fake_bzimage(k);
	k->image.x86_64.bzimage.init_size = (uint32_t)random_below(80 * MiB);
	k->image.x86_64.bzimage.kernel_alignment = 1u << (12 + random_below(13));
	k->image.x86_64.bzimage.pref_address = random_below(3) ? 16 * MiB : random_below(GiB);
	if (!random_below(4))
		k->image.x86_64.bzimage.xloadflags &= (uint16_t)~2; /* below 4 GiB only */
	memset(cmdline, 'c', n_cmdline);
	cmdline[n_cmdline] = '\0';
	*req = (struct plan_request){
		.image = &k->image,
		.cmdline = cmdline,
		.initrd = { initrd, random_below(2) ? random_below(20000) : 0 },
		.flags = flags[random_below(4)],
	};
	if (!random_below(4)) {
		req->bounds.start = random_below(2 * GiB);
		req->bounds.end = req->bounds.start + 1 + random_below(4 * GiB);
	}
}

/* The most that a kernel of @size could get, trying every alignment step: slow and simple. */
static bool has_room(const struct machine *m, const struct plan_request *req)
{
	const struct bzimage *bz = &req->image->x86_64.bzimage;
	bool low = req->flags & KX_REQ_ENTRY_32BIT;
	uint64_t end = low ? 0x80000000 : bz->xloadflags & 2 ? UINT64_C(1) << 46 : 4 * GiB;
	uint64_t size = bz->init_size > bz->kernel.n ? bz->init_size : bz->kernel.n;
	uint64_t align = bz->kernel_alignment, at;

	size = (size + 4095) & ~UINT64_C(4095);
	if (req->bounds.end && req->bounds.end < end)
		end = req->bounds.end;
	for (size_t i = 0; i < m->memory.n; i++) {
		struct range r = m->memory.v[i].range;
		uint64_t floor = bz->pref_address > MiB ? bz->pref_address : MiB;

		if (m->memory.v[i].type != MEMORY_RAM)
			continue;
		if (floor < req->bounds.start)
			floor = req->bounds.start;
		at = r.start > floor ? r.start : floor;
		at = (at + align - 1) & ~(align - 1);
		for (; at + size <= r.end && at + size <= end; at += align) {
			bool free = true;

			for (size_t k = 0; k < m->keep_off.n; k++)
				if (m->keep_off.v[k].start < at + size && at < m->keep_off.v[k].end)
					free = false;
			if (free)
				return true;
		}
	}
	return false;
}

static void test_random(void **state)
{
	static struct fake_kernel kernel;
	static uint8_t initrd[20000];
	static char cmdline[2048];
	unsigned made = 0, refused = 0;

	for (size_t i = 0; i < sizeof(initrd); i++)
		initrd[i] = (uint8_t)(i * 9 + (i >> 8));
	for (unsigned round = 1; round <= ROUNDS; round++) {
		struct plan_request req;
		struct kx_error err = { 0 };
		struct machine m;
		struct plan plan;
		int r;

		random_state = round * UINT64_C(0x9e3779b97f4a7c15);
		random_machine(&m);
		random_request(&kernel, initrd, cmdline, &req);
		r = plan_make(&m, &req, &plan, &err);
		if (r == 0) {
			const struct segment *s;

			check_linux(&m, &req, &plan);
			s = segment_named(&plan, "kernel");
			if (s->dest.start % kernel.image.x86_64.bzimage.kernel_alignment ||
			    s->dest.start < kernel.image.x86_64.bzimage.pref_address ||
			    s->dest.end - s->dest.start < kernel.image.x86_64.bzimage.init_size)
				fail_msg("round %u: kernel at %#llx", round,
					 (unsigned long long)s->dest.start);
			plan_done(&plan);
			made++;
		} else {
			if (r != -ENOSPC)
				fail_msg("round %u: %s", round, err.message);
			if (strstr(err.message, "for the kernel") && has_room(&m, &req))
				fail_msg("round %u: there is room: %s", round, err.message);
			refused++;
		}
		machine_done(&m);
	}
	assert_true(made > ROUNDS / 10 && refused > ROUNDS / 100); /* the rounds say something */
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

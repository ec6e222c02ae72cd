// SPDX-License-Identifier: LGPL-2.1-or-later
/* Objects of the library may be released in any order, and the others stay usable. A sanitizer
 * finds reads of released memory. */
#include <errno.h>
#include <string.h>

#include "tests/unit/cmocka-shim.h"
#include "tests/unit/lib-fixture.h"

enum object { CTX, IMAGE, PLAN, ENTRIES, N_OBJECTS };
enum { N_ORDERS = 24 };

struct objects {
	struct kx_ctx *ctx;
	struct kx_image *image;
	struct kx_plan *plan;
	struct kx_entries *entries;
};

static size_t sum; /* of all bytes that were looked at, so that no compiler leaves the looks out */

static void look_at(const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += ((const uint8_t *)p)[i];
}

static void look_at_text(const char *s)
{
	if (s)
		look_at(s, strlen(s));
}

static void look_at_image(const struct kx_image *image)
{
	struct kx_image_info info = { .size = sizeof(info) };

	assert_int_equal(kx_image_info(image, &info), 0);
	look_at_text(info.type);
	look_at_text(info.version);
	look_at_text(info.title);
	look_at_text(info.cmdline);
}

static void look_at_plan(const struct kx_plan *plan)
{
	struct kx_plan_info info = { .size = sizeof(info) };
	struct kx_segment segment = { .size = sizeof(segment) };
	struct kx_memory memory = { .size = sizeof(memory) };
	struct kx_rung rung = { .size = sizeof(rung) };
	size_t n_passed = 0;

	assert_int_equal(kx_plan_info(plan, &info), 0);
	look_at_text(info.reason);
	look_at_text(info.architecture);
	look_at_text(info.type);
	look_at_text(info.cmdline);
	look_at_text(info.rung);
	look_at_text(info.rung_reason);
	for (size_t i = 0; kx_plan_segment(plan, i, &segment) == 0; i++) {
		look_at_text(segment.name);
		look_at(segment.data, segment.data_size);
	}
	for (size_t i = 0; kx_plan_memory(plan, i, &memory) == 0; i++)
		look_at_text(memory.type);
	for (size_t i = 0; i < info.n_warnings; i++)
		look_at_text(kx_plan_warning(plan, i));
	for (; kx_plan_passed(plan, n_passed, &rung) == 0; n_passed++) {
		look_at_text(rung.name);
		look_at_text(rung.why_not);
	}
	assert_int_equal(n_passed, info.n_passed);
}

static void look_at_entries(const struct kx_entries *entries)
{
	struct kx_entries_info info = { .size = sizeof(info) };
	struct kx_entry entry = { .size = sizeof(entry) };

	assert_int_equal(kx_entries_info(entries, &info), 0);
	look_at_text(info.config);
	look_at_text(info.default_reason);
	assert_int_equal(info.n_entries, 1);
	assert_int_equal(kx_entries_entry(entries, 0, &entry), 0);
	assert_string_equal(entry.kernel, "/boot/kernel");
	look_at_text(entry.cmdline);
}

static void look_at_all(const struct objects *o)
{
	if (o->image)
		look_at_image(o->image);
	if (o->plan)
		look_at_plan(o->plan);
	if (o->entries)
		look_at_entries(o->entries);
}

static void objects_free(struct objects *o, enum object which)
{
	switch (which) {
	case CTX:
		o->ctx = kx_ctx_free(o->ctx);
		break;
	case IMAGE:
		o->image = kx_image_free(o->image);
		break;
	case PLAN:
		o->plan = kx_plan_free(o->plan);
		break;
	case ENTRIES:
	case N_OBJECTS:
		o->entries = kx_entries_free(o->entries);
		break;
	}
}

/* Order @i of 24, as digits of the factorial number system. */
static void order_make(unsigned i, enum object ret[N_OBJECTS])
{
	enum object left[N_OBJECTS] = { CTX, IMAGE, PLAN, ENTRIES };

	for (unsigned n = N_OBJECTS; n > 0; n--) {
		const unsigned k = i % n;

		ret[N_OBJECTS - n] = left[k];
		memmove(left + k, left + k + 1, (n - k - 1) * sizeof(left[0]));
		i /= n;
	}
}

static struct objects objects_make(const struct fixture *f, const char *kernel, enum kx_way way,
				   uint64_t flags)
{
	static const char *const initrds[] = { "/boot/initrd", "/boot/second" };
	struct kx_ctx_opts opts = { .size = sizeof(opts), .root = f->root.path };
	struct objects o = { 0 };
	struct kx_request req = { .size = sizeof(req), .way = way, .flags = flags };
	struct kx_error err = { 0 };

	if (strstr(kernel, "guest")) {
		req.modules = initrds;
		req.n_modules = 2;
	} else {
		req.initrds = initrds;
		req.n_initrds = 2;
	}
	assert_int_equal(kx_ctx_new(&opts, &o.ctx, &err), 0);
	assert_int_equal(kx_image_open(o.ctx, kernel, NULL, &o.image, &err), 0);
	req.image = o.image;
	if (kx_plan_new(o.ctx, &req, &o.plan, &err) < 0 ||
	    kx_entries_new(o.ctx, NULL, &o.entries, &err) < 0)
		fail_msg("%s", err.message);
	return o;
}

static void test_every_order(void **state)
{
	static const struct {
		const char *kernel;
		enum kx_way way;
		uint64_t flags;
	} cases[] = {
		{ "/boot/kernel", KX_WAY_SEGMENTS, 0 },
		{ "/boot/kernel", KX_WAY_SEGMENTS, KX_REQ_FAST },
		{ "/boot/kernel", KX_WAY_FILE, 0 },
		{ "/boot/guest.elf", KX_WAY_SEGMENTS, 0 },
	};
	const struct fixture *f = *state;

	for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
		for (unsigned i = 0; i < N_ORDERS; i++) {
			struct objects o =
				objects_make(f, cases[c].kernel, cases[c].way, cases[c].flags);
			enum object order[N_OBJECTS];

			order_make(i, order);
			look_at_all(&o);
			for (size_t k = 0; k < N_OBJECTS; k++) {
				objects_free(&o, order[k]);
				look_at_all(&o);
			}
			assert_true(!o.ctx && !o.image && !o.plan && !o.entries);
		}
	}
	assert_true(sum > 0);
}

/* The kernel gets the same file after the image was released as before. */
static void test_commit_without_image(void **state)
{
	struct fixture *f = *state;

	for (enum kx_way way = KX_WAY_FILE; way <= KX_WAY_SEGMENTS; way++) {
		struct kx_image *image = fixture_kernel(f, "/boot/kernel");
		struct kx_request req = { .size = sizeof(req), .image = image, .way = way };
		struct kx_plan *one = NULL, *two = NULL;

		assert_int_equal(kx_plan_new(f->ctx, &req, &one, NULL), 0);
		assert_int_equal(kx_plan_new(f->ctx, &req, &two, NULL), 0);
		image = kx_image_free(image);
		f->n_loads = 0;
		assert_int_equal(kx_plan_commit(f->ctx, one, NULL), 0);
		kx_plan_free(one);
		look_at_plan(two);
		assert_int_equal(kx_plan_commit(f->ctx, two, NULL), 0);
		kx_plan_free(two);
		assert_int_equal(f->n_loads, 2);
	}
}

/* A plan that failed gives its reference back. */
static void test_failed_plan(void **state)
{
	struct fixture *f = *state;
	struct kx_image *image = fixture_kernel(f, "/boot/kernel");
	static const char *const missing[] = { "/boot/missing" };
	struct kx_request req = {
		.size = sizeof(req), .image = image, .initrds = missing, .n_initrds = 1
	};
	struct kx_plan *plan = NULL;

	for (int i = 0; i < 3; i++)
		assert_int_equal(kx_plan_new(f->ctx, &req, &plan, NULL), -ENOENT);
	look_at_image(image);
	kx_image_free(image);
}

static void test_nothing(void **state)
{
	assert_null(kx_ctx_free(NULL));
	assert_null(kx_image_free(NULL));
	assert_null(kx_plan_free(NULL));
	assert_null(kx_entries_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_MACHINE(test_every_order),
		WITH_MACHINE(test_commit_without_image),
		WITH_MACHINE(test_failed_plan),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

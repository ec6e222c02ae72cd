// SPDX-License-Identifier: LGPL-2.1-or-later
/* Parts of a request: the same plan and the same load, whether a file comes as a path, a descriptor, out
 * of a pipe or as bytes; and what is refused. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/lib-fixture.h"

enum kind { PATH, DESCRIPTOR, PIPE, BYTES, N_KINDS };

enum { LARGE = 300000 }; /* more than kernel and purgatory, and more than a pipe holds */

/* A part and what has to be released after the call. */
struct source {
	struct kx_part part;
	uint8_t *contents;
	size_t n;
	struct feeder feeder;
	int fd;
};

static struct source source_make(struct fixture *f, enum kind kind, const char *path)
{
	struct source s = { .part = { .size = sizeof(s.part), .path = path }, .fd = -1 };

	assert_int_equal(read_file_in(f->ctx->file_root, path, 1 << 24, &s.contents, &s.n), 0);
	s.feeder.fd = -1;
	switch (kind) {
	case DESCRIPTOR:
		s.part.fd = s.fd = fixture_open(f, path);
		assert_int_equal(lseek(s.fd, 3, SEEK_SET), 3); /* it does not matter */
		s.part.flags = KX_PART_FD;
		break;
	case PIPE:
		s.feeder = feeder_start(s.contents, s.n);
		s.part.fd = s.feeder.fd;
		s.part.flags = KX_PART_FD;
		break;
	case BYTES:
		s.part.bytes = s.contents;
		s.part.n = s.n;
		break;
	case PATH:
	case N_KINDS:
		break;
	}
	if (kind != PATH)
		s.part.path = NULL;
	return s;
}

/* What the caller does with it right after the call must not matter. */
static void source_done(struct source *s)
{
	memset(s->contents, 'x', s->n);
	free(s->contents);
	if (s->feeder.fd >= 0)
		feeder_done(&s->feeder);
	if (s->fd >= 0)
		close(s->fd);
}

static void put_large(struct fixture *f)
{
	uint8_t *large = malloc(LARGE);

	assert_non_null(large);
	for (size_t i = 0; i < LARGE; i++)
		large[i] = (uint8_t)(i * 7 + (i >> 8));
	root_put_bytes(&f->root, "/boot/large", large, LARGE);
	free(large);
}

static bool given_is(const struct fixture *f, size_t at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (f->given[at + i] != (uint8_t)(i * 7 + (i >> 8)))
			return false;
	return true;
}

static void expect_load(struct fixture *f, const struct kx_request *req)
{
	struct kx_error err = { 0 };
	struct kx_plan *plan = NULL;

	f->keeps_given = true;
	memset(f->given, 0, sizeof(f->given));
	if (kx_plan_new(f->ctx, req, &plan, &err) < 0 || kx_plan_commit(f->ctx, plan, &err) < 0)
		fail_msg("%s", err.message);
	kx_plan_free(plan);
}

static const enum kx_way ways[] = { KX_WAY_SEGMENTS, KX_WAY_FILE };

/* One initial ramdisk, by each way into the request and each system call. */
static void test_one_initrd(void **state)
{
	struct fixture *f = *state;
	struct kx_image *image = fixture_kernel(f, "/boot/kernel");

	put_large(f);
	for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
		for (int kind = 0; kind < N_KINDS; kind++) {
			struct source s = source_make(f, (enum kind)kind, "/boot/large");
			struct kx_request req = { .size = sizeof(req),
						  .image = image,
						  .way = ways[w],
						  .initrd_parts = &s.part,
						  .n_initrd_parts = 1 };

			expect_load(f, &req);
			source_done(&s);
			assert_int_equal(f->given_n, LARGE);
			assert_true(given_is(f, 0, LARGE));
		}
	}
	kx_image_free(image);
}

/* Paths of the older field first, then parts; each begins at a multiple of four. */
static void test_joined(void **state)
{
	static const char *const paths[] = { "/boot/initrd", "/boot/second" };
	struct fixture *f = *state;
	struct kx_image *image = fixture_kernel(f, "/boot/kernel");

	put_large(f);
	for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
		for (int kind = 0; kind < N_KINDS; kind++) {
			struct source one = source_make(f, (enum kind)kind, "/boot/large"),
				      two = source_make(f, BYTES, "/boot/module");
			const struct kx_part parts[] = { one.part, two.part };
			struct kx_request req = { .size = sizeof(req),
						  .image = image,
						  .way = ways[w],
						  .initrds = paths,
						  .n_initrds = 2,
						  .initrd_parts = parts,
						  .n_initrd_parts = 2 };

			expect_load(f, &req);
			source_done(&one);
			source_done(&two);
			assert_int_equal(f->given_n, 8 + 8 + LARGE + 6);
			assert_memory_equal(f->given, "first\0\0\0second\0\0", 16);
			assert_true(given_is(f, 16, LARGE));
			assert_memory_equal(f->given + 16 + LARGE, "module", 6);
		}
	}
	kx_image_free(image);
}

static void test_kernel(void **state)
{
	struct fixture *f = *state;

	for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
		for (int kind = 0; kind < N_KINDS; kind++) {
			struct source s = source_make(f, (enum kind)kind, "/boot/kernel");
			struct kx_image_info info = { .size = sizeof(info) };
			struct kx_image *image = NULL;
			struct kx_error err = { 0 };
			struct kx_request req = { .size = sizeof(req), .way = ways[w] };
			const unsigned n = f->n_loads;

			if (kx_image_open_part(f->ctx, &s.part, NULL, &image, &err) < 0)
				fail_msg("%s", err.message);
			source_done(&s);
			assert_int_equal(kx_image_info(image, &info), 0);
			assert_string_equal(info.type, "bzImage64");
			assert_string_equal(info.version, "6.1.0-50-cloud-amd64");
			req.image = image;
			expect_load(f, &req);
			assert_int_equal(f->n_loads, n + 1);
			kx_image_free(image);
		}
	}
}

/* What a multiboot kernel is told of a module, and its bytes. */
static void test_module(void **state)
{
	struct fixture *f = *state;
	struct kx_image *image = fixture_kernel(f, "/boot/guest.elf");

	for (int kind = 0; kind < N_KINDS; kind++) {
		static const char *const paths[] = { "/boot/second with=words" };
		struct source s = source_make(f, (enum kind)kind, "/boot/module");
		struct kx_request req = { .size = sizeof(req),
					  .image = image,
					  .modules = paths,
					  .n_modules = 1,
					  .module_parts = &s.part,
					  .n_module_parts = 1 };
		struct kx_segment segment = { .size = sizeof(segment) };
		struct kx_plan *plan = NULL;
		struct kx_error err = { 0 };
		size_t n_found = 0;
		bool is_told = false;

		s.part.cmdline = "dom0 console=hvc0";
		if (kx_plan_new(f->ctx, &req, &plan, &err) < 0)
			fail_msg("%s", err.message);
		source_done(&s);
		for (size_t i = 0; kx_plan_segment(plan, i, &segment) == 0; i++) {
			n_found +=
				segment.data_size == 6 && (memcmp(segment.data, "module", 6) == 0 ||
							   memcmp(segment.data, "second", 6) == 0);
			is_told =
				is_told ||
				(segment.data && segment.data_size &&
				 memmem(segment.data, segment.data_size, "dom0 console=hvc0", 18) &&
				 memmem(segment.data, segment.data_size, "/boot/second with=words",
					24));
		}
		assert_int_equal(n_found, 2);
		assert_true(is_told);
		kx_plan_free(plan);
	}
	kx_image_free(image);
}

/* Of an array made by a program with a larger struct kx_part than ours. */
static void test_newer_caller(void **state)
{
	struct fixture *f = *state;
	struct kx_image *image = fixture_kernel(f, "/boot/kernel");
	struct {
		struct kx_part part;
		uint64_t unknown;
	} newer[2] = { { .part = { .size = sizeof(newer[0]), .path = "/boot/initrd" } },
		       { .part = { .size = sizeof(newer[0]), .path = "/boot/large" } } };
	struct kx_request req = { .size = sizeof(req),
				  .image = image,
				  .initrd_parts = &newer[0].part,
				  .n_initrd_parts = 2 };
	struct kx_plan *plan = NULL;
	struct kx_error err = { 0 };

	put_large(f);
	expect_load(f, &req);
	assert_int_equal(f->given_n, 8 + LARGE);
	newer[1].unknown = 1;
	assert_int_equal(kx_plan_new(f->ctx, &req, &plan, &err), -E2BIG);
	assert_int_equal(err.step, KX_STEP_ARGUMENT);
	assert_null(plan);
	kx_image_free(image);
}

static void test_refused(void **state)
{
	struct fixture *f = *state;
	struct kx_image *image = fixture_kernel(f, "/boot/kernel"), *none = NULL;
	const int directory = fixture_open(f, "/boot"),
		  null = open("/dev/zero", O_RDONLY | O_CLOEXEC),
		  empty = fixture_open(f, "/boot/empty");
	const struct {
		struct kx_part part;
		int r;
		enum kx_step step; /* of an initial ramdisk; a kernel has KX_STEP_KERNEL_OPEN */
		const char *file;
	} cases[] = {
		{ { .size = 0, .path = "/boot/initrd" }, -EINVAL, KX_STEP_ARGUMENT, "" },
		{ { .path = NULL }, -EINVAL, KX_STEP_ARGUMENT, "" },
		{ { .bytes = "a", .n = 1, .flags = KX_PART_FD }, -EINVAL, KX_STEP_ARGUMENT, "" },
		{ { .path = "a", .flags = 1u << 5 }, -EINVAL, KX_STEP_ARGUMENT, "" },
		{ { .bytes = "", .n = 0 }, -ENODATA, KX_STEP_INITRD, "(memory)" },
		{ { .bytes = "", .path = "key" }, -ENODATA, KX_STEP_INITRD, "key" },
		{ { .fd = empty, .flags = KX_PART_FD }, -ENODATA, KX_STEP_INITRD, "(descriptor)" },
		{ { .fd = directory, .flags = KX_PART_FD, .path = "dir" },
		  -EISDIR,
		  KX_STEP_INITRD,
		  "dir" },
		{ { .fd = null, .flags = KX_PART_FD }, NOT_A_FILE, KX_STEP_INITRD, "(descriptor)" },
		{ { .fd = -1, .flags = KX_PART_FD }, -EBADF, KX_STEP_INITRD, "(descriptor)" },
		{ { .path = "/boot/missing" }, -ENOENT, KX_STEP_INITRD, "/boot/missing" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
			struct kx_part part = cases[i].part;
			struct kx_request req = { .size = sizeof(req),
						  .image = image,
						  .way = ways[w],
						  .initrd_parts = &part,
						  .n_initrd_parts = 1 };
			struct kx_plan *plan = NULL;
			struct kx_error err;

			part.size = i ? sizeof(part) : 0;
			memset(&err, 0xa5, sizeof(err));
			assert_int_equal(kx_plan_new(f->ctx, &req, &plan, &err), cases[i].r);
			assert_null(plan);
			assert_int_equal(err.step, cases[i].step);
			assert_string_equal(err.file, cases[i].file);
			memset(&err, 0xa5, sizeof(err));
			assert_int_equal(kx_image_open_part(f->ctx, &part, NULL, &none, &err),
					 cases[i].r);
			assert_null(none);
			assert_string_equal(err.file, cases[i].file);
		}
	}
	close(directory);
	close(null);
	close(empty);
	kx_image_free(image);
}

static void test_too_many(void **state)
{
	struct fixture *f = *state;
	struct kx_image *image = fixture_kernel(f, "/boot/kernel");
	struct kx_part parts[257];
	struct kx_request req = { .size = sizeof(req), .image = image, .initrd_parts = parts };
	struct kx_plan *plan = NULL;
	struct kx_error err = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		parts[i] = (struct kx_part){ .size = sizeof(parts[i]), .bytes = "1234", .n = 4 };
	req.n_initrd_parts = 257;
	assert_int_equal(kx_plan_new(f->ctx, &req, &plan, &err), -E2BIG);
	req.n_initrd_parts = SIZE_MAX;
	assert_int_equal(kx_plan_new(f->ctx, &req, &plan, &err), -E2BIG);
	req.n_initrd_parts = 256;
	assert_int_equal(kx_plan_new(f->ctx, &req, &plan, &err), 0);
	kx_plan_free(plan);
	kx_image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_MACHINE(test_one_initrd),	 WITH_MACHINE(test_joined),
		WITH_MACHINE(test_kernel),	 WITH_MACHINE(test_module),
		WITH_MACHINE(test_newer_caller), WITH_MACHINE(test_refused),
		WITH_MACHINE(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

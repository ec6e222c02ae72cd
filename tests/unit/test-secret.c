// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Secret parts of a request leave no copy in memory.
 *
 * The whole memory of this process is searched for the secret, as /proc/self/mem shows it, after every way
 * out of the library. So a copy is found wherever it was made: buffers that were released, the stack,
 * sentences, lines of the log. What the secret is, the test itself knows in a masked form only. The
 * library's anonymous files are read again after it released them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/cmocka-shim.h"
#include "tests/unit/lib-fixture.h"

enum {
	MARK = 32,	/* bytes that the secret is made of, again and again */
	LARGE = 320000, /* grows several times while it is read, and stays larger than the kernel */
	SMALL = 32000,	/* below malloc(3)'s limit for mappings of their own, so that traces stay */
	WINDOW = 1 << 20,
};

/* Each of its bytes is one of the secret, inverted. Volatile, because compilers work out the secret of a
 * constant beforehand and put that into the program. */
static const volatile uint8_t masked[MARK + 1] =
	"\x13\xa7\x5e\xc1\x88\x2b\xf4\x6d\x91\x3c\xe8\x57\x0a\xbd\x72"
	"\xd6\x4f\x99\x21\xcb\x65\xfe\x37\x80\xda\x1c\xb3\x48\xe6\x7f"
	"\x05\x92";

static bool is_mark(const uint8_t *p)
{
	for (size_t i = 0; i < MARK; i++)
		if ((p[i] + masked[i]) != 0xff)
			return false;
	return true;
}

static size_t count_marks(const uint8_t *p, size_t n)
{
	const uint8_t first = (uint8_t)(masked[0] ^ 0xff);
	const uint8_t *const end = p + n;
	size_t found = 0;

	while (n >= MARK && (p = memchr(p, first, n)) != NULL) {
		n = (size_t)(end - p);
		if (n >= MARK && is_mark(p))
			found++;
		p++;
		n--;
	}
	return found;
}

static size_t count_in_range(int mem, uint64_t start, uint64_t end, uint8_t *window)
{
	size_t found = 0;

	for (uint64_t at = start; at < end;) {
		const uint64_t left = end - at;
		const size_t n = left < WINDOW ? (size_t)left : WINDOW;
		const ssize_t got = pread(mem, window, n, (off_t)at);

		if (got > 0)
			found += count_marks(window, (size_t)got);
		at += n == left ? n : n - MARK + 1;
	}
	return found;
}

/* How often it stands in the memory of this process. */
static size_t traces(void)
{
	uint8_t *window =
		mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long long start, end;
	size_t found = 0;
	char line[512];

	assert_true(window != MAP_FAILED && mem >= 0 && maps);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%llx-%llx r", &start, &end) != 2 || strstr(line, "[v"))
			continue;
		if (end - start > (UINT64_C(1) << 32)) /* tables of a sanitizer */
			continue;
		if (start <= (uintptr_t)window && (uintptr_t)window < end) {
			/* neighbours are shown as one with it */
			found += count_in_range(mem, start, (uintptr_t)window, window);
			start = (uintptr_t)window + WINDOW;
		}
		found += count_in_range(mem, start, end, window);
	}
	fclose(maps);
	close(mem);
	memset(window, 0, WINDOW);
	munmap(window, WINDOW);
	return found;
}

static void fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(masked[i % MARK] ^ 0xff);
}

/* ---- secrets of the caller, which leaves none in memory itself */

enum kind { PATH, DESCRIPTOR, PIPE, BYTES, N_KINDS };

struct source {
	struct kx_part part;
	uint8_t *bytes; /* a mapping of its own */
	size_t n;
	struct feeder feeder;
	int fd;
};

static void put_secret(struct fixture *f, size_t n)
{
	uint8_t block[1024];
	char full[256];
	const int fd = open(fixture_path(f, "/boot/secret", full),
			    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	fill(block, sizeof(block));
	for (size_t at = 0; at < n; at += sizeof(block))
		assert_int_equal(write(fd, block, n - at < sizeof(block) ? n - at : sizeof(block)),
				 n - at < sizeof(block) ? n - at : sizeof(block));
	explicit_bzero(block, sizeof(block));
	close(fd);
}

static struct source source_make(struct fixture *f, enum kind kind, size_t n, uint64_t flags)
{
	struct source s = { .part = { .size = sizeof(s.part), .path = "/boot/secret" },
			    .n = n,
			    .feeder = { .fd = -1 },
			    .fd = -1 };

	put_secret(f, n);
	s.bytes = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(s.bytes != MAP_FAILED);
	if (kind == PIPE || kind == BYTES)
		fill(s.bytes, n);
	if (kind == PIPE) {
		s.feeder = feeder_start(s.bytes, n);
		explicit_bzero(s.bytes, n);
		s.part.fd = s.feeder.fd;
	}
	if (kind == DESCRIPTOR)
		s.part.fd = s.fd = fixture_open(f, "/boot/secret");
	if (kind == BYTES) {
		s.part.bytes = s.bytes;
		s.part.n = n;
	}
	s.part.flags = flags | (kind == PIPE || kind == DESCRIPTOR ? KX_PART_FD : 0);
	return s;
}

static void source_done(struct source *s)
{
	explicit_bzero(s->bytes, s->n);
	munmap(s->bytes, s->n);
	if (s->feeder.fd >= 0)
		feeder_done(&s->feeder);
	if (s->fd >= 0)
		close(s->fd);
}

/* ---- anonymous files of the library */

enum { KEPT_MAX = 8 };

struct kept {
	int fds[KEPT_MAX];
	size_t n;
};

/* Second descriptors of those that it has now. */
static struct kept keep_anonymous(void)
{
	struct kept kept = { .n = 0 };
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		char path[300], target[64] = "";

		(void)snprintf(path, sizeof(path), "/proc/self/fd/%s", entry->d_name);
		if (readlink(path, target, sizeof(target) - 1) > 0 &&
		    strncmp(target, "/memfd:initrd", 13) == 0 && kept.n < KEPT_MAX)
			kept.fds[kept.n++] = dup(atoi(entry->d_name));
	}
	closedir(dir);
	return kept;
}

static size_t marks_in_kept(const struct kept *kept)
{
	size_t found = 0;

	for (size_t i = 0; i < kept->n; i++) {
		const off_t n = lseek(kept->fds[i], 0, SEEK_END);
		uint8_t *p = mmap(NULL, (size_t)n, PROT_READ, MAP_SHARED, kept->fds[i], 0);

		assert_true(n > 0 && p != MAP_FAILED);
		found += count_marks(p, (size_t)n);
		munmap(p, (size_t)n);
	}
	return found;
}

static void kept_done(struct kept *kept)
{
	for (size_t i = 0; i < kept->n; i++)
		close(kept->fds[i]);
	kept->n = 0;
}

/* ---- ways out */

enum outcome {
	NOT_COMMITTED,
	COMMITTED,
	LOAD_FAILS,	  /* the kernel says no */
	NO_ROOM,	  /* the planner finds no place */
	SECOND_MISSING,	  /* after the secret was read */
	SECOND_REFUSED,	  /* likewise: bytes without any */
	TOO_LONG_CMDLINE, /* no plan for another reason */
	N_OUTCOMES
};

struct attempt {
	enum kind kind;
	enum kx_way way;
	enum outcome outcome;
	uint64_t flags; /* KX_REQ_* */
	bool joined;	/* behind a public one */
};

static void check_live(const struct attempt *a, const struct kx_plan *plan, struct kept *kept)
{
	struct kx_segment s = { .size = sizeof(s) };
	size_t n_secret = 0;

	*kept = keep_anonymous();
	for (size_t i = 0; kx_plan_segment(plan, i, &s) == 0; i++)
		n_secret += s.secret && strcmp(s.name, "initrd") == 0;
	if (a->way == KX_WAY_SEGMENTS) {
		assert_int_equal(n_secret, 1);
		assert_true(traces() >= LARGE / MARK - 1); /* the search finds what is there */
	} else {
		const bool is_file = !a->joined && (a->kind == PATH || a->kind == DESCRIPTOR);

		assert_int_equal(kept->n, is_file ? 0 : 1);
		assert_true(is_file || marks_in_kept(kept) >= LARGE / MARK - 1);
		assert_int_equal(traces(), 0);
	}
}

static int run(struct fixture *f, const struct attempt *a, const struct kx_image *image,
	       struct kept *kept, struct kx_error *err)
{
	struct source s = source_make(f, a->kind, LARGE, KX_PART_SECRET);
	const struct kx_part empty = { .size = sizeof(empty), .bytes = "", .n = 0 },
			     first = { .size = sizeof(first), .path = "/boot/initrd" },
			     missing = { .size = sizeof(missing), .path = "/boot/missing" };
	struct kx_part parts[3];
	char cache[256], line[4096];
	struct kx_request req = { .size = sizeof(req),
				  .image = image,
				  .way = a->way,
				  .flags = a->flags,
				  .initrd_parts = parts,
				  .cache = fixture_path(f, "/cache", cache) };
	struct kx_plan *plan = NULL;
	int r;

	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	if (a->joined)
		parts[req.n_initrd_parts++] = first;
	parts[req.n_initrd_parts++] = s.part;
	if (a->outcome == SECOND_MISSING)
		parts[req.n_initrd_parts++] = missing;
	if (a->outcome == SECOND_REFUSED)
		parts[req.n_initrd_parts++] = empty;
	if (a->outcome == NO_ROOM)
		req.mem_end = 0x1100000;
	if (a->outcome == TOO_LONG_CMDLINE)
		req.cmdline = line;
	f->load_result = a->outcome == LOAD_FAILS ? -ENOMEM : 0;
	r = kx_plan_new(f->ctx, &req, &plan, err);
	source_done(&s);
	if (r == 0)
		check_live(a, plan, kept);
	if (r == 0 && a->outcome != NOT_COMMITTED)
		r = kx_plan_commit(f->ctx, plan, err);
	kx_plan_free(plan);
	return r;
}

static int expected(const struct attempt *a)
{
	switch (a->outcome) {
	case NOT_COMMITTED:
	case COMMITTED:
	case N_OUTCOMES:
		return 0;
	case LOAD_FAILS:
		return -ENOMEM;
	case NO_ROOM:
		return a->way == KX_WAY_SEGMENTS ? -ENOSPC : -EOPNOTSUPP;
	case SECOND_MISSING:
		return -ENOENT;
	case SECOND_REFUSED:
		return -ENODATA;
	case TOO_LONG_CMDLINE:
		return -ENAMETOOLONG;
	}
	return 0;
}

static void attempt(struct fixture *f, const struct attempt *a)
{
	struct kx_image *image = fixture_kernel(f, "/boot/kernel");
	struct kept kept = { .n = 0 };
	struct kx_error err = { 0 };
	const int r = run(f, a, image, &kept, &err);
	const size_t left = traces(), left_in_files = marks_in_kept(&kept);

	if (r != expected(a) || left || left_in_files)
		fail_msg("kind %d, way %d, outcome %d, flags %llx, %s: %d (%s), expected %d; %zu "
			 "traces in memory, %zu in files",
			 (int)a->kind, (int)a->way, (int)a->outcome, (unsigned long long)a->flags,
			 a->joined ? "joined" : "alone", r, err.message, expected(a), left,
			 left_in_files);
	kept_done(&kept);
	kx_image_free(image);
}

static void test_no_trace(void **state)
{
	static const struct {
		enum kx_way way;
		uint64_t flags;
	} hows[] = {
		{ KX_WAY_SEGMENTS, 0 },
		{ KX_WAY_SEGMENTS, KX_REQ_FAST | KX_REQ_DIET },
		{ KX_WAY_FILE, 0 },
		{ KX_WAY_FILE, KX_REQ_FAST },
	};
	struct fixture *f = *state;

	assert_int_equal(traces(), 0);
	for (size_t h = 0; h < ARRAY_SIZE(hows); h++) {
		for (int kind = 0; kind < N_KINDS; kind++) {
			for (int outcome = 0; outcome < N_OUTCOMES; outcome++) {
				struct attempt a = { (enum kind)kind, hows[h].way,
						     (enum outcome)outcome, hows[h].flags, false };

				attempt(f, &a);
				a.joined = true;
				if (kind == PATH || kind == BYTES)
					attempt(f, &a);
			}
		}
	}
}

/* The search works: a part that is not secret is found in released memory. */
static void test_others_leave_traces(void **state)
{
	struct fixture *f = *state;
	struct kx_image *image = fixture_kernel(f, "/boot/kernel");
	struct source s = source_make(f, PIPE, SMALL, 0);
	struct kx_request req = { .size = sizeof(req),
				  .image = image,
				  .way = KX_WAY_SEGMENTS,
				  .initrd_parts = &s.part,
				  .n_initrd_parts = 1 };
	struct kx_plan *plan = NULL;

	assert_int_equal(kx_plan_new(f->ctx, &req, &plan, NULL), 0);
	source_done(&s);
	kx_plan_free(plan);
	kx_image_free(image);
	assert_true(traces() > 0);
}

/* The same archive twice: as a public part something is kept of it, as a secret one nothing is. */
static void test_never_cached(void **state)
{
	/* Documentation/driver-api/early-userspace/buffer-format.rst: the end of an archive */
	static const char archive[124] =
		"07070100000000000000000000000000000000000000010000000000000000"
		"000000000000000000000000000000000000000b00000000TRAILER!!!";
	struct fixture *f = *state;
	struct kx_image *image = fixture_kernel(f, "/boot/kernel");
	struct kx_part part = { .size = sizeof(part), .path = "/boot/archive" };
	char cache[256];
	struct kx_request req = { .size = sizeof(req),
				  .image = image,
				  .way = KX_WAY_SEGMENTS,
				  .flags = KX_REQ_FAST,
				  .initrd_parts = &part,
				  .n_initrd_parts = 1,
				  .cache = fixture_path(f, "/cache", cache) };

	root_put_bytes(&f->root, part.path, archive, sizeof(archive));
	for (int is_public = 0; is_public < 2; is_public++) {
		struct kx_plan *plan = NULL;
		DIR *dir;
		int n = 0;

		part.flags = is_public ? 0 : KX_PART_SECRET;
		assert_int_equal(kx_plan_new(f->ctx, &req, &plan, NULL), 0);
		assert_int_equal(kx_plan_commit(f->ctx, plan, NULL), 0);
		kx_plan_free(plan);
		dir = opendir(cache);
		while (dir && readdir(dir))
			n++;
		if (dir)
			closedir(dir);
		if ((n > 2) != is_public) /* besides . and .. */
			fail_msg("%d files: %s", n, f->log);
	}
	kx_image_free(image);
}

/* The plan says that a secret is why it is not faster, and that is all it says of it. */
static void test_says_why(void **state)
{
	struct fixture *f = *state;
	struct kx_image *image = fixture_kernel(f, "/boot/kernel");

	for (int file = 0; file < 2; file++) {
		struct source s = source_make(f, PATH, LARGE, KX_PART_SECRET);
		struct kx_request req = { .size = sizeof(req),
					  .image = image,
					  .way = file ? KX_WAY_FILE : KX_WAY_SEGMENTS,
					  .flags = KX_REQ_FAST,
					  .initrd_parts = &s.part,
					  .n_initrd_parts = 1 };
		struct kx_plan_info info = { .size = sizeof(info) };
		struct kx_plan *plan = NULL;
		const char *warning;

		assert_int_equal(kx_plan_new(f->ctx, &req, &plan, NULL), 0);
		assert_int_equal(kx_plan_info(plan, &info), 0);
		warning = kx_plan_warning(plan, 0);
		assert_non_null(file ? info.reason : warning);
		assert_non_null(strstr(file ? info.reason : warning,
				       "it is secret, and no copies of it are made"));
		assert_int_equal(info.initrd_size, LARGE);
		kx_plan_free(plan);
		source_done(&s);
	}
	kx_image_free(image);
}

/* Modules of multiboot kernels, and what cannot be secret. */
static void test_module(void **state)
{
	struct fixture *f = *state;
	struct kx_image *image = fixture_kernel(f, "/boot/guest.elf"), *none = NULL;
	struct kx_error err = { 0 };

	for (int kind = 0; kind < N_KINDS; kind++) {
		struct source s = source_make(f, (enum kind)kind, LARGE, KX_PART_SECRET);
		struct kx_request req = { .size = sizeof(req),
					  .image = image,
					  .module_parts = &s.part,
					  .n_module_parts = 1 };
		struct kx_segment segment = { .size = sizeof(segment) };
		struct kx_plan *plan = NULL;
		size_t n_secret = 0;

		assert_int_equal(kx_plan_new(f->ctx, &req, &plan, &err), 0);
		for (size_t i = 0; kx_plan_segment(plan, i, &segment) == 0; i++)
			n_secret += segment.secret != 0;
		assert_int_equal(n_secret, 1);
		assert_int_equal(kx_plan_commit(f->ctx, plan, &err), 0);
		kx_plan_free(plan);
		source_done(&s);
		assert_int_equal(traces(), 0);
	}
	kx_image_free(image);
	assert_int_equal(kx_image_open_part(f->ctx,
					    &(struct kx_part){ .size = sizeof(struct kx_part),
							       .path = "/boot/kernel",
							       .flags = KX_PART_SECRET },
					    NULL, &none, &err),
			 -EOPNOTSUPP);
	assert_null(none);
	assert_int_equal(err.step, KX_STEP_ARGUMENT);
}

/* Decompressors keep windows of what they unpack, which nobody overwrites. */
static void test_packed_module(void **state)
{
	struct fixture *f = *state;
	struct kx_image *image = fixture_kernel(f, "/boot/guest.elf");
	const struct kx_part part = { .size = sizeof(part),
				      .bytes = "\x1f\x8b\x08\0\0\0\0\0\0\3xxxxxxxxxxxx",
				      .n = 22,
				      .path = "key.gz",
				      .flags = KX_PART_SECRET };
	struct kx_request req = {
		.size = sizeof(req), .image = image, .module_parts = &part, .n_module_parts = 1
	};
	struct kx_plan *plan = NULL;
	struct kx_error err = { 0 };

	assert_int_equal(kx_plan_new(f->ctx, &req, &plan, &err), -EOPNOTSUPP);
	assert_int_equal(err.step, KX_STEP_MODULE);
	assert_string_equal(err.file, "key.gz");
	kx_image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_MACHINE(test_no_trace),
		WITH_MACHINE(test_never_cached),
		WITH_MACHINE(test_says_why),
		WITH_MACHINE(test_module),
		WITH_MACHINE(test_packed_module),
		/* the last one: it leaves traces */
		WITH_MACHINE(test_others_leave_traces),
	};

	/* meson has malloc(3) overwrite what is released, which would hide traces */
	(void)mallopt(M_PERTURB, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

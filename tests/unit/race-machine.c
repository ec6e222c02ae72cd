// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/unit/race-machine.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/race-reboot.h"

/* Far more than there are; reached when an actor does not do the same each time. */
enum { RUNS_MAX = 20000 };
/* Where the kernel puts its own purgatory. */
#define ENTRY_OF_FILES UINT64_C(0x7fff0000)

const char *const race_op_names[RACE_OPS] = {
	"load in place", "load a copy", "load files",	      "unload",
	"--cancel",	 "hook jump",	"hook of a poweroff", "look before the jump",
};
const char *const race_first_names[RACE_FIRSTS] = { "nothing", "an image in place", "a copy" };

/* What steps touch. Image, pages and the file that says whose they are make one object, since the rules
 * are about all three. */
enum object {
	MACHINE = 1 << 0,
	REQUEST = 1 << 1,
	LOADED = 1 << 2,
	ATTEMPTS = 1 << 3,
	SYSFS = 1 << 4,
	KCORE = 1 << 5,
	PAGES_LOCK = 1 << 6,
	ATTEMPTS_LOCK = 1 << 7,
};

/* Files that several actors read and change. */
enum file { FILE_PAGES, FILE_REQUEST, FILE_LOADED, FILE_ATTEMPTS, FILE_SYSFS, FILE_KCORE, FILES };

static struct shared {
	const char *path;
	struct baton_step read, write, remove;
	bool there;
} files[FILES] = {
#define SHARED(path, object)                                                                 \
	{                                                                                    \
		path, { "read " path, object, 0, NULL }, { "write " path, 0, object, NULL }, \
			{ "remove " path, 0, object, NULL }, false                           \
	}
	[FILE_PAGES] = SHARED("/run/rapidreboot/in-place", MACHINE),
	[FILE_REQUEST] = SHARED("/run/rapidreboot/request", REQUEST),
	[FILE_LOADED] = SHARED("/run/rapidreboot/loaded", LOADED),
	[FILE_ATTEMPTS] = SHARED("/var/lib/rapidreboot/attempts", ATTEMPTS),
	[FILE_SYSFS] = SHARED("/sys/kernel/kexec_loaded", SYSFS),
	[FILE_KCORE] = SHARED("/proc/kcore", KCORE),
};

static struct race *race_now;
static struct kx_plan *plans[BATON_ACTORS_MAX];
/* What the kernel holds. */
static struct {
	uint64_t entry;	   /* 0: nothing */
	bool needs_pages;  /* no segment holds the kernel itself */
	uint64_t contents; /* of the pages, when it was loaded */
} loaded;
static const char *jumped_wrong;

static struct shared *shared(const char *path)
{
	for (size_t i = 0; i < FILES; i++)
		if (strcmp(files[i].path, path) == 0)
			return &files[i];
	return NULL;
}

/* ---- steps: calls of src/base/open.c and file.c from other files (ld --wrap) */

int __real_open_in(int root, const char *path, int flags);
int __wrap_open_in(int root, const char *path, int flags);
int __real_lock_file_in(int root, const char *path);
int __wrap_lock_file_in(int root, const char *path);
int __real_file_remove_in(int root, const char *path);
int __wrap_file_remove_in(int root, const char *path);
int __real_file_replace_in(int root, const char *path, unsigned mode, const void *buf, size_t n,
			   bool durable);
int __wrap_file_replace_in(int root, const char *path, unsigned mode, const void *buf, size_t n,
			   bool durable);

int __wrap_open_in(int root, const char *path, int flags)
{
	const struct shared *file = shared(path);

	if (file)
		baton_turn(&file->read);
	return __real_open_in(root, path, flags);
}

int __wrap_lock_file_in(int root, const char *path)
{
	const struct baton_step step = {
		.name = "lock",
		.writes = strncmp(path, "/run/", 5) == 0 ? PAGES_LOCK : ATTEMPTS_LOCK,
		.lock = path,
	};

	baton_turn(&step);
	return race_now->no_lock ? open("/dev/null", O_RDONLY | O_CLOEXEC)
				 : __real_lock_file_in(root, path);
}

int __wrap_file_remove_in(int root, const char *path)
{
	struct shared *file = shared(path);

	if (file) {
		baton_turn(&file->remove);
		file->there = false;
	}
	return __real_file_remove_in(root, path);
}

int __wrap_file_replace_in(int root, const char *path, unsigned mode, const void *buf, size_t n,
			   bool durable)
{
	struct shared *file = shared(path);

	if (file) {
		baton_turn(&file->write);
		file->there = true;
	}
	return __real_file_replace_in(root, path, mode, buf, n, durable);
}

static void before_call(struct sys *sys, const char *call)
{
	const bool loads = strncmp(call, "kexec_", 6) == 0;

	baton_turn(&(struct baton_step){ .name = call,
					 .writes = MACHINE | (loads ? SYSFS | KCORE : 0) });
}

/* ---- the kernel */

/* Some bytes of each page of the file. */
static uint64_t contents_of_pages(void)
{
	const struct fake_pages *fake = race_now->f->fake;
	uint64_t digest = 1, word;

	for (size_t i = 0; i < FAKE_PAGES_MAX; i++)
		for (size_t k = 0; fake->there[i] && k < SYS_PAGE_SIZE; k += SYS_PAGE_SIZE / 8) {
			memcpy(&word, fake->bytes + i * SYS_PAGE_SIZE + k, sizeof(word));
			digest = (digest ^ word ^ i) * UINT64_C(0x100000001b3); /* FNV-1a */
		}
	return digest;
}

static void show_loaded(void)
{
	root_put(&race_now->f->root, files[FILE_SYSFS].path, loaded.entry ? "1\n" : "0\n");
	put_kernel(race_now->f, loaded.entry);
	files[FILE_SYSFS].there = files[FILE_KCORE].there = true;
}

static int (*load_segments_of_fake)(struct sys *, uint64_t, size_t, const struct sys_segment *,
				    uint64_t);

static int kernel_load(struct sys *sys, uint64_t entry, size_t n,
		       const struct sys_segment *segments, uint64_t flags)
{
	int r = load_segments_of_fake(sys, entry, n, segments, flags);

	if (r < 0)
		return r;
	loaded.entry = entry;
	/* boot_params and purgatory; the kernel of a copy is more of them */
	loaded.needs_pages = n == 2;
	loaded.contents = loaded.needs_pages ? contents_of_pages() : 0;
	show_loaded();
	return 0;
}

static int kernel_file_load(struct sys *sys, int kernel_fd, int initrd_fd, size_t cmdline_n,
			    const char *cmdline, uint64_t flags)
{
	before_call(sys, "kexec_file_load");
	memset(&loaded, 0, sizeof(loaded));
	if (!(flags & SYS_KEXEC_FILE_UNLOAD))
		loaded.entry = ENTRY_OF_FILES + baton_actor();
	show_loaded();
	return 0;
}

static int kernel_jump(struct sys *sys)
{
	baton_turn(&(struct baton_step){ .name = "reboot(KEXEC)", .reads = MACHINE });
	if (!loaded.entry)
		jumped_wrong = "a jump without an image";
	return -EINVAL;
}

static void kernel_sync(struct sys *sys)
{
}

static int kernel_interfaces_up(struct sys *sys, char (**ret_names)[SYS_INTERFACE_NAME],
				size_t *ret_n)
{
	return -EAFNOSUPPORT;
}

static int kernel_random(struct sys *sys, void *buf, size_t n)
{
	memset(buf, 0x11 * (int)(baton_actor() + 1), n);
	return 0;
}

static uint64_t kernel_time(struct sys *sys)
{
	return 1000000;
}

/* ---- what the actors do */

static void act(void *data, size_t actor)
{
	struct race *race = data;
	struct kx_error err = { 0 };

	switch (race->ops[actor]) {
	case RACE_IN_PLACE:
	case RACE_COPY:
	case RACE_FILE:
		(void)!kx_plan_commit(&race->f->ctx, plans[actor], &err);
		return;
	case RACE_UNLOAD:
		(void)!kx_unload(&race->f->ctx, KX_WAY_AUTO, 0, &err);
		return;
	case RACE_CANCEL:
		race_reboot_cancel();
		return;
	case RACE_HOOK:
		race_reboot_hook();
		return;
	case RACE_POWEROFF:
		race_poweroff_hook();
		return;
	case RACE_CHECK:
		(void)!kx_jump(&race->f->ctx, KX_JUMP_ONLY_CHECK, &err);
		return;
	case RACE_OPS:
		return;
	}
}

/* ---- first state, rules */

/* Of an @op that loads: those up to RACE_FILE. */
static struct kx_plan *plan_for(struct race *race, enum race_op op, size_t actor)
{
	struct kx_plan *plan;

	race->f->more_flags = op == RACE_COPY ? KX_REQ_COPY : 0;
	plan = in_place_plan(race->f);
	plan->machine.random_physical = (actor + 1) << 60;
	if (op == RACE_FILE) {
		plan->way = KX_WAY_FILE;
		plan->plan.may_be_in_place = false;
	}
	return plan;
}

static void forget_all(struct race *race)
{
	struct fake_pages *fake = race->f->fake;

	fake->total = fake->surplus = 0;
	fake->mounted = fake->created = false;
	memset(fake->there, 0, sizeof(fake->there));
	for (size_t i = 0; i < FILES; i++) {
		assert_int_equal(__real_file_remove_in(race->f->ctx.machine_root, files[i].path),
				 0);
		files[i].there = false;
	}
	memset(&loaded, 0, sizeof(loaded));
	jumped_wrong = NULL;
	show_loaded();
}

static void begin(void *data)
{
	struct race *race = data;

	for (size_t i = 0; i < BATON_ACTORS_MAX; i++)
		plans[i] = kx_plan_free(plans[i]);
	forget_all(race);
	if (race->first != RACE_NOTHING) {
		struct kx_plan *plan =
			plan_for(race, race->first == RACE_LOADED_COPY ? RACE_COPY : RACE_IN_PLACE,
				 BATON_ACTORS_MAX);

		assert_int_equal(kx_plan_commit(&race->f->ctx, plan, NULL), 0);
		assert_int_equal(loaded.needs_pages, race->first == RACE_LOADED_IN_PLACE);
		kx_plan_free(plan);
		race_reboot_ask();
	}
	for (size_t i = 0; i < race->n_ops; i++)
		if (race->ops[i] <= RACE_FILE)
			plans[i] = plan_for(race, race->ops[i], i);
}

static const char *check(void *data)
{
	const struct race *race = data;
	const struct fake_pages *fake = race->f->fake;

	if (loaded.needs_pages && (!fake->mounted || !fake->created))
		return "an image without its pages";
	if (loaded.needs_pages && contents_of_pages() != loaded.contents)
		return "an image whose pages have other contents";
	if (race->only_images)
		return NULL;
	if ((fake->total || fake->mounted) && !files[FILE_PAGES].there)
		return "pages without an owner";
	return jumped_wrong;
}

static const char *end(void *data)
{
	struct race *race = data;
	const struct fake_pages *fake = race->f->fake;
	const bool ends_in_place = loaded.needs_pages;

	if (race->only_images)
		return NULL;
	if (!ends_in_place && (fake->total || fake->mounted))
		return "pages are left, and no image that needs them";
	if (ends_in_place && in_place_check(&race->f->ctx, NULL) != 0)
		return "the image in place would not be started";
	if (kx_unload(&race->f->ctx, KX_WAY_AUTO, 0, NULL) < 0 || fake->total || fake->mounted ||
	    files[FILE_PAGES].there)
		return "unloading does not give everything back";
	return NULL;
}

static bool is_free(void *data, const char *lock)
{
	struct race *race = data;
	int fd = race->no_lock ? 0 : __real_lock_file_in(race->f->ctx.machine_root, lock);

	if (fd > 0)
		close(fd);
	return fd != -EWOULDBLOCK;
}

void race_run(struct race *race, struct baton_result *ret)
{
	const struct baton_game game = { .data = race,
					 .n_actors = race->n_ops,
					 .act = act,
					 .begin = begin,
					 .check = check,
					 .end = end,
					 .is_free = is_free,
					 .max_switches = race->max_switches };

	baton_explore(&game, RUNS_MAX, ret);
}

/* ---- the machine */

static void put_machine(const struct root *root)
{
	root_link(root, "/proc/1/exe", "/sbin/init");
	root_put_program(root, "/sbin/shutdown", "#!/bin/false\n");
	root_put(root, "/proc/sys/kernel/kexec_load_disabled", "0\n");
	root_put(root, "/var/lib/rapidreboot/.keep", "");
	root_put(root, "/run/rapidreboot/.keep", "");
}

void race_new(struct race *race)
{
	void *state = NULL;
	struct sys *sys;

	assert_int_equal(in_place_setup(&state), 0);
	race->f = state;
	put_machine(&race->f->root);
	sys = &race->f->fake->sys;
	load_segments_of_fake = sys->kexec_load;
	race->f->fake->before = before_call;
	sys->root = race->f->root.path;
	sys->kexec_load = kernel_load;
	sys->kexec_file_load = kernel_file_load;
	sys->reboot_kexec = kernel_jump;
	sys->sync = kernel_sync;
	sys->interfaces_up = kernel_interfaces_up;
	sys->random = kernel_random;
	sys->tsc_khz = sys->tsc = sys->boottime_ms = sys->realtime_ms = sys->boottime_us =
		sys->raw_ns = kernel_time;
	race_reboot_open(sys, &race->f->ctx, race->f->ctx.machine_root);
	race_now = race;
}

void race_free(struct race *race)
{
	void *state = race->f;

	for (size_t i = 0; i < BATON_ACTORS_MAX; i++)
		plans[i] = kx_plan_free(plans[i]);
	(void)in_place_teardown(&state);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "record/attempts.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

#define ID "3f2a9c1e-7b64-4c0d-9a55-0d6c1f8e2b17"
#define LATER "00000000-7b64-4c0d-9a55-0d6c1f8e2b17"
#define LATEST "11111111-7b64-4c0d-9a55-0d6c1f8e2b17"

/* One processor of 2 GHz: what its clocks show. */
static uint64_t realtime, boottime, tsc, tsc_khz;

static uint64_t realtime_ms(struct sys *sys)
{
	return realtime;
}

static uint64_t boottime_us(struct sys *sys)
{
	return boottime * 1000;
}

static uint64_t raw_ns(struct sys *sys)
{
	return boottime * 1000000;
}

static uint64_t read_tsc(struct sys *sys)
{
	return tsc;
}

static uint64_t read_khz(struct sys *sys)
{
	return tsc_khz;
}

static bool sleeps; /* with other processes about */

static void sleep_ms(struct sys *sys, unsigned ms)
{
	if (sleeps)
		(void)usleep(ms * 1000);
}

static struct sys machine = { .realtime_ms = realtime_ms,
			      .boottime_us = boottime_us,
			      .raw_ns = raw_ns,
			      .tsc = read_tsc,
			      .tsc_khz = read_khz,
			      .sleep_ms = sleep_ms };

static void setup(struct root *root)
{
	root_new(root);
	root_put(root, "/proc/sys/kernel/random/boot_id", ID "\n");
	root_put(root, "/var/lib/x", "");
	root_put(root, "/run/x", "");
	machine.root = root->path;
	realtime = 1000000;
	boottime = 500000;
	tsc = tsc_khz = 0;
}

static void reboot_to(struct root *root, const char *boot_id, const char *bootloader_type)
{
	root_put(root, "/proc/sys/kernel/random/boot_id", boot_id);
	if (bootloader_type)
		root_put(root, "/proc/sys/kernel/bootloader_type", bootloader_type);
}

static struct attempt attempt_of(const char *entry)
{
	const struct moment now = moment_now(&machine);
	struct attempt a = attempt_new(&now);

	attempt_text(a.entry, sizeof(a.entry), entry);
	return a;
}

static void begin(const char *entry)
{
	const struct attempt a = attempt_of(entry);

	assert_int_equal(attempt_begin(&machine, &a, NULL), 0);
}

static struct boot_facts facts_of_nothing(void)
{
	struct boot_facts facts = { 0 };

	for (size_t i = 0; i < N_POINTS; i++)
		facts.at_us[i] = POINT_UNKNOWN;
	return facts;
}

static void close_at_boot(void)
{
	const struct boot_facts facts = facts_of_nothing();

	assert_int_equal(attempts_close(&machine, &facts, NULL), 0);
}

static struct attempts *read_all(void)
{
	static struct attempts all;

	assert_int_equal(attempts_read(&machine, &all, NULL), 0);
	return &all;
}

static const struct {
	const char *line;
	bool good;
} lines[] = {
	{ "2\tresult=pending\tboot=" ID "\tasked=5\tentry=Debian GNU/Linux\tend", true },
	{ "2\tasked=5\tboot=" ID "\tresult=kexec\tend", true },
	{ "2\tresult=kexec\tboot=" ID "\tasked=18446744073709551615\tend", true },
	{ "2\tresult=kexec\tboot=" ID "\tasked=5\tof-a-later-version=x\tend", true },
	{ "2\tresult=kexec\tboot=" ID "\tasked=5\tat=0,1,-,3\tend", true },
	{ "2\tresult=kexec\tboot=" ID "\tasked=5\tcloser=\tend", true },
	{ "1\tresult=kexec\tboot=" ID "\tasked=5\tend", false },
	{ "2\tresult=Kexec\tboot=" ID "\tasked=5\tend", false },
	{ "2\tresult=kexec\tboot=" ID "\tasked=5", false },
	{ "2\tresult=kexec\tboot=" ID "\tasked=5\ten", false },
	{ "2\tresult=kexec\tboot=" ID "\tend", false },
	{ "2\tresult=kexec\tasked=5\tend", false },
	{ "2\tresult=kexec\tboot=\tasked=5\tend", false },
	{ "2\tboot=" ID "\tasked=5\tend", false },
	{ "2\tresult=kexec\tboot=" ID "\tasked=-5\tend", false },
	{ "2\tresult=kexec\tboot=" ID "\tasked=18446744073709551616\tend", false },
	{ "2\tresult=kexec\tboot=" ID "0\tasked=5\tend", false },
	{ "2\tresult=kexec\tboot=" ID "\tasked=5\tat=0,x\tend", false },
	{ "2\tresult=kexec\tboot=" ID "\tasked=5\tat=0,1,2,3,4,5,6,7,8,9,10,11,12\tend", false },
	{ "2\tresult=kexec\tboot=" ID "\tasked=5\tclock=sundial\tend", false },
	{ "2\tresult=kexec\tboot=" ID "\tasked=5\tnonsense\tend", false },
	{ "2", false },
};

static void test_parse(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		static struct attempts all;
		struct bytes text = { (const uint8_t *)lines[i].line, strlen(lines[i].line) };

		all.n = 77;
		attempts_parse(text, &all);
		assert_int_equal(all.n, lines[i].good);
		assert_int_equal(all.damaged, !lines[i].good);
		if (i == 0)
			assert_string_equal(all.v[0].entry, "Debian GNU/Linux");
		if (i == 4) {
			assert_int_equal(all.v[0].at[POINT_LOADED], 1);
			assert_true(all.v[0].at[POINT_STOPPED] == POINT_UNKNOWN);
			assert_int_equal(all.v[0].at[POINT_PURGATORY], 3);
			assert_true(all.v[0].at[POINT_TARGET] == POINT_UNKNOWN);
		}
	}
}

/* What is written is what is read, whatever a title or a reason holds. */
static void test_format(void **state)
{
	struct attempt a = attempt_new(&(struct moment){ 1, 2, 3 });
	_cleanup_free_ char *line = NULL;
	static struct attempts all;

	a.result = ATTEMPT_FIRMWARE;
	a.clock = CLOCK_BROKEN;
	strcpy(a.boot_id, ID);
	strcpy(a.closed_boot_id, LATER);
	attempt_text(a.why, sizeof(a.why), "menu");
	attempt_text(a.entry, sizeof(a.entry), "one\ttwo=three\nfour\177end");
	attempt_text(a.reason, sizeof(a.reason), "Kernel panic - not syncing: =\t=");
	a.at[POINT_TARGET] = 123456789;
	a.closed_ms = 9;
	a.watched = 1;
	a.diet = 1;
	assert_int_equal(attempt_format(&a, &line), 0);
	attempts_parse((struct bytes){ (uint8_t *)line, strlen(line) }, &all);
	assert_int_equal(all.n, 1);
	assert_string_equal(all.v[0].entry, "one two=three four end");
	assert_memory_equal(&all.v[0], &a, sizeof(a));
}

/* The oldest go; what is in between and no attempt is counted. */
static void test_many(void **state)
{
	static char text[ATTEMPTS_MAX * 200];
	static struct attempts all;
	size_t n = 0;

	for (unsigned i = 0; i < ATTEMPTS_MAX + 3; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "2\tresult=kexec\tboot=" ID "\tasked=%u\tend\nrubbish\n", i);
	attempts_parse((struct bytes){ (uint8_t *)text, n }, &all);
	assert_int_equal(all.n, ATTEMPTS_MAX);
	assert_int_equal(all.damaged, ATTEMPTS_MAX + 3);
	assert_int_equal(all.v[0].asked.real_ms, 3);
	assert_int_equal(all.v[ATTEMPTS_MAX - 1].asked.real_ms, ATTEMPTS_MAX + 2);
}

static const struct {
	const char *bootloader_type; /* Documentation/arch/x86/boot.rst: 0xD kexec, 0x7 GRUB */
	bool at_boot;
	enum attempt_result want;
	const char *tree; /* /sys/firmware/fdt */
	size_t tree_n;
} closings[] = {
	{ "208\n", true, ATTEMPT_KEXEC },
	{ "209\n", true, ATTEMPT_KEXEC },
	{ "114\n", true, ATTEMPT_FIRMWARE },
	{ "33\n", true, ATTEMPT_FIRMWARE },
	{ "3328\n", true, ATTEMPT_UNKNOWN },
	{ NULL, true, ATTEMPT_UNKNOWN },
	{ "208\n", false, ATTEMPT_UNKNOWN },
	{ "114\n", false, ATTEMPT_UNKNOWN },
	/* drivers/of/kexec.c leaves the sign, and so do we */
	{ NULL, true, ATTEMPT_KEXEC, "rng-seed\0linux,booted-from-kexec", 33 },
	{ NULL, true, ATTEMPT_FIRMWARE, "rng-seed\0linux,booted", 22 },
	{ NULL, false, ATTEMPT_UNKNOWN, "linux,booted-from-kexec", 24 },
};

static void test_close(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(closings); i++) {
		const struct boot_facts facts = facts_of_nothing();
		struct attempts *all;
		struct root root;

		setup(&root);
		begin("a\nb");
		/* nothing of this boot is closed by it */
		close_at_boot();
		all = read_all();
		assert_int_equal(all->n, 1);
		assert_int_equal(all->v[0].result, ATTEMPT_PENDING);
		assert_string_equal(all->v[0].entry, "a b");
		assert_int_equal(all->v[0].asked.real_ms, 1000000);

		reboot_to(&root, LATER "\n", closings[i].bootloader_type);
		if (closings[i].tree)
			root_put_bytes(&root, "/sys/firmware/fdt", closings[i].tree,
				       closings[i].tree_n);
		realtime = 1015000;
		boottime = 4000;
		assert_int_equal(
			attempts_close(&machine, closings[i].at_boot ? &facts : NULL, NULL), 0);
		all = read_all();
		assert_int_equal(all->v[0].result, closings[i].want);
		assert_string_equal(all->v[0].closed_boot_id, LATER);
		assert_int_equal(all->v[0].clock, closings[i].at_boot ? CLOCK_WALL : CLOCK_NONE);
		assert_true(all->v[0].at[POINT_KERNEL] ==
			    (closings[i].at_boot ? 11000000 : POINT_UNKNOWN));
		assert_int_equal(all->v[0].closed_ms, 1015000);
		assert_int_equal(attempts_unconfirmed(&machine, all) != NULL,
				 closings[i].want == ATTEMPT_FIRMWARE);
		root_free(&root);
	}
}

/* A machine that failed once is not tried again until it has had a cold boot that came up well. */
static void test_cleared(void **state)
{
	struct root root;

	setup(&root);
	begin("x");
	reboot_to(&root, LATER "\n", "114\n");
	close_at_boot();
	assert_non_null(attempts_unconfirmed(&machine, read_all()));
	/* a service that is started again is no other boot */
	close_at_boot();
	assert_non_null(attempts_unconfirmed(&machine, read_all()));
	/* and neither is a boot that nobody says anything about */
	reboot_to(&root, LATEST "\n", "114\n");
	assert_int_equal(attempts_close(&machine, NULL, NULL), 0);
	assert_non_null(attempts_unconfirmed(&machine, read_all()));
	close_at_boot();
	assert_null(attempts_unconfirmed(&machine, read_all()));
	assert_int_equal(read_all()->v[0].result, ATTEMPT_FIRMWARE);
	root_free(&root);
}

/* Where a boot service confirms attempts, one that it did not confirm is held against the next. */
static void test_watched(void **state)
{
	struct root root;

	for (int watched = 0; watched < 2; watched++) {
		setup(&root);
		if (watched)
			assert_int_equal(boot_set_watched(&machine, NULL), 0);
		begin("x");
		assert_null(attempts_unconfirmed(&machine, read_all()));
		reboot_to(&root, LATER "\n", "208\n");
		assert_int_equal(attempts_unconfirmed(&machine, read_all()) != NULL, watched);
		close_at_boot();
		assert_null(attempts_unconfirmed(&machine, read_all()));
		root_free(&root);
	}
}

static void test_withdraw(void **state)
{
	struct root root;

	setup(&root);
	assert_int_equal(read_all()->n, 0);
	assert_int_equal(attempt_withdraw(&machine, NULL), 0);
	begin("one");
	/* of two in one boot the first did not happen */
	begin("two");
	assert_int_equal(read_all()->n, 1);
	assert_string_equal(read_all()->v[0].entry, "two");
	assert_int_equal(attempt_withdraw(&machine, NULL), 0);
	assert_int_equal(read_all()->n, 0);
	begin("one");
	/* another boot's is not ours to take back */
	reboot_to(&root, LATER "\n", NULL);
	assert_int_equal(attempt_withdraw(&machine, NULL), 0);
	assert_int_equal(read_all()->n, 1);
	root_free(&root);
}

static void test_stopped(void **state)
{
	struct root root;

	setup(&root);
	assert_int_equal(attempt_stopped(&machine, NULL), 0);
	assert_int_equal(attempt_ended(&machine, "a=0", NULL), 0);
	assert_int_equal(read_all()->n, 0);
	begin("x");
	boottime += 1250;
	assert_int_equal(attempt_stopped(&machine, NULL), 0);
	assert_int_equal(attempt_ended(&machine, "a=0 b=3", NULL), 0);
	boottime += 250;
	assert_int_equal(attempt_ended(&machine, "c=timeout", NULL), 0);
	assert_int_equal(read_all()->v[0].at[POINT_STOPPED], 1250000);
	assert_int_equal(read_all()->v[0].at[POINT_ENDED], 1500000);
	assert_string_equal(read_all()->v[0].hooks, "a=0 b=3 c=timeout");
	root_free(&root);
}

/* Ordered, and loaded, an hour before it begins. */
static void test_begins(void **state)
{
	struct root root;

	setup(&root);
	assert_int_equal(attempt_begins(&machine, NULL), 0);
	assert_int_equal(read_all()->n, 0);
	begin("x");
	boottime += 3600 * 1000;
	assert_int_equal(attempt_begins(&machine, NULL), 0);
	assert_int_equal(read_all()->v[0].asked.boot_us, boottime * 1000);
	assert_true(read_all()->v[0].at[POINT_LOADED] == POINT_UNKNOWN);
	assert_string_equal(read_all()->v[0].entry, "x");
	boottime += 1250;
	assert_int_equal(attempt_stopped(&machine, NULL), 0);
	assert_int_equal(read_all()->v[0].at[POINT_STOPPED], 1250000);
	root_free(&root);
}

/* A counter of 2 GHz: asked at 100 s of it, 3 s until the purgatory, which takes 2 ms, 40 ms until the
 * clock of the new kernel begins, and 5 s of that now. */
static void measured(struct attempt *a, int64_t asked_wall_ms, uint64_t counter_now, bool stamped)
{
	struct boot_facts facts = facts_of_nothing();
	struct moment asked = { (uint64_t)asked_wall_ms, 700000000, 200000000000 };

	*a = attempt_new(&asked);
	a->result = ATTEMPT_KEXEC;
	a->at[POINT_LOADED] = 250000;
	a->at[POINT_STOPPED] = 1900000;
	a->at[POINT_ENDED] = 2500000;
	if (stamped) {
		facts.tsc[POINT_PURGATORY] = 206000000000;
		facts.tsc[POINT_CHECKED] = 206003000000;
		facts.tsc[POINT_JUMPED] = 206004000000;
	}
	facts.tsc_khz = 2000000;
	facts.at_us[POINT_INITRAMFS] = 800000;
	facts.at_us[POINT_USERSPACE] = 1700000;
	facts.at_us[POINT_TARGET] = 4900000;
	realtime = 1008042;
	boottime = 5000;
	tsc = counter_now;
	attempt_measure(&machine, a, &facts);
}

static void test_measure(void **state)
{
	static const int64_t want[N_POINTS] = {
		0,	 250000,  1900000, 2500000, 3000000, 3001500,
		3002000, 3042000, 3842000, 4742000, 7942000, POINT_UNKNOWN,
	};
	struct root root;
	struct attempt a;

	setup(&root);
	measured(&a, 1000000, 216084000000, true);
	assert_int_equal(a.clock, CLOCK_COUNTER);
	assert_memory_equal(a.at, want, sizeof(want));
	/* with the purgatory as a witness a wall clock that is off by a day does not matter */
	measured(&a, 87400000, 216084000000, true);
	assert_int_equal(a.clock, CLOCK_COUNTER);
	assert_memory_equal(a.at, want, sizeof(want));
	/* a kernel whose clock is 157 ms ahead has not begun before the jump; until then nothing is early */
	assert_int_equal(a.early_us, 0);
	measured(&a, 1000000, 215690000000, true);
	assert_int_equal(a.clock, CLOCK_COUNTER);
	assert_int_equal(a.early_us, 157000);
	assert_int_equal(a.at[POINT_PURGATORY], 3000000);
	assert_int_equal(a.at[POINT_KERNEL], 3002000);
	assert_int_equal(a.at[POINT_INITRAMFS], 3645000);
	assert_int_equal(a.at[POINT_TARGET], 7745000);
	/* what came before the jump by that clock is put to the jump as well */
	measured(&a, 1000000, 214200000000, true);
	assert_int_equal(a.early_us, 902000);
	assert_int_equal(a.at[POINT_INITRAMFS], 3002000);
	assert_int_equal(a.at[POINT_USERSPACE], 3800000);
	/* without a witness nobody knows of a jump before which it cannot have begun */
	measured(&a, 1000000, 215690000000, false);
	assert_int_equal(a.early_us, 0);
	assert_int_equal(a.at[POINT_KERNEL], 2845000);
	/* and without one it may be off by less than a minute */
	measured(&a, 950000, 216084000000, false);
	assert_int_equal(a.clock, CLOCK_COUNTER);
	assert_true(a.at[POINT_JUMPED] == POINT_UNKNOWN);
	assert_int_equal(a.at[POINT_KERNEL], 3042000);
	root_free(&root);
}

static const struct {
	int64_t asked_wall_ms;
	uint64_t counter_now;
	bool stamped;
} broken[] = {
	{ 1000000, 10000000000, true },	      /* began anew */
	{ 1000000, 200000000000, true },      /* stands */
	{ 1000000, 200000001000, true },      /* less than the new kernel has run */
	{ 1000000, 210000000000, true },      /* the kernel began before services stopped */
	{ 1000000, 213900000000, true },      /* more than a second before the jump */
	{ 1000000, 90000000000000000, true }, /* a year */
	{ 1000000, 416084000000, false },     /* 100 s more than on the wall */
	{ 900000, 216084000000, false },      /* 100 s less */
};

static void test_not_continuous(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		struct root root;
		struct attempt a;

		setup(&root);
		measured(&a, broken[i].asked_wall_ms, broken[i].counter_now, broken[i].stamped);
		assert_int_equal(a.clock, CLOCK_BROKEN);
		assert_true(a.at[POINT_PURGATORY] == POINT_UNKNOWN);
		assert_int_equal(a.at[POINT_STOPPED], 1900000);
		/* what is left: wall clock now, less the new kernel's age */
		assert_int_equal(a.at[POINT_KERNEL],
				 (1008042 - broken[i].asked_wall_ms) * 1000 - 5000000);
		root_free(&root);
	}
}

/* Two programs at once: nothing is lost, and a lock that is never given back is no hang. */
static void test_concurrent(void **state)
{
	char path[200];
	struct root root;
	int fd, status;

	setup(&root);
	sleeps = true;
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			for (int n = 0; n < 8; n++) {
				char id[] = "a0000000-7b64-4c0d-9a55-0d6c1f8e2b17";
				struct attempt a = attempt_of("x");

				id[1] = (char)('0' + i);
				id[2] = (char)('0' + n);
				a.asked.tsc = (uint64_t)(i * 8 + n);
				/* as if each were a boot of its own */
				if (attempt_begin(&machine, &a, NULL) < 0 ||
				    attempt_ended(&machine, id, NULL) < 0)
					_exit(1);
			}
			_exit(0);
		}
	for (int i = 0; i < 4; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	sleeps = false;
	assert_int_equal(read_all()->damaged, 0);
	assert_int_equal(read_all()->n, 1);
	(void)snprintf(path, sizeof(path), "%s/var/lib/rapidreboot", root.path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	/* everybody may open the directory, and so lock it: that holds nobody up */
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(attempt_withdraw(&machine, NULL), 0);
	close(fd);
	(void)snprintf(path, sizeof(path), "%s/var/lib/rapidreboot/lock", root.path);
	assert_int_equal(access(path, F_OK), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(attempt_withdraw(&machine, NULL), -EBUSY);
	close(fd);
	assert_int_equal(attempt_withdraw(&machine, NULL), 0);
	root_free(&root);
}

/* A damaged file is kept beside the new one, and stops nobody. */
static void test_damaged(void **state)
{
	static const char half[] = "2\tresult=kexec\tboot=" ID "\tasked=5\tend\n2\tresult=pen";
	static char big[ATTEMPTS_FILE_MAX + 1];
	struct root root;
	char path[200], kept[sizeof(half)] = "";
	FILE *f;

	setup(&root);
	root_put(&root, "/var/lib/rapidreboot/attempts", half);
	assert_int_equal(read_all()->n, 1);
	assert_int_equal(read_all()->damaged, 1);
	begin("new");
	assert_int_equal(read_all()->n, 2);
	assert_int_equal(read_all()->damaged, 0);
	(void)snprintf(path, sizeof(path), "%s/var/lib/rapidreboot/attempts.damaged", root.path);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fread(kept, 1, sizeof(kept), f), strlen(half));
	assert_string_equal(kept, half);
	fclose(f);

	/* zeroes, as a power failure leaves them */
	root_put_bytes(&root, "/var/lib/rapidreboot/attempts", "\0\0\0\0", 4);
	assert_int_equal(read_all()->n, 0);
	assert_int_equal(read_all()->damaged, 1);
	begin("new");
	assert_int_equal(read_all()->n, 1);

	memset(big, 'x', sizeof(big));
	root_put_bytes(&root, "/var/lib/rapidreboot/attempts", big, sizeof(big));
	assert_int_equal(read_all()->damaged, 1);
	begin("new");
	assert_int_equal(read_all()->n, 1);
	root_free(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),	       cmocka_unit_test(test_format),
		cmocka_unit_test(test_many),	       cmocka_unit_test(test_close),
		cmocka_unit_test(test_cleared),	       cmocka_unit_test(test_watched),
		cmocka_unit_test(test_withdraw),       cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_begins),	       cmocka_unit_test(test_measure),
		cmocka_unit_test(test_not_continuous), cmocka_unit_test(test_concurrent),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

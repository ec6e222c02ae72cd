// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the hooks of an init system do while the machine goes down: handover/arm.h has the rule, init(8) and
 * rc.shutdown(8) what RUNLEVEL says, rapidreboot(8) what `rapidreboot enable` means. */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reboot/way-down.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/fake-machine.h"

#define REQUEST "/run/rapidreboot/request"
#define LOADED "/run/rapidreboot/loaded"
#define ENABLED "/var/lib/rapidreboot/enabled"

enum image { NO_IMAGE, OURS, OTHER }; /* OTHER: loaded after what the request is for */
enum asked { NOBODY, KEXEC, COLD };

static void put_request(struct fake_machine *m, enum asked asked)
{
	struct request request = { .mode = asked == COLD ? REBOOT_COLD : REBOOT_KEXEC,
				   .digest = "0123456789abcdef",
				   .entry = "First" };

	assert_int_equal(request_write(m->rb.sys, &request, NULL), 0);
}

static void put_image(struct fake_machine *m, enum image image)
{
	struct request loaded = { .mode = REBOOT_KEXEC, .entry = "First" };

	if (image == NO_IMAGE)
		return;
	(void)snprintf(loaded.digest, sizeof(loaded.digest), "%s",
		       image == OURS ? "0123456789abcdef" : "ffff");
	assert_int_equal(loaded_write(m->rb.sys, &loaded, NULL), 0);
	fake_put(m, "/sys/kernel/kexec_loaded", "1\n");
}

/* No call: nothing is done. A jump fails here, since the test goes on after it. */
static const struct row {
	const char *runlevel, *verb;
	enum asked asked;
	enum image image;
	const char *file; /* that is there, too */
	const char *load, *jump;
} rows[] = {
	/* nothing loaded, nothing asked for: an ordinary reboot stays one */
	{ .runlevel = "6", .load = "", .jump = "" },
	{ .runlevel = "0", .load = "", .jump = "" },
	/* the last hook jumps into what is loaded in a reboot, and never on another way down */
	{ .runlevel = "6", .image = OURS, .load = "", .jump = "sync; reboot" },
	{ .runlevel = "0", .image = OURS, .load = "unload", .jump = "unload" },
	{ .runlevel = "1", .image = OURS, .load = "unload", .jump = "unload" },
	{ .runlevel = "2", .image = OURS, .load = "", .jump = "" },
	/* init says nothing: then the request alone counts */
	{ .image = OURS, .load = "", .jump = "" },
	/* a request: what is loaded for it stays; it is loaded again when it is gone */
	{ .runlevel = "6", .asked = KEXEC, .image = OURS, .load = "", .jump = "sync; reboot" },
	{ .runlevel = "6", .asked = KEXEC, .load = "load", .jump = "" },
	{ .runlevel = "0", .asked = KEXEC, .image = OURS, .load = "unload", .jump = "unload" },
	{ .runlevel = "6", .asked = COLD, .image = OURS, .load = "unload", .jump = "unload" },
	{ .runlevel = "6", .asked = COLD, .load = "", .jump = "" },
	/* another program has loaded something since */
	{ .runlevel = "6", .asked = KEXEC, .image = OTHER, .load = "unload", .jump = "unload" },
	{ .runlevel = "6", .image = OTHER, .load = "", .jump = "sync; reboot" },
	/* `rapidreboot enable`, and the files that ask for one cold reboot, which a later request overrules */
	{ .runlevel = "6", .file = ENABLED, .load = "load", .jump = "" },
	{ .runlevel = "6", .file = ENABLED, .image = OURS, .load = "", .jump = "sync; reboot" },
	{ .runlevel = "0", .file = ENABLED, .load = "", .jump = "" },
	{ .file = ENABLED, .load = "", .jump = "" },
	{ .runlevel = "6", .file = "/nokexec", .image = OURS, .load = "unload", .jump = "unload" },
	{ .runlevel = "6",
	  .file = "/no-kexec-reboot",
	  .image = OURS,
	  .asked = KEXEC,
	  .load = "",
	  .jump = "sync; reboot" },
};

static void put_machine(struct fake_machine *m, const struct row *row)
{
	fake_new(m, "sysvinit");
	if (row->file)
		fake_put(m, row->file, "");
	put_image(m, row->image);
	if (row->asked != NOBODY)
		put_request(m, row->asked);
	assert_int_equal(setenv("FAKE_ERRORS", "reboot=22", 1), 0); /* EINVAL */
}

static void run_hook(struct fake_machine *m, const struct row *row,
		     void (*hook)(const struct reboot *, struct going_down *))
{
	const struct signals signals = { .runlevel = row->runlevel, .verb = row->verb };
	struct going_down g;

	assert_true(going_down_read(&m->rb, &signals, &g));
	hook(&m->rb, &g);
}

static void test_load(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake_machine m;

		put_machine(&m, &rows[i]);
		run_hook(&m, &rows[i], hook_load);
		fake_assert_calls(&m, "load", i, rows[i].load);
		/* what was unloaded leaves no request that a later hook could obey */
		if (strstr(rows[i].load, "unload"))
			assert_false(fake_has(&m, REQUEST));
		fake_free(&m);
	}
}

static void test_jump(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake_machine m;

		put_machine(&m, &rows[i]);
		run_hook(&m, &rows[i], hook_jump);
		fake_assert_calls(&m, "jump", i, rows[i].jump);
		/* it is tried once: no request is left after a jump that failed */
		if (*rows[i].jump)
			assert_false(fake_has(&m, REQUEST));
		fake_free(&m);
	}
}

/* The verb of hooks that are called with a word, whatever the runlevel. */
static void test_verbs(void **state)
{
	static const struct {
		const char *verb, *jump;
	} cases[] = { { "reboot", "sync; reboot" },
		      { "kexec", "sync; reboot" },
		      { "poweroff", "unload" },
		      { "halt", "unload" },
		      { "none-such", "" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct row row = { .verb = cases[i].verb, .image = OURS };
		struct fake_machine m;

		fake_new(&m, "");
		put_image(&m, OURS);
		assert_int_equal(setenv("FAKE_ERRORS", "reboot=22", 1), 0);
		run_hook(&m, &row, hook_jump);
		fake_assert_calls(&m, cases[i].verb, i, cases[i].jump);
		fake_free(&m);
	}
}

/* Unloading fails: then a request says cold, so that no later hook jumps into what stays. */
static void test_cannot_unload(void **state)
{
	const struct row row = { .runlevel = "0", .image = OURS, .asked = KEXEC };
	struct fake_machine m;

	put_machine(&m, &row);
	assert_int_equal(setenv("FAKE_ERRORS", "unload=16,file_unload=16", 1), 0); /* EBUSY */
	run_hook(&m, &row, hook_load);
	assert_non_null(strstr(fake_read(&m, REQUEST), "\nmode cold\n"));
	fake_free(&m);
}

/* A hook program that fails stops the jump, unless HOOK_FAILURE says otherwise (rapidreboot.conf(5)); so
 * does a configuration that cannot be read. */
static void test_late_hooks(void **state)
{
	static const struct {
		const char *config; /* NULL: it cannot be read */
		const char *exits, *jump, *late;
	} cases[] = {
		{ "", "", "hook 10-test pre-jump First 60000ms; sync; reboot",
		  "hook 10-test pre-jump First 60000ms" },
		{ "", "10-test=1", "hook 10-test pre-jump First 60000ms; unload",
		  "hook 10-test pre-jump First 60000ms; unload" },
		{ "", "10-test=-1", "hook 10-test pre-jump First 60000ms; unload",
		  "hook 10-test pre-jump First 60000ms; unload" },
		{ "HOOK_FAILURE=ignore\nHOOK_TIMEOUT=5\n", "10-test=1",
		  "hook 10-test pre-jump First 5000ms; sync; reboot",
		  "hook 10-test pre-jump First 5000ms" },
		{ NULL, "", "unload", "unload" },
	};
	const struct row row = { .runlevel = "6", .image = OURS, .asked = KEXEC };

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		const bool late = i % 2;
		struct fake_machine m;

		put_machine(&m, &row);
		if (cases[i / 2].config)
			fake_put(&m, "/etc/rapidreboot.conf", cases[i / 2].config);
		else
			fake_put(&m, "/etc/rapidreboot.conf/is-a-directory", "");
		fake_put_program(&m, "/etc/rapidreboot/hooks.d/10-test");
		assert_int_equal(setenv("FAKE_EXITS", cases[i / 2].exits, 1), 0);
		run_hook(&m, &row, late ? hook_late : hook_jump);
		fake_assert_calls(&m, late ? "late" : "jump", i / 2,
				  late ? cases[i / 2].late : cases[i / 2].jump);
		fake_free(&m);
	}
}

/* What the kernel holds by its own memory: struct kimage of include/linux/kexec.h has the entry point behind
 * three words. 0: no image. */
static void put_kernel(struct fake_machine *m, uint64_t start)
{
	static const uint64_t base = 0xffffffff82000000;
	struct {
		Elf64_Ehdr head;
		Elf64_Phdr part;
		uint64_t pointer, kimage[4];
	} core = {
		.head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64 },
			  .e_phoff = sizeof(Elf64_Ehdr),
			  .e_phentsize = sizeof(Elf64_Phdr),
			  .e_phnum = 1 },
		.part = { .p_type = PT_LOAD, .p_vaddr = base, .p_memsz = 40 },
		.pointer = start ? base + 8 : 0,
		.kimage = { 1, 2, 3, start },
	};

	core.part.p_offset = (uint64_t)((uint8_t *)&core.pointer - (uint8_t *)&core);
	root_put_bytes(&m->root, "/proc/kcore", &core, sizeof(core));
	fake_put(m, "/proc/kallsyms", "ffffffff82000000 B kexec_image\n");
}

/* Another program has loaded something over ours: our note does not tell, the kernel does. */
static void test_replaced(void **state)
{
	static const struct {
		uint64_t noted, found;
		bool is_hidden; /* the kernel does not tell, as under lockdown */
		enum asked asked;
		const char *jump, *late;
	} cases[] = {
		{ 0x1000, 0x1000, false, KEXEC, "sync; reboot", "" },
		{ 0x1000, 0x2000, false, KEXEC, "sync; unload", "unload" },
		{ 0x1000, 0x2000, true, KEXEC, "sync; reboot", "" },
		{ 0, 0x2000, false, KEXEC, "sync; reboot", "" },
		/* a person has loaded it, and reboots without asking us */
		{ 0x1000, 0x2000, false, NOBODY, "sync; reboot", "" },
		/* whether it is gone is for the kernel to say */
		{ 0x1000, 0, false, KEXEC, "sync; reboot", "" },
	};

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		const struct row row = { .runlevel = "6",
					 .image = OURS,
					 .asked = cases[i / 2].asked };
		struct request loaded = { .mode = REBOOT_KEXEC,
					  .start = cases[i / 2].noted,
					  .digest = "0123456789abcdef" };
		const bool late = i % 2;
		struct fake_machine m;

		put_machine(&m, &row);
		assert_int_equal(loaded_write(m.rb.sys, &loaded, NULL), 0);
		put_kernel(&m, cases[i / 2].found);
		if (cases[i / 2].is_hidden)
			fake_put(&m, "/proc/kallsyms", "0000000000000000 B kexec_image\n");
		run_hook(&m, &row, late ? hook_late : hook_jump);
		fake_assert_calls(&m, late ? "late" : "jump", i / 2,
				  late ? cases[i / 2].late : cases[i / 2].jump);
		fake_free(&m);
	}
}

/* It cannot be read whether a kernel is loaded: then there may be one that must not stay. */
static void test_state_unknown(void **state)
{
	const struct row down = { .runlevel = "0", .image = OURS };
	struct fake_machine m;

	put_machine(&m, &down);
	fake_remove(&m, "/sys/kernel/kexec_loaded");
	run_hook(&m, &down, hook_load);
	fake_assert_calls(&m, "load", 0, "unload");
	fake_free(&m);
}

static void test_ordinary(void **state)
{
	static const struct {
		const char *init;
		enum image image;
		const char *file;
		enum ordinary expected;
	} cases[] = {
		{ "", NO_IMAGE, NULL, ORDINARY_UNKNOWN },
		{ "", OURS, ENABLED, ORDINARY_UNKNOWN },
		{ "sysvinit", NO_IMAGE, NULL, ORDINARY_FIRMWARE },
		{ "sysvinit", OURS, NULL, ORDINARY_LOADED },
		{ "sysvinit", OTHER, NULL, ORDINARY_LOADED },
		{ "sysvinit", OURS, "/nokexec", ORDINARY_FIRMWARE },
		{ "sysvinit", NO_IMAGE, ENABLED, ORDINARY_FAST },
		{ "sysvinit", OURS, ENABLED, ORDINARY_LOADED },
		{ "systemd", NO_IMAGE, NULL, ORDINARY_FIRMWARE },
		{ "systemd", NO_IMAGE, ENABLED, ORDINARY_FAST },
		{ "systemd", NO_IMAGE, "/nokexec", ORDINARY_FIRMWARE },
		{ "systemd", OURS, ENABLED, ORDINARY_LOADED },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_machine m;
		enum ordinary got;

		fake_new(&m, cases[i].init);
		put_image(&m, cases[i].image);
		if (cases[i].file)
			fake_put(&m, cases[i].file, "");
		got = ordinary_reboot(&m.rb);
		if (got != cases[i].expected)
			fail_msg("case %zu: %d, expected %d", i, got, cases[i].expected);
		assert_string_equal(fake_calls(&m), "");
		fake_free(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),	   cmocka_unit_test(test_jump),
		cmocka_unit_test(test_verbs),	   cmocka_unit_test(test_cannot_unload),
		cmocka_unit_test(test_late_hooks), cmocka_unit_test(test_state_unknown),
		cmocka_unit_test(test_ordinary),   cmocka_unit_test(test_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

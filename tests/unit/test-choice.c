// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a wish comes to on a machine: rapidreboot.conf(5) and rapidreboot(8) have the order in which settings,
 * other tools' files and the boot loader decide; README.Debian of kexec-tools what its file means. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reboot/check.h"
#include "sys/process.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const char menu[] =
	"set default=0\n"
	"menuentry 'First' {\n linux /boot/vmlinuz root=/dev/sda1 ro\n initrd /boot/initrd.img\n}\n"
	"menuentry 'Second' {\n linux /boot/vmlinuz root=/dev/sda2\n}\n"
	"menuentry 'Twin' {\n linux /boot/vmlinuz twin=1\n}\n"
	"menuentry 'Twin' {\n linux /boot/vmlinuz twin=2\n}\n"
	"menuentry 'Windows' {\n chainloader +1\n}\n"
	"menuentry 'Gone' {\n linux /boot/gone\n}\n";

#define OURS "/etc/rapidreboot.conf"
#define DEBIAN "/etc/default/kexec"

struct file {
	const char *path, *text;
};

static const struct row {
	const char *init;     /* link of /proc/1/exe; NULL: systemd's */
	struct file files[2]; /* besides the menu */
	const char *entry, *kernel, *cmdline, *append;
	bool reuse;
	enum reason reason;
	enum chosen_by by;
	const char *title, *has, *decided_by;
} rows[] = {
	{ .title = "First", .has = "root=/dev/sda1 ro" },
	{ .entry = "Second", .by = CHOSEN_BY_NAME, .title = "Second", .has = "root=/dev/sda2" },
	{ .entry = "1", .by = CHOSEN_BY_NAME, .title = "Second" },
	{ .entry = "none such", .reason = REASON_NO_ENTRY },
	{ .entry = "Gone", .reason = REASON_NOT_BOOTABLE, .by = CHOSEN_BY_NAME, .title = "Gone" },
	/* no kernel is a choice, too: checks say what follows from it */
	{ .entry = "Windows", .by = CHOSEN_BY_NAME, .title = "Windows" },
	{ .kernel = "/boot/vmlinuz", .by = CHOSEN_BY_FILES, .title = "/boot/vmlinuz" },
	{ .cmdline = "a b", .title = "First", .has = "a b" },
	{ .reuse = true, .title = "First", .has = "running=1" },
	/* our own settings; a person goes before them */
	{ .files = { { OURS, "ENTRY=Second\n" } },
	  .by = CHOSEN_BY_SETTINGS,
	  .title = "Second",
	  .decided_by = OURS },
	{ .files = { { OURS, "ENTRY=Second\n" } },
	  .entry = "First",
	  .by = CHOSEN_BY_NAME,
	  .title = "First" },
	{ .files = { { OURS, "ENTRY=none-such\n" } }, .reason = REASON_NO_ENTRY },
	/* Debian's file: where its scripts run, and somebody has changed it */
	{ .init = "/sbin/init",
	  .files = { { DEBIAN, "LOAD_KEXEC=true\nKERNEL_IMAGE=/boot/vmlinuz\nAPPEND=theirs\n" } },
	  .by = CHOSEN_BY_OTHER_TOOL,
	  .title = "/boot/vmlinuz",
	  .has = "theirs",
	  .decided_by = DEBIAN ":2" },
	{ .files = { { DEBIAN, "LOAD_KEXEC=true\nKERNEL_IMAGE=/boot/vmlinuz\nAPPEND=theirs\n" } },
	  .title = "First" },
	{ .init = "/sbin/init",
	  .files = { { DEBIAN, "LOAD_KEXEC=false\nKERNEL_IMAGE=/boot/vmlinuz\n" } },
	  .title = "First" },
	{ .init = "/sbin/init",
	  .files = { { DEBIAN, "LOAD_KEXEC=true\nKERNEL_IMAGE=\"/vmlinuz\"\n"
			       "INITRD=\"/initrd.img\"\nAPPEND=\"\"\nUSE_GRUB_CONFIG=false\n" } },
	  .title = "First" },
	{ .init = "/sbin/init",
	  .files = { { DEBIAN, "LOAD_KEXEC=true\nKERNEL_IMAGE=/boot/vmlinuz\n" },
		     { OURS, "IMPORT=no\n" } },
	  .title = "First" },
	{ .init = "/sbin/init",
	  .files = { { DEBIAN, "LOAD_KEXEC=true\nKERNEL_IMAGE=/boot/vmlinuz\n" } },
	  .entry = "Second",
	  .by = CHOSEN_BY_NAME,
	  .title = "Second" },
};

static void put_machine(struct root *root, const struct row *row)
{
	root_new(root);
	root_put(root, "/boot/grub/grub.cfg", menu);
	root_put(root, "/boot/vmlinuz", "K");
	root_put(root, "/boot/initrd.img", "I");
	root_put(root, "/proc/cmdline", "BOOT_IMAGE=/boot/vmlinuz running=1\n");
	root_put(root, "/proc/sys/kernel/osrelease", "6.1.0-9\n");
	root_put(root, "/proc/sys/kernel/arch", "x86_64\n");
	root_put(root, "/proc/self/mountinfo", "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
	root_link(root, "/proc/1/exe", row->init ? row->init : "/usr/lib/systemd/systemd");
	if (!row->init)
		root_put(root, "/run/systemd/system/.keep", "");
	for (size_t i = 0; i < ARRAY_SIZE(row->files) && row->files[i].path; i++)
		root_put(root, row->files[i].path, row->files[i].text);
	assert_int_equal(setenv("FAKE_ROOT", root->path, 1), 0);
}

static void open_here(struct reboot *rb)
{
	const struct teller nobody = { NULL, NULL };

	assert_int_equal(reboot_open(rb, sys_machine(), &nobody, NULL, NULL), REASON_NONE);
}

static void make_wish(const struct row *row, struct wish *wish)
{
	*wish = (struct wish){ .reuse_cmdline = row->reuse };
	assert_int_equal(wish_set(&wish->entry, row->entry), 0);
	assert_int_equal(wish_set(&wish->kernel, row->kernel), 0);
	assert_int_equal(wish_set(&wish->cmdline, row->cmdline), 0);
	assert_int_equal(wish_set(&wish->append, row->append), 0);
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void check_choice(size_t i, const struct row *row, enum reason reason,
			 const struct choice *c, const struct kx_error *err)
{
	if (reason != row->reason)
		fail_msg("row %zu: %s (%s)", i, reason_name(reason), err->message);
	if (reason != REASON_NONE && !err->message[0])
		fail_msg("row %zu: no sentence for %s", i, reason_name(reason));
	if (reason == REASON_NO_ENTRY)
		return;
	if (c->by != row->by || !is_same(c->title, row->title) ||
	    !is_same(c->decided_by, row->decided_by))
		fail_msg("row %zu: by %s, %s, decided by %s", i, chosen_by_name(c->by), c->title,
			 c->decided_by);
	if (row->has && (!c->cmdline || !strstr(c->cmdline, row->has)))
		fail_msg("row %zu: command line %s", i, c->cmdline);
}

static void test_choices(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_reboot_ struct reboot rb = { .machine = -1, .system = -1 };
		_cleanup_wish_ struct wish wish;
		struct kx_error err = { 0 };
		struct choice c;
		struct root root;
		enum reason reason;

		put_machine(&root, &rows[i]);
		open_here(&rb);
		make_wish(&rows[i], &wish);
		reason = choice_make(&rb, &wish, &c, &err);
		check_choice(i, &rows[i], reason, &c, &err);
		choice_done(&c);
		root_free(&root);
	}
}

/* An entry that was picked is found by its content, in whatever place it is by now. */
static void test_pick(void **state)
{
	static const struct {
		const char *before; /* the first entry; the others move down */
		const char *after;
		enum reason reason;
	} changes[] = {
		{ "", "", REASON_NONE },
		{ "menuentry 'New' {\n linux /boot/vmlinuz new\n}\n", "", REASON_NONE },
		{ "menuentry 'Twin' {\n linux /boot/vmlinuz twin=3\n}\n", "", REASON_NONE },
		{ "", "twin=2 more", REASON_ENTRY_CHANGED },
	};
	const struct row plain = { .title = NULL };

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		_cleanup_reboot_ struct reboot rb = { .machine = -1, .system = -1 };
		_cleanup_wish_ struct wish wish = { .entry = NULL };
		struct kx_entries *entries;
		struct kx_error err = { 0 };
		struct kx_entry entry;
		struct choice c;
		struct root root;
		char text[2048], *at;

		put_machine(&root, &plain);
		open_here(&rb);
		assert_int_equal(choice_entries(&rb, &wish, &entries, &err), REASON_NONE);
		entry = choice_entry(entries, 3); /* the second Twin */
		assert_int_equal(pick_new(&entry, &wish.pick), 0);
		kx_entries_free(entries);
		(void)snprintf(text, sizeof(text), "%s%s", changes[i].before, menu);
		at = strstr(text, "twin=2");
		assert_non_null(at);
		if (*changes[i].after)
			memcpy(at, "twin=9", 6);
		root_put(&root, "/boot/grub/grub.cfg", text);
		assert_int_equal(choice_make(&rb, &wish, &c, &err), changes[i].reason);
		if (changes[i].reason == REASON_NONE)
			assert_non_null(strstr(c.cmdline, "twin=2"));
		choice_done(&c);
		root_free(&root);
	}
}

/* Of several reasons against a reboot the most severe one is returned, always with a sentence or a
 * finding. */
static void test_verdicts(void **state)
{
	static const struct {
		struct row row;
		struct file file;
		enum reason reason;
	} cases[] = {
		{ { .entry = "none such" }, { NULL, NULL }, REASON_NO_ENTRY },
		{ { .entry = "Gone" }, { NULL, NULL }, REASON_NOT_BOOTABLE },
		{ { .entry = "Windows" }, { NULL, NULL }, REASON_FIRMWARE },
		/* a file that is no kernel: check B1 */
		{ { .entry = "First" }, { NULL, NULL }, REASON_CHECKS },
		{ { .entry = "Windows", .files = { { OURS, "FIRMWARE=refuse\n" } } },
		  { NULL, NULL },
		  REASON_CHECKS },
		/* an entry for the firmware stays one when no kernel may be loaded */
		{ { .entry = "Windows" },
		  { "/proc/sys/kernel/kexec_load_disabled", "1\n" },
		  REASON_FIRMWARE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_reboot_ struct reboot rb = { .machine = -1, .system = -1 };
		_cleanup_verdict_ struct verdict verdict = { .reason = REASON_NONE };
		_cleanup_start_ struct start start = { .image = NULL };
		_cleanup_wish_ struct wish wish;
		struct root root;

		put_machine(&root, &cases[i].row);
		root_put(&root, "/proc/self/status", "CapEff:\t000001ffffffffff\n");
		root_link(&root, "/proc/self/ns/pid", "pid:[4026531836]");
		root_link(&root, "/proc/self/ns/user", "user:[4026531837]");
		if (cases[i].file.path)
			root_put(&root, cases[i].file.path, cases[i].file.text);
		open_here(&rb);
		make_wish(&cases[i].row, &wish);
		judge(&rb, &wish, false, &start, &verdict);
		if (verdict.reason != cases[i].reason)
			fail_msg("case %zu: %s (%s)", i, reason_name(verdict.reason),
				 verdict.err.message);
		if (verdict.reason == REASON_CHECKS || verdict.reason == REASON_FIRMWARE)
			assert_true(verdict.findings.outcome >= PREFLIGHT_COLD);
		else
			assert_true(verdict.err.message[0]);
		root_free(&root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_pick),
		cmocka_unit_test(test_verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

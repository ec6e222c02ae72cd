// SPDX-License-Identifier: LGPL-2.1-or-later
/* Whether a system waits for a reboot, and what kind: Debian Policy 9.12 (/run/reboot-required), zypp-boot-plugin(8)
 * (/run/reboot-needed), README.batch.md of needrestart, and the kernel that would start next. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reboot/waiting.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/fake-machine.h"

#define DEBIAN "/run/reboot-required"
#define SUSE "/run/reboot-needed"

struct file {
	const char *path, *text;
};

static const struct row {
	struct file files[2];
	const char *needrestart; /* what it prints, NULL: it is not installed */
	bool may_not_run;
	enum waiting_kind kind;
	const char *source, *kernel, *packages; /* names, each with a blank */
} rows[] = {
	{ .kind = WAITING_NOT },
	/* Debian: without a list of packages nobody knows for what */
	{ .files = { { DEBIAN, "" } }, .kind = WAITING_SOMETHING, .source = DEBIAN },
	{ .files = { { DEBIAN, "" }, { DEBIAN ".pkgs", "linux-base\n" } },
	  .kind = WAITING_KERNEL,
	  .source = DEBIAN,
	  .packages = "linux-base " },
	{ .files = { { "/var/run/reboot-required", "" },
		     { "/var/run/reboot-required.pkgs", "libc6\n" } },
	  .kind = WAITING_SERVICES,
	  .source = "/var/run/reboot-required",
	  .packages = "libc6 " },
	{ .files = { { DEBIAN, "" }, { DEBIAN ".pkgs", "dbus\n" } },
	  .kind = WAITING_SERVICES,
	  .source = DEBIAN,
	  .packages = "dbus " },
	{ .files = { { DEBIAN, "" }, { DEBIAN ".pkgs", "some-package\n" } },
	  .kind = WAITING_SOMETHING,
	  .source = DEBIAN,
	  .packages = "some-package " },
	/* microcode is in the initial ramdisk, so that the next kernel loads it */
	{ .files = { { DEBIAN, "" }, { DEBIAN ".pkgs", "intel-microcode\n" } },
	  .kind = WAITING_KERNEL,
	  .source = DEBIAN,
	  .packages = "intel-microcode " },
	/* the gravest counts, in whatever order; a package that is named twice is listed once */
	{ .files = { { DEBIAN, "" }, { DEBIAN ".pkgs", "libc6\nlinux-base\ndbus\nlibc6\n\n" } },
	  .kind = WAITING_KERNEL,
	  .source = DEBIAN,
	  .packages = "libc6 linux-base dbus " },
	{ .files = { { DEBIAN, "" }, { DEBIAN ".pkgs", "linux-base\nfwupd\n" } },
	  .kind = WAITING_FIRMWARE,
	  .source = DEBIAN,
	  .packages = "linux-base fwupd " },
	/* SUSE: one word for the kind of reboot */
	{ .files = { { SUSE, "kexec\n" } }, .kind = WAITING_KERNEL, .source = SUSE },
	{ .files = { { SUSE, "soft-reboot\n" } }, .kind = WAITING_SERVICES, .source = SUSE },
	{ .files = { { SUSE, "reboot\n" } }, .kind = WAITING_FIRMWARE, .source = SUSE },
	{ .files = { { SUSE, "" } }, .kind = WAITING_SOMETHING, .source = SUSE },
	{ .files = { { SUSE, "another-word\n" } }, .kind = WAITING_SOMETHING, .source = SUSE },
	/* needrestart: KSTA 0 unknown, 1 current, 2 ABI compatible upgrade, 3 version upgrade */
	{ .needrestart = "NEEDRESTART-VER: 3.6\nNEEDRESTART-KCUR: 6.1.0-9\n"
			 "NEEDRESTART-KEXP: 6.1.0-10\nNEEDRESTART-KSTA: 3\n",
	  .kind = WAITING_KERNEL,
	  .source = "needrestart",
	  .kernel = "6.1.0-10" },
	{ .needrestart = "NEEDRESTART-KEXP: 6.1.0-9\nNEEDRESTART-KSTA: 2\n",
	  .kind = WAITING_KERNEL,
	  .source = "needrestart",
	  .kernel = "6.1.0-9" },
	{ .needrestart = "NEEDRESTART-KEXP: 6.1.0-9\nNEEDRESTART-KSTA: 1\n", .kind = WAITING_NOT },
	{ .needrestart = "NEEDRESTART-KSTA: 0\n", .kind = WAITING_NOT },
	{ .needrestart = "", .kind = WAITING_NOT },
	{ .needrestart = "NEEDRESTART-KSTA: 3\n", .may_not_run = true, .kind = WAITING_NOT },
	/* a file that says so goes before what a program would say */
	{ .files = { { SUSE, "soft-reboot\n" } },
	  .needrestart = "NEEDRESTART-KSTA: 3\n",
	  .kind = WAITING_SERVICES,
	  .source = SUSE },
};

static void check(size_t i, const struct row *row, const struct waiting *w)
{
	char packages[256] = "";

	for (size_t k = 0; k < w->packages.n; k++) {
		strcat(packages, w->packages.v[k]);
		strcat(packages, " ");
	}
	if (w->kind != row->kind || strcmp(w->source, row->source ? row->source : "") != 0 ||
	    strcmp(w->kernel, row->kernel ? row->kernel : "") != 0 ||
	    strcmp(packages, row->packages ? row->packages : "") != 0)
		fail_msg("row %zu: %s, source \"%s\", kernel \"%s\", packages \"%s\"", i,
			 waiting_kind_name(w->kind), w->source, w->kernel, packages);
}

static void test_signs(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct fake_machine m;
		struct waiting w;

		fake_new(&m, "systemd");
		for (size_t k = 0; k < 2 && row->files[k].path; k++)
			fake_put(&m, row->files[k].path, row->files[k].text);
		if (row->needrestart) {
			fake_put_program(&m, "/usr/sbin/needrestart");
			assert_int_equal(setenv("FAKE_OUTPUT", row->needrestart, 1), 0);
		}
		waiting_read(&m.rb, NULL, NULL, !row->may_not_run, &w);
		check(i, row, &w);
		if (row->may_not_run)
			assert_string_equal(fake_calls(&m), "");
		waiting_done(&w);
		fake_free(&m);
	}
}

/* GRUB menus by their kernels; the first one starts. */
static const struct next {
	const char *kernels[2];
	const char *running;
	struct file files[2];
	enum waiting_kind kind;
	const char *kernel;
} nexts[] = {
	/* the running kernel is started again */
	{ { "6.1.0-9", "6.1.0-8" }, "6.1.0-9", .kind = WAITING_NOT, .kernel = "" },
	/* another one is, and the running one is among the entries */
	{ { "6.1.0-10", "6.1.0-9" }, "6.1.0-9", .kind = WAITING_KERNEL, .kernel = "6.1.0-10" },
	/* the entries do not name the running kernel: their names do not tell anything */
	{ { "6.1.0-10", "6.1.0-8" }, "6.1.0-9-custom", .kind = WAITING_NOT, .kernel = "" },
	/* a kernel was installed that nothing starts */
	{ { "6.1.0-9", "6.1.0-10" },
	  "6.1.0-9",
	  { { DEBIAN, "" }, { DEBIAN ".pkgs", "linux-image-6.1.0-10\n" } },
	  .kind = WAITING_NOT_DEFAULT,
	  .kernel = "6.1.0-10" },
	/* the running release was built anew, and the next boot starts that */
	{ { "6.1.0-9", "6.1.0-8" },
	  "6.1.0-9",
	  { { DEBIAN, "" }, { DEBIAN ".pkgs", "linux-image-6.1.0-9\n" } },
	  .kind = WAITING_KERNEL,
	  .kernel = "" },
	/* libraries wait, whatever kernel is started */
	{ { "6.1.0-9", "6.1.0-8" },
	  "6.1.0-9",
	  { { DEBIAN, "" }, { DEBIAN ".pkgs", "libc6\n" } },
	  .kind = WAITING_SERVICES,
	  .kernel = "" },
};

static void put_kernels(struct fake_machine *m, const struct next *next)
{
	char text[1024], path[64];
	int n = 0;

	for (size_t i = 0; i < 2; i++) {
		n += sprintf(text + n, "menuentry '%s' {\n linux /boot/vmlinuz-%s\n}\n",
			     next->kernels[i], next->kernels[i]);
		(void)snprintf(path, sizeof(path), "/boot/vmlinuz-%s", next->kernels[i]);
		fake_put(m, path, "K");
	}
	fake_put(m, "/boot/grub/grub.cfg", text);
	for (size_t i = 0; i < 2 && next->files[i].path; i++)
		fake_put(m, next->files[i].path, next->files[i].text);
}

static void test_next(void **state)
{
	for (size_t i = 0; i < sizeof(nexts) / sizeof(nexts[0]); i++) {
		const struct wish wish = { 0 };
		struct kx_error err = { 0 };
		struct fake_machine m;
		struct waiting w;
		struct choice c;

		fake_new(&m, "systemd");
		put_kernels(&m, &nexts[i]);
		if (choice_make(&m.rb, &wish, &c, &err) != REASON_NONE)
			fail_msg("case %zu: %s", i, err.message);
		waiting_read(&m.rb, &c, nexts[i].running, false, &w);
		if (w.kind != nexts[i].kind || strcmp(w.kernel, nexts[i].kernel) != 0)
			fail_msg("case %zu: %s, \"%s\"", i, waiting_kind_name(w.kind), w.kernel);
		waiting_done(&w);
		choice_done(&c);
		fake_free(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signs),
		cmocka_unit_test(test_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

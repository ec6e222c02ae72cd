// SPDX-License-Identifier: LGPL-2.1-or-later
/* Shell files without a shell: expected values are what dash(1) and bash(1) make of the same text. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/strbuf.h"
#include "config/assign.h"
#include "config/config.h"
#include "config/foreign.h"
#include "config/legacy.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

static struct bytes text(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

static int note(void *data, const struct assign *a)
{
	struct strbuf *out = data;

	if (a->name)
		strbuf_addf(out, "[%u %s=%s]", a->line, a->name, a->value);
	else
		strbuf_addf(out, "[%u !]", a->line);
	return 0;
}

/* Files of another system, whose reader nobody listens to. */
static const struct foreign disk;

/* "[LINE NAME=VALUE]" for what a shell is sure to assign, "[LINE !]" for what is skipped. */
static void check_assign(const struct foreign *foreign, const char *in, const char *expected)
{
	struct strbuf out = { 0 };
	char *got;

	assert_int_equal(foreign_parse(foreign, "/f", text(in), assign_each, note, &out, NULL), 0);
	assert_int_equal(strbuf_take(&out, &got), 0);
	if (strcmp(got, expected) != 0)
		print_error("in: %s\n", in);
	assert_string_equal(got, expected);
	free(got);
}

static void test_assign(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "", "" },
		{ "# A=1\n\n  # B=2\n", "" },
		{ "A=1\n", "[1 A=1]" },
		{ "A=", "[1 A=]" },
		{ "  A=1 # c\n", "[1 A=1]" },
		{ "A=1#2\n", "[1 A=1#2]" },
		{ "A='a b'\"c d\"e\\ f\n", "[1 A=a bc de f]" },
		{ "A='a\\b$c`'\n", "[1 A=a\\b$c`]" },
		{ "A=\"a\\b\\\\c\\\"\\$d\\`\"\n", "[1 A=a\\b\\c\"$d`]" },
		{ "A=a\\\nb\nB=1\n", "[1 A=ab][3 B=1]" },
		{ "A=\"a\\\nb\"\n", "[1 A=ab]" },
		{ "A='a\nb'\nB=1\n", "[1 A=a\nb][3 B=1]" },
		{ "A=1 B=2;C=3 ; D=4\n", "[1 A=1][1 B=2][1 C=3][1 D=4]" },
		{ "export A=1 B\n", "[1 A=1]" },
		{ "A=x=y\n", "[1 A=x=y]" },
		{ "A=a$\n", "[1 A=a$]" },
		{ "A=a~b\n", "[1 A=a~b]" },
		/* what only a shell can tell */
		{ "A=$B\n", "[1 !]" },
		{ "A=\"${B}\"\n", "[1 !]" },
		{ "A=$(rm -rf / ; echo \")\")\nB=1\n", "[1 !][2 B=1]" },
		{ "A=`x;y`\nB=1\n", "[1 !][2 B=1]" },
		{ "A=~/x\n", "[1 !]" },
		{ "A=x:~/y\n", "[1 !]" },
		{ "A=1 command\n", "[1 !]" },
		{ ". /etc/x\nA=1\n", "[1 !][2 A=1]" },
		{ "A=1 > /tmp/x\nB=1\n", "[1 !][2 B=1]" },
		{ "test -e /x && A=1\nB=1\n", "[1 !][1 !][2 B=1]" },
		{ "A=1 || B=2\n", "[1 A=1][1 !]" },
		{ "A=1 | B=2\n", "[1 !][1 !]" },
		{ "A=1 &\nB=1\n", "[1 !][2 B=1]" },
		{ "(A=1)\nB=1\n", "[1 !][2 B=1]" },
		{ "A=(1 2)\nB=1\n", "[1 !][2 B=1]" },
		{ "A+=1\n", "[1 !]" },
		{ "1A=1\n", "[1 !]" },
		{ "\"A\"=1\n", "[1 !]" },
		{ "A='never\nB=1\n", "[1 !]" },
		{ "if test -e /x; then\n\tA=1\nelse A=2\nfi\nB=1\n", "[1 !][5 B=1]" },
		{ "case x in\nx) A=1;;\nesac; B=1\n", "[1 !][3 B=1]" },
		{ "for i in 1 2; do if :; then A=$i; fi; done\nB=1\n", "[1 !][2 B=1]" },
		{ "{ A=1; }\nB=1\n", "[1 !][2 B=1]" },
		{ "cat <<X\nA=1\nX\nB=1\n", "[1 !]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		check_assign(NULL, rows[i].text, rows[i].expected);
		check_assign(&disk, rows[i].text, rows[i].expected);
	}
}

static int stop(void *data, const struct assign *a)
{
	return -EXDEV;
}

static void test_assign_stops(void **state)
{
	assert_int_equal(assign_each(text("A=1\nB=2\n"), stop, NULL), -EXDEV);
	assert_int_equal(
		foreign_parse(&disk, "/f", text("A=1\nB=2\n"), assign_each, stop, NULL, NULL),
		-EXDEV);
}

static int count_row(void *data, const struct assign *a)
{
	++*(size_t *)data;
	return 0;
}

/* Files of the lines that need most room in the answer for their length. */
static void test_assign_much(void **state)
{
	static const char *const lines[] = { "& ", "a\n", "A=\n", "a||", "A=$'\n", "()" };

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		const size_t n = strlen(lines[i]), times = (CONFIG_FILE_MAX >> 3) / n;
		char *much = malloc(n * times);
		struct bytes b = { (const uint8_t *)much, n * times };
		size_t here = 0, there = 0;

		assert_non_null(much);
		for (size_t k = 0; k < times; k++)
			memcpy(much + k * n, lines[i], n);
		assert_int_equal(assign_each(b, count_row, &here), 0);
		assert_int_equal(
			foreign_parse(&disk, "/f", b, assign_each, count_row, &there, NULL), 0);
		assert_true(here == there && here >= times / 2);
		free(much);
	}
}

static int open_root(const struct root *root)
{
	int fd = open(root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void test_settings(void **state)
{
	struct config c;
	struct root root;
	int fd;

	root_new(&root);
	root_put(
		&root, "/etc/rapidreboot.conf",
		"ENTRY=latest\nAPPEND='a \"b c\"'\nWAY=file\nCONFIRM=never\nFIRMWARE=refuse\nUNLOCK=ask\n"
		"HOOK_TIMEOUT=5\nPACKAGE_TIMEOUT=120\nHOOK_FAILURE=ignore\nCACHE=/var/cache/rapidreboot\nDIET=yes\nDISPLAY_DRIVERS=unload\nMOUNT_ESP=no\nIMPORT=no\nCHECKS_FORCE='D1  E9'\n");
	root_put(&root, "/etc/rapidreboot.conf.d/20-b.conf", "HOOKS=/b\nCHECKS_NOTE=E6\n");
	root_put(&root, "/etc/rapidreboot.conf.d/10-a.conf",
		 "HOOKS=/a\nWAY=segments\nCHECKS_REFUSE=C5\n");
	root_put(&root, "/etc/rapidreboot.conf.d/ignored", "WAY=auto\n");
	root_put(&root, "/etc/rapidreboot.conf.d/.hidden.conf", "WAY=auto\n");
	fd = open_root(&root);
	assert_int_equal(config_read(fd, &c, NULL), 0);
	assert_string_equal(c.default_entry, "latest");
	assert_string_equal(c.append, "a \"b c\"");
	assert_string_equal(c.hooks, "/b");
	assert_string_equal(c.cache, "/var/cache/rapidreboot");
	assert_int_equal(c.way, KX_WAY_SEGMENTS);
	assert_int_equal(c.confirm, CONFIG_CONFIRM_NEVER);
	assert_int_equal(c.firmware, CONFIG_FIRMWARE_REFUSE);
	assert_int_equal(c.unlock, CONFIG_UNLOCK_ASK);
	assert_int_equal(c.hook_timeout_s, 5);
	assert_int_equal(c.package_timeout_s, 120);
	assert_true(c.hook_failure_ignored);
	assert_true(c.unload_displays);
	assert_true(c.diet);
	assert_false(c.mount_esp);
	assert_false(c.import);
	assert_int_equal(c.force.n, 2);
	assert_true(config_words_have(&c.force, "E9"));
	assert_true(config_words_have(&c.downgrade, "E6"));
	assert_true(config_words_have(&c.refuse, "C5"));
	assert_int_equal(c.warnings.n, 0);
	config_done(&c);
	fd_close(fd);
	root_free(&root);
}

static void test_settings_odd(void **state)
{
	static const char odd[] = "\nENTRIES=x\nWAY=fast\nHOOKS=relative\nHOOK_TIMEOUT=-1\n"
				  "IMPORT=true\nENTRY=$X\nCONFIRM=\nFIRMWARE=x\n"
				  "HOOK_FAILURE=maybe\nDISPLAY_DRIVERS=no\nUNLOCK=yes\n";
	static const char *const begin[] = {
		"/f:2: there is no setting ENTRIES",
		"/f:3: WAY=fast",
		"/f:4: HOOKS=relative",
		"/f:5: HOOK_TIMEOUT=-1",
		"/f:6: IMPORT=true",
		"/f:7: skipped",
		"/f:8: CONFIRM=",
		"/f:9: FIRMWARE=x",
		"/f:10: HOOK_FAILURE=maybe",
		"/f:11: DISPLAY_DRIVERS=no",
		"/f:12: UNLOCK=yes",
	};
	struct bytes b = text(odd);
	struct config c;

	assert_int_equal(config_init(&c), 0);
	assert_int_equal(config_parse(&c, "/f", &b), 0);
	assert_int_equal(c.warnings.n, ARRAY_SIZE(begin));
	for (size_t i = 0; i < ARRAY_SIZE(begin); i++)
		assert_memory_equal(c.warnings.v[i], begin[i], strlen(begin[i]));
	/* what means nothing leaves the default */
	assert_int_equal(c.way, KX_WAY_AUTO);
	assert_true(c.import);
	assert_null(c.default_entry);
	config_done(&c);
}

/* No file is a default, an unreadable one is an error. */
static void test_settings_files(void **state)
{
	struct kx_error err = { 0 };
	struct config c;
	struct root root;
	int fd;

	root_new(&root);
	fd = open_root(&root);
	assert_int_equal(config_read(fd, &c, NULL), 0);
	assert_null(c.default_entry);
	assert_true(c.mount_esp);
	assert_int_equal(c.confirm, CONFIG_CONFIRM_TERMINAL);
	assert_int_equal(c.firmware, CONFIG_FIRMWARE_COLD);
	config_done(&c);
	root_put(&root, "/etc/rapidreboot.conf/x", "");
	assert_int_equal(config_read(fd, &c, &err), -EISDIR);
	assert_non_null(strstr(err.message, "/etc/rapidreboot.conf"));
	fd_close(fd);
	root_free(&root);
}

/* Settings of another system (--root) may change the command line of its kernel, and nothing
 * else. */
static void test_settings_foreign(void **state)
{
	static const char everything[] =
		"ENTRY=theirs\nAPPEND=quiet\nCACHE=/evil\nHOOKS=/evil\nHOOK_TIMEOUT=1\n"
		"HOOK_FAILURE=ignore\nDISPLAY_DRIVERS=unload\nPACKAGE_TIMEOUT=1\nWAY=file\n"
		"SAFE=yes\nDIET=yes\nCONFIRM=never\nFIRMWARE=refuse\nUNLOCK=ask\nNOTICE=no\nIMPORT=no\n"
		"CHECKS_FORCE=H1\nCHECKS_NOTE=H1\nCHECKS_REFUSE=H1\n";
	struct config c, untouched;
	struct root host, other;
	int host_fd, other_fd;

	root_new(&host);
	root_new(&other);
	host_fd = open_root(&host);
	other_fd = open_root(&other);
	root_put(&host, "/etc/rapidreboot.conf", "ENTRY=ours\nAPPEND=debug\nHOOKS=/ours\n");
	root_put(&other, "/etc/rapidreboot.conf.d/x.conf", everything);
	assert_int_equal(config_read(host_fd, &c, NULL), 0);
	assert_int_equal(config_read(host_fd, &untouched, NULL), 0);
	assert_int_equal(config_read_foreign(other_fd, &disk, &c, NULL), 0);
	assert_string_equal(c.default_entry, "theirs");
	assert_string_equal(c.append, "quiet");
	assert_string_equal(c.hooks, "/ours");
	assert_null(c.cache);
	assert_int_equal(c.hook_timeout_s, untouched.hook_timeout_s);
	assert_int_equal(c.package_timeout_s, untouched.package_timeout_s);
	assert_false(c.hook_failure_ignored || c.unload_displays || c.safe || c.diet);
	assert_int_equal(c.way, KX_WAY_AUTO);
	assert_int_equal(c.confirm, CONFIG_CONFIRM_TERMINAL);
	assert_int_equal(c.firmware, CONFIG_FIRMWARE_COLD);
	assert_int_equal(c.unlock, CONFIG_UNLOCK_NO);
	assert_true(c.notice && !c.import);
	assert_int_equal(c.force.n + c.downgrade.n + c.refuse.n, 0);
	assert_int_equal(c.warnings.n, 16);
	config_done(&c);
	config_done(&untouched);
	fd_close(host_fd);
	fd_close(other_fd);
	root_free(&host);
	root_free(&other);
}

static void test_settings_of_others(void **state)
{
	struct kx_error err = { 0 };
	struct config c;
	struct root root;
	char path[300];
	int fd;

	root_new(&root);
	fd = open_root(&root);
	root_put(&root, "/etc/rapidreboot.conf", "CONFIRM=never\n");
	(void)snprintf(path, sizeof(path), "%s/etc/rapidreboot.conf", root.path);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(config_read(fd, &c, &err), NOT_TRUSTED);
	assert_non_null(strstr(err.message, "others than root can change it"));
	fd_close(fd);
	root_free(&root);
}

struct legacy_row {
	const char *files[12]; /* path, contents, … */
	struct legacy expected;
};

static const char *shown(const char *s)
{
	return s ? s : "(none)";
}

static void check_legacy(const struct legacy_row *row, const struct foreign *foreign)
{
	static const struct legacy_machine machine = { "6.1.9", "x86_64", "/dev/sda2" };
	const struct legacy *e = &row->expected;
	struct legacy got;
	struct root root;
	int fd;

	root_new(&root);
	for (size_t i = 0; row->files[i]; i += 2)
		root_put(&root, row->files[i], row->files[i + 1]);
	fd = open_root(&root);
	assert_int_equal(legacy_read(fd, foreign, &machine, &got, NULL), 0);
	assert_int_equal(got.kind, e->kind);
	assert_int_equal(got.enabled, e->enabled);
	assert_int_equal(got.from_boot_loader, e->from_boot_loader);
	assert_int_equal(got.unload, e->unload);
	assert_int_equal(got.at_shutdown, e->at_shutdown);
	assert_int_equal(got.may_mount_boot, e->may_mount_boot);
	assert_int_equal(got.base, e->base);
	assert_string_equal(shown(got.boot_dir), shown(e->boot_dir));
	assert_string_equal(shown(got.kernel), shown(e->kernel));
	assert_string_equal(shown(got.initrd), shown(e->initrd));
	assert_string_equal(shown(got.append), shown(e->append));
	assert_string_equal(shown(got.options), shown(e->options));
	legacy_done(&got);
	fd_close(fd);
	root_free(&root);
}

#define S(s)      \
	(char[])  \
	{         \
		s \
	}

static void test_legacy(void **state)
{
	const struct legacy_row rows[] = {
		{ { NULL }, { LEGACY_NONE } },
		/* Debian: only "true" is true, links where kernel-img.conf(5) puts them */
		{ { "/etc/default/kexec", "LOAD_KEXEC=true\nAPPEND=\"\"\n" },
		  { LEGACY_DEBIAN, .enabled = true, .at_shutdown = true, .kernel = S("/vmlinuz"),
		    .initrd = S("/initrd.img"), .base = LEGACY_CMDLINE_RUNNING, .append = S("") } },
		{ { "/etc/default/kexec", "LOAD_KEXEC=yes\nUSE_GRUB_CONFIG=true\n",
		    "/etc/kernel-img.conf", "do_symlinks = yes\nlink_in_boot = yes\n" },
		  { LEGACY_DEBIAN, .at_shutdown = true, .kernel = S("/boot/vmlinuz"),
		    .initrd = S("/boot/initrd.img"), .base = LEGACY_CMDLINE_RUNNING,
		    .append = S("") } },
		/* run-parts(8): no dots in names; later files win; empty INITRD is none */
		{ { "/etc/default/kexec", "LOAD_KEXEC=false\nKERNEL_IMAGE=/k\nAPPEND='ro x'\n",
		    "/etc/default/kexec.d/10", "LOAD_KEXEC=true\nINITRD=\n",
		    "/etc/default/kexec.d/20", "USE_GRUB_CONFIG=true\n",
		    "/etc/default/kexec.d/30.conf", "LOAD_KEXEC=false\nKERNEL_IMAGE=/no\n",
		    "/boot/grub/grub.cfg", "" },
		  { LEGACY_DEBIAN, .enabled = true, .from_boot_loader = true, .at_shutdown = true,
		    .kernel = S("/k"), .base = LEGACY_CMDLINE_GIVEN, .append = S("ro x") } },
		/* Gentoo: search order; root= always; KPARAM empty reuses the running line */
		{ { "/etc/conf.d/kexec", "# nothing set\n", "/boot/vmlinuz-6.1.9", "",
		    "/boot/kernel-6.1.9", "", "/boot/initramfs-6.1.9.img", "",
		    "/etc/runlevels/default/kexec", "" },
		  { LEGACY_GENTOO, .enabled = true, .at_shutdown = true, .may_mount_boot = true,
		    .boot_dir = S("/boot"), .kernel = S("/boot/vmlinuz-6.1.9"),
		    .initrd = S("/boot/initramfs-6.1.9.img"), .base = LEGACY_CMDLINE_RUNNING,
		    .append = S("root=/dev/sda2") } },
		{ { "/etc/conf.d/kexec",
		    "LOAD_DURING_SHUTDOWN=no BOOTPART=/b KNAME=k\nROOTPART=/dev/x\n"
		    "KPARAM='a b'\nKEXEC_OPT_ARGS='-s -d'\nDONT_MOUNT_BOOT=yes\n",
		    "/b/initrd", "" },
		  { LEGACY_GENTOO, .boot_dir = S("/b"), .kernel = S("/b/k"),
		    .initrd = S("/b/initrd"), .base = LEGACY_CMDLINE_GIVEN,
		    .append = S("root=/dev/x a b"), .options = S("-s -d") } },
		{ { "/etc/conf.d/kexec", "KNAME=-\n", "/boot/bzImage", "",
		    "/etc/runlevels/boot/kexec", "" },
		  { LEGACY_GENTOO, .enabled = true, .unload = true, .at_shutdown = true,
		    .may_mount_boot = true, .boot_dir = S("/boot"), .base = LEGACY_CMDLINE_RUNNING,
		    .append = S("root=/dev/sda2") } },
		{ { "/etc/conf.d/kexec", "KERNEL=vmlinuz-lts\nINITRD=initramfs-lts\n",
		    "/etc/runlevels/default/kexec-load", "" },
		  { LEGACY_ALPINE, .enabled = true, .at_shutdown = true, .boot_dir = S("/boot"),
		    .kernel = S("/boot/vmlinuz-lts"), .initrd = S("/boot/initramfs-lts"),
		    .base = LEGACY_CMDLINE_RUNNING, .append = S("") } },
		/* another service is none of theirs */
		{ { "/etc/conf.d/kexec", "KERNEL=k INITRD=i\n", "/etc/runlevels/default/kexec",
		    "" },
		  { LEGACY_ALPINE, .at_shutdown = true, .boot_dir = S("/boot"),
		    .kernel = S("/boot/k"), .initrd = S("/boot/i"), .base = LEGACY_CMDLINE_RUNNING,
		    .append = S("") } },
		/* Arch: the instance is the name of the kernel, as %i leaves it */
		{ { "/etc/systemd/system/kexec.target.wants/kexec-load@linux-lts.service", "",
		    "/etc/systemd/system/kexec-load@none.service", "" },
		  { LEGACY_ARCH, .enabled = true, .at_shutdown = true,
		    .kernel = S("/boot/vmlinuz-linux-lts"),
		    .initrd = S("/boot/initramfs-linux-lts.img"), .base = LEGACY_CMDLINE_RUNNING,
		    .append = S("") } },
		{ { "/etc/systemd/system/kexec.target.wants/kexec-load@.service", "" },
		  { LEGACY_NONE } },
		/* installkernel's last line, fields from 0: 4 layout, 7 directory, 8 and 9 names */
		{ { "/etc/kexec.conf", "# KNAME=\n", "/var/lib/misc/installkernel",
		    "0\t1\t2\t3\tgrub\t5\t6\t/old\tk1\ti1\n"
		    "0\t1\t2\t3\tgrub\t5\t6\t/boot\tk2\tunknown\n",
		    "/etc/kernel/cmdline", "ro quiet\n" },
		  { LEGACY_INSTALLKERNEL, .enabled = true, .at_shutdown = true,
		    .may_mount_boot = true, .boot_dir = S("/boot"), .kernel = S("/boot/k2"),
		    .base = LEGACY_CMDLINE_GIVEN, .append = S("ro quiet") } },
		{ { "/etc/kexec.conf", "INITRD=/x/i\nKPARAM=z\n", "/nokexec", "",
		    "/var/lib/misc/installkernel", "0\t1\t2\t3\tgrub\t5\t6\t/boot\tk\ti\n" },
		  { LEGACY_INSTALLKERNEL, .at_shutdown = true, .may_mount_boot = true,
		    .boot_dir = S("/boot"), .kernel = S("/boot/k"), .initrd = S("/x/i"),
		    .append = S("z") } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_legacy(&rows[i], NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_legacy(&rows[i], &disk);
}

static void test_legacy_warns(void **state)
{
	static const struct legacy_machine machine = { "6.1", "x86_64", NULL };
	struct legacy got;
	struct root root;
	int fd;

	root_new(&root);
	root_put(&root, "/etc/default/kexec",
		 "LOAD_KEXEC=true\nAPPEND=\"`cat /proc/cmdline` x\"\n");
	fd = open_root(&root);
	assert_int_equal(legacy_read(fd, &disk, &machine, &got, NULL), 0);
	assert_true(got.enabled);
	assert_int_equal(got.warnings.n, 1);
	assert_non_null(strstr(got.warnings.v[0], "/etc/default/kexec:2: "));
	legacy_done(&got);
	root_put(&root, "/etc/default/kexec.d", "a file");
	assert_int_equal(legacy_read(fd, &disk, &machine, &got, NULL), -ENOTDIR);
	fd_close(fd);
	root_free(&root);
}

/* What cannot be read may say the other thing. */
static void test_legacy_unreadable(void **state)
{
	static const struct legacy_machine machine = { "6.1", "x86_64", NULL };
	struct kx_error err = { 0 };
	struct legacy got;
	struct root root;
	int fd;

	root_new(&root);
	root_put(&root, "/etc/default/kexec", "LOAD_KEXEC=true\n");
	root_put(&root, "/etc/kernel-img.conf/x", "");
	fd = open_root(&root);
	assert_int_equal(legacy_read(fd, NULL, &machine, &got, &err), -EISDIR);
	assert_non_null(strstr(err.message, "/etc/kernel-img.conf: cannot read it"));
	fd_close(fd);
	root_free(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_assign),
		cmocka_unit_test(test_assign_stops),
		cmocka_unit_test(test_assign_much),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_settings_odd),
		cmocka_unit_test(test_settings_files),
		cmocka_unit_test(test_settings_foreign),
		cmocka_unit_test(test_settings_of_others),
		cmocka_unit_test(test_legacy),
		cmocka_unit_test(test_legacy_warns),
		cmocka_unit_test(test_legacy_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * lilo.conf, elilo.conf, yaboot.conf, kboot.conf. Values: LILO 24 (cfg.c, bsect.c), ELILO 3.16 (config.c),
 * yaboot 1.3.17 (second/cfg.c, yaboot.c), petitboot 1.13 (kboot-parser.c, parser-conf.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "entry/kboot.h"
#include "entry/lilo.h"
#include "tests/fake/menu.h"
#include "tests/unit/cmocka-shim.h"

static struct bytes text(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

static void check_entry(size_t row, const struct boot_menu *menu, size_t i, const char *id,
			const char *kernel, const char *initrd, const char *cmdline)
{
	const struct boot_entry *e = &menu->entries[i];

	check_menu(menu);
	if (i >= menu->n_entries || strcmp(e->id, id) != 0 || !e->kernel ||
	    strcmp(e->kernel, kernel) != 0 || strcmp(e->cmdline, cmdline) != 0)
		fail_msg("row %zu: \"%s\" \"%s\" \"%s\"", row, e->id, e->kernel, e->cmdline);
	assert_int_equal(e->initrds.n, initrd ? 1 : 0);
	if (initrd)
		assert_string_equal(e->initrds.v[0], initrd);
}

/* The entry that starts, of files that the loader takes. */
static void test_defaults(void **state)
{
	static const struct {
		enum lilo_kind kind;
		const char *file, *id, *kernel, *initrd, *cmdline;
	} rows[] = {
		{ LILO_LILO, "image=/vmlinuz\n", "vmlinuz", "/vmlinuz", NULL, "" },
		{ LILO_LILO, "image = /boot/v\n\tlabel = Linux\n\tread-only root=/dev/sda1\n",
		  "Linux", "/boot/v", NULL, "ro root=/dev/sda1" },
		/* without default= the first; labels and aliases in any case */
		{ LILO_LILO, "image=/a\nimage=/b\n", "a", "/a", NULL, "" },
		{ LILO_LILO, "default=LINUX\nimage=/a label=x\nimage=/b label=Linux\n", "Linux",
		  "/b", NULL, "" },
		{ LILO_LILO, "default=2\nimage=/a label=x\nimage=/b label=Linux alias=2\n", "Linux",
		  "/b", NULL, "" },
		{ LILO_LILO, "DEFAULT=b\nImage=/a LABEL=a\nIMAGE=/b Label=b\n", "b", "/b", NULL,
		  "" },
		/* options of all entries, and of one in their place */
		{ LILO_LILO, "append=\"quiet splash\"\ninitrd=/i\nread-only\nimage=/a\n", "a", "/a",
		  "/i", "ro quiet splash" },
		{ LILO_LILO, "append=quiet\ninitrd=/i\nimage=/a append=\"x=1\" initrd=/j\n", "a",
		  "/a", "/j", "x=1" },
		{ LILO_LILO, "append=quiet\nimage=/a addappend=\" x=1\"\n", "a", "/a", NULL,
		  "quiet  x=1" },
		{ LILO_LILO, "append=quiet root=/dev/sda\nimage=/a literal=\"only this\"\n", "a",
		  "/a", NULL, "only this" },
		{ LILO_LILO, "initrd=/i\nimage=/a initrd=\"\"\n", "a", "/a", NULL, "" },
		/* the order of words is bsect.c's */
		{ LILO_LILO,
		  "image=/a append=z ramdisk=8 root=\"UUID=1-2\" read-write vga=normal lock\n", "a",
		  "/a", NULL, "rw root=UUID=1-2 ramdisk=8 z" },
		/* a number is a device, in hexadecimal digits for the kernel */
		{ LILO_LILO, "image=/a root=2049\n", "a", "/a", NULL, "root=801" },
		{ LILO_LILO, "image=/a root=0x803\n", "a", "/a", NULL, "root=803" },
		{ LILO_LILO, "image=/a root=current\n", "a", "/a", NULL, "root=/dev/vda1" },
		/* quotes, backslashes, comments, line ends */
		{ LILO_LILO, "image=\"/a b\" label=x # label=y\n", "x", "/a b", NULL, "" },
		{ LILO_LILO, "image=/a\\ b#c\nlabel=x\n", "x", "/a b", NULL, "" },
		{ LILO_LILO, "image=/a append=\"a \\\"b\\\" \\\\ c\"\n", "a", "/a", NULL,
		  "a \"b\" \\ c" },
		{ LILO_LILO, "image=/a append=\"a\\\n   b\"\n", "a", "/a", NULL, "a b" },
		{ LILO_LILO, "image=/a append=a\\\nb\n", "a", "/a", NULL, "ab" },
		{ LILO_LILO, "image=/a append=\"\\$x\"\n", "a", "/a", NULL, "$x" },
		{ LILO_LILO, "default=b\r\nimage=/a\r\nlabel=b\r\n", "b", "/a", NULL, "" },
		{ LILO_LILO, "image=/a label=a append=\"x\"root=/r\n", "a", "/a", NULL,
		  "root=/r x" },
		/* disks and the like come before the entries, other systems among them */
		{ LILO_LILO,
		  "boot=/dev/sda\ndisk=/dev/sda bios=0x80\npartition=/dev/sda1 start=63\n"
		  "partition=/dev/sda2 start=99\nchange-rules\nreset\n"
		  "other=/dev/sda1 label=win table=/dev/sda map-drive=0x80 to=0x81\n"
		  "image=/a\n",
		  NULL, NULL, NULL, NULL },

		{ LILO_ELILO, "image=vmlinuz\nlabel=linux\n", "linux", "vmlinuz", NULL, "" },
		{ LILO_ELILO,
		  "chooser=simple\ndelay=1\ntimeout=1\nprompt\ndefault=b\nimage=a\nlabel=a\n"
		  "image=huge\n\tlabel=b\n\tinitrd=initrd.gz\n\tread-only\n"
		  "\tappend=\"root=/dev/sda2 vga=normal ro\"\n",
		  "b", "huge", "initrd.gz", "root=/dev/sda2 vga=normal ro ro" },
		{ LILO_ELILO, "root=/dev/sda1\nappend=q\nread-only\nimage=a label=l\n", "l", "a",
		  NULL, "root=/dev/sda1 q ro" },
		{ LILO_ELILO, "root=/dev/sda1\nimage=a label=l literal=\"x y\" append=z\n", "l",
		  "a", NULL, "x y" },
		{ LILO_ELILO, "image=a label=l append=\"x\\\n y\"\n", "l", "a", NULL, "x y" },
		{ LILO_ELILO, "image=a label=l description=\"Two words\"\n", "l", "a", NULL, "" },

		{ LILO_YABOOT,
		  "boot=/dev/hda2\ndevice=hd:\npartition=3\nroot=/dev/hda3\ntimeout=30\n"
		  "install=/usr/lib/yaboot/yaboot\nmagicboot=/usr/lib/yaboot/ofboot\n"
		  "enablecdboot\nimage=/boot/vmlinux\n\tlabel=Linux\n\tread-only\n"
		  "\tinitrd=/boot/initrd.img\n\tappend=\"quiet splash\"\n",
		  "Linux", "/boot/vmlinux", "/boot/initrd.img", "root=/dev/hda3 ro quiet splash" },
		{ LILO_YABOOT, "default=b\nimage=/a\nlabel=a\nimage=/c\nalias=b\n", "c", "/c", NULL,
		  "" },
		{ LILO_YABOOT, "image=/a label=a label=b read-write append=x append=y\n", "b", "/a",
		  NULL, "rw y" },
		{ LILO_YABOOT, "literal=all\nimage=/a append=x\n", "a", "/a", NULL, "all" },
		{ LILO_YABOOT, "image=/a ramdisk=4 initrd-size=9 novideo\n", "a", "/a", NULL,
		  "ramdisk=4 ramdisk_size=9 video=ofonly" },
		{ LILO_YABOOT, "image[32bit]=/a label=x\nimage[64bit]=/b label=y\n", "y", "/b",
		  NULL, "" },
		{ LILO_YABOOT, "default=none\nimage=/a\n", NULL, NULL, NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct lilo_conf conf;

		if (lilo_parse(text(rows[i].file), rows[i].kind, "/dev/vda1", &conf, NULL) != 0)
			fail_msg("row %zu is refused", i);
		if (!rows[i].id)
			assert_true(conf.menu.default_index == conf.menu.n_entries ||
				    !conf.menu.entries[conf.menu.default_index].bootable);
		else
			check_entry(i, &conf.menu, conf.menu.default_index, rows[i].id,
				    rows[i].kernel, rows[i].initrd, rows[i].cmdline);
		lilo_conf_done(&conf);
	}
}

/* Files that the loader, or for LILO its installer, refuses: what starts then is not in them. */
static void test_refused(void **state)
{
	static const struct {
		enum lilo_kind kind;
		const char *file;
	} rows[] = {
		{ LILO_LILO, "" },
		{ LILO_LILO, "default=x\n" },
		{ LILO_LILO, "default=x\nimage=/a\n" },
		{ LILO_LILO, "image=/a\nnonsense\n" },
		{ LILO_LILO, "image=/a\ndefault=a\n" },
		{ LILO_LILO, "image=/a\nimage=/b label=A\n" },
		{ LILO_LILO, "image=/a append=x append=y\n" },
		{ LILO_LILO, "image=/a read-only=yes\n" },
		{ LILO_LILO, "image=/a append\n" },
		{ LILO_LILO, "image=\n" },
		{ LILO_LILO, "= image\n" },
		{ LILO_LILO, "image == /a\n" },
		{ LILO_LILO, "image=\"/a\n" },
		{ LILO_LILO, "image=\"/a\nb\"\n" },
		{ LILO_LILO, "image=\"/a\\b\"\n" },
		{ LILO_LILO, "image=/a append=$HOME\n" },
		{ LILO_LILO, "image=/a append=\"x ${HOME}\"\n" },
		{ LILO_LILO, "image=/a\\" },
		{ LILO_ELILO, "image=a\n" },
		{ LILO_ELILO, "image=a label=b\nimage=c label=b\n" },
		{ LILO_ELILO, "default=x\nimage=a label=b\n" },
		{ LILO_ELILO, "Image=a label=b\n" },
		{ LILO_ELILO, "image=a label=b read-write\n" },
		{ LILO_ELILO, "image=a label=b append=\"x\ty\"\n" },
		{ LILO_YABOOT, "default=x\n" },
		{ LILO_YABOOT, "image=\"/a\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct lilo_conf conf = { .map = NULL };
		struct kx_error err = { .message = "" };

		if (lilo_parse(text(rows[i].file), rows[i].kind, NULL, &conf, &err) != -EINVAL)
			fail_msg("row %zu is taken", i);
		assert_true(err.message[0] != 0);
		assert_null(conf.menu.entries);
	}
}

/* What cannot be known here is not started. */
static void test_unknown_root(void **state)
{
	struct lilo_conf conf;

	assert_int_equal(lilo_parse(text("root=current\nimage=/a\nimage=/b root=/dev/sda1\n"),
				    LILO_LILO, NULL, &conf, NULL),
			 0);
	assert_false(conf.menu.entries[0].bootable);
	assert_true(conf.menu.entries[1].bootable);
	lilo_conf_done(&conf);
	assert_int_equal(
		lilo_parse(text("vmm=xen\nimage=a label=b\n"), LILO_ELILO, NULL, &conf, NULL), 0);
	assert_false(conf.menu.entries[0].bootable);
	lilo_conf_done(&conf);
}

static void test_kboot(void **state)
{
	static const struct {
		const char *file, *id, *kernel, *initrd, *cmdline;
	} rows[] = {
		/* the example of the PlayStation 3's distributions */
		{ "message=/etc/kboot.msg\ntimeout=100\ndefault=linux\n"
		  "linux='/boot/vmlinux initrd=/boot/initrd.img root=/dev/ps3da1 ro video=ps3fb:mode:0'\n",
		  "linux", "/boot/vmlinux", "/boot/initrd.img",
		  "root=/dev/ps3da1 ro video=ps3fb:mode:0" },
		{ "root=/dev/sda2\ninitrd=/i\ndefault=b\na=/vmlinux\nb=\"/vmlinux2 quiet\"\n", "b",
		  "/vmlinux2", "/i", "root=/dev/sda2 quiet" },
		{ "default=b\na=/v root=/dev/sdx\nb=/v x\n", "b", "/v", NULL, "x" },
		{ "default = b # no comment\n", NULL, NULL, NULL, NULL },
		{ "# a comment=1\na=/v\n", NULL, NULL, NULL, NULL },
		{ "a=/v\ndefault=a\n", NULL, NULL, NULL, NULL },
		{ "default=a\n\ta = '/v\tx y=\"1 2\"'\n", "a", "/v", NULL, "x y=1 2" },
		{ "default=a\na=/v dtb=/d initrd=/i x\r\n", "a", "/v", "/i", "x" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct boot_menu menu;

		assert_int_equal(kboot_parse(text(rows[i].file), &menu), 0);
		if (!rows[i].id)
			assert_int_equal(menu.default_index, menu.n_entries);
		else
			check_entry(i, &menu, menu.default_index, rows[i].id, rows[i].kernel,
				    rows[i].initrd, rows[i].cmdline);
		boot_menu_done(&menu);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_unknown_root),
		cmocka_unit_test(test_kboot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

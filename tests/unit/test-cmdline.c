// SPDX-License-Identifier: LGPL-2.1-or-later
/* Command lines. Words are cut as in Linux lib/cmdline.c, next_arg(). Which of them are for one boot is
 * what the documents named beside them say. */
#include <stdlib.h>
#include <string.h>

#include "base/cmdline.h"
#include "base/lines.h"
#include "base/strbuf.h"
#include "tests/unit/cmocka-shim.h"

static void test_words(void **state)
{
	static const struct {
		const char *line;
		const char *whole, *key, *value; /* of the first word; value NULL: no "=" */
	} cases[] = {
		{ "quiet", "quiet", "quiet", NULL },
		{ "  a=b c", "a=b", "a", "b" },
		{ "a=b=c", "a=b=c", "a", "b=c" },
		{ "a=", "a=", "a", "" },
		{ "a=\"x y\" z", "a=\"x y\"", "a", "x y" },
		{ "\"a=x y\" z", "\"a=x y\"", "a", "x y" },
		{ "\"a b\" c", "\"a b\"", "a b", NULL },
		{ "\ta\"b c\"d e", "a\"b c\"d", "a\"b c\"d", NULL },
		{ "a=\"open to the end", "a=\"open to the end", "a", "open to the end" },
		{ "\"", "\"", "", NULL },
	};
	struct cmdline_word word;
	const char *line;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		line = cases[i].line;
		assert_true(cmdline_next(&line, &word));
		assert_true(bytes_is(word.whole, cases[i].whole));
		assert_true(bytes_is(word.key, cases[i].key));
		assert_int_equal(word.value.p != NULL, cases[i].value != NULL);
		assert_true(!cases[i].value || bytes_is(word.value, cases[i].value));
	}
	line = " \t\n";
	assert_false(cmdline_next(&line, &word));
}

static void test_key(void **state)
{
	const char *line = "log-buf_len=1M";
	struct cmdline_word word;

	assert_true(cmdline_next(&line, &word));
	assert_true(cmdline_key_is(&word, "log_buf_len"));
	assert_true(cmdline_key_is(&word, "log_buf-len"));
	assert_false(cmdline_key_is(&word, "log_buf"));
	assert_false(cmdline_key_is(&word, "log_buf_len2"));
}

static void test_one_boot(void **state)
{
	static const char *const gone[] = {
		/* systemd(1), "emergency, rd.emergency, -b" and "rescue, rd.rescue, single, s, S, 1" */
		"emergency", "rd.emergency", "-b", "rescue", "rd.rescue", "single", "s", "S", "1",
		/* the same in the long spelling */
		"systemd.unit=rescue.target", "systemd.unit=emergency.target",
		"rd.systemd.unit=emergency.target", "systemd.unit=runlevel1.target",
		/* fedora-docs: resetting a root password; ArchWiki: "Reset lost root password" */
		"rd.break", "rd.break=pre-mount", "init=/bin/sh", "init=/bin/bash",
		"init=/usr/bin/bash", "init=/sysroot/bin/sh", "rdinit=/bin/sh",
		/* initramfs-tools(7), mkinitcpio(8): break=PLACE */
		"break", "break=premount", "break=postmount", "rdbreak=initqueue",
		/* dracut.cmdline(7) */
		"rd.cmdline=ask",
		/* systemd-debug-generator(8) */
		"rd.systemd.break=pre-switch-root", "systemd.break",
		/* systemd-run-generator(8): SuccessAction=exit */
		"systemd.run=/sbin/poweroff", "systemd.run=\"adduser test\"",
		"systemd.run_success_action=reboot", "systemd.run-failure-action=none",
		/* kdump-utils, KDUMP_COMMANDLINE_REMOVE; Flatcar's grub.cfg; SUSE's combustion README */
		"ignition.firstboot", "ignition.firstboot=1", "flatcar.first_boot=detected",
		"flatcar.first_boot=1", "flatcar.first_boot=yes", "coreos.first_boot=detected",
		"combustion.firstboot",
		/* selinux(8): autorelabel; Ubuntu's grub-mkconfig: "ro recovery nomodeset" */
		"autorelabel=1", "autorelabel", "recovery", "systemd.factory_reset=1",
		/* systemd-fsck@.service(8); OpenRC's user guide, "Kernel parameters" */
		"fsck.mode=force", "forcefsck", "softlevel=single"
	};
	static const char *const kept[] = {
		"root=UUID=1", "ro", "quiet", "3", "5", "debug", "nomodeset", "singleton",
		"rescue=1", "init=/lib/systemd/systemd", "init=/sbin/init",
		/* NixOS: the system itself is named so */
		"init=/nix/store/4zb3x1-nixos-system-host-24.05/init", "init=/usr/lib/bash/init",
		"systemd.unit=multi-user.target", "systemd.unit=graphical.target",
		/* dracut.cmdline(7): what to do when the boot fails; a shell only then */
		"rd.emergency=reboot", "rd.shell", "rd.shell=0", "rd.break=0",
		/* what a first boot reads, which does no harm later */
		"ignition.platform.id=qemu", "flatcar.oem.id=azure", "ignition.firstboot=0",
		"flatcar.first_boot=0", "systemd.firstboot=off", "rd.neednet=1",
		"systemd.factory_reset=no", "autorelabel=0", "rd.cmdline=root=/dev/vda",
		"fsck.mode=skip", "fsck.mode=auto", "softlevel=battery"
	};
	struct cmdline_word word;

	for (size_t i = 0; i < ARRAY_SIZE(gone); i++) {
		const char *line = gone[i];

		if (!cmdline_next(&line, &word) || !cmdline_is_one_boot(&word))
			fail_msg("%s stays", gone[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		const char *line = kept[i];

		if (!cmdline_next(&line, &word) || cmdline_is_one_boot(&word))
			fail_msg("%s goes", kept[i]);
	}
}

/* The other words of a line, one blank between them. */
static char *without_one_boot(const char *cmdline)
{
	struct strbuf kept = { 0 };
	struct cmdline_word word;
	char *ret;

	while (cmdline_next(&cmdline, &word)) {
		if (cmdline_is_one_boot(&word))
			continue;
		if (kept.n)
			strbuf_add(&kept, " ");
		strbuf_add_n(&kept, (const char *)word.whole.p, word.whole.n);
	}
	assert_int_equal(strbuf_take(&kept, &ret), 0);
	return ret;
}

static void test_without(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "single", "" },
		{ " ro  single\tquiet\n", "ro quiet" },
		/* first boot of Fedora CoreOS, as in coreos-installer's images */
		{ "ignition.firstboot ostree=/ostree/boot.1/fcos/abc/0 ignition.platform.id=qemu "
		  "console=tty0 root=UUID=1 rw",
		  "ostree=/ostree/boot.1/fcos/abc/0 ignition.platform.id=qemu console=tty0 "
		  "root=UUID=1 rw" },
		{ "a=\"b single c\" single \"init=/bin/sh\" d", "a=\"b single c\" d" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *line = without_one_boot(cases[i][0]);

		assert_string_equal(line, cases[i][1]);
		free(line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_one_boot),
		cmocka_unit_test(test_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

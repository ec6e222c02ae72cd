// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where dumps go by the files of several tools, and what of these files our own initial ramdisk does not do. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "crash/crash.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

#define OWN "/etc/rapidreboot.conf"
#define CONF "/etc/kdump.conf"
#define DEBIAN "/etc/default/kdump-tools"
#define SUSE "/etc/sysconfig/kdump"

/* kdump.conf(5) of kdump-utils, /etc/default/kdump-tools, and ours, which goes before both. */
static void test_servers(void **state)
{
	static const struct {
		const char *file, *text, *user_host, *directory, *key, *target; /* NULL: none */
	} servers[] = {
		{ "/etc/kdump.conf", "ssh a@old\nssh a@h # new\npath /d\n", "a@h", "/d",
		  "/root/.ssh/kdump_id_rsa", "/d" },
		{ "/etc/kdump.conf", "#ssh a@h\nssh \"a@h\"\nsshkey /k\n", "a@h", "/var/crash",
		  "/k", "/var/crash" },
		{ "/etc/kdump.conf", "path /d\n", NULL, NULL, NULL, "/d" },
		{ "/etc/default/kdump-tools", "USE_KDUMP=1\nSSH=\"a@h\"\nKDUMP_COREDIR=/c\n", "a@h",
		  "/c", "/root/.ssh/kdump_id_rsa", "/c" },
		{ "/etc/default/kdump-tools", "USE_KDUMP=1\nSSH=a@h\nSSH_KEY=/k\n", "a@h",
		  "/var/crash", "/k", "/var/crash" },
		{ "/etc/sysconfig/kdump", "KDUMP_SAVEDIR=ssh://a@h/d\nKDUMP_SSH_IDENTITY=/k\n",
		  "a@h", "/d", "/k", "/var/crash" },
		{ "/etc/sysconfig/kdump", "KDUMP_SAVEDIR=ssh://a@h\n", "a@h", "/var/crash", NULL,
		  "/var/crash" },
		{ "/etc/rapidreboot.conf", "CRASH_TARGET=ssh:a@h:/d\n", "a@h", "/d", NULL,
		  "/var/crash" },
		{ "/etc/rapidreboot.conf", "CRASH_TARGET=ssh:h\nCRASH_SSH_KEY=/k\n", "h",
		  "/var/crash", "/k", "/var/crash" },
	};

	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		_cleanup_crash_settings_ struct crash_settings s = { 0 };
		_cleanup_config_ struct config config = { 0 };
		struct kx_error err = { 0 };
		struct root root;
		int fd;

		root_new(&root);
		root_put(&root, servers[i].file, servers[i].text);
		fd = open(root.path, O_RDONLY | O_DIRECTORY);
		assert_int_equal(config_read(fd, &config, &err), 0);
		assert_int_equal(crash_settings_read(fd, &config, &s, &err), 0);
		print_message("%s\n", servers[i].text);
		assert_string_equal(s.target, servers[i].target);
		if (servers[i].user_host) {
			assert_string_equal(s.remote.user_host, servers[i].user_host);
			assert_string_equal(s.remote.directory, servers[i].directory);
		} else {
			assert_null(s.remote.user_host);
		}
		if (servers[i].key)
			assert_string_equal(s.ssh_key, servers[i].key);
		else
			assert_null(s.ssh_key);
		close(fd);
		root_free(&root);
	}
}

/* 0, or a negative errno with a sentence. */
static int try_settings(const char *file, const char *text, struct crash_settings *ret,
			struct kx_error *err)
{
	_cleanup_config_ struct config config = { 0 };
	struct root root;
	int fd, r;

	root_new(&root);
	root_put(&root, file, text);
	fd = open(root.path, O_RDONLY | O_DIRECTORY);
	assert_int_equal(config_read(fd, &config, err), 0);
	r = crash_settings_read(fd, &config, ret, err);
	close(fd);
	root_free(&root);
	return r;
}

static void read_settings(const char *file, const char *text, struct crash_settings *ret)
{
	struct kx_error err = { 0 };

	assert_int_equal(try_settings(file, text, ret, &err), 0);
}

/* The local directory is the next place. */
static void test_nfs(void **state)
{
	static const struct {
		const char *file, *text, *host, *source; /* NULL: refused, or not followed */
		const char *directory, *target;
		int code;
	} servers[] = {
		{ OWN, "CRASH_TARGET=nfs:h:/d\n", "h", "h:/d", "/", "/var/crash" },
		{ OWN, "CRASH_TARGET=nfs:[fd00::1]:/d/e\n", "fd00::1", "[fd00::1]:/d/e", "/",
		  "/var/crash" },
		{ OWN, "CRASH_TARGET=nfs:h\n", .code = -EINVAL },
		{ OWN, "CRASH_TARGET=nfs:/d\n", .code = -EINVAL },
		/* below the mount, kdump.conf(5) */
		{ CONF, "nfs h:/d # comment\n", "h", "h:/d", "/var/crash", "/var/crash" },
		{ CONF, "path /p\nnfs h:/d\n", "h", "h:/d", "/p", "/p" },
		{ CONF, "nfs h\n", .target = "/var/crash" },
		/* mounted in the place of KDUMP_COREDIR */
		{ DEBIAN, "USE_KDUMP=1\nNFS=h:/d\nKDUMP_COREDIR=/c\n", "h", "h:/d", "/", "/c" },
		{ DEBIAN, "USE_KDUMP=1\nNFS=/d\n", .target = "/var/crash" },
		{ SUSE, "KDUMP_SAVEDIR=nfs://h/d/e\n", "h", "h:/d/e", "/", "/var/crash" },
		{ SUSE, "KDUMP_SAVEDIR=nfs://h:2049/d\n", .target = "/var/crash" },
		{ SUSE, "KDUMP_SAVEDIR=nfs://h\n", .target = "/var/crash" },
	};

	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		_cleanup_crash_settings_ struct crash_settings s = { 0 };
		struct kx_error err = { 0 };
		const int r = try_settings(servers[i].file, servers[i].text, &s, &err);

		print_message("%s\n", servers[i].text);
		assert_text(s.nfs.host, servers[i].host);
		assert_text(s.nfs.source, servers[i].source);
		assert_text(crash_remote_name(&s), servers[i].source);
		assert_null(s.remote.user_host);
		assert_int_equal(r, servers[i].code);
		assert_text(s.nfs_directory, servers[i].directory);
		assert_text(s.target, servers[i].target);
		/* of another tool, what is not followed is said */
		assert_int_equal(s.not_followed.n, !r && !servers[i].host ? 1 : 0);
		if (r < 0)
			assert_non_null(strstr(err.message, "nfs:HOST:/PATH is expected"));
	}
	(void)state;
}

/* What our own initial ramdisk does not do is said, with the line; what it does, or is done anyway, is not. */
static void test_not_followed(void **state)
{
	static const struct {
		const char *file, *text;
		size_t n;
		const char *said;      /* in the first sentence */
		const char *elsewhere; /* NULL: none */
	} cases[] = {
		{ "/etc/kdump.conf", "path /d\nnfs a\n", 1, "/etc/kdump.conf:2: nfs a is not",
		  "nfs a" },
		{ "/etc/kdump.conf", "raw /dev/sdb1 # comment\n", 1, "raw /dev/sdb1 is not",
		  "raw /dev/sdb1" },
		{ "/etc/kdump.conf", "#nfs a:/b\ncore_collector makedumpfile -l -d 31\n", 0, NULL,
		  NULL },
		{ "/etc/kdump.conf", "core_collector makedumpfile -l -d 17\n", 1, "CRASH_LEVEL",
		  NULL },
		{ "/etc/kdump.conf", "kdump_post /x\nextra_bins /y\nextra_modules z\n", 3,
		  "no programs are run", NULL },
		{ "/etc/kdump.conf", "final_action reboot\nfailure_action halt\n", 0, NULL, NULL },
		{ "/etc/kdump.conf", "final_action poweroff\nfailure_action shell\n", 2,
		  "CRASH_FAILURE", NULL },
		{ "/etc/kdump.conf", "ext4 UUID=not-there\npath /d\n", 1, "or mount it",
		  "ext4 UUID=not-there" },
		{ "/etc/default/kdump-tools",
		  "USE_KDUMP=1\nFTP=a:/b\nHOSTTAG=hostname\nKDUMP_FAIL_CMD=\"reboot -f\"\n", 1,
		  "/etc/default/kdump-tools:2: FTP a:/b", "FTP a:/b" },
		{ "/etc/default/kdump-tools", "USE_KDUMP=1\nNFS=a:/b\nSSH=c\n", 1,
		  "/etc/default/kdump-tools:2: NFS a:/b", "NFS a:/b" },
		{ "/etc/sysconfig/kdump", "KDUMP_SAVEDIR=cifs://a/b\nKDUMP_DUMPLEVEL=31\n", 1,
		  "KDUMP_SAVEDIR cifs://a/b", "KDUMP_SAVEDIR cifs://a/b" },
		{ "/etc/sysconfig/kdump",
		  "KDUMP_SAVEDIR=file:///d\nKDUMP_REQUIRED_PROGRAMS=\"a b\"\n", 1,
		  "KDUMP_REQUIRED_PROGRAMS a b is not", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_crash_settings_ struct crash_settings s = { 0 };

		read_settings(cases[i].file, cases[i].text, &s);
		print_message("%s\n", cases[i].text);
		assert_int_equal(s.not_followed.n, cases[i].n);
		if (cases[i].said)
			assert_non_null(strstr(s.not_followed.v[0], cases[i].said));
		assert_text(s.elsewhere, cases[i].elsewhere);
	}
	(void)state;
}

/*
 * Every name of the four files that our own initial ramdisk does not follow, with a value that asks for something and
 * the ones that ask for what is done anyway. Names and values: kdump.conf(5) of kdump-utils 2026-03, kdump-tools 1.10,
 * sysconfig.kdump of SUSE's kdump 2026-04.
 */
static void test_every_name(void **state)
{
	static const struct {
		const char *file, *name, *value, *same[3];
	} names[] = {
		{ CONF, "raw", "/dev/sdb1", { NULL } },
		{ CONF, "virtiofs", "tag", { NULL } },
		{ CONF, "ext2", "/dev/sdb1", { NULL } },
		{ CONF, "ext3", "/dev/sdb1", { NULL } },
		{ CONF, "ext4", "/dev/sdb1", { NULL } },
		{ CONF, "xfs", "LABEL=x", { NULL } },
		{ CONF, "btrfs", "UUID=x", { NULL } },
		{ CONF, "minix", "/dev/sdb1", { NULL } },
		{ CONF, "core_collector", "makedumpfile -l -d 1", { "makedumpfile -c -d 31" } },
		{ CONF, "core_collector", "cp", { NULL } },
		{ CONF, "kdump_pre", "/x", { NULL } },
		{ CONF, "kdump_post", "/x", { NULL } },
		{ CONF, "kdump_emergency", "/x", { NULL } },
		{ CONF, "extra_bins", "/x", { NULL } },
		{ CONF, "extra_modules", "x", { NULL } },
		{ CONF, "dracut_args", "--add x", { NULL } },
		{ CONF, "failure_action", "shell", { "reboot", "halt", "poweroff" } },
		{ CONF, "failure_action", "dump_to_rootfs", { NULL } },
		{ CONF, "default", "shell", { "reboot", "halt", "poweroff" } },
		{ CONF, "final_action", "halt", { "reboot" } },
		{ CONF, "fence_kdump_args", "-p 7410", { NULL } },
		{ CONF, "fence_kdump_nodes", "x", { NULL } },
		{ CONF, "force_rebuild", NULL, { "0", "1" } },
		{ CONF, "force_no_rebuild", NULL, { "0", "1" } },
		{ CONF, "auto_reset_crashkernel", NULL, { "yes", "no" } },
		{ DEBIAN, "FTP", "h:/d", { NULL } },
		{ DEBIAN, "FTP_USER", NULL, { "u" } },
		{ DEBIAN, "HOSTTAG", "ip", { "hostname" } },
		{ DEBIAN, "KDUMP_FAIL_CMD", "halt", { "reboot -f" } },
		{ DEBIAN, "KDUMP_NUM_DUMPS", "3", { "0" } },
		{ DEBIAN, "KDUMP_COMPRESSION", "xz", { NULL } },
		{ DEBIAN, "MAKEDUMP_ARGS", "-c -d 1", { "-F -c -d 31", "-c -d 31" } },
		{ DEBIAN, "KDUMP_DUMP_DMESG", "0", { "1" } },
		{ DEBIAN, "NFS_TIMEO", "10", { "600" } },
		{ DEBIAN, "NFS_RETRANS", "10", { "3" } },
		{ DEBIAN, "NFS_MOUNT_RETRY", "10", { "4" } },
		{ DEBIAN, "SSH_KDUMP_RETRY", "16", { NULL } },
		{ SUSE, "KDUMP_DUMPLEVEL", "0", { "31" } },
		{ SUSE, "KDUMP_DUMPFORMAT", "lzo", { "compressed" } },
		{ SUSE, "MAKEDUMPFILE_OPTIONS", "--xz", { NULL } },
		{ SUSE, "KDUMP_KEEP_OLD_DUMPS", "5", { "0" } },
		{ SUSE, "KDUMP_FREE_DISK_SIZE", "64", { NULL } },
		{ SUSE, "KDUMP_IMMEDIATE_REBOOT", "false", { "true", "yes", "1" } },
		{ SUSE, "KDUMP_CONTINUE_ON_ERROR", "true", { NULL } },
		{ SUSE, "KDUMP_PRESCRIPT", "/x", { NULL } },
		{ SUSE, "KDUMP_POSTSCRIPT", "/x", { NULL } },
		{ SUSE, "KDUMP_TRANSFER", "/x", { NULL } },
		{ SUSE, "KDUMP_REQUIRED_PROGRAMS", "x", { NULL } },
		{ SUSE, "KDUMP_COPY_KERNEL", "yes", { "no", "false", "0" } },
		{ SUSE, "KDUMP_NETCONFIG", "eth0:dhcp", { "auto" } },
		{ SUSE, "KDUMP_SMTP_SERVER", "h", { NULL } },
		{ SUSE, "KDUMP_NOTIFICATION_TO", "a@h", { NULL } },
		{ SUSE, "KDUMP_FADUMP", "true", { "false", "no" } },
		{ SUSE, "KDUMP_FADUMP_SHELL", "yes", { "false" } },
		{ SUSE, "FADUMP_COMMANDLINE_APPEND", NULL, { "x" } },
		{ SUSE, "KDUMP_VERBOSE", NULL, { "3" } },
		{ SUSE, "KDUMP_CRASHKERNEL", NULL, { "auto", "256M" } },
		{ SUSE, "KDUMP_UPDATE_BOOTLOADER", NULL, { "true", "false" } },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (size_t k = 0; k < 4; k++) {
			const char *value = k ? names[i].same[k - 1] : names[i].value;
			_cleanup_crash_settings_ struct crash_settings s = { 0 };
			_cleanup_strbuf_ struct strbuf text = { 0 }, said = { 0 };

			if (!value)
				continue;
			if (names[i].file[5] == 'k')
				strbuf_addf(&text, "%s %s\n", names[i].name, value);
			else
				strbuf_addf(&text, "KDUMP_SAVEDIR=/d\nUSE_KDUMP=1\n%s=\"%s\"\n",
					    names[i].name, value);
			print_message("%s: %s", names[i].file, text.s);
			read_settings(names[i].file, text.s, &s);
			assert_int_equal(s.not_followed.n, k ? 0 : 1);
			strbuf_addf(&said, "%s %s is not followed", names[i].name, value);
			if (!k)
				assert_non_null(strstr(s.not_followed.v[0], said.s));
		}
	(void)state;
}

static void test_failure_of_kdump_conf(void **state)
{
	static const struct {
		const char *own, *other;
		enum capture_end end;
	} cases[] = {
		{ "", "failure_action halt\n", CAPTURE_HALT },
		{ "", "default poweroff\n", CAPTURE_POWEROFF },
		{ "CRASH_FAILURE=reboot\n", "failure_action halt\n", CAPTURE_REBOOT },
		{ "IMPORT=no\n", "failure_action halt\n", CAPTURE_REBOOT },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_crash_settings_ struct crash_settings s = { 0 };
		_cleanup_config_ struct config config = { 0 };
		struct kx_error err = { 0 };
		struct root root;
		int fd;

		root_new(&root);
		root_put(&root, "/etc/kdump.conf", cases[i].other);
		root_put(&root, "/etc/rapidreboot.conf", cases[i].own);
		fd = open(root.path, O_RDONLY | O_DIRECTORY);
		assert_int_equal(config_read(fd, &config, &err), 0);
		assert_int_equal(crash_settings_read(fd, &config, &s, &err), 0);
		assert_int_equal(s.capture.failure, cases[i].end);
		close(fd);
		root_free(&root);
	}
	(void)state;
}

/* "ext4 DEVICE" and "path" are below where that device is mounted whole. */
static void test_device_of_kdump_conf(void **state)
{
	static const char mounts[] = "1 0 8:1 / / rw - ext4 /dev/root rw\n"
				     "2 1 8:2 /sub /mnt/part rw - ext4 /dev/sda2 rw\n"
				     "3 1 8:2 / /mnt/a\\040b rw - ext4 /dev/sda2 rw\n"
				     "4 1 0:30 / /mnt/b rw - btrfs /dev/sda3 rw\n";
	static const struct {
		const char *text, *target;
	} cases[] = {
		{ "ext4 /dev/sda1\n", "/var/crash" },
		{ "ext4 UUID=11-22\npath /d\n", "/mnt/a b/d" },
		{ "ext4 LABEL=dumps\npath d\n", "/mnt/a b/d" },
		{ "btrfs /dev/sda3\npath /d\n", "/mnt/b/d" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_crash_settings_ struct crash_settings s = { 0 };
		_cleanup_config_ struct config config = { 0 };
		struct kx_error err = { 0 };
		struct root root;
		int fd;

		root_new(&root);
		root_put(&root, "/etc/kdump.conf", cases[i].text);
		root_put(&root, "/proc/self/mountinfo", mounts);
		root_put(&root, "/sys/class/block/sda1/dev", "8:1\n");
		root_put(&root, "/sys/class/block/sda2/dev", "8:2\n");
		root_put(&root, "/sys/class/block/sda3/dev", "8:3\n");
		root_link(&root, "/dev/disk/by-uuid/11-22", "../../sda2");
		root_link(&root, "/dev/disk/by-label/dumps", "../../sda2");
		fd = open(root.path, O_RDONLY | O_DIRECTORY);
		assert_int_equal(config_read(fd, &config, &err), 0);
		assert_int_equal(crash_settings_read(fd, &config, &s, &err), 0);
		assert_string_equal(s.target, cases[i].target);
		assert_int_equal(s.not_followed.n, 0);
		close(fd);
		root_free(&root);
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_nfs),
		cmocka_unit_test(test_not_followed),
		cmocka_unit_test(test_every_name),
		cmocka_unit_test(test_failure_of_kdump_conf),
		cmocka_unit_test(test_device_of_kdump_conf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

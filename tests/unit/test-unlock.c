// SPDX-License-Identifier: LGPL-2.1-or-later
/* One-shot keys: real LUKS headers in files, changed by the system's cryptsetup, and archives for the initial
 * ramdisk of initramfs-tools. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/io.h"
#include "image/cpio.h"
#include "image/newc.h"
#include "sys/process.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"
#include "unlock/initramfs-tools.h"
#include "unlock/key-file.h"
#include "unlock/one-shot.h"

#define PASSPHRASE "correct horse"
/* UUIDs of the test's volumes */
#define FIRST "5ac60bf3-35df-4575-a5fe-601cf6112e9b"
#define SECOND "a1559d71-9be2-4e7c-8f02-0b1c1e0ad3aa"

static struct root root;
static char devices[96], volume[160];
static struct key_tool tool;

static struct secret secret_of(const char *text)
{
	struct secret s;

	assert_int_equal(secret_new(&s, PASSPHRASE_MAX), 0);
	s.n = strlen(text);
	memcpy(s.p, text, s.n);
	return s;
}

/* Runs it with @input; the status. */
static int cryptsetup(const char *const argv[], const char *input)
{
	_cleanup_secret_ struct secret s = secret_of(input);
	_cleanup_free_ char *output = NULL;
	int fds[2], r;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write_all(fds[1], s.p, s.n), 0);
	(void)close(fds[1]);
	r = process_run_fed(tool.sys, argv, fds, 1, 60000, &output);
	(void)close(fds[0]);
	if (r && output)
		print_message("%s", output);
	return r;
}

/* A volume of that UUID, opened by PASSPHRASE. */
static void make_volume(const char *type, const char *uuid)
{
	char path[160];
	const char *const argv[] = { CRYPTSETUP,
				     "luksFormat",
				     "--batch-mode",
				     "--type",
				     type,
				     "--uuid",
				     uuid,
				     "--pbkdf=pbkdf2",
				     "--pbkdf-force-iterations=1200",
				     "--key-file=-",
				     path,
				     NULL };
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", devices, uuid);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && ftruncate(fd, 18 << 20) == 0);
	(void)close(fd);
	assert_int_equal(cryptsetup(argv, PASSPHRASE), 0);
}

static void setup(const char *type)
{
	root_new(&root);
	(void)snprintf(devices, sizeof(devices), "%s/by-uuid", root.path);
	assert_int_equal(mkdir(devices, 0700), 0);
	(void)snprintf(volume, sizeof(volume), "%s/" FIRST, devices);
	tool = (struct key_tool){ sys_machine(), open(root.path, O_PATH | O_DIRECTORY | O_CLOEXEC),
				  CRYPTSETUP, devices };
	assert_true(tool.root >= 0);
	make_volume(type, FIRST);
}

static void teardown(void)
{
	(void)close(tool.root);
	root_free(&root);
}

static struct luks_slots slots_of(const char *device)
{
	_cleanup_free_ uint8_t *header = NULL;
	struct luks_slots slots;
	size_t n;

	assert_int_equal(luks_header_read(ROOT_HERE, device, &header, &n), 0);
	assert_int_equal(luks_slots_read((struct bytes){ header, n }, &slots), 0);
	return slots;
}

static unsigned n_used(const char *device)
{
	const struct luks_slots slots = slots_of(device);
	unsigned n = 0;

	for (unsigned i = 0; i < slots.n; i++)
		n += slots.v[i].is_used;
	return n;
}

static bool has_record(void)
{
	return is_there_in(tool.root, SLOT_RECORD);
}

static int chmod_below(const char *path, mode_t mode)
{
	char full[256];

	(void)snprintf(full, sizeof(full), "%s%s", root.path, path);
	return chmod(full, mode);
}

static int add(struct secret *ret, struct kx_error *err)
{
	_cleanup_secret_ struct secret pass = secret_of(PASSPHRASE);

	return one_shot_add(&tool, volume, &pass, ret, err);
}

static struct bytes text_of(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

/* ---- the key */

static void add_and_kill(const char *type, unsigned slot)
{
	_cleanup_secret_ struct secret key = { .p = NULL }, again = { .p = NULL };
	struct kx_error err = { 0 };
	size_t n;

	setup(type);
	assert_int_equal(add(&key, &err), 0);
	assert_int_equal(key.n, ONE_SHOT_N);
	assert_true(slots_of(volume).v[slot].is_used);
	assert_int_equal(slots_of(volume).v[slot].iterations, 1000);
	assert_string_equal(slots_of(volume).uuid, FIRST);
	assert_int_equal(one_shot_test(&tool, volume, &key, &err), 0);
	/* each is another one */
	assert_int_equal(add(&again, &err), 0);
	assert_memory_not_equal(key.p, again.p, ONE_SHOT_N);
	assert_int_equal(n_used(volume), 3);
	assert_int_equal(one_shot_kill(&tool, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_int_equal(n_used(volume), 1);
	assert_false(has_record());
	assert_int_equal(one_shot_test(&tool, volume, &key, &err), -EKEYREJECTED);
	/* nothing is left to be removed */
	assert_int_equal(one_shot_kill(&tool, &n, &err), 0);
	assert_int_equal(n, 0);
	teardown();
}

static void test_luks2(void **state)
{
	add_and_kill("luks2", 31);
}

static void test_luks1(void **state)
{
	add_and_kill("luks1", 7);
}

static void test_wrong_passphrase(void **state)
{
	static const char *const wrong[] = { "correct hors", "correct horse\n", "" };
	_cleanup_secret_ struct secret key = { .p = NULL };
	struct kx_error err = { 0 };

	setup("luks2");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		_cleanup_secret_ struct secret pass = secret_of(wrong[i]);

		assert_int_equal(one_shot_test(&tool, volume, &pass, &err), -EKEYREJECTED);
		if (pass.n)
			assert_int_equal(one_shot_add(&tool, volume, &pass, &key, &err),
					 -EKEYREJECTED);
		assert_null(key.p);
		assert_int_equal(n_used(volume), 1);
		assert_false(has_record());
	}
	teardown();
}

static void test_no_free_slot(void **state)
{
	_cleanup_secret_ struct secret pass = secret_of(PASSPHRASE), key = { .p = NULL };
	struct kx_error err = { 0 };

	setup("luks1");
	for (int i = 0; i < 7; i++) {
		assert_int_equal(add(&key, &err), 0);
		secret_done(&key);
	}
	assert_int_equal(one_shot_add(&tool, volume, &pass, &key, &err), -ENOSPC);
	assert_non_null(strstr(err.message, "all 8 key slots are in use"));
	assert_null(key.p);
	teardown();
}

static void test_no_volume(void **state)
{
	_cleanup_secret_ struct secret pass = secret_of(PASSPHRASE), key = { .p = NULL };
	struct kx_error err = { 0 };

	setup("luks2");
	assert_int_equal(truncate(volume, 0), 0);
	assert_int_equal(truncate(volume, 1 << 20), 0);
	assert_int_equal(one_shot_add(&tool, volume, &pass, &key, &err), -EILSEQ);
	assert_int_equal(unlink(volume), 0);
	assert_int_equal(one_shot_add(&tool, volume, &pass, &key, &err), -ENOENT);
	tool.cryptsetup = "/nowhere/cryptsetup";
	make_volume("luks2", SECOND);
	(void)snprintf(volume, sizeof(volume), "%s/" SECOND, devices);
	assert_int_equal(one_shot_add(&tool, volume, &pass, &key, &err), -ENOENT);
	assert_non_null(strstr(err.message, "/nowhere/cryptsetup"));
	assert_int_equal(n_used(volume), 1);
	assert_false(has_record());
	teardown();
}

/* ---- the record */

/* Killed between the record and the slot, or right behind the slot. */
static void test_interrupted(void **state)
{
	struct slot_record record;
	struct kx_error err = { 0 };
	_cleanup_secret_ struct secret key = { .p = NULL };
	size_t n;

	setup("luks2");
	root_put(&root, SLOT_RECORD, FIRST " 31 0000000000000000\n");
	assert_int_equal(one_shot_kill(&tool, &n, &err), 0);
	assert_int_equal(n, 0);
	assert_false(has_record());
	assert_int_equal(add(&key, &err), 0);
	assert_int_equal(slot_record_read(tool.root, &record), 0);
	assert_int_equal(record.n, 1);
	record.v[0].mark = 0;
	assert_int_equal(slot_record_write(tool.root, &record), 0);
	assert_int_equal(one_shot_kill(&tool, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(n_used(volume), 1);
	teardown();
}

/* Somebody else's key in a slot that is named is not removed. */
static void test_not_ours(void **state)
{
	static const char *const lines[] = { FIRST " 0 0000000000000000\n",
					     FIRST " 0 00000000000000aa\n" };
	struct kx_error err = { 0 };
	size_t n;

	setup("luks2");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		root_put(&root, SLOT_RECORD, lines[i]);
		assert_int_equal(chmod_below(SLOT_RECORD, 0600), 0);
		assert_int_equal(one_shot_kill(&tool, &n, &err), 0);
		assert_int_equal(n, 0);
		assert_int_equal(n_used(volume), 1);
		assert_false(has_record());
	}
	teardown();
}

/* A volume that is not there keeps its line; the others go on. */
static void test_out_of_reach(void **state)
{
	_cleanup_secret_ struct secret key = { .p = NULL };
	struct slot_record record;
	struct kx_error err = { 0 };
	size_t n;

	setup("luks2");
	root_put(&root, SLOT_RECORD, SECOND " 31 00000000000000aa\n");
	assert_int_equal(add(&key, &err), 0);
	assert_int_equal(one_shot_kill(&tool, &n, &err), -ENOENT);
	assert_non_null(strstr(err.message, SECOND));
	assert_int_equal(n, 1);
	assert_int_equal(n_used(volume), 1);
	assert_int_equal(slot_record_read(tool.root, &record), 0);
	assert_int_equal(record.n, 1);
	assert_string_equal(record.v[0].uuid, SECOND);
	teardown();
}

static void test_damaged_record(void **state)
{
	static const struct {
		const char *text;
		int code;
	} rows[] = {
		{ "", 0 },
		{ FIRST " 31 0000000000000000\n", 0 },
		{ FIRST " 32 0000000000000000\n", -EBADMSG },
		{ FIRST " 31\n", -EBADMSG },
		{ FIRST " 31 00x\n", -EBADMSG },
		{ FIRST " 31 00000000000000001\n", -EBADMSG },
		{ "../../etc/passwd 31 0\n", -EBADMSG },
		{ " 31 0\n", -EBADMSG },
		{ FIRST " 31 0\n\n" FIRST " 30 0\n", -EBADMSG },
	};
	struct slot_record record;

	root_new(&root);
	tool.root = open(root.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		root_put(&root, SLOT_RECORD, rows[i].text);
		assert_int_equal(slot_record_read(tool.root, &record), rows[i].code);
	}
	root_put(&root, SLOT_RECORD, rows[1].text);
	assert_int_equal(chmod_below(SLOT_RECORD, 0666), 0);
	assert_int_equal(slot_record_read(tool.root, &record), NOT_TRUSTED);
	record = (struct slot_record){ .v = { { .uuid = "../x" } }, .n = 1 };
	assert_int_equal(slot_record_write(tool.root, &record), -EINVAL);
	teardown();
}

/* ---- key files */

#define KEYS_D "/etc/cryptsetup-keys.d/root.key"

static void test_key_file(void **state)
{
	static const struct {
		const char *table, *path, *text, *key; /* no @key: @code */
		int code;
	} rows[] = {
		{ NULL, KEYS_D, "12\n34\n", "12\n34\n", 0 },
		{ "root UUID=1 none luks\n", KEYS_D, "1234", "1234", 0 },
		{ "# x\nother UUID=2 /b\nroot UUID=1 /etc/a.key luks,discard\n", "/etc/a.key",
		  "1234", "1234", 0 },
		{ "root UUID=1 /etc/a.key luks,keyfile-offset=1,keyfile-size=2\n", "/etc/a.key",
		  "1234", "23", 0 },
		{ "root UUID=1 /etc/a.key luks,keyfile-size=100\n", "/etc/a.key", "1234", "1234",
		  0 },
		{ "root UUID=1 /etc/a.key luks,keyfile-offset=4\n", "/etc/a.key", "1234", NULL,
		  -EINVAL },
		{ "root UUID=1 /etc/a.key luks,keyfile-size=x\n", "/etc/a.key", "1234", NULL,
		  -EINVAL },
		/* on another device; an argument of a script */
		{ "root UUID=1 /a.key:LABEL=stick luks\n", KEYS_D, "1234", "1234", 0 },
		{ "root UUID=1 /etc/a.key luks,keyscript=x\n", "/etc/a.key", "1234", NULL,
		  -ENOENT },
		{ "root UUID=1 /etc/a.key luks\n", KEYS_D, "1234", NULL, -ENOENT },
		{ "root UUID=1 /etc luks\n", KEYS_D, "1234", NULL, -EISDIR },
		{ "roo UUID=1 /etc/a.key luks\n", "/etc/a.key", "1234", NULL, -ENOENT },
		{ NULL, KEYS_D, "", NULL, -EINVAL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_secret_ struct secret key = { .p = NULL };
		struct kx_error err = { 0 };

		root_new(&root);
		tool.root = open(root.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (rows[i].table)
			root_put(&root, "/etc/crypttab", rows[i].table);
		root_put(&root, rows[i].path, rows[i].text);
		assert_int_equal(key_file_read(tool.root, text_of("root"), &key, &err),
				 rows[i].code);
		assert_int_equal(key.p != NULL, rows[i].key != NULL);
		if (rows[i].key)
			assert_true(bytes_is(secret_bytes(&key), rows[i].key));
		else
			assert_true(err.message[0]);
		teardown();
	}
}

/* A key that others can replace proves nothing; one that is longer than a pipe takes is not cut off. */
static void test_key_file_refused(void **state)
{
	static char large[KEY_FILE_MAX + 2];
	_cleanup_secret_ struct secret key = { .p = NULL };
	struct kx_error err = { 0 };

	root_new(&root);
	tool.root = open(root.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	root_put(&root, KEYS_D, "1234");
	assert_int_equal(chmod_below(KEYS_D, 0666), 0);
	assert_int_equal(key_file_read(tool.root, text_of("root"), &key, &err), NOT_TRUSTED);
	root_put(&root, "/etc/crypttab", "");
	assert_int_equal(chmod_below("/etc/crypttab", 0666), 0);
	assert_int_equal(key_file_read(tool.root, text_of("root"), &key, &err), NOT_TRUSTED);
	assert_non_null(strstr(err.message, "/etc/crypttab"));
	root_remove(&root, "/etc/crypttab");
	assert_int_equal(key_file_read(tool.root, text_of("../root"), &key, &err), -ENOENT);
	assert_int_equal(key_file_read(tool.root, text_of(""), &key, &err), -ENOENT);
	memset(large, '1', sizeof(large));
	root_remove(&root, KEYS_D);
	root_put_bytes(&root, KEYS_D, large, KEY_FILE_MAX + 1);
	assert_int_equal(key_file_read(tool.root, text_of("root"), &key, &err), -EFBIG);
	root_remove(&root, KEYS_D);
	root_put_bytes(&root, KEYS_D, large, KEY_FILE_MAX);
	assert_int_equal(key_file_read(tool.root, text_of("root"), &key, &err), 0);
	assert_int_equal(key.n, KEY_FILE_MAX);
	teardown();
}

/* ---- the archive */

/* The file of that name in @archive, which has to have @mode. */
static struct bytes file_of(struct bytes archive, const char *name, unsigned mode)
{
	struct bytes found = { NULL, 0 };
	struct cpio_entry e;
	size_t at = 0;

	while (cpio_next(archive, &at, &e))
		if (bytes_is(e.name, name)) {
			assert_int_equal(e.mode, mode);
			found = e.data;
		}
	assert_int_equal(at, archive.n);
	return found;
}

#define SCRIPT ",keyscript=/cryptroot/one-shot\n"

static void test_archive(void **state)
{
	static const struct {
		const char *table, *expected; /* NULL: the volume is not in it */
	} rows[] = {
		{ "cryptroot UUID=" FIRST " none luks,discard,initramfs\n",
		  "cryptroot UUID=" FIRST
		  " /cryptroot/keyfiles/0.key luks,discard,initramfs,tries=4" SCRIPT },
		{ "# x\nswap /dev/vdb /a.key luks\ncryptroot /dev/vda - \n",
		  "swap /dev/vdb /a.key luks\ncryptroot /dev/vda /cryptroot/keyfiles/0.key luks,tries=4" SCRIPT },
		{ "cryptroot /dev/vda none "
		  "luks,keyscript=/lib/cryptsetup/scripts/decrypt_keyctl,keyslot=0,tries=1",
		  "cryptroot /dev/vda /cryptroot/keyfiles/0.key luks,tries=2" SCRIPT },
		{ "cryptroot /dev/vda none keyfile-size=3,keyfile-offset=8,key-slot=1",
		  "cryptroot /dev/vda /cryptroot/keyfiles/0.key luks,tries=4" SCRIPT },
		{ "cryptroot /dev/vda none luks,tries=0",
		  "cryptroot /dev/vda /cryptroot/keyfiles/0.key luks,tries=0" SCRIPT },
		{ "cryptroot /dev/vda none luks,tries=x",
		  "cryptroot /dev/vda /cryptroot/keyfiles/0.key luks,tries=4" SCRIPT },
		{ "cryptroot2 /dev/vda none luks\n", NULL },
		{ "", NULL },
	};
	struct handed_key key = { .name = text_of("cryptroot"), .key = secret_of("0123") };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_secret_ struct secret archive = { .p = NULL };
		int r = initramfs_tools_archive(text_of(rows[i].table), &key, 1, &archive);
		struct bytes b = secret_bytes(&archive);

		assert_int_equal(r, rows[i].expected ? 0 : -ENOENT);
		if (r < 0)
			continue;
		assert_true(bytes_is(file_of(b, "cryptroot/crypttab", 0100600), rows[i].expected));
		assert_true(bytes_is(file_of(b, "cryptroot/keyfiles/0.key", 0100400), "0123"));
		assert_true(file_of(b, "cryptroot/one-shot", 0100500).n > 0);
	}
	secret_done(&key.key);
}

/* What the script of the archive prints at that try, and its status. */
static int try_script(const char *tried, char **ret_output)
{
	struct handed_key key = { .name = text_of("a"), .key = secret_of("01\n23") };
	_cleanup_secret_ struct secret archive = { .p = NULL };
	_cleanup_free_ char *script = NULL;
	char command[400];
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	int r;

	root_new(&root);
	assert_int_equal(initramfs_tools_archive(text_of("a /dev/vda"), &key, 1, &archive), 0);
	script = bytes_dup(file_of(secret_bytes(&archive), "cryptroot/one-shot", 0100500));
	assert_non_null(script);
	root_put(&root, "/one-shot", script);
	root_put(&root, "/key", "01\n23");
	(void)snprintf(command, sizeof(command),
		       "exec env CRYPTTAB_TRIED=%s CRYPTTAB_NAME=a /bin/sh %s/one-shot %s/key",
		       tried, root.path, root.path);
	r = process_run_fed(sys_machine(), argv, NULL, 0, 60000, ret_output);
	secret_done(&key.key);
	root_free(&root);
	return r;
}

/* The key as it is, once; then whoever asks in the initial ramdisk, which this system has not. */
static void test_script(void **state)
{
	_cleanup_free_ char *first = NULL, *second = NULL;

	assert_int_equal(try_script("0", &first), 0);
	assert_string_equal(first, "01\n23");
	assert_int_equal(try_script("1", &second), 127);
	assert_non_null(strstr(second, "/lib/cryptsetup/askpass"));
}

static void test_asks(void **state)
{
	static const struct {
		const char *line;
		bool asks;
	} rows[] = {
		{ "a UUID=1 none luks", true },
		{ "a UUID=1 - luks", true },
		{ "a UUID=1", true },
		{ "a UUID=1 /cryptroot/keyfiles/a.key luks", false },
		{ "a UUID=1 b luks,keyscript=/lib/cryptsetup/scripts/decrypt_derived", false },
		{ "a UUID=1 b luks,keyscript=/lib/cryptsetup/scripts/decrypt_keyctl", true },
		{ "a UUID=1 b luks,keyscript=askpass", true },
		{ "a UUID=1 none luks,keyscript=/usr/local/sbin/other", false },
		{ "a /dev/vda2 none plain,cipher=aes-xts-plain64", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lines lines = lines_of(text_of(rows[i].line));
		struct crypt_line line;

		assert_true(crypt_line_next(&lines, &line));
		assert_int_equal(crypt_line_asks(&line), rows[i].asks);
	}
}

static void test_table(void **state)
{
	const struct newc_member members[] = {
		{ text_of("cryptroot/crypttab"), text_of("a UUID=1 none luks\n"), 0100644 },
		{ text_of("scripts/local-top/cryptroot"), text_of("#!/bin/sh\n"), 0100755 },
	};
	_cleanup_free_ uint8_t *whole = NULL, *other = NULL;
	struct bytes table;
	size_t n, other_n;

	assert_int_equal(newc_pack(members, 2, &whole, &n), 0);
	assert_int_equal(initramfs_tools_table((struct bytes){ whole, n }, &table), 0);
	assert_true(bytes_is(table, "a UUID=1 none luks\n"));
	/* cut off, or followed by what is packed */
	assert_int_equal(initramfs_tools_table((struct bytes){ whole, n - 200 }, &table), -EBADMSG);
	assert_int_equal(initramfs_tools_table(text_of("\x1f\x8b"), &table), -EBADMSG);
	/* another generator's, or one that opens nothing */
	assert_int_equal(newc_pack(members, 1, &other, &other_n), 0);
	assert_int_equal(initramfs_tools_table((struct bytes){ other, other_n }, &table), -ENOENT);
	assert_int_equal(initramfs_tools_table((struct bytes){ whole, 0 }, &table), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_luks2),
		cmocka_unit_test(test_luks1),
		cmocka_unit_test(test_wrong_passphrase),
		cmocka_unit_test(test_no_free_slot),
		cmocka_unit_test(test_no_volume),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_out_of_reach),
		cmocka_unit_test(test_damaged_record),
		cmocka_unit_test(test_key_file),
		cmocka_unit_test(test_key_file_refused),
		cmocka_unit_test(test_archive),
		cmocka_unit_test(test_script),
		cmocka_unit_test(test_asks),
		cmocka_unit_test(test_table),
	};

	(void)umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * F1 and F2: what opens the encrypted volumes that the next boot needs. Tokens are those that real
 * programs made (tests/golden/luks-tokens); what a line means is in crypttab(5) of systemd and of
 * Debian's cryptsetup, in dracut.cmdline(7) and in zfs-mount-generator(8). Whether a TPM opens
 * after a fast reboot was tried with a TPM in a virtual machine, register by register: none is
 * reset or extended by the jump itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka-shim.h"
#include "tests/unit/preflight-rows.h"
#include "tests/unit/preflight-volumes.h"

enum { HEADERS_MAX = 64, HEADER_MAX = 32 << 10, JSON_AT = 4096 };

static char headers[HEADERS_MAX][HEADER_MAX];
static size_t n_headers;

static size_t golden(const char *name, char *to, size_t max)
{
	char path[512];
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", TOKENS, name);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(to, 1, max, f);
	assert_int_equal(fclose(f), 0);
	assert_true(n > 0 && n < max);
	return n - 1; /* the newline */
}

static char *new_header(const char *front, size_t n)
{
	char *header;

	assert_true(n_headers < HEADERS_MAX);
	header = headers[n_headers++];
	memset(header, 0, HEADER_MAX);
	memcpy(header, front, n);
	return header;
}

/* LUKS2 with tokens: one or two names of files, or NULL */
static struct row_file luks2(const char *device, const char *one, const char *two)
{
	static const char front[] = "LUKS\xba\xbe\0\2\0\0\0\0\0\0\x80"; /* version, size 0x8000 */
	const char *const names[] = { one, two };
	char *header = new_header(front, sizeof(front));
	size_t at = JSON_AT;

	at += (size_t)sprintf(header + at, "{\"keyslots\":{},\"tokens\":{");
	for (size_t i = 0; i < 2 && names[i]; i++) {
		char name[64];

		at += (size_t)sprintf(header + at, "%s\"%zu\":", i ? "," : "", i);
		(void)snprintf(name, sizeof(name), "%s.json", names[i]);
		at += golden(name, header + at, HEADER_MAX - at - 64);
	}
	at += (size_t)sprintf(header + at, "},\"config\":{\"json_size\":\"12288\"}}");
	return (struct row_file){ device, header, HEADER_MAX };
}

/* Metadata without its end */
static struct row_file cut_off(const char *device)
{
	struct row_file file = luks2(device, "clevis-tang", NULL);

	file.n = JSON_AT + 200;
	return file;
}

/* LUKS1 with a payload after 64 sectors, and luksmeta in the gap before it, or nothing */
static struct row_file luks1(const char *device, const char *meta)
{
	char front[108] = "LUKS\xba\xbe\0\1";
	char *header;

	front[107] = 64;
	header = new_header(front, sizeof(front));
	if (meta) {
		memcpy(header + 8192, "LUKSMETA", 8);
		(void)golden(meta, header + 8192 + 4096, HEADER_MAX - 8192 - 4096);
	}
	return (struct row_file){ device, header, HEADER_MAX };
}

#define TOKEN(name) LUKS_SLAVE, luks2("/dev/sda3", name, NULL)
#define MEASURED EFIVAR("StubPcrKernelImage", EFI_LOADER_GUID, "1\0001\0\0\0")
#define SEPARATOR                                                            \
	{                                                                    \
		"/usr/lib/systemd/system/systemd-pcrosseparator.service", "" \
	}

static void test_root(void **state)
{
	const struct row rows[] = {
		{ "F1", { UNENCRYPTED }, OK },
		{ "F1",
		  { LUKS, CRYPTTAB("# x\ncrypt UUID=1 none luks\n") },
		  REFUSE,
		  .evidence = "/etc/crypttab:2: key none" },
		{ "F1", { LUKS, CRYPTTAB("crypt UUID=1 none luks\n") }, TTY, WARN },
		{ "F1", { LUKS, CRYPTTAB("crypt UUID=1 none luks,nofail\n") }, REFUSE },
		{ "F1",
		  { LUKS, CRYPTTAB("crypt UUID=1 /etc/key luks\n"), { "/etc/key", "x" } },
		  OK },
		/* the initrd may have one of its own */
		{ "F1", { LUKS, CRYPTTAB("crypt UUID=1 /etc/key luks\n") }, UNKNOWN },
		{ "F1", { LUKS, CRYPTTAB("crypt UUID=1 - tpm2-device=auto\n") }, OK },
		{ "F1", { LUKS, CRYPTTAB("other UUID=1 /etc/key luks\n") }, REFUSE },
		{ "F1", { LUKS }, REFUSE },
		{ "F1", { LUKS, TOKEN(NULL) }, REFUSE },
		{ "F1", { LUKS, LUKS_SLAVE, luks1("/dev/sda3", NULL) }, REFUSE },
		{ "F1", { LUKS, LUKS_SLAVE, { "/dev/sda3/x", "" } }, UNKNOWN },
		/* its header is elsewhere (header=) */
		{ "F1", { LUKS, LUKS_SLAVE, { "/dev/sda3", "ciphertext" } }, UNKNOWN },
		{ "F1", { LUKS, LUKS_SLAVE, cut_off("/dev/sda3") }, UNKNOWN },
		{ "F1", { LUKS }, ENTRY(.cmdline = "rd.luks.key=/k"), OK },
		{ "F1", { LUKS }, ENTRY(.cmdline = "rd.luks.key=/k:/"), OK },
		{ "F1",
		  { LUKS, { "/dev/disk/by-label/keys", "" } },
		  ENTRY(.cmdline = "rd.luks.key=/k:LABEL=keys"),
		  OK },
		/* the stick with the key is not there */
		{ "F1",
		  { LUKS, { "/dev/disk/by-label/other", "" } },
		  ENTRY(.cmdline = "rd.luks.key=/k:LABEL=keys"),
		  REFUSE },
		{ "F1", { LUKS }, ENTRY(.cmdline = "cryptdevice=UUID=1:x cryptkey=rootfs:/k"), OK },
		{ "F1",
		  { LUKS, { "/crypto_keyfile.bin", "x" } },
		  ENTRY(.cmdline = "cryptdevice=UUID=1:crypt"),
		  OK },
		{ "F1", { { "/proc/self/mountinfo/x", "" } }, UNKNOWN },
		/* a key is handed to a volume with a header that is known */
		{ "F1",
		  { LUKS, TOKEN(NULL) },
		  HANDS_KEYS,
		  NOTE,
		  .evidence = "\"crypt\": a one-shot key is handed over" },
		{ "F1", { LUKS }, HANDS_KEYS, REFUSE },
		{ "F1", { LUKS, TOKEN("clevis-tang") }, HANDS_KEYS, OK },
		{ "F1",
		  { LUKS, TOKEN(NULL), CRYPTTAB("var UUID=2 none luks\n") },
		  HANDS_KEYS,
		  REFUSE,
		  .evidence = "\"crypt\": a one-shot key is handed over" },
		/* by a key file that the initrd does not have */
		{ "F1",
		  { LUKS, TOKEN(NULL), { "/etc/cryptsetup-keys.d/crypt.key", "x" } },
		  KEY_FILES,
		  NOTE,
		  .evidence = "\"crypt\": a one-shot key is handed over" },
		{ "F1",
		  { LUKS, TOKEN(NULL), { "/etc/cryptsetup-keys.d/other.key", "x" } },
		  KEY_FILES,
		  REFUSE },
		{ "F1", { LUKS, { "/etc/cryptsetup-keys.d/crypt.key", "x" } }, KEY_FILES, REFUSE },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

/* crypttab(5): without noauto and nofail a line is required by cryptsetup.target. */
static void test_other_volumes(void **state)
{
	const struct row rows[] = {
		{ "F1",
		  { UNENCRYPTED, CRYPTTAB("var UUID=2 none luks\n") },
		  REFUSE,
		  .evidence = "\"var\"" },
		{ "F1", { UNENCRYPTED, CRYPTTAB("home /dev/sdb1\n") }, REFUSE },
		{ "F1", { UNENCRYPTED, CRYPTTAB("home /dev/sdb1 - luks,discard\n") }, REFUSE },
		{ "F1", { UNENCRYPTED, CRYPTTAB("var UUID=2 none luks,noauto\n") }, OK },
		{ "F1", { UNENCRYPTED, CRYPTTAB("var UUID=2 none nofail\n") }, OK },
		{ "F1", { UNENCRYPTED, CRYPTTAB("var UUID=2 none x-initrd.attach\n") }, REFUSE },
		/* Debian's and systemd's example for swap and /tmp */
		{ "F1",
		  { UNENCRYPTED,
		    CRYPTTAB("swap /dev/sda2 /dev/urandom swap,cipher=aes-cbc-essiv:sha256\n"
			     "tmp /dev/sda3 /dev/random tmp\n") },
		  OK },
		{ "F1",
		  { UNENCRYPTED,
		    CRYPTTAB("data UUID=2 /etc/data.key luks\n"),
		    { "/etc/data.key", "x" } },
		  OK },
		{ "F1", { UNENCRYPTED, CRYPTTAB("data UUID=2 /etc/data.key luks\n") }, REFUSE },
		{ "F1",
		  { UNENCRYPTED,
		    CRYPTTAB("data UUID=2 none luks\n"),
		    { "/etc/cryptsetup-keys.d/data.key", "x" } },
		  OK },
		/* "/PATH:DEVICE": the key is on a device of its own */
		{ "F1",
		  { UNENCRYPTED,
		    CRYPTTAB("data UUID=2 /key:LABEL=stick luks\n"),
		    { "/dev/disk/by-label/stick", "" } },
		  OK },
		{ "F1",
		  { UNENCRYPTED,
		    CRYPTTAB("data UUID=2 /key:LABEL=stick luks\n"),
		    { "/dev/disk/by-label/other", "" } },
		  REFUSE },
		/* scripts of Debian's package: crypttab(5), /usr/share/doc/cryptsetup */
		{ "F1",
		  { UNENCRYPTED, CRYPTTAB("b UUID=2 a luks,keyscript=decrypt_derived\n") },
		  OK },
		{ "F1",
		  { UNENCRYPTED,
		    CRYPTTAB(
			    "b UUID=2 k luks,keyscript=/lib/cryptsetup/scripts/decrypt_keyctl\n") },
		  REFUSE },
		{ "F1",
		  { UNENCRYPTED, CRYPTTAB("b UUID=2 k luks,keyscript=/etc/fetch-key\n") },
		  UNKNOWN },
		/* systemd: a token asks for its PIN unless the URI has it */
		{ "F1",
		  { UNENCRYPTED, CRYPTTAB("y UUID=2 - pkcs11-uri=pkcs11:token=x\n") },
		  REFUSE },
		{ "F1",
		  { UNENCRYPTED, CRYPTTAB("y UUID=2 - pkcs11-uri=pkcs11:token=x?pin-value=1\n") },
		  OK },
		{ "F1", { UNENCRYPTED, CRYPTTAB("y UUID=2 - fido2-device=auto\n") }, REFUSE },
		/* the tokens of a volume that is not the root's count as well */
		{ "F1",
		  { UNENCRYPTED, CRYPTTAB("var /dev/sdb1 none luks\n"),
		    luks2("/dev/sdb1", "clevis-tang", NULL) },
		  OK },
		{ "F2",
		  { UNENCRYPTED, CRYPTTAB("var /dev/sdb1 none luks\n"),
		    luks2("/dev/sdb1", "systemd-tpm2-11", NULL) },
		  REFUSE },
		{ "F1", { UNENCRYPTED, { "/etc/crypttab/x", "" } }, UNKNOWN },
		/* named on the command line only, as Fedora's installer does for swap */
		{ "F1",
		  { UNENCRYPTED, luks2("/dev/disk/by-uuid/bbbb-1", NULL, NULL) },
		  ENTRY(.cmdline = "rd.luks.uuid=luks-bbbb-1"),
		  REFUSE },
		{ "F1",
		  { UNENCRYPTED, luks2("/dev/disk/by-uuid/bbbb-1", "clevis-tang", NULL) },
		  ENTRY(.cmdline = "rd.luks.uuid=luks-bbbb-1"),
		  OK },
		/* the same volume as the root's */
		{ "F1",
		  { LUKS, CRYPTTAB("crypt UUID=1 /etc/key luks\n"), { "/etc/key", "x" } },
		  ENTRY(.cmdline = "rd.luks.uuid=luks-a1559d71-9be2-4501-ab32-67b7059e00c3"),
		  OK },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

static void test_tokens(void **state)
{
	const struct row rows[] = {
		/* each of them asks nobody */
		{ "F1", { LUKS, TOKEN("clevis-tang") }, OK },
		{ "F1", { LUKS, TOKEN("clevis-tpm2-7") }, OK },
		{ "F1", { LUKS, TOKEN("systemd-tpm2-7") }, OK },
		{ "F1", { LUKS, TOKEN("clevis-sss-1-of-2") }, OK },
		/* a PIN, a recovery key */
		{ "F1", { LUKS, TOKEN("systemd-tpm2-7-pin") }, REFUSE },
		{ "F1", { LUKS, TOKEN("systemd-recovery") }, REFUSE },
		{ "F1", { LUKS, LUKS_SLAVE, luks1("/dev/sda3", "clevis-tpm2-7-9.luksmeta") }, OK },

		{ "F2", { UNENCRYPTED }, OK },
		{ "F2", { LUKS, CRYPTTAB("crypt UUID=1 none luks\n") }, OK },
		{ "F2", { LUKS, TOKEN("clevis-tang") }, OK },
		{ "F2", { LUKS, TOKEN("systemd-recovery") }, OK },
		/* what the firmware has measured is there still, and nobody adds to it */
		{ "F2", { LUKS, TOKEN("clevis-tpm2-7") }, OK, .evidence = "registers 7" },
		{ "F2", { LUKS, TOKEN("clevis-tpm2-none") }, OK, .evidence = "registers none" },
		{ "F2", { LUKS, TOKEN("systemd-tpm2-7") }, OK },
		{ "F2", { LUKS, TOKEN("systemd-tpm2-0-2-4-7") }, OK },
		{ "F2", { LUKS, TOKEN("systemd-tpm2-none") }, OK },
		/* the boot loader's measurements of another kernel and initrd */
		{ "F2", { LUKS, TOKEN("clevis-tpm2-7-9") }, WARN, .evidence = "registers 7,9" },
		{ "F2", { LUKS, TOKEN("systemd-tpm2-9") }, WARN },
		{ "F2",
		  { LUKS, LUKS_SLAVE, luks1("/dev/sda3", "clevis-tpm2-7-9.luksmeta") },
		  WARN,
		  .evidence = "registers 7,9" },
		/* phases of each boot, the volume key */
		{ "F2", { LUKS, TOKEN("systemd-tpm2-11") }, REFUSE },
		{ "F2", { LUKS, TOKEN("systemd-tpm2-15") }, REFUSE },
		{ "F2",
		  { LUKS, TOKEN("systemd-tpm2-signed-11") },
		  REFUSE,
		  .evidence = "registers 11" },
		{ "F2", { LUKS, TOKEN("clevis-tpm2-0-4-11") }, REFUSE },
		/* any one of two is enough: the server; both are needed */
		{ "F2", { LUKS, TOKEN("clevis-sss-1-of-2") }, OK },
		{ "F2", { LUKS, TOKEN("clevis-sss-2-of-2") }, WARN, .evidence = "registers 8" },
		/* one token that works is enough */
		{ "F2",
		  { LUKS, LUKS_SLAVE, luks2("/dev/sda3", "systemd-tpm2-11", "clevis-tang") },
		  OK },
		{ "F2",
		  { LUKS, LUKS_SLAVE, luks2("/dev/sda3", "systemd-tpm2-11", "systemd-tpm2-7") },
		  OK },
		{ "F2",
		  { LUKS, LUKS_SLAVE, luks2("/dev/sda3", "systemd-recovery", "systemd-tpm2-15") },
		  REFUSE },
		/* systemd 261 marks the end of the firmware's part in 0-7, 9, 12-14, on systems that it
		 * measures */
		{ "F2", { LUKS, TOKEN("systemd-tpm2-7"), MEASURED }, OK },
		{ "F2", { LUKS, TOKEN("systemd-tpm2-7"), SEPARATOR }, OK },
		{ "F2", { LUKS, CRYPTTAB("crypt UUID=1 none tpm2-device=auto\n") }, REFUSE },
		{ "F2", { LUKS }, ENTRY(.cmdline = "rd.luks.options=tpm2-device=auto"), REFUSE },
		{ "F2",
		  { LUKS },
		  ENTRY(.cmdline = "rd.luks.options=a1559d71-9be2=tpm2-device=auto"),
		  REFUSE },
		{ "F2",
		  { LUKS, TOKEN("systemd-tpm2-7") },
		  ENTRY(.cmdline = "rd.luks.options=tpm2-device=auto"),
		  OK },
		{ "F2", { LUKS, LUKS_SLAVE, { "/dev/sda3/x", "" } }, UNKNOWN },
	};
	const struct row measured[] = {
		{ "F2",
		  { { "/proc/self/mountinfo", "1 0 0:27 / / rw - btrfs /dev/mapper/crypt rw\n" },
		    { "/dev/mapper/crypt", "" },
		    LUKS_UUID,
		    LUKS_NAME,
		    TOKEN("systemd-tpm2-7"),
		    MEASURED },
		  OK },
		{ "F2",
		  { { "/proc/self/mountinfo", "1 0 253:0 / / rw - ext4 /dev/mapper/crypt rw\n" },
		    { "/sys/dev/block/253:0", "->../../devices/virtual/block/dm-0" },
		    LUKS_UUID,
		    LUKS_SLAVE,
		    luks2("/dev/sda3", "systemd-tpm2-7", NULL),
		    MEASURED,
		    SEPARATOR },
		  REFUSE },
		{ "F2",
		  { { "/proc/self/mountinfo", "1 0 253:0 / / rw - ext4 /dev/mapper/crypt rw\n" },
		    { "/sys/dev/block/253:0", "->../../devices/virtual/block/dm-0" },
		    LUKS_UUID,
		    LUKS_SLAVE,
		    luks2("/dev/sda3", "systemd-tpm2-none", NULL),
		    MEASURED,
		    SEPARATOR },
		  OK },
	};

	n_headers = 0;
	rows_check(rows, ARRAY_SIZE(rows));
	rows_check(measured, ARRAY_SIZE(measured));
}

/* zfs-mount-generator(8): name, mountpoint, canmount, seven more, encroot, keylocation, … */
#define ZFS(name, encroot, location)                                             \
	name "\t/\tnoauto\ton\ton\ton\ton\toff\ton\toff\t" encroot "\t" location \
	     "\t-\t-\t-\t-\t-\t-\toff\toff\n"
#define ZFS_ROOT                                                                            \
	{                                                                                   \
		"/proc/self/mountinfo", "20 1 0:27 / / rw,relatime - zfs rpool/ROOT/u rw\n" \
	}
#define CACHE(pool, text)                             \
	{                                             \
		"/etc/zfs/zfs-list.cache/" pool, text \
	}

static void test_zfs(void **state)
{
	const struct row rows[] = {
		{ "F1", { ZFS_ROOT }, UNKNOWN, .evidence = "zfs get encryption,keylocation" },
		{ "F1", { ZFS_ROOT, CACHE("rpool", ZFS("rpool/ROOT/u", "-", "none")) }, OK },
		{ "F1",
		  { ZFS_ROOT, CACHE("rpool", ZFS("rpool", "rpool", "prompt")
						     ZFS("rpool/ROOT/u", "rpool", "none")) },
		  REFUSE,
		  .evidence = "keylocation prompt" },
		{ "F1",
		  { ZFS_ROOT, CACHE("rpool", ZFS("rpool", "rpool", "file:///etc/zfs/rpool.key")
						     ZFS("rpool/ROOT/u", "rpool", "none")) },
		  OK },
		/* another dataset, and a cache without the key's own line */
		{ "F1", { ZFS_ROOT, CACHE("rpool", ZFS("rpool/ROOT/v", "-", "none")) }, UNKNOWN },
		{ "F1",
		  { ZFS_ROOT, CACHE("rpool", ZFS("rpool/ROOT/u", "rpool", "none")) },
		  UNKNOWN },
		{ "F1", { ZFS_ROOT, CACHE("rpool", "rpool/ROOT/u\t/\ton\n") }, UNKNOWN },
		/* Ubuntu: a LUKS volume with the key, inside of the pool */
		{ "F1", { ZFS_ROOT, { "/dev/mapper/keystore-rpool", "" } }, REFUSE },
		{ "F1",
		  { ZFS_ROOT, luks2("/dev/zvol/rpool/keystore", NULL, NULL) },
		  REFUSE,
		  .evidence = "keystore-rpool" },
		{ "F1", { ZFS_ROOT, luks2("/dev/zvol/rpool/keystore", "clevis-tang", NULL) }, OK },
		{ "F2",
		  { ZFS_ROOT, luks2("/dev/zvol/rpool/keystore", "systemd-tpm2-11", NULL) },
		  REFUSE },
		/* a second pool, which the system asks for while it comes up */
		{ "F1",
		  { UNENCRYPTED,
		    CACHE("tank",
			  "tank/safe\t/s\ton\ton\ton\ton\ton\toff\ton\toff\ttank/safe\tprompt"
			  "\t-\t-\t-\t-\t-\t-\toff\toff\n") },
		  REFUSE,
		  .evidence = "tank/safe" },
		/* canmount=noauto: no mount unit asks for its key */
		{ "F1",
		  { UNENCRYPTED, CACHE("tank", ZFS("tank/safe", "tank/safe", "prompt")) },
		  OK },
		{ "F1",
		  { UNENCRYPTED, CACHE("tank", ZFS("tank/safe", "tank/safe", "file:///k")) },
		  OK },
		{ "F1",
		  { UNENCRYPTED,
		    CACHE("tank", "tank/s\t/s\ton\ton\ton\ton\ton\toff\ton\toff\ttank/s\tprompt"
				  "\t-\t-\t-\t-\t-\t-\ton\toff\n") },
		  OK }, /* org.openzfs.systemd:nofail */
	};

	n_headers = 0;
	rows_check(rows, ARRAY_SIZE(rows));
}

/* fs/bcachefs/bcachefs_format.h: at 4096 struct bch_sb, its magic at 24, bits 10 to 13 of flags[1], at 152,
 * are the type of encryption. */
static struct row_file bcachefs(const char *device, char flags, const char *key)
{
	char *header = new_header("", 1);

	memcpy(header + 4096 + 24,
	       "\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef", 16);
	header[4096 + 152 + 1] = flags;
	strcpy(header + 4096 + 800, key);
	return (struct row_file){ device, header, HEADER_MAX };
}

static void test_bcachefs(void **state)
{
#define BCACHEFS_ROOT                                                                          \
	{                                                                                      \
		"/proc/self/mountinfo", "20 1 0:27 / / rw - bcachefs /dev/sda2:/dev/sdb2 rw\n" \
	}
	const struct row rows[] = {
		{ "F1", { BCACHEFS_ROOT, bcachefs("/dev/sda2", 4, "") }, REFUSE },
		{ "F1", { BCACHEFS_ROOT, bcachefs("/dev/sda2", 4, "") }, TTY, WARN },
		{ "F1", { BCACHEFS_ROOT, bcachefs("/dev/sda2", 0, "") }, OK },
		{ "F1", { BCACHEFS_ROOT, bcachefs("/dev/sda2", 0x40, "") }, OK },
		/* encrypted, with a key that lies there in plain (--no_passphrase) */
		{ "F1", { BCACHEFS_ROOT, bcachefs("/dev/sda2", 4, "bch**key") }, OK },
		{ "F1", { BCACHEFS_ROOT }, UNKNOWN },
		{ "F1", { BCACHEFS_ROOT, { "/dev/sda2", "something else" } }, UNKNOWN },
		{ "F1",
		  { UNENCRYPTED,
		    { "/etc/fstab", "/dev/sdc1 /srv bcachefs defaults 0 0\n" },
		    bcachefs("/dev/sdc1", 4, "") },
		  REFUSE },
		{ "F1",
		  { UNENCRYPTED,
		    { "/etc/fstab", "/dev/sdc1 /srv bcachefs nofail 0 0\n" },
		    bcachefs("/dev/sdc1", 4, "") },
		  OK },
		/* live systems: nobody tells what is below */
		{ "F1",
		  { { "/proc/self/mountinfo", "1 0 0:27 / / rw - overlay overlay rw\n" } },
		  UNKNOWN },
		{ "F1", { { "/proc/self/mountinfo", "1 0 0:27 / / rw - tmpfs tmpfs rw\n" } }, OK },
	};

	n_headers = 0;
	rows_check(rows, ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root),	 cmocka_unit_test(test_other_volumes),
		cmocka_unit_test(test_tokens),	 cmocka_unit_test(test_zfs),
		cmocka_unit_test(test_bcachefs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

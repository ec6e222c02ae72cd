// SPDX-License-Identifier: LGPL-2.1-or-later
/* Words of command lines that name devices which an initrd, or the system, waits for, and what each of them
 * names. */
#include "preflight/waited-words.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "preflight/device-names.h"
#include "preflight/volumes.h"

static int by_device(const struct look *l, const char *value)
{
	return device_presence(l, value, false);
}

/* "DEVICE:NAME", "DEVICE:TYPE:PATH" */
static int by_first_part(const struct look *l, const char *value)
{
	_cleanup_free_ char *device = strndup(value, strcspn(value, ":"));

	return device ? device_presence(l, device, false) : -ENOMEM;
}

/* s2disk's initrds take "swap:" in front of it; a number is looked up by the kernel. */
int swap_presence(const struct look *l, const char *value)
{
	if (strncmp(value, "swap:", 5) == 0)
		value += 5;
	if (!*value || strcmp(value, "0") == 0 || strcmp(value, "none") == 0)
		return DEVICE_NEEDLESS;
	return device_presence(l, value, false);
}

static int by_luks_uuid(const struct look *l, const char *value)
{
	return luks_presence(l, "by-uuid", value);
}

static int by_luks_partuuid(const struct look *l, const char *value)
{
	return luks_presence(l, "by-partuuid", value);
}

/* "UUID=NAME" */
static int by_luks_name(const struct look *l, const char *value)
{
	_cleanup_free_ char *uuid = strndup(value, strcspn(value, "="));

	return uuid ? luks_presence(l, "by-uuid", uuid) : -ENOMEM;
}

/* "UUID=DEVICE" */
static int by_luks_data(const struct look *l, const char *value)
{
	const char *device = strchr(value, '=');

	return device ? device_presence(l, device + 1, false) : DEVICE_NONE;
}

/* 0: it is there or need not be, 1: that is not known, 2: it is not there */
static int badness(int presence)
{
	if (presence == DEVICE_THERE || presence == DEVICE_NEEDLESS)
		return 0;
	return presence < 0 || presence == DEVICE_ELSEWHERE || presence == DEVICE_BY_SOME ? 1 : 2;
}

static int worse(int a, int b)
{
	return badness(b) > badness(a) ? b : a;
}

/* cryptsetup-initramfs, README.initramfs: "target=NAME,source=DEVICE,key=PATH,…". The script "passdev"
 * takes "DEVICE:PATH[:SECONDS]" as its key. A source that is a file is no device. */
static int by_cryptopts(const struct look *l, const char *value)
{
	const struct bytes options = { (const uint8_t *)value, strlen(value) };
	struct bytes script = option_value(options, "keyscript");
	_cleanup_free_ char *source = bytes_dup(option_value(options, "source"));
	_cleanup_free_ char *key = bytes_dup(option_value(options, "key"));
	int presence = DEVICE_NEEDLESS;

	if (!source || !key)
		return -ENOMEM;
	if (strncmp(source, "/dev/", 5) == 0 || (source[0] && source[0] != '/'))
		presence = device_presence(l, source, false);
	if (script.p && memmem(script.p, script.n, "passdev", 7) && strncmp(key, "/dev/", 5) == 0)
		presence = worse(presence, by_first_part(l, key));
	return presence;
}

/* "[UUID=]PATH[:KEYDEVICE[:LUKSDEVICE]]"; dracut takes "/" for the initrd itself. */
static int by_luks_key(const struct look *l, const char *value)
{
	const char *colon = strchr(value, ':');
	_cleanup_free_ char *device = colon ? strndup(colon + 1, strcspn(colon + 1, ":")) : NULL;

	if (!colon)
		return DEVICE_NEEDLESS;
	if (!device)
		return -ENOMEM;
	return !device[0] || strcmp(device, "/") == 0 ? DEVICE_NEEDLESS
						      : device_presence(l, device, false);
}

/* "PATH:DEVICE", "DEVICE"; any other path is a file in the initrd. */
static int by_file_on_device(const struct look *l, const char *value)
{
	const char *colon = strchr(value, ':');

	if (strncmp(value, "/dev/", 5) == 0)
		return device_presence(l, value, false);
	return colon && colon[1] ? device_presence(l, colon + 1, false) : DEVICE_NEEDLESS;
}

/* booster(1): "UUID=HEADER" */
static int by_luks_header(const struct look *l, const char *value)
{
	const char *header = strchr(value, '=');

	return header ? by_file_on_device(l, header + 1) : DEVICE_NEEDLESS;
}

/* systemd-cryptsetup-generator(8): "[UUID=]OPTIONS", of which header= may be on a device of its own */
static int by_luks_options(const struct look *l, const char *value)
{
	const char *equals = strchr(value, '=');
	_cleanup_free_ char *header = NULL;

	if (equals && strspn(value, "0123456789abcdefABCDEF-") == (size_t)(equals - value))
		value = equals + 1;
	header = bytes_dup(
		option_value((struct bytes){ (const uint8_t *)value, strlen(value) }, "header"));
	if (!header)
		return -ENOMEM;
	return header[0] ? by_file_on_device(l, header) : DEVICE_NEEDLESS;
}

/* mkinitcpio's encrypt hook: "rootfs:PATH", "DEVICE:TYPE:PATH". Alpine: "DEVICE[:OFFSET:SIZE]", a file in
 * the initrd in the same way, "EXEC=PROGRAM". */
static int by_crypt_key(const struct look *l, const char *value)
{
	if (strncmp(value, "EXEC=", 5) == 0 ||
	    (strncmp(value, "/dev/", 5) != 0 && value[strcspn(value, ":=")] != '='))
		return DEVICE_NEEDLESS;
	return by_first_part(l, value);
}

/* The next part of @text that ends before a colon, which goes on behind it. */
static struct bytes take_part(struct bytes *text)
{
	const uint8_t *colon = text->n ? memchr(text->p, ':', text->n) : NULL;
	struct bytes part = { text->p, colon ? (size_t)(colon - text->p) : text->n };

	*text = colon ? (struct bytes){ colon + 1, text->n - part.n - 1 } : (struct bytes){ 0 };
	return part;
}

/* What systemd-fstab-generator(8) mounts without waiting for it, and what is no device. */
static int by_extra(const struct look *l, struct bytes what, struct bytes options)
{
	_cleanup_free_ char *device = bytes_dup(what);

	if (!device)
		return -ENOMEM;
	if (option_is(options, "nofail") || option_is(options, "noauto") ||
	    (strncmp(device, "/dev/", 5) != 0 && !strchr(device, '=')))
		return DEVICE_NEEDLESS;
	return device_presence(l, device, false);
}

/* "WHAT:WHERE[:TYPE[:OPTIONS]]" */
static int by_mount_extra(const struct look *l, const char *value)
{
	struct bytes rest = { (const uint8_t *)value, strlen(value) };
	struct bytes what = take_part(&rest);

	(void)take_part(&rest);
	(void)take_part(&rest);
	return by_extra(l, what, take_part(&rest));
}

/* "WHAT[:OPTIONS]" */
static int by_swap_extra(const struct look *l, const char *value)
{
	struct bytes rest = { (const uint8_t *)value, strlen(value) };
	struct bytes what = take_part(&rest);

	return by_extra(l, what, take_part(&rest));
}

/* The partition whose UUID is the 32 digits at @digits. */
static int by_uuid_of_hash(const struct look *l, const char *digits)
{
	char spec[64];

	(void)snprintf(spec, sizeof(spec), "PARTUUID=%.8s-%.4s-%.4s-%.4s-%.12s", digits, digits + 8,
		       digits + 12, digits + 16, digits + 20);
	return device_presence(l, spec, false);
}

/* systemd-veritysetup-generator(8): the first and the last 128 bits of the hash are the partitions' UUIDs,
 * where no word names these. */
static int by_root_hash(const struct look *l, const char *value, const char *data, const char *hash)
{
	const size_t n = strlen(value);
	_cleanup_free_ char *named_data = NULL, *named_hash = NULL, *digits = strdup(value);
	int presence = DEVICE_NEEDLESS;

	if (!digits)
		return -ENOMEM;
	/* too short: the generator does nothing */
	if (n < 32 || value[strspn(value, "0123456789abcdefABCDEF")])
		return DEVICE_NEEDLESS;
	for (char *p = digits; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (cmdline_value(l->entry->cmdline, data, &named_data) < 0)
		presence = by_uuid_of_hash(l, digits);
	if (cmdline_value(l->entry->cmdline, hash, &named_hash) < 0)
		presence = worse(presence, by_uuid_of_hash(l, digits + n - 32));
	return presence;
}

static int by_roothash(const struct look *l, const char *value)
{
	return by_root_hash(l, value, "systemd.verity_root_data=", "systemd.verity_root_hash=");
}

static int by_usrhash(const struct look *l, const char *value)
{
	return by_root_hash(l, value, "systemd.verity_usr_data=", "systemd.verity_usr_hash=");
}

/* ---- words that switch others off */

/* @other counts where @key is not said: words of dracut before 009. */
static bool off_for_dracut(const char *cmdline, const char *key, const char *other)
{
	return cmdline_has_key(cmdline, key) ? cmdline_is_off_for_dracut(cmdline, key)
					     : cmdline_has_key(cmdline, other);
}

/* @other, or NULL: what the initrd honours beside the word of the system */
static bool off_for_systemd(const char *cmdline, const char *key, const char *other)
{
	return cmdline_is_off(cmdline, key) || (other && cmdline_is_off(cmdline, other));
}

static bool off_by_itself(const char *cmdline, const char *key, const char *other)
{
	(void)other;
	return cmdline_has_key(cmdline, key);
}

struct off {
	bool (*is_off)(const char *cmdline, const char *key, const char *other);
	const char *key, *other;
};
static const struct off rd_luks = { off_for_dracut, "rd.luks", "rd_NO_LUKS" };
static const struct off rd_lvm = { off_for_dracut, "rd.lvm", "rd_NO_LVM" };
static const struct off rd_md = { off_for_dracut, "rd.md", "rd_NO_MD" };
static const struct off luks = { off_for_systemd, "luks", NULL };
static const struct off verity = { off_for_systemd, "systemd.verity", "rd.systemd.verity" };
static const struct off noresume = { off_by_itself, "noresume", NULL };

/* ---- the words */

/* dracut.cmdline(7), systemd-cryptsetup-generator(8), systemd-veritysetup-generator(8), mkinitcpio's encrypt
 * hook, cryptsetup-initramfs, booster(1), genkernel(8), Alpine's mkinitfs-bootparam(7). @off: what switches it
 * off, @needs: a word that it has no meaning without */
static const struct row {
	struct waited_for word;
	const struct off *off;
	const char *needs;
} rows[] = {
	{ { "rd.luks.uuid", by_luks_uuid }, &rd_luks, NULL },
	{ { "rd_LUKS_UUID", by_luks_uuid }, &rd_luks, NULL },
	{ { "luks.uuid", by_luks_uuid }, &luks, NULL },
	{ { "rd.luks.name", by_luks_name }, &rd_luks, NULL },
	{ { "luks.name", by_luks_name }, &luks, NULL },
	{ { "rd.luks.data", by_luks_data }, &rd_luks, NULL },
	{ { "luks.data", by_luks_data }, &luks, NULL },
	{ { "rd.luks.key", by_luks_key }, &rd_luks, NULL },
	{ { "luks.key", by_luks_key }, &luks, NULL },
	{ { "rd.luks.header", by_luks_header }, &rd_luks, NULL },
	{ { "rd.luks.options", by_luks_options }, &rd_luks, NULL },
	{ { "luks.options", by_luks_options }, &luks, NULL },
	{ { "cryptopts", by_cryptopts }, NULL, NULL },
	{ { "systemd.verity_root_data", by_device }, &verity, NULL },
	{ { "systemd.verity_root_hash", by_device }, &verity, NULL },
	{ { "systemd.verity_usr_data", by_device }, &verity, NULL },
	{ { "systemd.verity_usr_hash", by_device }, &verity, NULL },
	{ { "roothash", by_roothash }, &verity, NULL },
	{ { "usrhash", by_usrhash }, &verity, NULL },
	{ { "systemd.mount-extra", by_mount_extra }, NULL, NULL },
	{ { "rd.systemd.mount-extra", by_mount_extra }, NULL, NULL },
	{ { "systemd.swap-extra", by_swap_extra }, NULL, NULL },
	{ { "rd.systemd.swap-extra", by_swap_extra }, NULL, NULL },
	{ { "rd.luks.partuuid", by_luks_partuuid }, &rd_luks, NULL },
	{ { "rd.lvm.lv", volume_presence }, &rd_lvm, NULL },
	{ { "rd_LVM_LV", volume_presence }, &rd_lvm, NULL },
	{ { "rd.lvm.vg", volume_group_presence }, &rd_lvm, NULL },
	{ { "rd_LVM_VG", volume_group_presence }, &rd_lvm, NULL },
	{ { "rd.md.uuid", raid_presence }, &rd_md, NULL },
	{ { "rd_MD_UUID", raid_presence }, &rd_md, NULL },
	{ { "cryptdevice", by_first_part }, NULL, NULL },
	{ { "cryptroot", by_device }, NULL, NULL },
	{ { "cryptheader", by_device }, NULL, NULL },
	{ { "cryptkey", by_crypt_key }, NULL, NULL },
	{ { "crypt_root", by_device }, NULL, NULL },
	{ { "crypt_roots", by_device }, NULL, NULL },
	{ { "crypt_swap", by_device }, NULL, NULL },
	{ { "crypt_swaps", by_device }, NULL, NULL },
	{ { "root_keydev", by_device }, NULL, "root_key" },
	{ { "swap_keydev", by_device }, NULL, "swap_key" },
	{ { "real_root", by_device }, NULL, NULL },
	{ { "real_resume", by_device }, &noresume, NULL },
	{ { "mount.usr", by_device }, NULL, NULL },
	{ { "boot", by_device }, NULL, "fips=1" },
};

static bool counts(const struct row *row, const char *cmdline)
{
	const struct off *off = row->off;

	return !(off && off->is_off(cmdline, off->key, off->other)) &&
	       !(row->needs &&
		 !(strchr(row->needs, '=') ? has_word : cmdline_has_key)(cmdline, row->needs));
}

const struct waited_for *waited_for(const struct cmdline_word *word, const char *cmdline)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (cmdline_key_is(word, rows[i].word.key))
			return counts(&rows[i], cmdline) ? &rows[i].word : NULL;
	return NULL;
}

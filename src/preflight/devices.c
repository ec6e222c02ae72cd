// SPDX-License-Identifier: LGPL-2.1-or-later
/* B4: does what the command line names still exist? A root that is gone means no boot; any other name
 * that is gone makes the initrd wait for it, minutes in the case of dracut. */
#include "preflight/devices.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cmdline.h"
#include "config/assign.h"
#include "preflight/device-names.h"
#include "preflight/root-elsewhere.h"
#include "preflight/volumes.h"

/* What has been found out about all of them. */
struct names_found {
	unsigned gone, other_case, nothing; /* how many */
	int error;			    /* why one of them cannot be told, or 0 */
};

static void count(struct names_found *all, struct report *r, int presence, const char *where,
		  const char *name)
{
	if (presence == DEVICE_THERE || presence == DEVICE_NEEDLESS)
		return;
	if (presence == DEVICE_ELSEWHERE)
		evidencef(r, "%s%s was not looked at", where, name);
	if (presence < 0 || presence == DEVICE_ELSEWHERE) {
		all->error = presence < 0 ? presence : -EOPNOTSUPP;
		return;
	}
	evidencef(r, "%s%s", where, name);
	if (presence == DEVICE_OTHER_CASE)
		all->other_case++;
	else if (presence == DEVICE_NONE)
		all->nothing++;
	else
		all->gone++;
}

static bool has_initrd(const struct look *l)
{
	return l->entry->n_initrds > 0 || l->entry->type == KX_ENTRY_UKI;
}

/* ---- root= */

/* File systems that are not on a block device: for them root= is no name of a device. */
static bool names_file_system(const char *cmdline)
{
	static const char *const types[] = { "nfs",   "nfs4",  "cifs",	"9p",	 "virtiofs", "zfs",
					     "ubifs", "jffs2", "tmpfs", "ramfs", "overlay" };
	static const char *const keys[] = { "rootfstype=", "boot=" };

	for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
		_cleanup_free_ char *type = NULL;

		if (cmdline_value(cmdline, keys[k], &type) < 0)
			continue;
		for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
			if (strcmp(type, types[i]) == 0)
				return true;
	}
	return false;
}

static bool is_running_root(const struct look *l, const char *spec)
{
	_cleanup_free_ char *running = NULL, *root = NULL;

	return look_cmdline(l, &running) >= 0 && cmdline_value(running, "root=", &root) >= 0 &&
	       strcmp(root, spec) == 0;
}

static enum preflight_status root_is_missing(const struct look *l, struct report *r, int presence,
					     const char *spec)
{
	if (presence == DEVICE_BY_UDEV)
		return found(r,
			     "Without an initrd the kernel cannot find its root by UUID, label or "
			     "another name of udev's.");
	if (presence == DEVICE_GONE) {
		if (is_running_root(l, spec))
			/* the running kernel was started with the same root=, so the name is
			 * right */
			r->severity = PREFLIGHT_WARN;
		return found(r,
			     "There is no device %s, where the next kernel would look for its "
			     "root.",
			     spec);
	}
	r->severity = PREFLIGHT_WARN;
	if (presence == DEVICE_OTHER_CASE)
		return found(r,
			     "The device of root=%s has a name in other letters: udev's names "
			     "are told apart by capital and small letters.",
			     spec);
	return found(r,
		     "root=%s names no device: it is neither a path below /dev nor TAG=VALUE nor "
		     "a number.",
		     spec);
}

static enum preflight_status look_root(const struct look *l, struct report *r, const char *spec)
{
	int presence = device_presence(l, spec, !has_initrd(l));

	evidencef(r, "root=%s", spec);
	if (presence == DEVICE_ELSEWHERE || ((presence == DEVICE_NONE || presence == -EOPNOTSUPP) &&
					     names_file_system(l->entry->cmdline)))
		presence = root_elsewhere(l, spec, l->entry->cmdline);
	if (presence == DEVICE_THERE || presence == DEVICE_NEEDLESS)
		return PREFLIGHT_OK;
	if (presence == -EOPNOTSUPP) {
		evidencef(r, "it is no block device, and nothing is mounted here under that name: "
			     "pools and servers are not asked");
		return PREFLIGHT_UNKNOWN;
	}
	if (presence < 0)
		return unknown(r, "root=", presence);
	return root_is_missing(l, r, presence, spec);
}

/* Without root= the initrd finds the root by settings of its own (dracut's cmdline.d, a live image, the fstab in
 * NixOS's), or by the type of the partition (systemd-gpt-auto-generator(8)); without an initrd there may be one in
 * the kernel, or words that it was built with. Only of the second way is there a sign: the running kernel was
 * started without root=, and udev made the generator's link. */
static enum preflight_status look_without_root(const struct look *l, struct report *r)
{
	_cleanup_free_ char *running = NULL;
	int code;

	if (has_initrd(l) && !l->opts->target &&
	    seen(r, "/proc/cmdline", look_cmdline(l, &running)) && !cmdline_has(running, "root=")) {
		code = root_elsewhere(l, "gpt-auto", l->entry->cmdline);
		if (code == DEVICE_THERE)
			return PREFLIGHT_OK;
		if (code < 0 && code != -EOPNOTSUPP)
			unseen(r, "/dev/gpt-auto-root", code);
	}
	evidencef(r, "no root= on the command line: %s",
		  has_initrd(l) ? "what is in the initrd decides"
				: "what is built into the kernel decides, and there is no initrd");
	return PREFLIGHT_UNKNOWN;
}

/* ---- everything else that is waited for */

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
static int by_swap(const struct look *l, const char *value)
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
	return presence < 0 || presence == DEVICE_ELSEWHERE ? 1 : 2;
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

/* dracut.cmdline(7), systemd-cryptsetup-generator(8), systemd-veritysetup-generator(8), mkinitcpio's encrypt hook, cryptsetup-initramfs, genkernel(8), Alpine's
 * mkinitfs-bootparam(7). @off: the word that switches it off, @needs: one that it has no
 * meaning without */
static const struct waited_for {
	const char *key;
	int (*presence)(const struct look *l, const char *value);
	const char *off, *needs;
} waited_for[] = {
	{ "rd.luks.uuid", by_luks_uuid, "rd.luks", NULL },
	{ "rd_LUKS_UUID", by_luks_uuid, "rd.luks", NULL },
	{ "luks.uuid", by_luks_uuid, "luks", NULL },
	{ "rd.luks.name", by_luks_name, "rd.luks", NULL },
	{ "luks.name", by_luks_name, "luks", NULL },
	{ "rd.luks.data", by_luks_data, "rd.luks", NULL },
	{ "luks.data", by_luks_data, "luks", NULL },
	{ "rd.luks.key", by_luks_key, "rd.luks", NULL },
	{ "luks.key", by_luks_key, "luks", NULL },
	{ "cryptopts", by_cryptopts, NULL, NULL },
	{ "systemd.verity_root_data", by_device, "rd.systemd.verity", NULL },
	{ "systemd.verity_root_hash", by_device, "rd.systemd.verity", NULL },
	{ "systemd.verity_usr_data", by_device, "rd.systemd.verity", NULL },
	{ "systemd.verity_usr_hash", by_device, "rd.systemd.verity", NULL },
	{ "roothash", by_roothash, "systemd.verity", NULL },
	{ "usrhash", by_usrhash, "systemd.verity", NULL },
	{ "systemd.mount-extra", by_mount_extra, NULL, NULL },
	{ "rd.systemd.mount-extra", by_mount_extra, NULL, NULL },
	{ "systemd.swap-extra", by_swap_extra, NULL, NULL },
	{ "rd.systemd.swap-extra", by_swap_extra, NULL, NULL },
	{ "rd.luks.partuuid", by_luks_partuuid, "rd.luks", NULL },
	{ "rd.lvm.lv", volume_presence, "rd.lvm", NULL },
	{ "rd_LVM_LV", volume_presence, "rd.lvm", NULL },
	{ "rd.lvm.vg", volume_group_presence, "rd.lvm", NULL },
	{ "rd_LVM_VG", volume_group_presence, "rd.lvm", NULL },
	{ "rd.md.uuid", raid_presence, "rd.md", NULL },
	{ "rd_MD_UUID", raid_presence, "rd.md", NULL },
	{ "cryptdevice", by_first_part, NULL, NULL },
	{ "cryptroot", by_device, NULL, NULL },
	{ "crypt_root", by_device, NULL, NULL },
	{ "crypt_roots", by_device, NULL, NULL },
	{ "crypt_swap", by_device, NULL, NULL },
	{ "real_root", by_device, NULL, NULL },
	{ "real_resume", by_device, NULL, NULL },
	{ "mount.usr", by_device, NULL, NULL },
	{ "boot", by_device, NULL, "fips=1" },
};

static const struct waited_for *waiter_of(const struct cmdline_word *word)
{
	for (size_t i = 0; i < sizeof(waited_for) / sizeof(*waited_for); i++)
		if (cmdline_key_is(word, waited_for[i].key))
			return &waited_for[i];
	return NULL;
}

/* Words of dracut before 009 count where the newer one is not said. */
static bool is_switched_off(const char *cmdline, const char *key)
{
	static const char *const old[][2] = { { "rd.luks", "rd_NO_LUKS" },
					      { "rd.lvm", "rd_NO_LVM" },
					      { "rd.md", "rd_NO_MD" } };

	for (size_t i = 0; i < sizeof(old) / sizeof(*old); i++)
		if (strcmp(key, old[i][0]) == 0)
			return cmdline_has(cmdline, key) ? cmdline_is_off_for_dracut(cmdline, key)
							 : has_word(cmdline, old[i][1]);
	return cmdline_is_off(cmdline, key);
}

static bool counts(const struct waited_for *w, const char *cmdline)
{
	return !(w->off && is_switched_off(cmdline, w->off)) &&
	       !(w->needs && !has_word(cmdline, w->needs));
}

static void look_words(const struct look *l, struct report *r, struct names_found *all)
{
	const char *line = l->entry->cmdline;
	struct cmdline_word word;

	while (cmdline_next(&line, &word)) {
		const struct waited_for *w = waiter_of(&word);
		_cleanup_free_ char *value = word.value.n ? bytes_dup(word.value) : NULL;
		char where[64];

		if (!w || !value || !counts(w, l->entry->cmdline) ||
		    !path_make(where, sizeof(where), "%s=", w->key))
			continue;
		count(all, r, w->presence(l, value), where, value);
	}
}

/* ---- resume= */

struct resume_setting {
	char *device;
};

static int take_resume(void *data, const struct assign *a)
{
	struct resume_setting *s = data;

	if (!a->name || strcmp(a->name, "RESUME") != 0)
		return 0;
	free(s->device);
	s->device = strdup(a->value);
	return s->device ? 0 : -ENOMEM;
}

/* initramfs-tools(7) keeps the device of its resume in a file; the initrd has a copy of that. */
static void look_resume_file(const struct look *l, struct report *r, struct names_found *all)
{
	static const char path[] = "/etc/initramfs-tools/conf.d/resume";
	_cleanup_look_file_ struct look_file text = { 0 };
	struct resume_setting s = { NULL };
	int code = look_file(l, path, &text);

	if (code >= 0)
		code = assign_each(text.b, take_resume, &s);
	/* without a path or a tag it does not wait: scripts/local, local_device_setup() */
	if (code >= 0 && s.device && (s.device[0] == '/' || strchr(s.device, '=')))
		count(all, r, by_swap(l, s.device),
		      "/etc/initramfs-tools/conf.d/resume: RESUME=", s.device);
	else if (code < 0 && code != -ENOENT)
		all->error = code;
	free(s.device);
}

static void look_resume(const struct look *l, struct report *r, struct names_found *all)
{
	_cleanup_free_ char *spec = NULL;

	if (has_word(l->entry->cmdline, "noresume"))
		return;
	if (cmdline_value(l->entry->cmdline, "resume=", &spec) >= 0)
		count(all, r, by_swap(l, spec), "resume=", spec);
	else if (has_initrd(l) && !l->opts->target)
		look_resume_file(l, r, all);
}

enum preflight_status look_devices(const struct look *l, struct report *r)
{
	_cleanup_free_ char *root = NULL;
	struct names_found all = { 0 };
	enum preflight_status status;
	int code;

	if (!l->entry || !l->entry->cmdline)
		return unknown_entry(l, r);
	code = cmdline_value(l->entry->cmdline, "root=", &root);
	if (code < 0 && code != -ENOENT)
		return unknown(r, "root=", code);
	status = root ? look_root(l, r, root) : look_without_root(l, r);
	look_resume(l, r, &all);
	if (has_initrd(l))
		look_words(l, r, &all);
	if (status == PREFLIGHT_FINDING)
		return status; /* the rest stands in the evidence */
	if (all.gone || all.other_case || all.nothing) {
		r->severity = PREFLIGHT_WARN;
		r->remedy = "Correct these words in the boot entry, or remove them.";
		return found(r,
			     "The next boot waits for devices that are not there, which may take "
			     "minutes.");
	}
	return all.error ? unknown(r, "/dev", all.error) : status;
}

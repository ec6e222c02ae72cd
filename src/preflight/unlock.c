// SPDX-License-Identifier: LGPL-2.1-or-later
/* crypttab(5) of systemd and of Debian's cryptsetup, dracut.cmdline(7), systemd-cryptsetup-generator(8),
 * mkinitcpio's encrypt hook: ways to open a volume that are not in its header. */
#include "preflight/unlock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cmdline.h"
#include "base/open.h"
#include "preflight/device-names.h"
#include "preflight/dmcrypt.h"
#include "preflight/pools.h"
#include "preflight/token-programs.h"
#include "preflight/volumes.h"

/* ---- key files */

/* "PATH" or "PATH:DEVICE": is the key there? */
static enum ease ease_of_key(const struct look *l, struct report *r, const char *key, bool is_early)
{
	_cleanup_free_ char *path = strndup(key, strcspn(key, ":"));
	const char *device = key[strcspn(key, ":")] ? key + strcspn(key, ":") + 1 : NULL;
	int there;

	if (!path)
		return EASE_UNKNOWN;
	if (device && *device) {
		there = strcmp(device, "/") == 0 ? DEVICE_THERE : device_presence(l, device, false);
		if (there == DEVICE_THERE)
			return EASE_ALONE;
		evidencef(r, "the device of key %s is not there", key);
		return there < 0 ? EASE_UNKNOWN : EASE_PERSON;
	}
	there = look_exists(l, path);
	if (there == 1)
		return EASE_ALONE;
	/* An initrd has files of its own. */
	evidencef(r, "no file %s", path);
	return there < 0 || is_early ? EASE_UNKNOWN : EASE_PERSON;
}

static bool asks_without_key(struct bytes key)
{
	return !key.n || bytes_is(key, "none") || bytes_is(key, "-");
}

static bool is_random(struct bytes key)
{
	return bytes_is(key, "/dev/urandom") || bytes_is(key, "/dev/random") ||
	       bytes_is(key, "/dev/hw_random");
}

/* systemd looks there when crypttab names no key; for a volume of the initrd, in the initrd. */
static enum ease ease_of_key_directory(const struct look *l, struct report *r,
				       const struct volume *v)
{
	static const char *const places[] = { KEY_DIRECTORY, "/run/cryptsetup-keys.d" };
	char path[256];

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (!path_make(path, sizeof(path), "%s/%s.key", places[i], v->name) ||
		    look_exists(l, path) != 1)
			continue;
		evidencef(r, "%s is there", path);
		return v->is_early ? EASE_UNKNOWN : EASE_ALONE;
	}
	return EASE_PERSON;
}

/* ---- options of crypttab and of rd.luks.options= */

/* Debian's crypttab(5): scripts that its packages bring, below /lib/cryptsetup/scripts */
static enum ease ease_of_script(struct bytes script)
{
	static const struct {
		const char *name;
		enum ease ease;
	} scripts[] = {
		{ "decrypt_derived", EASE_ALONE }, /* from the key of another volume */
		{ "decrypt_keyctl", EASE_PERSON },   { "decrypt_gnupg", EASE_PERSON },
		{ "decrypt_gnupg-sc", EASE_PERSON }, { "decrypt_openct", EASE_PERSON },
		{ "decrypt_opensc", EASE_PERSON },   { "decrypt_ssl", EASE_PERSON },
		{ "askpass", EASE_PERSON },
	};

	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		const size_t n = strlen(scripts[i].name);

		if (script.n >= n &&
		    bytes_is((struct bytes){ script.p + script.n - n, n }, scripts[i].name))
			return scripts[i].ease;
	}
	return EASE_UNKNOWN;
}

static void by_options(struct report *r, struct bytes options, const char *where, struct unlock *u,
		       bool *ret_wants_tpm)
{
	struct bytes script = option_value(options, "keyscript"),
		     uri = option_value(options, "pkcs11-uri");

	if (script.p) {
		evidencef(r, "%s: keyscript=%.*s", where, (int)script.n, (const char *)script.p);
		unlock_better(u, ease_of_script(script));
	}
	if (uri.p) {
		evidencef(r, "%s: pkcs11-uri=", where);
		if (memmem(uri.p, uri.n, "pin-value=", 10) ||
		    memmem(uri.p, uri.n, "pin-source=", 11))
			unlock_better(u, EASE_ALONE);
	}
	if (option_is(options, "try-empty-password"))
		unlock_better(u, EASE_UNKNOWN);
	if (option_is(options, "tpm2-device")) {
		evidencef(r, "%s: tpm2-device=", where);
		*ret_wants_tpm = true;
	}
}

/* ---- what a line of crypttab says */

static void by_line(const struct look *l, struct report *r, const struct volume *v,
		    struct unlock *u, bool *ret_wants_tpm)
{
	_cleanup_free_ char *key = bytes_dup(v->key);

	evidencef(r, "%s:%u: key %.*s", v->table, v->line, (int)v->key.n, (const char *)v->key.p);
	by_options(r, v->options, v->table, u, ret_wants_tpm);
	if (option_is(v->options, "keyscript"))
		return; /* the key field is an argument of the keyscript, not a path */
	if (asks_without_key(v->key))
		unlock_better(u, ease_of_key_directory(l, r, v));
	else if (is_random(v->key))
		unlock_better(u, EASE_ALONE);
	else if (key && key[0] != '/')
		/* systemd-cryptsetup-generator(8) ignores a path that is not absolute */
		unlock_better(u, ease_of_key_directory(l, r, v));
	else if (key && *ret_wants_tpm)
		return; /* a key that the TPM has sealed */
	else if (key && v->is_in_initrd && !strchr(key, ':'))
		unlock_better(u, EASE_UNKNOWN); /* nothing says that the initrd has the file */
	else if (key)
		unlock_better(u, ease_of_key(l, r, key, v->is_early));
}

/* ---- what the command line says of volumes that the initrd opens */

/* "[UUID=]PATH[:KEYDEV[:LUKSDEV]]" */
static enum ease ease_of_rd_key(const struct look *l, struct report *r, const char *value)
{
	const char *equals = strchr(value, '=');
	_cleanup_free_ char *key = NULL;
	const char *colon;

	if (equals && strspn(value, "0123456789abcdefABCDEF-") == (size_t)(equals - value))
		value = equals + 1;
	colon = strchr(value, ':');
	if (!colon)
		return EASE_ALONE; /* in the initrd, or on any device that has it */
	key = strndup(value, (size_t)(colon + 1 - value) + strcspn(colon + 1, ":"));
	return key ? ease_of_key(l, r, key, true) : EASE_UNKNOWN;
}

/* mkinitcpio: "rootfs:PATH" in the initrd, "DEVICE:TYPE:PATH"; without the word /crypto_keyfile.bin */
static void by_encrypt_hook(const struct look *l, struct report *r, const char *cmdline,
			    struct unlock *u)
{
	_cleanup_free_ char *value = NULL, *device = NULL;

	if (!cmdline_has(cmdline, "cryptdevice="))
		return;
	if (cmdline_value(cmdline, "cryptkey=", &value) < 0) {
		if (look_there(l, r, "/crypto_keyfile.bin")) {
			evidencef(r, "/crypto_keyfile.bin is there");
			unlock_better(u, EASE_ALONE);
		}
		return;
	}
	evidencef(r, "command line: cryptkey=%s", value);
	device = strndup(value, strcspn(value, ":"));
	if (strncmp(value, "rootfs:", 7) == 0 ||
	    (device && device_presence(l, device, false) == DEVICE_THERE))
		unlock_better(u, EASE_ALONE);
}

static void by_cmdline(const struct look *l, struct report *r, struct unlock *u,
		       bool *ret_wants_tpm)
{
	const char *cmdline = l->entry ? l->entry->cmdline : NULL, *line = cmdline;
	struct cmdline_word word;

	while (line && cmdline_next(&line, &word)) {
		_cleanup_free_ char *value = bytes_dup(word.value);

		if (!value)
			continue;
		if (cmdline_key_is(&word, "rd.luks.key") || cmdline_key_is(&word, "luks.key")) {
			evidencef(r, "command line: rd.luks.key=%s", value);
			unlock_better(u, ease_of_rd_key(l, r, value));
		} else if (cmdline_key_is(&word, "rd.luks.options") ||
			   cmdline_key_is(&word, "luks.options")) {
			/* "[UUID=]OPTIONS" */
			by_options(r, word.value, "command line", u, ret_wants_tpm);
			if (strchr(value, '='))
				by_options(r,
					   (struct bytes){ word.value.p + strcspn(value, "=") + 1,
							   word.value.n - strcspn(value, "=") - 1 },
					   "command line", u, ret_wants_tpm);
		}
	}
	if (cmdline)
		by_encrypt_hook(l, r, cmdline, u);
}

/* ---- all together */

/* crypttab(5), header=: the header may lie in a file, or on another device than the data. */
static void by_header(const struct look *l, struct report *r, const struct volume *v,
		      struct unlock *u)
{
	const struct bytes header = option_value(v->options, "header");
	_cleanup_free_ char *path = header.p ? bytes_dup(header) : NULL;

	if (!header.p)
		unlock_by_header(l, r, v->device, v->is_early, u);
	else if (!path || path[0] != '/' || strchr(path, ':') || look_exists(l, path) != 1)
		unlock_better(u, EASE_UNKNOWN); /* in the initrd, or on a device that it mounts */
	else
		unlock_by_header(l, r, path, v->is_early, u);
}

static struct unlock unlock_of(const struct look *l, struct report *r, const struct volume *v)
{
	struct unlock u = { .ease = EASE_PERSON };
	bool wants_tpm = false;
	struct unlock header;

	evidencef(r, "%s \"%s\"%s%s", v->is_early ? "initrd opens" : "boot opens", v->name,
		  v->device[0] ? " on " : "", v->device);
	if (v->line)
		by_line(l, r, v, &u, &wants_tpm);
	if (v->is_early)
		by_cmdline(l, r, &u, &wants_tpm);
	header = u;
	if (v->device[0] && !option_is(v->options, "plain") && !option_is(v->options, "swap") &&
	    u.ease != EASE_ALONE)
		by_header(l, r, v, &header);
	/* The TPM is to open it, but nothing tells which registers matter: the header cannot be read,
	 * or the key file is what the TPM has sealed. A header without such a token, or with one that
	 * has a PIN, asks: systemd-cryptsetup(8). */
	if (wants_tpm && v->is_early && header.ease <= EASE_UNKNOWN)
		switch (token_programs(l, "systemd-tpm2")) {
		case TOKENS_IGNORED: /* an option that initramfs-tools does not know: it asks */
			return header;
		case TOKENS_UNKNOWN:
			unlock_better(&header, EASE_UNKNOWN);
			return header;
		case TOKENS_USED:
			break;
		}
	if (wants_tpm && header.ease <= EASE_UNKNOWN &&
	    (!header.has_header || (v->line && !asks_without_key(v->key))))
		unlock_better(&header, EASE_BROKEN);
	return header;
}

/* All volumes: how many there are of each enum ease, and the name of the first of them. */
struct sum {
	size_t n[EASE_ALONE + 1];
	char handed[160]; /* the first one that a key is handed to, or "" */
	char first[EASE_ALONE + 1][160];
	int error;
};

static void add_to(struct sum *sum, const char *name, const struct unlock *u)
{
	if (sum->n[u->ease]++ == 0 &&
	    !path_make(sum->first[u->ease], sizeof(sum->first[0]), "%s", name))
		sum->first[u->ease][0] = '\0';
	if (u->ease == EASE_UNKNOWN && u->error)
		sum->error = u->error;
}

/* Whether its initrd is one that takes keys shows when that is unpacked, before anything is loaded. */
static bool takes_key(const struct look *l, const struct volume *v, const struct unlock *u)
{
	char path[256];

	if (!l->opts->hands_keys || !v->is_early || !u->has_header)
		return false;
	if (!l->opts->by_key_files)
		return u->ease == EASE_PERSON;
	/* where crypttab names one, the initrd has it as well, or nobody knows */
	return u->ease <= EASE_UNKNOWN && !u->error &&
	       path_make(path, sizeof(path), KEY_DIRECTORY "/%s.key", v->name) &&
	       look_exists(l, path) == 1;
}

static int look_at_all(const struct look *l, struct report *r, struct sum *ret)
{
	_cleanup_volumes_ struct volumes all = { .n = 0 };
	struct pool_locks locks = { .n = 0 };
	int code = volumes_read(l, r, &all);

	*ret = (struct sum){ .error = 0 };
	if (code < 0)
		return code;
	if (all.crypttab_error) {
		evidence(r, "/etc/crypttab", open_strerror(all.crypttab_error));
		ret->n[EASE_UNKNOWN]++;
		ret->error = all.crypttab_error;
	}
	pools_look(l, r, &all, &locks);
	dmcrypt_look(l, r, &all, &locks);
	for (size_t i = 0; i < all.n; i++) {
		struct unlock u = unlock_of(l, r, &all.v[i]);

		if (takes_key(l, &all.v[i], &u)) {
			if (!ret->handed[0])
				(void)!path_make(ret->handed, sizeof(ret->handed), "%s",
						 all.v[i].name);
			evidencef(r, "\"%s\": a one-shot key is handed over", all.v[i].name);
			continue;
		}
		add_to(ret, all.v[i].name, &u);
	}
	for (size_t i = 0; i < locks.n; i++)
		add_to(ret, locks.v[i].name, &locks.v[i].unlock);
	return 0;
}

enum preflight_status look_passphrase(const struct look *l, struct report *r)
{
	struct sum sum;
	int code = look_at_all(l, r, &sum);
	size_t more;

	if (code < 0)
		return unknown(r, "device of /", code);
	r->takes_key = sum.handed[0] != '\0';
	if (sum.n[EASE_PERSON] == 0 && sum.n[EASE_UNKNOWN] == 0 && sum.handed[0]) {
		r->severity = PREFLIGHT_NOTE;
		return found(
			r,
			l->opts->by_key_files
				? "The key file of \"%s\" makes a key that works once, which opens "
				  "it in the next boot."
				: "The passphrase of \"%s\" is asked for before the reboot, and a "
				  "key that works once opens it in the next boot.",
			sum.handed);
	}
	if (sum.n[EASE_PERSON] == 0)
		return sum.n[EASE_UNKNOWN] ? PREFLIGHT_UNKNOWN : PREFLIGHT_OK;
	if (l->opts->has_terminal)
		r->severity = PREFLIGHT_WARN;
	more = sum.n[EASE_PERSON] - 1;
	if (more)
		return found(
			r,
			"The next boot asks for a passphrase before it can open \"%s\" and %zu "
			"more.",
			sum.first[EASE_PERSON], more);
	return found(r, "The next boot asks for a passphrase before it can open \"%s\".",
		     sum.first[EASE_PERSON]);
}

enum preflight_status look_tpm_unlock(const struct look *l, struct report *r)
{
	struct sum sum;
	int code = look_at_all(l, r, &sum);

	if (code < 0)
		return unknown(r, "device of /", code);
	if (sum.n[EASE_BROKEN])
		return found(r,
			     "The TPM will not open \"%s\": each boot extends registers that its "
			     "policy holds, and a fast reboot resets none.",
			     sum.first[EASE_BROKEN]);
	if (sum.n[EASE_STALE]) {
		r->severity = PREFLIGHT_WARN;
		return found(
			r,
			"The TPM opens \"%s\" by what it measured of the kernel and initrd that "
			"the firmware started, not of those that start now: a change of them "
			"shows at the next start through the firmware only.",
			sum.first[EASE_STALE]);
	}
	if (sum.n[EASE_UNKNOWN])
		evidencef(r, "what opens \"%s\" is not known: it may be the TPM",
			  sum.first[EASE_UNKNOWN]);
	return sum.n[EASE_UNKNOWN] ? PREFLIGHT_UNKNOWN : PREFLIGHT_OK;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* F: will the next kernel get at its root, and do measurements still say what they should? */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preflight/root-device.h"

/* The JSON of a LUKS2 header begins after 4096 bytes; 16 KiB is what cryptsetup makes. */
enum { LUKS_HEADER_N = 64 << 10 };

/* What opens an encrypted root, as far as it shows. */
struct unlock {
	bool is_luks;
	bool by_itself; /* something other than a person */
	bool by_tpm;
	int header_error; /* why the header could not be looked at, or 0 */
};

static bool has_text(struct bytes b, const char *s)
{
	return b.n && memmem(b.p, b.n, s, strlen(s)) != NULL;
}

static void look_at_options(struct bytes options, const char *where, struct report *r,
			    struct unlock *u)
{
	static const char *const words[] = { "tpm2-device=", "fido2-device=", "pkcs11-uri=",
					     "keyscript=" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (has_text(options, words[i])) {
			evidencef(r, "%s: %s", where, words[i]);
			u->by_itself = true;
			u->by_tpm |= i == 0;
		}
}

/* crypttab(5): name, device, key file, options */
static void look_at_crypttab(const struct look *l, const char *dm_name, struct report *r,
			     struct unlock *u)
{
	_cleanup_look_file_ struct look_file text = { 0 };
	struct lines lines;
	struct bytes line;

	if (look_file(l, "/etc/crypttab", &text) < 0)
		return;
	lines = lines_of(text.b);
	while (lines_next(&lines, &line)) {
		struct bytes rest = bytes_trim(line), key;

		if (!bytes_is(bytes_word(&rest), dm_name))
			continue;
		(void)bytes_word(&rest);
		key = bytes_word(&rest);
		evidencef(r, "/etc/crypttab:%u: key %.*s", lines.number, (int)key.n,
			  (const char *)key.p);
		if (key.n && !bytes_is(key, "none") && !bytes_is(key, "-"))
			u->by_itself = true;
		look_at_options(rest, "/etc/crypttab", r, u);
	}
}

/* Tokens of systemd-cryptenroll(1) and clevis-luks-bind(1). */
static void look_at_header(const struct look *l, const char *device, struct report *r,
			   struct unlock *u)
{
	static const char *const tokens[] = { "systemd-tpm2", "systemd-fido2", "systemd-pkcs11",
					      "clevis" };
	_cleanup_close_ int fd = -1;
	_cleanup_free_ uint8_t *buf = malloc(LUKS_HEADER_N);
	char path[128], want[64];
	ssize_t n;

	if (!buf || !path_make(path, sizeof(path), "/dev/%s", device))
		return;
	fd = open_in(l->root, path, O_RDONLY);
	n = fd < 0 ? fd : pread(fd, buf, LUKS_HEADER_N, 0);
	if (n < 0) {
		u->header_error = fd < 0 ? fd : -errno;
		return;
	}
	for (size_t i = 0; i < sizeof(tokens) / sizeof(*tokens); i++)
		if (path_make(want, sizeof(want), "\"type\":\"%s\"", tokens[i]) &&
		    has_text((struct bytes){ buf, (size_t)n }, want)) {
			evidencef(r, "%s: LUKS token %s", path, tokens[i]);
			u->by_itself = true;
			u->by_tpm |= i == 0;
		}
}

static void look_at_cmdline(const char *cmdline, struct report *r, struct unlock *u)
{
	if (!cmdline)
		return;
	if (cmdline_has(cmdline, "rd.luks.key=")) {
		evidencef(r, "command line: rd.luks.key=");
		u->by_itself = true;
	}
	look_at_options((struct bytes){ (const uint8_t *)cmdline, strlen(cmdline) }, "command line",
			r, u);
}

static int look_at_root(const struct look *l, struct report *r, struct unlock *ret)
{
	struct unlock u = { 0 };
	struct root_device d;
	int code = root_device_find(l, &d);

	if (code < 0)
		return code;
	for (size_t i = 0; i < d.n; i++) {
		if (!d.blocks[i].is_luks)
			continue;
		u.is_luks = true;
		evidencef(r, "/ is on %s (LUKS, \"%s\")", d.blocks[i].name, d.blocks[i].dm_name);
		look_at_crypttab(l, d.blocks[i].dm_name, r, &u);
		if (i + 1 < d.n) /* the device it was made of */
			look_at_header(l, d.blocks[i + 1].name, r, &u);
	}
	if (u.is_luks)
		look_at_cmdline(l->entry ? l->entry->cmdline : NULL, r, &u);
	*ret = u;
	return 0;
}

static enum preflight_status look_passphrase(const struct look *l, struct report *r)
{
	struct unlock u;
	int code = look_at_root(l, r, &u);

	if (code < 0)
		return unknown(r, "device of /", code);
	if (!u.is_luks || u.by_itself)
		return PREFLIGHT_OK;
	if (u.header_error)
		return unknown(r, "LUKS header", u.header_error);
	if (l->opts->has_terminal)
		r->severity = PREFLIGHT_WARN;
	return found(r, "The encrypted root asks for its passphrase when the next kernel starts.");
}

static enum preflight_status look_tpm_unlock(const struct look *l, struct report *r)
{
	struct unlock u;
	int code = look_at_root(l, r, &u);

	if (code < 0)
		return unknown(r, "device of /", code);
	if (u.by_tpm)
		return found(r,
			     "The TPM unlocks the root, and its registers are not reset by a fast "
			     "reboot.");
	if (u.is_luks && u.header_error)
		return unknown(r, "LUKS header", u.header_error);
	return PREFLIGHT_OK;
}

static enum preflight_status look_attestation(const struct look *l, struct report *r)
{
	static const char agent[] = "/run/systemd/units/invocation:keylime_agent.service";
	_cleanup_free_ char *id = NULL;
	int code = look_link(l, agent, &id);

	if (code == -ENOENT)
		return PREFLIGHT_OK;
	if (code < 0)
		return unknown(r, agent, code);
	evidencef(r, "keylime_agent.service is active");
	return found(
		r, "Remote attestation finds measurements of the last start through the firmware.");
}

/* Names that /proc/1/comm has where something can stop services. */
static bool is_init(const char *comm)
{
	static const char *const inits[] = { "systemd", "init",	    "openrc-init", "runit",
					     "dinit",	"shepherd", "s6-svscan",   "finit" };

	for (size_t i = 0; i < sizeof(inits) / sizeof(*inits); i++)
		if (strcmp(comm, inits[i]) == 0)
			return true;
	return false;
}

static enum preflight_status look_direct(const struct look *l, struct report *r)
{
	_cleanup_free_ char *comm = NULL;
	int code;

	if (!l->opts->direct)
		return PREFLIGHT_OK;
	code = look_line(l, "/proc/1/comm", &comm);
	if (code < 0)
		return unknown(r, "/proc/1/comm", code);
	evidence(r, "/proc/1/comm", comm);
	if (!is_init(comm))
		return PREFLIGHT_OK;
	return found(r, "A jump past the init system stops no service and may damage their data.");
}

/* A link of /sys/class/block into the devices says what a disk hangs on. */
static enum preflight_status look_network_disk(const struct look *l, struct report *r,
					       const char *name)
{
	_cleanup_free_ char *target = NULL, *transport = NULL;
	char path[128], controller[64];
	const char *n;
	int code;

	if (!path_make(path, sizeof(path), "/sys/class/block/%s", name))
		return PREFLIGHT_OK;
	code = look_link(l, path, &target);
	if (code < 0 && code != -EINVAL)
		return unknown(r, path, code);
	if (target && strstr(target, "/session")) { /* …/host3/session1/target3:0:0/… */
		evidence(r, path, target);
		return found(r, "The root is on an iSCSI disk.");
	}
	if (strncmp(name, "nvme", 4) != 0)
		return PREFLIGHT_OK;
	n = name + 4;
	n += strspn(n, "0123456789");
	if (!path_make(controller, sizeof(controller), "%.*s", (int)(n - name), name) ||
	    !path_make(path, sizeof(path), "/sys/class/nvme/%s/transport", controller))
		return PREFLIGHT_OK;
	code = look_line(l, path, &transport);
	if (code < 0)
		return unknown(r, path, code);
	if (strcmp(transport, "pcie") == 0)
		return PREFLIGHT_OK;
	evidence(r, path, transport);
	return found(r, "The root is on an NVMe disk that is reached over a network.");
}

static enum preflight_status look_network_root(const struct look *l, struct report *r)
{
	struct root_device d;
	int code = root_device_find(l, &d);

	if (code < 0)
		return unknown(r, "device of /", code);
	if (strcmp(d.type, "nfs") == 0 || strcmp(d.type, "nfs4") == 0) {
		evidencef(r, "/ is %s on %s", d.type, d.source);
		return found(r, "The root is on the network.");
	}
	for (size_t i = 0; i < d.n; i++) {
		enum preflight_status status = look_network_disk(l, r, d.blocks[i].name);

		if (status != PREFLIGHT_OK)
			return status;
	}
	return PREFLIGHT_OK;
}

const struct check storage_checks[] = {
	{ "F1", PREFLIGHT_REFUSE, true, "passphrase of the root",
	  "Be at the console when it starts, or let a key file, TPM or server unlock it.",
	  look_passphrase },
	{ "F2", PREFLIGHT_REFUSE, true, "root unlocked by the TPM", "Reboot through the firmware.",
	  look_tpm_unlock },
	{ "F3", PREFLIGHT_WARN, true, "remote attestation", "Reboot through the firmware.",
	  look_attestation },
	{ "F4", PREFLIGHT_REFUSE, true, "jump without the init system",
	  "Reboot through the init system.", look_direct },
	{ "F6", PREFLIGHT_WARN, true, "root on the network", "Keep the network up until the jump.",
	  look_network_root },
	{ NULL },
};

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Family W: requests that only the firmware can carry out, such as entering its setup. A fast
 * reboot would not carry them out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "preflight/look.h"

#define MOK "605dab50-e046-4300-abb6-3dd810dd8b23"

/* Files that systemd-logind and systemctl write for such requests: systemd,
 * src/login/logind-dbus.c */
static enum preflight_status look_systemd_wish(const struct look *l, struct report *r)
{
	static const char *const files[] = { "/run/systemd/reboot-to-firmware-setup",
					     "/run/systemd/reboot-to-boot-loader-menu",
					     "/run/systemd/reboot-to-boot-loader-entry" };
	static const char param[] = "/run/systemd/reboot-param";
	_cleanup_free_ char *value = NULL;
	int code;

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		code = look_exists(l, files[i]);
		if (code < 0)
			return unknown(r, files[i], code);
		if (code > 0)
			evidencef(r, "%s is there", files[i]);
	}
	code = look_line(l, param, &value);
	if (code < 0 && code != -ENOENT)
		return unknown(r, param, code);
	if (value && *value)
		evidence(r, param, value);
	if (r->evidence.n == 0)
		return PREFLIGHT_OK;
	return found(r,
		     "The next reboot was asked to go to the firmware's setup or the boot loader.");
}

/* UEFI 2.10, 8.5.4: boot to the setup, a capsule from a file, start recovery of system, platform */
static enum preflight_status look_os_indications(const struct look *l, struct report *r)
{
	static const char name[] = "OsIndications-" EFI_GLOBAL;
	static const struct {
		uint64_t bit;
		const char *what;
	} wishes[] = {
		{ UINT64_C(1) << 0, "firmware setup" },
		{ UINT64_C(1) << 2, "firmware update (capsule)" },
		{ UINT64_C(1) << 5, "recovery of the system" },
		{ UINT64_C(1) << 6, "recovery of the platform" },
	};
	_cleanup_look_file_ struct look_file text = { 0 };
	uint64_t value;
	int code = look_efi(l, name, &text);

	if (code == -ENOENT)
		return PREFLIGHT_OK;
	if (code < 0)
		return unknown(r, name, code);
	if (!bytes_le64(text.b, 0, &value))
		return unknown(r, name, -EBADMSG);
	evidencef(r, "%s: 0x%llx", name, (unsigned long long)value);
	for (size_t i = 0; i < sizeof(wishes) / sizeof(*wishes); i++)
		if (value & wishes[i].bit)
			return found(r, "The firmware is to do something at the next start: %s.",
				     wishes[i].what);
	return PREFLIGHT_OK;
}

static enum preflight_status look_boot_next(const struct look *l, struct report *r)
{
	static const char name[] = "BootNext-" EFI_GLOBAL;
	_cleanup_look_file_ struct look_file text = { 0 };
	uint16_t number;
	int code = look_efi(l, name, &text);

	if (code == -ENOENT)
		return PREFLIGHT_OK;
	if (code < 0)
		return unknown(r, name, code);
	if (bytes_le16(text.b, 0, &number))
		evidencef(r, "%s: Boot%04X", name, number);
	else
		evidencef(r, "%s is set", name);
	return found(r, "The firmware is to start another entry of its own next, once.");
}

/* shim and its MokManager act on these when the firmware starts them, and remove them: mok.c,
 * check_mok_request(); MokManager.c; sbat.c, set_sbat_uefi_variable_internal(). */
static enum preflight_status look_mok(const struct look *l, struct report *r)
{
	static const char *const names[] = {
		"MokAuth-" MOK,	   "MokXAuth-" MOK, "MokListTrustedNew-" MOK,
		"MokNew-" MOK,	   "MokDel-" MOK,   "MokXNew-" MOK,
		"MokXDel-" MOK,	   "MokSB-" MOK,    "MokDB-" MOK,
		"MokPW-" MOK,	   "MokTML-" MOK,   "ClearVerify-" MOK,
		"SbatPolicy-" MOK, "SSPPolicy-" MOK
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		_cleanup_look_file_ struct look_file text = { 0 };
		int code = look_efi(l, names[i], &text);

		if (code >= 0)
			evidencef(r, "%s is set", names[i]);
		else if (code != -ENOENT)
			unseen(r, names[i], code);
	}
	if (r->evidence.n == 0)
		return PREFLIGHT_OK;
	return found(
		r, "A change of machine owner keys waits for its confirmation at the next start.");
}

/* Linux Documentation/ABI/testing/sysfs-class-firmware-attributes */
static enum preflight_status look_bios_settings(const struct look *l, struct report *r)
{
	static const char class[] = "/sys/class/firmware-attributes";
	_cleanup_names_ struct names names = { 0 };
	int code = look_list(l, class, &names);

	if (code < 0)
		return code == -ENOENT ? PREFLIGHT_OK : unknown(r, class, code);
	for (size_t i = 0; i < names.n; i++) {
		uint64_t pending;
		char path[256];

		code = path_make(path, sizeof(path), "%s/%s/attributes/pending_reboot", class,
				 names.v[i])
			       ? look_u64(l, path, &pending)
			       : -ENAMETOOLONG;
		if (!seen(r, path, code))
			continue;
		evidence(r, path, pending ? "1" : "0");
		if (pending)
			return found(r, "Changed firmware settings wait for the next start.");
	}
	return PREFLIGHT_OK;
}

/* Linux Documentation/ABI/testing/sysfs-driver-ppi: 0 is no request */
static enum preflight_status look_tpm(const struct look *l, struct report *r)
{
	static const char path[] = "/sys/class/tpm/tpm0/ppi/request";
	_cleanup_free_ char *line = NULL;
	int code = look_line(l, path, &line);

	if (code == -ENOENT)
		return PREFLIGHT_OK;
	if (code < 0)
		return unknown(r, path, code);
	evidence(r, path, line);
	/* "OPERATION", with a parameter after it for some */
	if (line[0] < '0' || line[0] > '9')
		return unknown(r, path, -EBADMSG);
	if (strtoul(line, NULL, 10) == 0)
		return PREFLIGHT_OK;
	return found(r, "An operation of the TPM waits for the firmware.");
}

/* The word says which kind of reboot is needed, in the file of zypp-boot-plugin(8); that of zypper itself
 * (needs-rebooting) is empty, or has words that are not known here. */
static enum preflight_status look_reboot_needed(const struct look *l, struct report *r)
{
	/* one and the same where /var/run is a link */
	static const char *const paths[] = { "/run/reboot-needed", "/var/run/reboot-needed" };
	bool is_firmware = false;

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		_cleanup_free_ char *line = NULL;

		if (!seen(r, paths[i], look_line(l, paths[i], &line)))
			continue;
		evidence(r, paths[i], line);
		if (has_word(line, "reboot"))
			is_firmware = true;
		else if (!has_word(line, "kexec") && !has_word(line, "soft-reboot"))
			unseen(r, "the kind of reboot that the package manager needs", -ENODATA);
	}
	if (!is_firmware)
		return PREFLIGHT_OK;
	return found(r, "The package manager asks for a reboot through the firmware.");
}

#define GO_COLD "Reboot through the firmware (`rapidreboot cold`), or withdraw the request."

const struct check firmware_checks[] = {
	{ "W1", PREFLIGHT_COLD, true, "firmware setup or boot menu requested", GO_COLD,
	  look_systemd_wish },
	{ "W2", PREFLIGHT_COLD, true, "OsIndications", GO_COLD, look_os_indications },
	{ "W3", PREFLIGHT_COLD, true, "BootNext", GO_COLD, look_boot_next },
	{ "W4", PREFLIGHT_COLD, true, "machine owner keys", GO_COLD, look_mok },
	{ "W5", PREFLIGHT_COLD, true, "firmware settings", GO_COLD, look_bios_settings },
	{ "W6", PREFLIGHT_COLD, true, "TPM operation", GO_COLD, look_tpm },
	{ "W7", PREFLIGHT_COLD, true, "reboot that the package manager needs", GO_COLD,
	  look_reboot_needed },
	{ "W8", PREFLIGHT_COLD, true, "boot loaders and firmware that were upgraded", GO_COLD,
	  look_firmware_waits },
	{ "W9", PREFLIGHT_COLD, true, "firmware updates that are staged", GO_COLD, look_fwupd },
	{ "W10", PREFLIGHT_COLD, true, "tries that the boot loader counts",
	  "Reboot through the firmware (`rapidreboot cold`), or have this system declared good "
	  "first.",
	  look_counting },
	{ "W11", PREFLIGHT_WARN, true, "updates that the next start installs",
	  "Allow for it, or withdraw the updates (with dnf: `dnf offline clean`).",
	  look_offline_updates },
	{ NULL },
};

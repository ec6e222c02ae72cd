// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * W9: updates of firmware that are staged. fwupd notes them in its history, a database, and for its EFI program in
 * variables; capsules for the firmware lie on the ESP (UEFI 2.10, 8.5.5). At its next start fwupd takes a
 * device that still has its old version for one whose update has failed: after a fast reboot the update would be
 * forgotten.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/sqlite.h"
#include "preflight/look.h"
#include "record/firmware-waits.h"

#define PENDING "/var/lib/fwupd/pending.db"
#define EFIVARS "/sys/firmware/efi/efivars"
#define FWUPDATE "0abba7dc-e516-4167-bbf5-4d9d1c739416"

enum {
	NEEDS_REBOOT = 4, /* libfwupd/fwupd-enums.h, FwupdUpdateState */
	/* struct efi_update_info of fwupd-efi: version, GUID, flags of the capsule, instance, time */
	STATUS_AT = 4 + 16 + 4 + 8 + 16,
	ATTEMPT_UPDATE = 1, /* of its status */
	SHOWN = 5,
};

/* ---- variables of fwupd's EFI program */

static void look_at_variable(const struct look *l, struct report *r, const char *name)
{
	_cleanup_look_file_ struct look_file text = { 0 };
	uint32_t status = 0;
	int code = look_efi(l, name, &text);

	if (code >= 0 && !bytes_le32(text.b, STATUS_AT, &status))
		code = -EBADMSG;
	if (seen(r, name, code) && status & ATTEMPT_UPDATE)
		evidencef(r, "%s: fwupd's EFI program is to install it", name);
}

static void look_at_variables(const struct look *l, struct report *r)
{
	_cleanup_names_ struct names names = { 0 };
	int code = look_list(l, EFIVARS, &names);

	/* without efivarfs nothing shows that there are none */
	if ((code == -ENOENT || (code >= 0 && names.n == 0)) &&
	    look_there(l, r, "/sys/firmware/efi"))
		code = -ENODATA;
	if (!seen(r, EFIVARS, code))
		return;
	for (size_t i = 0; i < names.n; i++)
		if (strncmp(names.v[i], "fwupd-", 6) == 0 && strstr(names.v[i], "-" FWUPDATE))
			look_at_variable(l, r, names.v[i]);
}

/* ---- fwupd's history */

struct history {
	struct report *r;
	uint64_t since; /* of the firmware's last start; 0: not known */
};

enum history_column { STATE, NAME, MODIFIED };

static int take_device(void *data, const struct sqlite_value *values)
{
	struct history *h = data;
	const struct bytes name = values[NAME].text;

	if (!values[STATE].is_number || values[STATE].number != NEEDS_REBOOT)
		return 0;
	/* the firmware has started since: fwupd has not looked yet what came of it */
	if (h->since && values[MODIFIED].is_number && values[MODIFIED].number >= 0 &&
	    (uint64_t)values[MODIFIED].number < h->since)
		return 0;
	evidencef(h->r, PENDING ": \"%.*s\" waits for a reboot", name.p ? (int)name.n : 1,
		  name.p ? (const char *)name.p : "?");
	return 0;
}

/* A database with one of these beside it is not the whole: sqlite.org, "Temporary Files Used By SQLite" */
static bool is_whole(const struct look *l, struct report *r)
{
	static const char *const files[] = { PENDING "-wal", PENDING "-journal" };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		_cleanup_look_file_ struct look_file text = { 0 };

		if (!seen(r, files[i], look_file(l, files[i], &text)) || text.b.n == 0)
			continue;
		evidencef(r, "%s is not empty: the database is being changed", files[i]);
		unseen(r, PENDING, -EBUSY);
		return false;
	}
	return true;
}

static bool look_at_history(const struct look *l, struct report *r)
{
	static const char *const columns[] = { [STATE] = "update_state",
					       [NAME] = "display_name",
					       [MODIFIED] = "device_modified",
					       NULL };
	_cleanup_look_file_ struct look_file text = { 0 };
	_cleanup_(firmware_waits_done) struct firmware_waits waits = { .since = 0 };
	struct history h = { .r = r };
	const size_t before = r->evidence.n;
	int code;

	if (!seen(r, PENDING, look_file(l, PENDING, &text)) || text.b.n == 0 || !is_whole(l, r))
		return false;
	if (firmware_waits_read(l->root, &waits) == 0)
		h.since = waits.since;
	code = sqlite_each(text.b, "history", columns, take_device, &h);
	if (code == -ENOKEY) /* a version of it that is not known here */
		code = -EBADMSG;
	(void)!seen(r, PENDING, code); /* without the table there is no history yet */
	return r->evidence.n > before;
}

/* ---- capsules */

/* FAT tells no capital from small letters: the folder, whatever its spelling. */
static void look_at_folder(const struct look *l, struct report *r, const char *roof,
			   const char *name)
{
	_cleanup_names_ struct names names = { 0 };
	char path[512];

	if (strcasecmp(name, "UpdateCapsule") != 0 ||
	    !path_make(path, sizeof(path), "%s/%s", roof, name) ||
	    !seen(r, path, look_list(l, path, &names)))
		return;
	for (size_t i = 0; i < names.n && i < SHOWN; i++)
		evidencef(r, "%s/%s is there", path, names.v[i]);
}

static void look_at_capsules(const struct look *l, struct report *r)
{
	static const char *const roofs[] = { "/boot/efi/EFI", "/efi/EFI", "/boot/EFI" };

	for (size_t i = 0; i < sizeof(roofs) / sizeof(*roofs); i++) {
		_cleanup_names_ struct names names = { 0 };
		int code = look_list(l, roofs[i], &names);

		if (code == -ENOTDIR || !seen(r, roofs[i], code))
			continue;
		for (size_t k = 0; k < names.n; k++)
			look_at_folder(l, r, roofs[i], names.v[k]);
	}
}

enum preflight_status look_fwupd(const struct look *l, struct report *r)
{
	bool waits;

	look_at_variables(l, r);
	look_at_capsules(l, r);
	waits = r->evidence.n > 0;
	waits |= look_at_history(l, r);
	if (!waits)
		return PREFLIGHT_OK;
	return found(r, "An update of firmware is staged for the next start through the firmware.");
}

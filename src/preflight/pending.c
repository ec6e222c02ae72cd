// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Updates of the system that wait for a reboot. W8 and W9 are those that only the firmware can carry out; here are
 * B8, what becomes the default only while the system goes down; B19, snapshots that the boot loader sees and the
 * running system does not; and W11, updates that the next start installs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mountinfo.h"
#include "base/num.h"
#include "preflight/look.h"

/* ---- B8 */

/* ostree finishes it in ostree-finalize-staged.service, which leaves it alone while it is locked
 * (ostree-admin-lock-finalization(1)). 1, 0, or an error with its path in @path. */
static int has_staged_ostree(const struct look *l, const char **path)
{
	static const char *const signs[] = { "/run/ostree-booted",
					     "/run/ostree/staged-deployment" };
	int code = 0;

	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		*path = signs[i];
		code = look_exists(l, *path);
		if (code <= 0)
			return code;
	}
	code = look_exists(l, "/run/ostree/staged-deployment-locked");
	return code > 0 ? 0 : 1;
}

enum preflight_status look_staged(const struct look *l, struct report *r)
{
	/* of bootc without ostree; bootc-finalize-staged.service finishes it */
	static const char composefs[] = "/run/composefs/staged-deployment";
	const char *path;
	int code = has_staged_ostree(l, &path);

	if (code < 0)
		return unknown(r, path, code);
	if (code)
		evidencef(r, "%s is there", path);
	if (look_there(l, r, composefs)) {
		evidencef(r, "%s is there", composefs);
		r->remedy = "Reboot through the firmware.";
	}
	if (r->evidence.n == 0)
		return PREFLIGHT_OK;
	return found(
		r,
		"A staged deployment becomes bootable only while the system goes down, after the "
		"kernel would have been loaded.");
}

/* ---- B19 */

#define SNAPSHOTS "/.snapshots"

/* The number of the snapshot that @path lies in: "/@/.snapshots/5/snapshot", as snapper names them. */
static bool snapshot_of(const char *path, uint64_t *ret)
{
	const char *at = path ? strstr(path, SNAPSHOTS "/") : NULL;
	char digits[24];
	size_t n;

	if (!at)
		return false;
	at += strlen(SNAPSHOTS "/");
	n = strspn(at, "0123456789");
	if (n == 0 || n >= sizeof(digits) || strncmp(at + n, "/snapshot", 9) != 0)
		return false;
	(void)snprintf(digits, sizeof(digits), "%.*s", (int)n, at);
	return parse_u64(digits, ret) == 0;
}

/* The one that "/" is, by the directory of btrfs that is mounted there: 1, 0 when it is none, or an error. */
static int running_snapshot(const struct look *l, uint64_t *ret)
{
	static const char mounts[] = "/proc/self/mountinfo";
	const char *top = l->opts->target ? l->opts->target : "/";
	_cleanup_look_file_ struct look_file text = { 0 };
	_cleanup_free_ char *path = NULL;
	struct mountinfo m;
	struct lines lines;
	struct bytes line;
	int code = look_file(l, mounts, &text);

	if (code < 0)
		return code;
	lines = lines_of(text.b);
	while (lines_next(&lines, &line))
		if (mountinfo_split(line, &m) && bytes_is(m.dir, top) &&
		    bytes_is(m.type, "btrfs") && bytes_set(&path, m.fsroot) < 0)
			return -ENOMEM;
	return snapshot_of(path, ret);
}

static bool has_text(struct bytes b, const char *text)
{
	return memmem(b.p, b.n, text, strlen(text)) != NULL;
}

/* Snapshots that are made in order to be started: by transactional-update(8), which marks those that are not
 * finished, and by `snapper rollback`. */
static int is_for_start(const struct look *l, uint64_t number)
{
	_cleanup_look_file_ struct look_file text = { 0 };
	char path[128];
	int code;

	(void)snprintf(path, sizeof(path), SNAPSHOTS "/%llu/info.xml", (unsigned long long)number);
	code = look_file(l, path, &text);
	if (code < 0)
		return code;
	if (has_text(text.b, "<key>transactional-update-in-progress</key>"))
		return 0;
	return has_text(text.b, "<description>Snapshot Update of #") ||
	       has_text(text.b, "<description>writable copy of #");
}

/* The newest of them, 0 for none that is newer than @running. */
static int newest_for_start(const struct look *l, struct report *r, uint64_t running, uint64_t *ret)
{
	_cleanup_names_ struct names names = { 0 };
	uint64_t newest = 0, number;
	int code = look_list(l, SNAPSHOTS, &names);

	if (code < 0)
		return code;
	for (size_t i = 0; i < names.n; i++) {
		if (parse_u64(names.v[i], &number) < 0 || number <= running || number <= newest)
			continue;
		code = is_for_start(l, number);
		if (seen(r, SNAPSHOTS, code) && code)
			newest = number;
	}
	*ret = newest;
	return 0;
}

/* GRUB's files lie in the snapshots, and it reads those of the default one; what lies below /boot of the running
 * system is as old as that. Entries that name their snapshot lie on the ESP, and are the same for both. */
enum preflight_status look_snapshot(const struct look *l, struct report *r)
{
	uint64_t running, newest, chosen;
	int code = running_snapshot(l, &running);

	if (code <= 0)
		return code < 0 ? unknown(r, "/proc/self/mountinfo", code) : PREFLIGHT_OK;
	evidencef(r, "/ is snapshot %llu", (unsigned long long)running);
	code = newest_for_start(l, r, running, &newest);
	if (code < 0)
		return unknown(r, SNAPSHOTS, code);
	if (newest == 0)
		return PREFLIGHT_OK;
	if (l->entry && snapshot_of(l->entry->cmdline, &chosen) && chosen >= newest)
		return PREFLIGHT_OK;
	evidencef(r, SNAPSHOTS "/%llu/info.xml: made to be started", (unsigned long long)newest);
	return found(r,
		     "Snapshot %llu has been made to be started next; a kernel of snapshot %llu, "
		     "which runs now, would meet the modules of the other one.",
		     (unsigned long long)newest, (unsigned long long)running);
}

/* ---- W11 */

/* systemd.offline-updates(7): the link, wherever it points, makes the next start install updates and restart the
 * machine. PackageKit, dnf and fwupd leave it; what they have prepared without it waits for nothing. */
enum preflight_status look_offline_updates(const struct look *l, struct report *r)
{
	static const char *const links[] = { "/system-update", "/etc/system-update" };

	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		_cleanup_free_ char *to = NULL;
		int code = look_link(l, links[i], &to);

		if (code == -EINVAL) /* there, and no link */
			evidencef(r, "%s is there", links[i]);
		else if (seen(r, links[i], code))
			evidencef(r, "%s: -> %s", links[i], to);
	}
	if (r->evidence.n == 0)
		return PREFLIGHT_OK;
	return found(r, "The next start installs updates that were prepared, and restarts the "
			"machine once more before its services are back.");
}

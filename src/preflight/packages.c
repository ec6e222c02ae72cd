// SPDX-License-Identifier: LGPL-2.1-or-later
/* Locks and temporary files of package managers: a kernel must not be loaded while it is being
 * installed. */
#include <errno.h>
#include <string.h>

#include "preflight/packages.h"

#include "preflight/package-locks.h"

enum { PACKAGES_SHOWN = 5 };

/* "Status: install ok half-configured" and its like, dpkg(1). */
static bool is_half_done(struct bytes status)
{
	struct bytes rest = bytes_trim(status), state = { 0 };

	while (rest.n)
		state = bytes_word(&rest);
	return bytes_starts(state, "half-") || bytes_starts(state, "triggers-");
}

static int look_dpkg_status(const struct look *l, struct report *r)
{
	static const char path[] = "/var/lib/dpkg/status";
	_cleanup_look_file_ struct look_file text = { 0 };
	struct bytes line, package = { 0 };
	struct lines lines;
	int n = 0, code = look_file(l, path, &text);

	if (code < 0)
		return code == -ENOENT ? 0 : code;
	lines = lines_of(text.b);
	while (lines_next(&lines, &line)) {
		if (bytes_starts(line, "Package:"))
			package = bytes_trim((struct bytes){ line.p + 8, line.n - 8 });
		if (!bytes_starts(line, "Status:") ||
		    !is_half_done((struct bytes){ line.p + 7, line.n - 7 }))
			continue;
		if (n++ < PACKAGES_SHOWN)
			evidencef(r, "%s: %.*s: %.*s", path, (int)package.n,
				  (const char *)package.p, (int)line.n, (const char *)line.p);
	}
	return n;
}

/* What dpkg and initramfs generators leave beside a file that they are writing. */
static bool has_new_beside(const struct look *l, const char *path, struct report *r)
{
	static const char *const suffixes[] = { ".new", ".dpkg-new" };
	bool there = false;

	for (size_t i = 0; path && i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		char full[512];

		int code = path_make(full, sizeof(full), "%s%s", path, suffixes[i])
				   ? exists_in(l->files, full)
				   : -ENAMETOOLONG;

		if (!seen(r, path, code) || code == 0)
			continue;
		evidencef(r, "%s is there", full);
		there = true;
	}
	return there;
}

static enum preflight_status look_left_overs(const struct look *l, struct report *r)
{
	_cleanup_names_ struct names updates = { 0 };
	bool some = false;
	int n;

	if (seen(r, "/var/lib/dpkg/updates", look_list(l, "/var/lib/dpkg/updates", &updates)) &&
	    updates.n) {
		evidencef(r, "/var/lib/dpkg/updates/%s", updates.v[0]);
		some = true;
	}
	if (l->entry) {
		some |= has_new_beside(l, l->entry->kernel, r);
		for (size_t i = 0; i < l->entry->n_initrds; i++)
			some |= has_new_beside(l, l->entry->initrds[i], r);
	}
	n = look_dpkg_status(l, r);
	if (n < 0)
		unseen(r, "/var/lib/dpkg/status", n);
	if (n <= 0 && !some)
		return PREFLIGHT_OK;
	r->severity = PREFLIGHT_WARN;
	return found(r, "An installation of packages was not finished.");
}

enum preflight_status look_packages(const struct look *l, struct report *r)
{
	if (package_locks_held(l, r))
		return found(
			r, "A package manager is at work; kernel and initrd may be half written.");
	return look_left_overs(l, r);
}

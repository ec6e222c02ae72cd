// SPDX-License-Identifier: LGPL-2.1-or-later
/* B4: does what the command line names still exist? A root that is gone means no boot; any other name
 * that is gone makes the initrd wait for it, minutes in the case of dracut. */
#include "preflight/devices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cmdline.h"
#include "preflight/device-names.h"
#include "preflight/resume-setting.h"
#include "preflight/root-elsewhere.h"
#include "preflight/waited-words.h"

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
	else if (presence == DEVICE_BY_SOME)
		evidencef(r, "%s%s: not every initrd knows such a name", where, name);
	if (presence < 0 || presence == DEVICE_ELSEWHERE || presence == DEVICE_BY_SOME) {
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
	if (presence == DEVICE_BY_SOME) {
		evidencef(r, "not every initrd knows such a name");
		return PREFLIGHT_UNKNOWN;
	}
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

static void look_words(const struct look *l, struct report *r, struct names_found *all)
{
	const char *line = l->entry->cmdline;
	struct cmdline_word word;

	while (cmdline_next(&line, &word)) {
		_cleanup_free_ char *value = word.value.n ? bytes_dup(word.value) : NULL;
		const struct waited_for *w = value ? waited_for(&word, l->entry->cmdline) : NULL;
		char where[64];

		if (w && path_make(where, sizeof(where), "%s=", w->key))
			count(all, r, w->presence(l, value), where, value);
	}
}

/* ---- resume= */

static void look_resume_setting(const struct look *l, struct report *r, struct names_found *all)
{
	struct resume_setting s = { .device = NULL };
	int code = resume_setting_read(l, r, &s);

	/* without a path or a tag it does not wait: scripts/local, local_device_setup() */
	if (code < 0)
		all->error = code;
	else if (s.device && (s.device[0] == '/' || strchr(s.device, '=')))
		count(all, r, swap_presence(l, s.device), s.where, s.device);
	resume_setting_done(&s);
}

static void look_resume(const struct look *l, struct report *r, struct names_found *all)
{
	_cleanup_free_ char *spec = NULL;

	if (has_word(l->entry->cmdline, "noresume"))
		return;
	if (cmdline_value(l->entry->cmdline, "resume=", &spec) >= 0)
		count(all, r, swap_presence(l, spec), "resume=", spec);
	else if (has_initrd(l) && !l->opts->target)
		look_resume_setting(l, r, all);
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

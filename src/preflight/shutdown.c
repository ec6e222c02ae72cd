// SPDX-License-Identifier: LGPL-2.1-or-later
/* Family G: the way down. Family H: what earlier reboots left behind. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/num.h"
#include "config/legacy.h"
#include "handover/logind.h"
#include "preflight/hooks.h"
#include "preflight/look.h"

enum { SESSIONS_SHOWN = 5 };

/* 1 for a regular file, 0 for a link or nothing. */
static int is_regular(const struct look *l, const char *path)
{
	_cleanup_close_ int fd = open_in(l->root, path, O_PATH | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode);
}

/* kexec in the directory of the running program: loading copies it into the exit initramfs. */
static bool has_our_kexec(const struct look *l)
{
	_cleanup_free_ char *path = NULL;

	return path_beside_self_in(l->root, "kexec", &path) == 0 && is_regular(l, path) == 1;
}

/* dracut's module 99shutdown copies a symbolic link kexec, but not its target. */
static enum preflight_status look_exit_initramfs(const struct look *l, struct report *r)
{
	/* files that show an exit initramfs: dracut's mark that one is wanted, and the first
	 * program of one that is unpacked already */
	static const char *const signs[] = { "/run/initramfs/.need_shutdown",
					     "/run/initramfs/shutdown" };
	static const char *const programs[] = { "/usr/sbin/kexec", "/usr/bin/kexec", "/sbin/kexec",
						"/bin/kexec" };
	int code;

	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		code = look_exists(l, signs[i]);
		if (code < 0)
			return unknown(r, signs[i], code);
		if (code > 0)
			evidencef(r, "%s is there", signs[i]);
	}
	if (r->evidence.n == 0)
		return PREFLIGHT_OK;
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		code = is_regular(l, programs[i]);
		if (code < 0)
			return unknown(r, programs[i], code);
		if (code)
			return PREFLIGHT_OK;
	}
	if (has_our_kexec(l))
		return PREFLIGHT_OK;
	evidencef(r, "no regular file %s", programs[0]);
	return found(r,
		     "The root is taken apart in an initramfs, which finds no kexec to jump with.");
}

static int look_inhibitor(const struct look *l, struct report *r, const char *path)
{
	_cleanup_free_ char *who = NULL, *why = NULL;
	_cleanup_look_file_ struct look_file text = { 0 };
	int code = look_file(l, path, &text);

	if (code >= 0)
		code = logind_inhibitor(text.b, &who, &why);
	if (code != LOGIND_BLOCKS)
		return code < 0 ? code : 0;
	evidencef(r, "%s: %s: %s", path, who, why);
	return 1;
}

/* 1 when one blocks, 0 when none does, or why that cannot be told. */
static int look_inhibitors(const struct look *l, struct report *r)
{
	static const char directory[] = "/run/systemd/inhibit";
	_cleanup_names_ struct names names = { 0 };
	int blocked = 0, code = look_list(l, directory, &names);

	if (code < 0)
		return code == -ENOENT ? 0 : code;
	for (size_t i = 0; i < names.n; i++) {
		char path[256];

		/* beside each ID lies a FIFO ID.ref */
		if (strchr(names.v[i], '.') ||
		    !path_make(path, sizeof(path), "%s/%s", directory, names.v[i]))
			continue;
		code = look_inhibitor(l, r, path);
		if (code < 0 && code != -ENOENT)
			return code;
		blocked |= code > 0;
	}
	return blocked;
}

/* shutdown(8) of sysvinit is a process that waits for the time, and refuses a second one. When it
 * is killed its file stays. */
static int look_waiting(const struct look *l, struct report *r)
{
	static const char file[] = "/run/shutdown.pid";
	_cleanup_free_ char *pid = NULL, *name = NULL;
	char path[64];
	uint64_t number;
	int code = look_line(l, file, &pid);

	if (code < 0)
		return code == -ENOENT ? 0 : code;
	/* what is no number shutdown(8) takes for no process either */
	if (parse_u64(pid, &number) < 0 || !path_make(path, sizeof(path), "/proc/%s/comm", pid))
		return 0;
	code = look_line(l, path, &name);
	if (code < 0)
		return code == -ENOENT ? 0 : code;
	if (strcmp(name, "shutdown") != 0)
		return 0;
	evidencef(r, "%s: process %s is shutdown", file, pid);
	return 1;
}

static enum preflight_status look_blocked(const struct look *l, struct report *r)
{
	static const char *const files[] = { "/run/systemd/shutdown/scheduled", "/run/nologin" };
	int blocked, waiting;

	if (l->opts->going_down)
		return PREFLIGHT_OK;
	blocked = look_inhibitors(l, r);
	if (blocked < 0)
		return unknown(r, "/run/systemd/inhibit", blocked);
	waiting = look_waiting(l, r);
	if (waiting < 0)
		return unknown(r, "/run/shutdown.pid", waiting);
	blocked |= waiting;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		int code = look_exists(l, files[i]);

		if (code < 0)
			return unknown(r, files[i], code);
		if (code > 0)
			evidencef(r, "%s is there", files[i]);
		blocked |= code;
	}
	if (!blocked)
		return PREFLIGHT_OK;
	return found(r, "Another shutdown is under way or scheduled, or somebody holds it off.");
}

/* Alpine's wiki recipe: a service that jumps whenever busybox init goes down. */
static enum preflight_status look_busybox_pair(const struct look *l, struct report *r)
{
	static const char service[] = "/etc/runlevels/shutdown/kexec-exec";
	_cleanup_free_ char *target = NULL, *exe = NULL;
	int code = look_link(l, service, &target);

	if (code < 0 && code != -EINVAL) /* -EINVAL: a file, not a link */
		return code == -ENOENT ? PREFLIGHT_OK : unknown(r, service, code);
	code = look_link(l, "/proc/1/exe", &exe);
	if (code < 0)
		return unknown(r, "/proc/1/exe", code);
	evidencef(r, "%s is there; /proc/1/exe: %s", service, exe);
	if (!strstr(exe, "busybox"))
		return PREFLIGHT_OK;
	return found(r, "With this init a service that jumps turns a poweroff into a reboot.");
}

/* Without logind utmp(5) would tell, where login programs keep it; it is not read here. */
static enum preflight_status look_without_logind(const struct look *l, struct report *r)
{
	static const char utmp[] = "/run/utmp";
	_cleanup_look_file_ struct look_file text = { 0 };

	if (!seen(r, utmp, look_file(l, utmp, &text)) || text.b.n == 0)
		return PREFLIGHT_OK;
	evidencef(r, "there is no logind to ask, and %s has records: who(1) shows them", utmp);
	return PREFLIGHT_UNKNOWN;
}

static enum preflight_status look_sessions(const struct look *l, struct report *r)
{
	static const char directory[] = "/run/systemd/sessions";
	_cleanup_names_ struct names names = { 0 };
	size_t n = 0;
	int code = look_list(l, directory, &names);

	if (code == -ENOENT)
		return look_without_logind(l, r);
	if (code < 0)
		return unknown(r, directory, code);
	for (size_t i = 0; i < names.n; i++) {
		_cleanup_free_ char *class = NULL, *user = NULL;
		_cleanup_look_file_ struct look_file text = { 0 };
		char path[256];

		/* one that has ended meanwhile is none */
		if (strchr(names.v[i], '.') ||
		    !path_make(path, sizeof(path), "%s/%s", directory, names.v[i]) ||
		    !seen(r, path, look_file(l, path, &text)))
			continue;
		/* written by an older logind, or by nobody that is known: it may be a person's */
		(void)!logind_value(text.b, "CLASS=", &class);
		(void)!logind_value(text.b, "USER=", &user);
		if (!logind_class_is_person(class))
			continue;
		if (n++ < SESSIONS_SHOWN)
			evidence(r, path, user ? user : "?");
	}
	if (n == 0)
		return PREFLIGHT_OK;
	return found(r, "%zu session%s of users would end.", n, n == 1 ? "" : "s");
}

static enum preflight_status look_flags(const struct look *l, struct report *r)
{
	static const char *const files[] = { LEGACY_FLAG_GENTOO, LEGACY_FLAG_DEBIAN };

	if (l->opts->config && !l->opts->config->import)
		return PREFLIGHT_OK;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		int code = look_exists(l, files[i]);

		if (code < 0)
			return unknown(r, files[i], code);
		if (code > 0)
			evidencef(r, "%s is there", files[i]);
	}
	if (r->evidence.n == 0)
		return PREFLIGHT_OK;
	return found(r, "One reboot through the firmware was asked for.");
}

static enum preflight_status look_unconfirmed(const struct look *l, struct report *r)
{
	if (l->opts->record_error) {
		evidencef(r, "%s", l->opts->record_error);
		return PREFLIGHT_UNKNOWN;
	}
	if (!l->opts->unconfirmed)
		return PREFLIGHT_OK;
	evidencef(r, "%s", l->opts->unconfirmed);
	if (l->opts->not_judged) {
		r->remedy = "Wait for what judges this boot, say that it is good (`rapidreboot "
			    "confirm`), or go back through the firmware (`rapidreboot cold`).";
		return found(r, "The boot that the last fast reboot led to is not confirmed yet "
				"(CONFIRM_AFTER).");
	}
	return found(r, "The last fast reboot was never confirmed by the system that it started.");
}

/* The kernel itself writes this word to the variable before each jump
 * (CONFIG_EFI_BOOTLOADER_CONTROL). */
#define KERNELS_OWN "kexec reboot"
static const char one_shot[] = "LoaderEntryOneShot-" EFI_LOADER;

static int one_shot_value(const struct look *l, char **ret)
{
	_cleanup_look_file_ struct look_file text = { 0 };
	int code = look_efi(l, one_shot, &text);

	return code < 0 ? code : efi_ascii(text.b, ret);
}

static enum preflight_status look_one_shot(const struct look *l, struct report *r)
{
	_cleanup_free_ char *value = NULL;
	int code = one_shot_value(l, &value);

	if (code < 0 && code != -ENOENT)
		return unknown(r, one_shot, code);
	if (value && strcmp(value, KERNELS_OWN) != 0)
		evidence(r, one_shot, value);
	for (size_t i = 0; grubenv_files[i]; i++) {
		_cleanup_free_ char *entry = NULL;

		code = look_grubenv(l, grubenv_files[i], "next_entry=", &entry);
		if (code < 0 && code != -ENOENT)
			return unknown(r, grubenv_files[i], code);
		if (entry)
			evidencef(r, "%s: next_entry=%s", grubenv_files[i], entry);
	}
	if (r->evidence.n == 0)
		return PREFLIGHT_OK;
	return found(
		r,
		"The entry for one boot is not used up by a fast reboot, and counts again at the "
		"next start through the firmware.");
}

static enum preflight_status look_kernels_word(const struct look *l, struct report *r)
{
	_cleanup_free_ char *value = NULL;
	int code = one_shot_value(l, &value);

	if (code < 0)
		return code == -ENOENT ? PREFLIGHT_OK : unknown(r, one_shot, code);
	if (strcmp(value, KERNELS_OWN) != 0)
		return PREFLIGHT_OK;
	evidence(r, one_shot, value);
	return found(
		r,
		"The kernel itself has noted a fast reboot where boot loaders look for an entry.");
}

static enum preflight_status look_crash_loaded(const struct look *l, struct report *r)
{
	const char *path;
	int loaded = look_kexec(l, "crash_loaded", &path);

	if (loaded < 0)
		return loaded == -ENOENT ? PREFLIGHT_OK : unknown(r, path, loaded);
	evidence(r, path, loaded ? "1" : "0");
	if (!loaded)
		return PREFLIGHT_OK;
	return found(r,
		     "The crash kernel goes with this kernel; its service has to load it again.");
}

const struct check shutdown_checks[] = {
	{ "G1", PREFLIGHT_WARN, true, "exit initramfs",
	  "Install kexec as a regular file that needs only libc.", look_exit_initramfs },
	{ "G2", PREFLIGHT_REFUSE, true, "nothing holds the shutdown off",
	  "Wait, or ask whoever holds it off (`systemd-inhibit --list`).", look_blocked,
	  .every_reboot = true },
	{ "G3", PREFLIGHT_WARN, true, "poweroff stays a poweroff",
	  "Remove the services kexec-load and kexec-exec from their runlevels.",
	  look_busybox_pair },
	{ "G6", PREFLIGHT_NOTE, true, "sessions of users", NULL, look_sessions },
	{ "G7", PREFLIGHT_COLD, true, "flags for one cold reboot",
	  "Reboot through the firmware (`rapidreboot cold`), or remove the file.", look_flags },
	{ "G8", PREFLIGHT_REFUSE, true, "scripts that init runs",
	  "Register our scripts with the init system.", look_init_hooks },
	{ "H1", PREFLIGHT_REFUSE, true, "last attempt confirmed",
	  "Find out what happened, then `rapidreboot clear`, or choose another kernel.",
	  look_unconfirmed },
	{ "H4", PREFLIGHT_WARN, true, "entry for one boot", "Take it back in the boot loader.",
	  look_one_shot },
	{ "H5", PREFLIGHT_NOTE, true, "the kernel's own note", NULL, look_kernels_word },
	{ "H6", PREFLIGHT_NOTE, true, "crash kernel", "Look after the service that loads it.",
	  look_crash_loaded },
	{ NULL },
};

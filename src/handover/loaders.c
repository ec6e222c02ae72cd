// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finds units and scripts of other packages that load a kernel. systemd.special(7) has the targets
 * of the way down, systemd.unit(5) the directories of units and drop-ins. A unit counts when a line
 * of its [Service] section runs kexec, a script when a line of it does, unless it is about the crash
 * kernel. */
#include "handover/loaders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dir.h"
#include "base/file.h"
#include "base/io.h"
#include "base/lines.h"

enum { UNIT_MAX = 1 << 20, PATH_N = 512 };

static const char *const unit_dirs[] = {
	"/etc/systemd/system",	       "/run/systemd/system",		"/run/systemd/generator",
	"/run/systemd/generator.late", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
	"/lib/systemd/system"
};
enum { N_UNIT_DIRS = sizeof(unit_dirs) / sizeof(*unit_dirs) };

static bool is_ours(const char *name)
{
	return strncmp(name, "rapidreboot", strlen("rapidreboot")) == 0;
}

static void note(struct loaders *found, const char *path)
{
	if (found->found.n)
		strbuf_add(&found->found, "; ");
	strbuf_add(&found->found, path);
}

/* "/sbin/kexec -l", "kexec -a", "systemctl --force kexec", "/etc/init.d/kexec-load": a word or a path with
 * that name; no other one that contains it. */
static bool names_kexec(struct bytes line)
{
	static const char name[] = "kexec";
	const size_t n = strlen(name);

	for (size_t i = 0; i + n <= line.n; i++) {
		const bool begins = i == 0 || strchr(" \t=/@+!:;\"'(", line.p[i - 1]),
			   ends = i + n == line.n || strchr(" \t;\"')-.", line.p[i + n]);

		if (begins && ends && memcmp(line.p + i, name, n) == 0)
			return true;
	}
	return false;
}

/* kexec(8): "-p" and "--load-panic" are about the crash kernel, unless something else is loaded or
 * started in the same line. */
static bool is_about_crash_kernel(struct bytes line)
{
	struct bytes rest = line;
	bool is_panic = false;

	while (rest.n) {
		struct bytes word = bytes_word(&rest);
		const bool is_short = word.n > 1 && word.p[0] == '-' && word.p[1] != '-';

		if (bytes_starts(word, "--load-panic") || (is_short && memchr(word.p, 'p', word.n)))
			is_panic = true;
		else if (bytes_starts(word, "--load") || bytes_starts(word, "--exec") ||
			 (is_short && (memchr(word.p, 'l', word.n) || memchr(word.p, 'e', word.n))))
			return false;
	}
	return is_panic;
}

/* Does a line KEY… of @path run kexec? With "" each line counts that is no comment. */
static bool runs_kexec(int root, const char *path, const char *key)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct lines lines;
	struct bytes line;
	bool counts = false;
	size_t n;

	if (read_file_in(root, path, UNIT_MAX, &text, &n) < 0)
		return false;
	lines = lines_of((struct bytes){ text, n });
	while (lines_next(&lines, &line)) {
		line = bytes_trim(line);
		counts |= bytes_starts(line, key) && !bytes_starts(line, "#");
		if (counts && names_kexec(line) && !is_about_crash_kernel(line) &&
		    !memmem(line.p, line.n, "rapidreboot", strlen("rapidreboot")))
			return true;
		counts &= line.n && line.p[line.n - 1] == '\\'; /* goes on in the next line */
	}
	return false;
}

/* systemctl(1), mask: a link to /dev/null */
static bool is_masked(int root, const char *path)
{
	_cleanup_free_ char *target = NULL;

	return link_read_in(root, path, &target) == 0 && strcmp(target, "/dev/null") == 0;
}

/* A program of a line KEY… that is a script: does a line of the script run kexec? */
static bool script_runs_kexec(int root, struct bytes line)
{
	const uint8_t *equals = memchr(line.p, '=', line.n);
	_cleanup_free_ char *program = NULL;
	struct bytes rest;

	if (!equals)
		return false;
	rest = (struct bytes){ equals + 1, (size_t)(line.p + line.n - equals - 1) };
	/* systemd.service(5): characters in front of a program that change how it is run */
	while (rest.n && strchr("@-:+! ", rest.p[0]))
		rest = (struct bytes){ rest.p + 1, rest.n - 1 };
	program = bytes_dup(bytes_word(&rest));
	return program && program[0] == '/' && runs_kexec(root, program, "");
}

static bool unit_file_runs_kexec(int root, const char *path, const char *key)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct lines lines;
	struct bytes line;
	size_t n;

	if (runs_kexec(root, path, key))
		return true;
	if (read_file_in(root, path, UNIT_MAX, &text, &n) < 0)
		return false;
	lines = lines_of((struct bytes){ text, n });
	while (lines_next(&lines, &line))
		if (bytes_starts(bytes_trim(line), key) && script_runs_kexec(root, line))
			return true;
	return false;
}

/* 1 when the unit of this name runs kexec, 0 when it does not or is masked, -1 when there is none. The
 * first of the directories decides. */
static int named_unit_runs_kexec(int root, const char *name, const char *key)
{
	char path[PATH_N];

	for (size_t i = 0; i < N_UNIT_DIRS; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", unit_dirs[i], name) >= PATH_N)
			continue;
		if (is_masked(root, path))
			return 0;
		if (is_there_in(root, path))
			return unit_file_runs_kexec(root, path, key);
	}
	return -1;
}

/* In a folder .wants only the name of a link counts, wherever it leads; a link to a template is the only
 * one that has no file of its name. */
static bool unit_runs_kexec(int root, const char *link, const char *name, const char *key)
{
	const int named = named_unit_runs_kexec(root, name, key);

	return named >= 0 ? named : unit_file_runs_kexec(root, link, key);
}

/* Units that are in a folder .wants or .requires. When a unit cannot be read, its name decides. */
static void look_at_folder(int root, const char *folder, const char *key, struct loaders *found)
{
	_cleanup_names_ struct names names = { 0 };
	char path[PATH_N];

	if (list_in(root, folder, &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		if (is_ours(names.v[i]) ||
		    snprintf(path, sizeof(path), "%s/%s", folder, names.v[i]) >= PATH_N)
			continue;
		if (!unit_runs_kexec(root, path, names.v[i], key) &&
		    (is_there_in(root, path) || !strstr(names.v[i], "kexec-load")))
			continue;
		note(found, path);
		found->n_loaders++;
	}
}

static void look_at_target(int root, const char *unit_dir, const char *unit, struct loaders *found)
{
	static const char *const kinds[] = { "wants", "requires" };
	char folder[PATH_N];

	for (size_t i = 0; i < 2; i++)
		if (snprintf(folder, sizeof(folder), "%s/%s.%s", unit_dir, unit, kinds[i]) < PATH_N)
			look_at_folder(root, folder, "Exec", found);
}

/* Units that are started at boot and do their work when they are stopped. */
static void look_at_stops(int root, const char *unit_dir, struct loaders *found)
{
	static const char *const targets[] = { "multi-user.target", "graphical.target",
					       "basic.target", "sysinit.target", "default.target" };
	char folder[PATH_N];

	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++)
		if (snprintf(folder, sizeof(folder), "%s/%s.wants", unit_dir, targets[i]) < PATH_N)
			look_at_folder(root, folder, "ExecStop", found);
}

/* Is it a link to the unit by which systemd itself starts a loaded kernel? */
static bool is_alias_of_kexec(int root, const char *path)
{
	_cleanup_free_ char *target = NULL;

	return link_read_in(root, path, &target) == 0 &&
	       (ends_with(target, "/kexec.target") || ends_with(target, "/systemd-kexec.service") ||
		strcmp(target, "kexec.target") == 0 ||
		strcmp(target, "systemd-kexec.service") == 0);
}

/* systemd.unit(5): since systemd 253 systemd-reboot.service has no program, but SuccessAction=. */
static bool ends_in_kexec(int root, const char *path)
{
	return is_alias_of_kexec(root, path) || unit_file_runs_kexec(root, path, "Exec") ||
	       runs_kexec(root, path, "SuccessAction=");
}

/* Lines such as "Wants=a.service b.service" of a drop-in. */
static void look_at_pulled(int root, const char *path, struct loaders *found)
{
	static const char *const keys[] = { "Wants=", "Requires=", "BindsTo=", "Upholds=" };
	_cleanup_free_ uint8_t *text = NULL;
	struct lines lines;
	struct bytes line;
	size_t n;

	if (read_file_in(root, path, UNIT_MAX, &text, &n) < 0)
		return;
	lines = lines_of((struct bytes){ text, n });
	while (lines_next_said(&lines, &line))
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
			struct bytes rest = line;

			if (!bytes_starts(line, keys[i]))
				continue;
			rest.p += strlen(keys[i]);
			rest.n -= strlen(keys[i]);
			while (rest.n) {
				_cleanup_free_ char *name = bytes_dup(bytes_word(&rest));

				if (!name || is_ours(name) ||
				    named_unit_runs_kexec(root, name, "Exec") != 1)
					continue;
				note(found, path);
				found->n_loaders++;
			}
		}
}

/* The unit itself, in place of systemd's, or a file of its folder .d. */
static void look_at_override(int root, const char *unit_dir, const char *unit,
			     struct loaders *found)
{
	_cleanup_names_ struct names names = { 0 };
	char path[PATH_N];
	bool is_kexec;

	(void)snprintf(path, sizeof(path), "%s/%s", unit_dir, unit);
	is_kexec = ends_in_kexec(root, path);
	if (is_kexec)
		note(found, path);
	found->reboot_is_kexec |= is_kexec;
	(void)snprintf(path, sizeof(path), "%s/%s.d", unit_dir, unit);
	if (list_in(root, path, &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		if (snprintf(path, sizeof(path), "%s/%s.d/%s", unit_dir, unit, names.v[i]) >=
			    PATH_N ||
		    is_ours(names.v[i]))
			continue;
		look_at_pulled(root, path, found);
		if (!ends_in_kexec(root, path))
			continue;
		note(found, path);
		found->reboot_is_kexec = true;
	}
}

/* kexec-load and kexec of Debian's, Gentoo's and Alpine's kexec-tools, whatever is in them */
static bool is_kexec_tools(const char *name)
{
	return strstr(name, "kexec-load") || strcmp(name, "kexec") == 0;
}

/* Scripts of a folder that init runs on the way down. */
static void look_at_script_folder(int root, const char *folder, const char *suffix,
				  struct loaders *found)
{
	_cleanup_names_ struct names names = { 0 };
	char path[PATH_N];

	if (list_in(root, folder, &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		if (strstr(names.v[i], "rapidreboot") || !ends_with(names.v[i], suffix) ||
		    snprintf(path, sizeof(path), "%s/%s", folder, names.v[i]) >= PATH_N ||
		    (!is_kexec_tools(names.v[i]) && !runs_kexec(root, path, "")))
			continue;
		note(found, path);
		found->n_loaders++;
	}
}

/* sysvinit and OpenRC; systemd-shutdown(8); local.d of OpenRC; Void's runit; scripts of the administrator
 * of Void, Slackware, Red Hat and SUSE */
static void look_at_scripts(int root, struct loaders *found)
{
	static const char *const folders[][2] = {
		{ "/etc/rc6.d", "" },
		{ "/etc/rc.d/rc6.d", "" },
		{ "/etc/runlevels/default", "kexec" },
		{ "/etc/runlevels/boot", "kexec" },
		{ "/etc/runlevels/default", "kexec-load" },
		{ "/etc/runlevels/boot", "kexec-load" },
		{ "/etc/runlevels/shutdown", "" },
		{ "/usr/lib/systemd/system-shutdown", "" },
		{ "/etc/local.d", ".stop" },
		{ "/etc/runit/shutdown.d", ".sh" },
	};
	static const char *const files[] = { "/etc/rc.shutdown", "/etc/rc.d/rc.local_shutdown",
					     "/etc/rc.local_shutdown", "/etc/init.d/halt.local" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		look_at_script_folder(root, folders[i][0], folders[i][1], found);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		if (!runs_kexec(root, files[i], ""))
			continue;
		note(found, files[i]);
		found->n_loaders++;
	}
}

void loaders_find(int root, struct loaders *ret)
{
	static const char *const targets[] = { "kexec.target", "reboot.target", "shutdown.target",
					       "umount.target", "final.target" },
				 *const ends[] = { "systemd-reboot.service", "reboot.target" };

	*ret = (struct loaders){ .n_loaders = 0 };
	for (size_t i = 0; i < N_UNIT_DIRS; i++) {
		if (i + 1 == N_UNIT_DIRS && is_there_in(root, unit_dirs[i - 1]))
			break; /* /lib is a link to /usr/lib, which was read already */
		for (size_t t = 0; t < sizeof(targets) / sizeof(*targets); t++)
			look_at_target(root, unit_dirs[i], targets[t], ret);
		for (size_t e = 0; e < sizeof(ends) / sizeof(*ends); e++)
			look_at_override(root, unit_dirs[i], ends[e], ret);
		look_at_stops(root, unit_dirs[i], ret);
	}
	look_at_scripts(root, ret);
}

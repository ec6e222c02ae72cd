// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finds units and scripts of other packages that load a kernel. systemd.special(7) has the targets
 * of the way down, systemd.unit(5) the directories of units and drop-ins. A unit counts when a line
 * of its [Service] section runs kexec, a script when a line of it does, unless it is about the crash
 * kernel. What is there and cannot be read is noted: nobody knows what it does. */
#include "handover/loaders.h"

#include <errno.h>
#include <fcntl.h>
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

/* What systemd starts on the way to a reboot: bootup(7), "System Manager Shutdown". */
static const char *const down[] = { "kexec.target",	    "reboot.target",
				    "shutdown.target",	    "umount.target",
				    "final.target",	    "systemd-reboot.service",
				    "systemd-kexec.service" };
enum { N_DOWN = sizeof(down) / sizeof(*down) };

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

/* Is @code, of reading @path, success? Without such a file there is nothing to know. */
static bool was_read(struct loaders *found, const char *path, int code)
{
	if (code < 0 && code != -ENOENT)
		strbuf_addf(&found->unread, "%s%s: %s", found->unread.n ? "; " : "", path,
			    open_strerror(code));
	return code >= 0;
}

/* Names in a folder, in @ret; false when there are none to look at. */
static bool lists(int root, const char *folder, struct loaders *found, struct names *ret)
{
	return was_read(found, folder, list_in(root, folder, ret));
}

/* A file as lines; its memory in @ret_text. */
static bool reads(int root, const char *path, struct loaders *found, uint8_t **ret_text,
		  struct lines *ret)
{
	size_t n;

	if (!was_read(found, path, read_file_in(root, path, UNIT_MAX, ret_text, &n)))
		return false;
	*ret = lines_of((struct bytes){ *ret_text, n });
	return true;
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
static bool runs_kexec(int root, const char *path, const char *key, struct loaders *found)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct lines lines;
	struct bytes line;
	bool counts = false;

	if (!reads(root, path, found, &text, &lines))
		return false;
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

/* A script begins so: execve(2). Programs of other kinds are not looked into. */
static bool is_script(int root, const char *path, struct loaders *found)
{
	_cleanup_close_ int fd = open_in(root, path, O_RDONLY);
	char start[2];

	return was_read(found, path, fd < 0 ? fd : 0) &&
	       read_at(fd, start, sizeof(start), 0) == (ssize_t)sizeof(start) &&
	       memcmp(start, "#!", sizeof(start)) == 0;
}

/* "sh", "/usr/bin/bash": its first operand may be a script */
static bool is_shell(const char *program)
{
	static const char *const shells[] = { "sh", "bash", "dash", "ash", "ksh", "zsh" };
	const char *slash = strrchr(program, '/');

	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++)
		if (strcmp(slash ? slash + 1 : program, shells[i]) == 0)
			return true;
	return false;
}

/* A program of a line KEY… that is a script, or one that a shell is given: does a line of it run kexec? */
static bool script_runs_kexec(int root, struct bytes line, struct loaders *found)
{
	const uint8_t *equals = memchr(line.p, '=', line.n);
	_cleanup_free_ char *program = NULL;
	bool is_given = false;
	struct bytes rest;

	if (!equals)
		return false;
	rest = (struct bytes){ equals + 1, (size_t)(line.p + line.n - equals - 1) };
	/* systemd.service(5): characters in front of a program that change how it is run */
	while (rest.n && strchr("@-:+!| ", rest.p[0]))
		rest = (struct bytes){ rest.p + 1, rest.n - 1 };
	program = bytes_dup(bytes_word(&rest));
	while (program && rest.n && (is_given ? program[0] == '-' : is_shell(program))) {
		is_given = true;
		free(program);
		program = bytes_dup(bytes_word(&rest));
	}
	return program && program[0] == '/' && (is_given || is_script(root, program, found)) &&
	       runs_kexec(root, program, "", found);
}

static bool unit_file_runs_kexec(int root, const char *path, const char *key, struct loaders *found)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct lines lines;
	struct bytes line;

	if (runs_kexec(root, path, key, found))
		return true;
	if (!reads(root, path, found, &text, &lines))
		return false;
	while (lines_next(&lines, &line)) {
		line = bytes_trim(line);
		if (bytes_starts(line, key) && script_runs_kexec(root, line, found))
			return true;
	}
	return false;
}

/* systemd.unit(5): files NAME.d/\*.conf, of whichever of the directories, change the unit. */
static bool drop_ins_run_kexec(int root, const char *name, const char *key, struct loaders *found)
{
	char folder[PATH_N], path[PATH_N];

	for (size_t i = 0; i < N_UNIT_DIRS; i++) {
		_cleanup_names_ struct names names = { 0 };

		if (snprintf(folder, sizeof(folder), "%s/%s.d", unit_dirs[i], name) >= PATH_N ||
		    !lists(root, folder, found, &names))
			continue;
		for (size_t k = 0; k < names.n; k++)
			if (!is_ours(names.v[k]) &&
			    snprintf(path, sizeof(path), "%s/%s", folder, names.v[k]) < PATH_N &&
			    unit_file_runs_kexec(root, path, key, found))
				return true;
	}
	return false;
}

/* 1 when the unit of this name runs kexec, 0 when it does not or is masked, -1 when there is none. The
 * first of the directories decides. */
static int named_unit_runs_kexec(int root, const char *name, const char *key, struct loaders *found)
{
	char path[PATH_N];

	for (size_t i = 0; i < N_UNIT_DIRS; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", unit_dirs[i], name) >= PATH_N)
			continue;
		if (is_masked(root, path))
			return 0;
		if (is_there_in(root, path))
			return unit_file_runs_kexec(root, path, key, found) ||
			       drop_ins_run_kexec(root, name, key, found);
	}
	return -1;
}

/* In a folder .wants only the name of a link counts, wherever it leads; a link to a template is the only
 * one that has no file of its name. */
static bool unit_runs_kexec(int root, const char *link, const char *name, const char *key,
			    struct loaders *found)
{
	const int named = named_unit_runs_kexec(root, name, key, found);

	if (named >= 0)
		return named;
	return unit_file_runs_kexec(root, link, key, found) ||
	       drop_ins_run_kexec(root, name, key, found);
}

/* Units that are in a folder .wants or .requires. When a unit cannot be read, its name decides. */
static void look_at_folder(int root, const char *folder, const char *key, struct loaders *found)
{
	_cleanup_names_ struct names names = { 0 };
	char path[PATH_N];

	if (!lists(root, folder, found, &names))
		return;
	for (size_t i = 0; i < names.n; i++) {
		if (is_ours(names.v[i]) ||
		    snprintf(path, sizeof(path), "%s/%s", folder, names.v[i]) >= PATH_N)
			continue;
		if (!unit_runs_kexec(root, path, names.v[i], key, found) &&
		    (is_there_in(root, path) || !strstr(names.v[i], "kexec-load")))
			continue;
		note(found, path);
		found->n_loaders++;
	}
}

static void look_at_target(int root, const char *unit_dir, const char *unit, struct loaders *found)
{
	static const char *const kinds[] = { "wants", "requires", "upholds" };
	char folder[PATH_N];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (snprintf(folder, sizeof(folder), "%s/%s.%s", unit_dir, unit, kinds[i]) < PATH_N)
			look_at_folder(root, folder, "Exec", found);
}

static bool is_on_the_way_down(const char *folder)
{
	for (size_t i = 0; i < N_DOWN; i++)
		if (strncmp(folder, down[i], strlen(down[i])) == 0 &&
		    folder[strlen(down[i])] == '.')
			return true;
	return strncmp(folder, "poweroff.target.", 16) == 0 ||
	       strncmp(folder, "halt.target.", 12) == 0;
}

/* Units that are started at boot, by whatever, and do their work when they are stopped. */
static void look_at_stops(int root, const char *unit_dir, struct loaders *found)
{
	_cleanup_names_ struct names names = { 0 };
	char folder[PATH_N];

	if (!lists(root, unit_dir, found, &names))
		return;
	for (size_t i = 0; i < names.n; i++)
		if ((ends_with(names.v[i], ".wants") || ends_with(names.v[i], ".requires")) &&
		    !is_on_the_way_down(names.v[i]) &&
		    snprintf(folder, sizeof(folder), "%s/%s", unit_dir, names.v[i]) < PATH_N)
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
static bool ends_in_kexec(int root, const char *path, struct loaders *found)
{
	return is_alias_of_kexec(root, path) || unit_file_runs_kexec(root, path, "Exec", found) ||
	       runs_kexec(root, path, "SuccessAction=", found);
}

/* Lines such as "Wants=a.service b.service" of a drop-in. */
static void look_at_pulled(int root, const char *path, struct loaders *found)
{
	static const char *const keys[] = { "Wants=", "Requires=", "BindsTo=", "Upholds=" };
	_cleanup_free_ uint8_t *text = NULL;
	struct lines lines;
	struct bytes line;

	if (!reads(root, path, found, &text, &lines))
		return;
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
				    named_unit_runs_kexec(root, name, "Exec", found) != 1)
					continue;
				note(found, path);
				found->n_loaders++;
			}
		}
}

/* Is it what an ordinary reboot ends with? */
static bool is_end(const char *unit)
{
	return strcmp(unit, "systemd-reboot.service") == 0 || strcmp(unit, "reboot.target") == 0;
}

/* A unit of the way down itself, in place of systemd's, or a file of its folder .d. */
static void look_at_file(int root, const char *unit, const char *path, struct loaders *found)
{
	look_at_pulled(root, path, found);
	if (!is_end(unit) || !ends_in_kexec(root, path, found))
		return;
	note(found, path);
	found->reboot_is_kexec = true;
}

static void look_at_override(int root, const char *unit_dir, const char *unit,
			     struct loaders *found)
{
	_cleanup_names_ struct names names = { 0 };
	char path[PATH_N];

	(void)snprintf(path, sizeof(path), "%s/%s", unit_dir, unit);
	if (!is_masked(root, path))
		look_at_file(root, unit, path, found);
	(void)snprintf(path, sizeof(path), "%s/%s.d", unit_dir, unit);
	if (!lists(root, path, found, &names))
		return;
	for (size_t i = 0; i < names.n; i++)
		if (snprintf(path, sizeof(path), "%s/%s.d/%s", unit_dir, unit, names.v[i]) <
			    PATH_N &&
		    !is_ours(names.v[i]))
			look_at_file(root, unit, path, found);
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

	if (!lists(root, folder, found, &names))
		return;
	for (size_t i = 0; i < names.n; i++) {
		if (strstr(names.v[i], "rapidreboot") || !ends_with(names.v[i], suffix) ||
		    snprintf(path, sizeof(path), "%s/%s", folder, names.v[i]) >= PATH_N ||
		    (!is_kexec_tools(names.v[i]) && !runs_kexec(root, path, "", found)))
			continue;
		note(found, path);
		found->n_loaders++;
	}
}

/* sysvinit and OpenRC; systemd-shutdown(8); local.d of OpenRC; Void's and Debian's runit; finit's hooks;
 * scripts of the administrator of Void, Slackware, Red Hat and SUSE; dinit(8), shutdown(8); s6-linux-init;
 * inittab(5) of sysvinit and BusyBox */
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
		{ "/etc/runlevels/reboot", "" },
		{ "/etc/runlevels/off", "" },
		{ "/usr/lib/systemd/system-shutdown", "" },
		{ "/etc/local.d", ".stop" },
		{ "/etc/runit/shutdown.d", ".sh" },
		{ "/etc/runit/shutdown-run", ".sh" },
		{ "/usr/libexec/finit/hook/sys/shutdown", "" },
		{ "/usr/libexec/finit/hook/sys/down", "" },
	};
	static const char *const files[] = {
		"/etc/rc.shutdown",
		"/etc/rc.d/rc.local_shutdown",
		"/etc/rc.local_shutdown",
		"/etc/rc.d/rc.6",
		"/etc/init.d/halt.local",
		"/etc/runit/3",
		"/etc/dinit/shutdown-hook",
		"/usr/lib/dinit/shutdown-hook",
		"/lib/dinit/shutdown-hook",
		"/etc/s6-linux-init/current/scripts/rc.shutdown",
		"/etc/s6-linux-init/current/scripts/rc.shutdown.final",
		"/etc/inittab",
	};

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		look_at_script_folder(root, folders[i][0], folders[i][1], found);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		if (!runs_kexec(root, files[i], "", found))
			continue;
		note(found, files[i]);
		found->n_loaders++;
	}
}

void loaders_done(struct loaders *loaders)
{
	strbuf_done(&loaders->found);
	strbuf_done(&loaders->unread);
}

void loaders_find(int root, struct loaders *ret)
{
	*ret = (struct loaders){ .n_loaders = 0 };
	for (size_t i = 0; i < N_UNIT_DIRS; i++) {
		if (i + 1 == N_UNIT_DIRS && is_there_in(root, unit_dirs[i - 1]))
			break; /* /lib is a link to /usr/lib, which was read already */
		for (size_t d = 0; d < N_DOWN; d++) {
			look_at_target(root, unit_dirs[i], down[d], ret);
			look_at_override(root, unit_dirs[i], down[d], ret);
		}
		look_at_stops(root, unit_dirs[i], ret);
	}
	look_at_scripts(root, ret);
}

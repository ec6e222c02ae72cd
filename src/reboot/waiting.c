// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/waiting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/io.h"
#include "base/lines.h"
#include "handover/init.h"
#include "preflight/preflight.h"
#include "record/firmware-waits.h"

#define NEEDRESTART "needrestart"

enum { PACKAGES_FILE_MAX = 64 * 1024, PACKAGES_MAX = 200 };

const char *waiting_kind_name(enum waiting_kind kind)
{
	static const char *const names[] = {
		[WAITING_NOT] = "nothing",	   [WAITING_KERNEL] = "kernel",
		[WAITING_SERVICES] = "services",   [WAITING_FIRMWARE] = "firmware",
		[WAITING_SOMETHING] = "something", [WAITING_NOT_DEFAULT] = "not-default",
	};

	return names[kind];
}

/* ---- packages: the one that needs the deepest reboot counts */

/* Microcode and firmware files are read by the next kernel, from its initial ramdisk. */
static const struct {
	const char *prefix;
	enum waiting_kind kind;
} prefixes[] = {
	{ "linux-", WAITING_KERNEL },	       { "kernel", WAITING_KERNEL },
	{ "intel-microcode", WAITING_KERNEL }, { "amd64-microcode", WAITING_KERNEL },
	{ "microcode_ctl", WAITING_KERNEL },   { "ucode-", WAITING_KERNEL },
	{ "firmware-", WAITING_KERNEL },       { "libc6", WAITING_SERVICES },
	{ "glibc", WAITING_SERVICES },	       { "dbus", WAITING_SERVICES },
	{ "systemd", WAITING_SERVICES },       { "libssl", WAITING_SERVICES },
	{ "openssl", WAITING_SERVICES },
};

static enum waiting_kind kind_of_package(const char *name)
{
	if (is_firmware_package((struct bytes){ (const uint8_t *)name, strlen(name) }))
		return WAITING_FIRMWARE;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(name, prefixes[i].prefix, strlen(prefixes[i].prefix)) == 0)
			return prefixes[i].kind;
	return WAITING_SOMETHING;
}

static enum waiting_kind graver(enum waiting_kind a, enum waiting_kind b)
{
	static const unsigned gravity[] = {
		[WAITING_NOT] = 0,    [WAITING_SOMETHING] = 1, [WAITING_SERVICES] = 2,
		[WAITING_KERNEL] = 3, [WAITING_FIRMWARE] = 4,  [WAITING_NOT_DEFAULT] = 0,
	};

	return gravity[a] >= gravity[b] ? a : b;
}

static bool has_package(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->v[i], name) == 0)
			return true;
	return false;
}

/* The file names a package once for each upgrade of it. */
static void read_packages(int root, const char *path, struct waiting *w)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct lines lines;
	struct bytes line;
	size_t n;

	w->packages.v = calloc(PACKAGES_MAX, sizeof(*w->packages.v));
	if (!w->packages.v || read_file_in(root, path, PACKAGES_FILE_MAX, &text, &n) < 0)
		return;
	lines = lines_of((struct bytes){ text, n });
	while (w->packages.n < PACKAGES_MAX && lines_next(&lines, &line)) {
		_cleanup_free_ char *name = bytes_dup(bytes_trim(line));

		if (!name || !*name || has_package(&w->packages, name))
			continue;
		w->kind = graver(w->kind, kind_of_package(name));
		w->packages.v[w->packages.n++] = TAKE_PTR(name);
	}
}

/* Debian Policy 9.12 */
static bool by_debian(int root, struct waiting *w)
{
	static const char *const files[] = { "/run/reboot-required", "/var/run/reboot-required" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char packages[64];

		if (!is_there_in(root, files[i]))
			continue;
		w->kind = WAITING_SOMETHING;
		(void)snprintf(w->source, sizeof(w->source), "%s", files[i]);
		(void)snprintf(packages, sizeof(packages), "%s.pkgs", files[i]);
		read_packages(root, packages, w);
		return true;
	}
	return false;
}

/* zypp-boot-plugin(8): one word, and "reboot" means the firmware. */
static bool by_suse(int root, struct waiting *w)
{
	static const char file[] = "/run/reboot-needed";
	_cleanup_free_ char *word = NULL;

	if (!is_there_in(root, file))
		return false;
	(void)snprintf(w->source, sizeof(w->source), "%s", file);
	w->kind = WAITING_SOMETHING;
	if (read_line_in(root, file, &word) < 0)
		return true;
	if (strcmp(word, "kexec") == 0)
		w->kind = WAITING_KERNEL;
	else if (strcmp(word, "soft-reboot") == 0)
		w->kind = WAITING_SERVICES;
	else if (strcmp(word, "reboot") == 0)
		w->kind = WAITING_FIRMWARE;
	return true;
}

static void take_value(struct bytes line, const char *name, char *ret, size_t size)
{
	struct bytes word = bytes_word(&line);

	if (bytes_is(word, name))
		(void)snprintf(ret, size, "%.*s", (int)line.n, (const char *)line.p);
}

/* `needrestart -b -k`: KSTA 2 is an ABI-compatible upgrade, 3 another version (README.batch.md) */
static bool by_needrestart(struct sys *sys, struct waiting *w)
{
	static const char *const programs[] = { NEEDRESTART, NULL };
	static const char *const words[] = { "-b", "-k", NULL };
	_cleanup_(reboot_call_done) struct reboot_call call = { 0 };
	_cleanup_free_ char *output = NULL;
	char state[8] = "", kernel[sizeof(w->kernel)] = "";
	struct lines lines;
	struct bytes line;

	if (call_program(sys, &call, programs, NULL) < 0 || call_words(&call, words, NULL) < 0 ||
	    process_run(sys, call.words, NULL, &output) != 0)
		return false;
	lines = lines_of((struct bytes){ (const uint8_t *)output, strlen(output) });
	while (lines_next(&lines, &line)) {
		take_value(line, "NEEDRESTART-KSTA:", state, sizeof(state));
		take_value(line, "NEEDRESTART-KEXP:", kernel, sizeof(kernel));
	}
	if (strcmp(state, "2") != 0 && strcmp(state, "3") != 0)
		return false;
	w->kind = WAITING_KERNEL;
	(void)snprintf(w->source, sizeof(w->source), NEEDRESTART);
	(void)snprintf(w->kernel, sizeof(w->kernel), "%s", kernel);
	return true;
}

/* Requests of packages under earlier systems that fast reboots since then have not fulfilled. */
static bool by_note(int root, struct waiting *w)
{
	_cleanup_(firmware_waits_done) struct firmware_waits waits = { .since = 0 };

	if (firmware_waits_read(root, &waits) < 0 || !waits.first[0])
		return false;
	w->kind = WAITING_FIRMWARE;
	(void)snprintf(w->source, sizeof(w->source), "%s", FIRMWARE_WAITS);
	return true;
}

/* ---- the kernel that would start next */

static bool is_of_release(const char *version, const char *kernel, const char *release)
{
	const size_t n = strlen(release), length = kernel ? strlen(kernel) : 0;

	return (version && strcmp(version, release) == 0) ||
	       (length > n && strcmp(kernel + length - n, release) == 0 &&
		strchr("-/", kernel[length - n - 1]));
}

/* Is the running kernel among the entries? Only then can the versions of the entries be compared
 * with its release. */
static bool is_among(const struct choice *next, const char *release)
{
	for (size_t i = 0; next->entries && i < next->list.n_entries; i++) {
		const struct kx_entry e = choice_entry(next->entries, i);

		if (is_of_release(e.version, e.kernel, release))
			return true;
	}
	return false;
}

/* The release of a kernel's package that is not the one that runs; NULL when there is none, or when
 * the running release itself was rebuilt: then the next boot starts the new build. */
static const char *other_release(const struct names *packages, const char *running)
{
	static const char prefix[] = "linux-image-";
	const char *other = NULL;

	for (size_t i = 0; i < packages->n; i++) {
		const char *name = packages->v[i];

		if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
			continue;
		if (strcmp(name + sizeof(prefix) - 1, running) == 0)
			return NULL;
		other = name + sizeof(prefix) - 1;
	}
	return other;
}

/* The next boot starts the running release again although a newer kernel is installed: a reboot
 * would change nothing, so that is told instead of advising one. */
static void compare_with_running(const char *running, struct waiting *w)
{
	const char *other = other_release(&w->packages, running);

	if (w->kind != WAITING_KERNEL)
		return;
	if (w->kernel[0] && strcmp(w->kernel, running) != 0)
		other = w->kernel;
	if (!other)
		return;
	w->kind = WAITING_NOT_DEFAULT;
	if (other != w->kernel)
		(void)snprintf(w->kernel, sizeof(w->kernel), "%s", other);
}

static void by_next(const struct choice *next, const char *running, struct waiting *w)
{
	if (is_of_release(next->version, next->kernel, running)) {
		compare_with_running(running, w);
		return;
	}
	if (is_for_firmware(next->type) || !is_among(next, running))
		return;
	(void)snprintf(w->kernel, sizeof(w->kernel), "%s", next->version ? next->version : "");
	if (w->kind == WAITING_NOT)
		w->kind = WAITING_KERNEL;
}

/* systemd 254 and newer; the unit is what its own `systemctl soft-reboot` starts. */
static bool has_soft_reboot(int root)
{
	static const char unit[] = "/usr/lib/systemd/system/soft-reboot.target";
	struct pid1 pid1;

	pid1_read_in(root, &pid1);
	return pid1.systemd && exists_in(root, unit) == 1;
}

void waiting_read(const struct reboot *rb, const struct choice *next, const char *running,
		  bool may_run, struct waiting *ret)
{
	struct waiting w = { .kind = WAITING_NOT };

	if (!by_suse(rb->machine, &w) && !by_debian(rb->machine, &w) && !by_note(rb->machine, &w) &&
	    may_run)
		(void)by_needrestart(rb->sys, &w);
	if (next && running)
		by_next(next, running, &w);
	w.is_soft_enough =
		w.kind == WAITING_SERVICES && !w.kernel[0] && has_soft_reboot(rb->machine);
	*ret = w;
}

void waiting_done(struct waiting *waiting)
{
	names_done(&waiting->packages);
	*waiting = (struct waiting){ 0 };
}

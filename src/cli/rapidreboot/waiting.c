// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/rapidreboot/waiting.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/io.h"
#include "base/lines.h"
#include "handover/init.h"
#include "record/firmware-waits.h"

#define NEEDRESTART "needrestart"

enum { PACKAGES_FILE_MAX = 64 * 1024, PACKAGES_MAX = 200 };

const char *waiting_kind_name(enum waiting_kind kind)
{
	static const char *const names[] = {
		[WAITING_NOT] = "nothing",	   [WAITING_KERNEL] = "kernel",
		[WAITING_SERVICES] = "services",   [WAITING_FIRMWARE] = "firmware",
		[WAITING_SOMETHING] = "something",
	};

	return names[kind];
}

/* ---- packages: the gravest of them counts, and what is none of these says nothing */

/* Microcode and firmware
 * files are read by the next kernel, from its initial ramdisk. */
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
		[WAITING_KERNEL] = 3, [WAITING_FIRMWARE] = 4,
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

/* The file may name one package for each time that it was upgraded. */
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
static bool by_needrestart(struct waiting *w)
{
	static const char *const programs[] = { NEEDRESTART, NULL };
	static const char *const words[] = { "-b", "-k", NULL };
	_cleanup_(reboot_call_done) struct reboot_call call = { 0 };
	_cleanup_free_ char *output = NULL;
	char state[8] = "", kernel[sizeof(w->kernel)] = "";
	struct lines lines;
	struct bytes line;

	if (call_program(sys_machine(), &call, programs, NULL) < 0 ||
	    call_words(&call, words, NULL) < 0 ||
	    process_run(sys_machine(), call.words, NULL, &output) != 0)
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

/* What systems before this one were asked for, and a fast reboot has not done. */
static bool by_note(int root, struct waiting *w)
{
	_cleanup_(firmware_waits_done) struct firmware_waits waits = { .since = 0 };

	if (firmware_waits_read(root, &waits) < 0 || !waits.first[0])
		return false;
	w->kind = WAITING_FIRMWARE;
	(void)snprintf(w->source, sizeof(w->source), "%s", FIRMWARE_WAITS);
	return true;
}

/* ---- the boot entries */

static bool is_of_release(const struct kx_entry *e, const char *release)
{
	const size_t n = strlen(release), length = e->kernel ? strlen(e->kernel) : 0;

	return (e->version && strcmp(e->version, release) == 0) ||
	       (length > n && strcmp(e->kernel + length - n, release) == 0 &&
		strchr("-/", e->kernel[length - n - 1]));
}

/* Only where the running kernel is found among the entries do their names compare with its own. */
static bool is_among(const struct entries *entries, const char *release)
{
	for (size_t i = 0; i < entries->info.n_entries; i++) {
		const struct kx_entry e = entries_get(entries, i);

		if (is_of_release(&e, release))
			return true;
	}
	return false;
}

static void by_entries(const struct entries *entries, const char *running, struct waiting *w)
{
	struct kx_entry next;

	if (!running || !entries->list || entries->info.default_index >= entries->info.n_entries)
		return;
	next = entries_get(entries, entries->info.default_index);
	/* A kernel that is newer by its name, and that no reboot starts: nothing waits. */
	if (next.bootable && is_of_release(&next, running) && strcmp(w->source, NEEDRESTART) == 0) {
		*w = (struct waiting){ .kind = WAITING_NOT };
		return;
	}
	if (!next.bootable || is_of_release(&next, running) || !is_among(entries, running))
		return;
	(void)snprintf(w->kernel, sizeof(w->kernel), "%s", next.version ? next.version : "");
	if (w->kind == WAITING_NOT)
		w->kind = WAITING_KERNEL;
}

void waiting_read(int root, const struct entries *entries, const char *running, bool may_run,
		  struct waiting *ret)
{
	struct waiting w = { .kind = WAITING_NOT };

	if (!by_suse(root, &w) && !by_debian(root, &w) && !by_note(root, &w) && may_run)
		(void)by_needrestart(&w);
	by_entries(entries, running, &w);
	*ret = w;
}

void waiting_done(struct waiting *waiting)
{
	names_done(&waiting->packages);
	*waiting = (struct waiting){ 0 };
}

/* Names are of a file that anybody's package writes, and go to a terminal. */
static void print_plain(const char *s)
{
	for (; *s; s++)
		putchar((unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s);
}

void waiting_print(const struct waiting *w)
{
	static const char *const what[] = {
		[WAITING_KERNEL] = "a newer kernel waits",
		[WAITING_SERVICES] = "upgraded programs wait for a reboot",
		[WAITING_FIRMWARE] = "something waits that only the firmware starts",
		[WAITING_SOMETHING] = "a reboot is asked for",
	};
	static const char *const remedy[] = {
		[WAITING_KERNEL] = "rapidreboot",
		[WAITING_SERVICES] = "rapidreboot",
		[WAITING_FIRMWARE] = "coldreboot",
		[WAITING_SOMETHING] = "rapidreboot",
	};

	if (w->kind == WAITING_NOT)
		return;
	printf("%s", what[w->kind]);
	if (w->kernel[0]) {
		printf(", Linux ");
		print_plain(w->kernel);
	}
	for (size_t i = 0; i < w->packages.n && i < 5; i++) {
		printf("%s", i ? ", " : " (");
		print_plain(w->packages.v[i]);
	}
	if (w->packages.n)
		printf("%s)", w->packages.n > 5 ? ", …" : "");
	printf(": run `%s`\n", remedy[w->kind]);
}

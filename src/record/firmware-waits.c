// SPDX-License-Identifier: LGPL-2.1-or-later
#include "record/firmware-waits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/num.h"

enum { FILE_MAX = 64 << 10, WANTS_MAX = 4096 };

/* Boot loaders of Debian, Fedora and SUSE, and the firmware of boards; fwupd writes what the firmware
 * installs. */
bool is_firmware_package(struct bytes name)
{
	static const char *const prefixes[] = {
		"shim",	  "grub",	    "systemd-boot", "fwupd",
		"refind", "syslinux",	    "extlinux",	    "limine",
		"u-boot", "raspi-firmware", "rpi-eeprom",   "linux-firmware-raspi"
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (bytes_starts(name, prefixes[i]))
			return true;
	return false;
}

static bool is_name(struct bytes name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] >= 0x7f)
			return false;
	return name.n > 0;
}

static void add(struct firmware_waits *waits, struct bytes name)
{
	char line[96];

	if (!is_name(name) || waits->wants.n > WANTS_MAX ||
	    snprintf(line, sizeof(line), "wants %.*s\n", (int)name.n, (const char *)name.p) >=
		    (int)sizeof(line) ||
	    (waits->wants.s && strstr(waits->wants.s, line)))
		return;
	if (waits->wants.n == 0)
		(void)snprintf(waits->first, sizeof(waits->first), "%.*s", (int)name.n,
			       (const char *)name.p);
	strbuf_add(&waits->wants, line);
}

static int read_text(int root, const char *path, struct bytes *ret)
{
	uint8_t *text;
	int r = read_file_in(root, path, FILE_MAX, &text, &ret->n);

	if (r < 0)
		return r;
	ret->p = text;
	return 0;
}

static void text_done(struct bytes *text)
{
	free((void *)(uintptr_t)text->p);
}

/* Is @word the first one of @line? Then it is cut off. */
static bool takes(struct bytes *line, const char *word)
{
	const size_t n = strlen(word);

	if (!bytes_starts(*line, word))
		return false;
	*line = bytes_trim((struct bytes){ line->p + n, line->n - n });
	return true;
}

static uint64_t number_of(struct bytes b)
{
	_cleanup_free_ char *text = bytes_dup(b);
	uint64_t value;

	return text && parse_u64(text, &value) == 0 ? value : 0;
}

/* Reads what earlier systems have written down. */
static int by_note(int root, struct firmware_waits *waits)
{
	_cleanup_(text_done) struct bytes text = { 0 };
	struct lines lines;
	struct bytes line;
	int r = read_text(root, FIRMWARE_WAITS, &text);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	lines = lines_of(text);
	while (lines_next(&lines, &line)) {
		if (takes(&line, "since "))
			waits->since = number_of(line);
		else if (takes(&line, "wants "))
			add(waits, line);
	}
	return 0;
}

/* Debian Policy 9.12 and update-notifier: a package for each line. */
static int by_packages(int root, struct firmware_waits *waits)
{
	static const char *const files[] = { "/run/reboot-required.pkgs",
					     "/var/run/reboot-required.pkgs" };

	for (size_t i = 0; i < 2; i++) {
		_cleanup_(text_done) struct bytes text = { 0 };
		struct lines lines;
		struct bytes line;
		int r = read_text(root, files[i], &text);

		if (r < 0 && r != -ENOENT)
			return r;
		lines = lines_of(text);
		while (r == 0 && lines_next(&lines, &line))
			if (is_firmware_package(bytes_trim(line)))
				add(waits, bytes_trim(line));
	}
	return 0;
}

/* openSUSE's zypp-boot-plugin(8) names no package; "reboot" is a reboot through the firmware. */
static int by_word(int root, struct firmware_waits *waits)
{
	static const char *const files[] = { "/run/reboot-needed", "/var/run/reboot-needed" };
	static const uint8_t name[] = "reboot-needed";

	for (size_t i = 0; i < 2; i++) {
		_cleanup_free_ char *word = NULL;
		int r = read_line_in(root, files[i], &word);

		if (r < 0 && r != -ENOENT)
			return r;
		if (r == 0 && has_word(word, "reboot"))
			add(waits, (struct bytes){ name, sizeof(name) - 1 });
	}
	return 0;
}

/* proc_stat(5): "btime SECONDS" */
static uint64_t boot_time(int root)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct lines lines;
	struct bytes line;
	size_t n;

	if (read_file_in(root, "/proc/stat", 4 << 20, &text, &n) < 0)
		return 0;
	lines = lines_of((struct bytes){ text, n });
	while (lines_next(&lines, &line))
		if (takes(&line, "btime "))
			return number_of(line);
	return 0;
}

int firmware_waits_read(int root, struct firmware_waits *ret)
{
	struct firmware_waits waits = { .way = boot_way_read_in(root) };
	int r = 0;

	if (waits.way == BOOT_FIRMWARE)
		waits.since = boot_time(root);
	else
		r = by_note(root, &waits);
	if (r == 0)
		r = by_packages(root, &waits);
	if (r == 0)
		r = by_word(root, &waits);
	if (r == 0 && waits.wants.failed)
		r = -ENOMEM;
	if (r < 0) {
		firmware_waits_done(&waits);
		return r;
	}
	*ret = waits;
	return 0;
}

int firmware_waits_keep(int root)
{
	_cleanup_(firmware_waits_done) struct firmware_waits waits = { .since = 0 };
	_cleanup_strbuf_ struct strbuf text = { 0 };
	int r = firmware_waits_read(root, &waits);

	if (r < 0)
		return r;
	if (waits.since)
		strbuf_addf(&text, "since %llu\n", (unsigned long long)waits.since);
	if (waits.wants.n)
		strbuf_add(&text, waits.wants.s);
	if (text.failed)
		return -ENOMEM;
	return text.n ? file_replace_in(root, FIRMWARE_WAITS, 0644, text.s, text.n, true)
		      : file_remove_in(root, FIRMWARE_WAITS);
}

void firmware_waits_done(struct firmware_waits *waits)
{
	strbuf_done(&waits->wants);
	*waits = (struct firmware_waits){ .since = 0 };
}

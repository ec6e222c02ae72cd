// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The firmware's own menu: BootCurrent, BootNext, BootOrder and Boot#### (UEFI specification 2.10,
 * section 3.3). A next boot that goes to another system makes every loader's default meaningless.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "entry/firmware.h"
#include "entry/path.h"
#include "entry/read.h"
#include "entry/vars.h"

enum boot_firmware firmware_detect(struct entry_fs *fs)
{
	if (is_dir(fs, "/sys/firmware/efi"))
		return BOOT_FIRMWARE_EFI;
	return is_dir(fs, "/sys/firmware") ? BOOT_FIRMWARE_BIOS : BOOT_FIRMWARE_AUTO;
}

/* "\EFI\debian\shimx64.efi" is on one of the file systems that are mounted as ESP. */
static bool is_on_our_esp(struct entry_fs *fs, const char *file)
{
	const char *places[BOOT_PLACES_MAX];
	const size_t n = boot_places(fs, places);
	_cleanup_free_ char *path = strdup(file);
	_cleanup_free_ char *found = NULL;

	for (char *p = path; p && *p; p++)
		if (*p == '\\')
			*p = '/';
	for (size_t i = 0; path && i < n; i++)
		if (find_file_in(fs, places[i], path, &found))
			return true;
	return false;
}

static bool same_program(const struct efi_boot_option *a, const struct efi_boot_option *b)
{
	return a->file && b->file && strcasecmp(a->file, b->file) == 0;
}

/*
 * Option @next is tried before the one that booted this system. That it will start is certain only
 * if its program is known to exist: firmware skips media that are gone and tries the next option.
 */
static int judge(struct entry_fs *fs, const char *variable, uint16_t number,
		 const struct efi_boot_option *current, struct firmware_facts *facts,
		 bool *ret_stop)
{
	struct efi_boot_option next;
	int r = vars_read_boot_option(fs, number, &next);

	if (r < 0 || !next.is_active || next.is_network) {
		if (r == 0)
			efi_boot_option_done(&next);
		return r == -ENOMEM ? r : 0; /* go on with the following option */
	}
	*ret_stop = true;
	if (!same_program(&next, current)) {
		facts->next_is_other =
			next.has_partition && next.file &&
			(is_on_our_esp(fs, next.file) || strcasestr(next.file, "\\microsoft\\"));
		r = format(&facts->next_reason,
			   "EFI variable %s: the firmware %s \"%s\" (%s) next, which is not what "
			   "booted this system",
			   variable, facts->next_is_other ? "starts" : "may start",
			   next.description, next.file ? next.file : "no file");
	}
	efi_boot_option_done(&next);
	return r;
}

static int judge_order(struct entry_fs *fs, uint16_t current_number,
		       const struct efi_boot_option *current, struct firmware_facts *facts)
{
	_cleanup_free_ uint16_t *order = NULL;
	bool stop = false;
	size_t n = 0;
	int r = vars_read_u16_list(fs, "BootOrder-" EFI_GUID_GLOBAL, &order, &n);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (size_t i = 0; r == 0 && i < n && !stop && order[i] != current_number; i++)
		r = judge(fs, "BootOrder", order[i], current, facts, &stop);
	return r;
}

static int read_options(struct entry_fs *fs, struct firmware_facts *facts)
{
	struct efi_boot_option current = { 0 };
	uint16_t number, next;
	bool stop = false;
	int r;

	if (vars_read_u16(fs, "BootCurrent-" EFI_GUID_GLOBAL, &number) < 0)
		return 0;
	r = vars_read_boot_option(fs, number, &current);
	if (r < 0 && r != -ENOMEM)
		r = 0;
	if (r == 0)
		r = replace(&facts->current_file, current.file);
	if (r == 0 && !facts->partition && current.partition[0])
		r = replace(&facts->partition, current.partition);
	if (r == 0 && vars_read_u16(fs, "BootNext-" EFI_GUID_GLOBAL, &next) == 0) {
		if (next != number)
			r = judge(fs, "BootNext", next, &current, facts, &stop);
	} else if (r == 0 && current.file) {
		r = judge_order(fs, number, &current, facts);
	}
	efi_boot_option_done(&current);
	return r;
}

/* GRUB, syslinux and LILO put this word in front of the command line. */
static int read_boot_image(struct entry_fs *fs, char **ret)
{
	_cleanup_text_ struct text text = { 0 };
	struct bytes line;
	int r = read_text(fs, "/proc/cmdline", &text);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	line = bytes_trim(text.bytes);
	while (line.n) {
		struct bytes word = bytes_word(&line);

		if (bytes_starts(word, "BOOT_IMAGE="))
			return bytes_set(ret, (struct bytes){ word.p + 11, word.n - 11 });
	}
	return 0;
}

/* The Boot Loader Interface: what the loader itself was started from, else a unified kernel image. */
static int read_partition(struct entry_fs *fs, char **ret)
{
	static const char *const names[] = { "LoaderDevicePartUUID-" EFI_GUID_LOADER,
					     "StubDevicePartUUID-" EFI_GUID_LOADER };
	int r = -ENOENT;

	for (size_t i = 0; r < 0 && r != -ENOMEM && i < sizeof(names) / sizeof(names[0]); i++)
		r = vars_read_string(fs, names[i], ret);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (char *p = *ret; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return 0;
}

int firmware_facts_read(struct entry_fs *fs, enum boot_firmware firmware,
			struct firmware_facts *ret)
{
	struct firmware_facts facts = { 0 };
	int r = read_boot_image(fs, &facts.boot_image);

	if (r == 0 && firmware != BOOT_FIRMWARE_BIOS) {
		r = vars_read_string(fs, "LoaderInfo-" EFI_GUID_LOADER, &facts.loader_info);
		r = r == -ENOMEM ? r : read_partition(fs, &facts.partition);
		if (r == 0)
			r = read_options(fs, &facts);
	}
	if (r < 0)
		firmware_facts_done(&facts);
	else
		*ret = facts;
	return r;
}

void firmware_facts_done(struct firmware_facts *facts)
{
	free(facts->loader_info);
	free(facts->current_file);
	free(facts->partition);
	free(facts->boot_image);
	free(facts->next_reason);
	*facts = (struct firmware_facts){ 0 };
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * No boot loader at all: boot options of the firmware that start a kernel (its EFI stub) or a unified
 * kernel image, with the command line in their optional data. Sources: UEFI specification 2.10,
 * sections 3.1 and 3.3; kernel, Documentation/admin-guide/efi-stub.rst and, for how the data is read,
 * efi_convert_cmdline() in drivers/firmware/efi/libstub/efi-stub-helper.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "entry/efi-program.h"
#include "entry/path.h"
#include "entry/read.h"
#include "entry/vars.h"

/* Limit on boot options: more than any firmware has room for. */
enum { OPTIONS_MAX = 256 };

/* The mount point that holds the program of @option, which becomes a path of this system. */
static const char *find_program(struct entry_fs *fs, const struct efi_boot_option *option,
				char **ret)
{
	const char *places[BOOT_PLACES_MAX];
	const size_t n = boot_places(fs, places);
	_cleanup_free_ char *path = option->file ? strdup(option->file) : NULL;

	for (char *p = path; p && *p; p++)
		if (*p == '\\')
			*p = '/';
	for (size_t i = 0; path && i < n; i++)
		if (find_file_in(fs, places[i], path, ret))
			return places[i];
	return NULL;
}

static bool is_linux(struct entry_fs *fs, const char *path)
{
	struct uki_facts facts;
	bool has_linux;

	if (is_kernel_file(fs, path))
		return true;
	if (uki_entry_facts(fs, path, &facts) < 0)
		return false;
	has_linux = facts.has_linux;
	uki_facts_done(&facts);
	return has_linux;
}

static bool is_current(struct entry_fs *fs)
{
	_cleanup_free_ char *info = NULL, *path = NULL;
	struct efi_boot_option option;
	bool is_it;

	if (vars_read_string(fs, "LoaderInfo-" EFI_GUID_LOADER, &info) == 0 ||
	    vars_read_current_option(fs, &option) < 0)
		return false;
	is_it = find_program(fs, &option, &path) && is_linux(fs, path);
	efi_boot_option_done(&option);
	return is_it;
}

int efistub_find(struct entry_fs *fs, char **ret)
{
	return found_without_file(is_current(fs), ret);
}

/* The words initrd= name files on the partition of the program. */
static int add_initrds(struct boot_entry *e, const char *place, const struct strlist *words)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < words->n; i++) {
		_cleanup_free_ char *path = NULL;

		r = path_join(place, words->v[i], &path);
		if (r == 0)
			r = strlist_add(&e->initrds, path);
	}
	return r;
}

static int take_program(struct entry_fs *fs, const struct efi_boot_option *option,
			struct boot_entry *e)
{
	_cleanup_strlist_ struct strlist words = { 0 };
	struct uki_place at = { .fs = fs, .secure = vars_secure_boot(fs) };
	int r;

	at.partition = find_program(fs, option, &e->kernel);
	e->type = ENTRY_CHAINLOAD;
	if (!at.partition)
		return entry_warn(e, "%s is not on a partition that is mounted here",
				  option->file ? option->file : "what it starts");
	r = efi_program_take(&at, e, option->options, false, &words);
	if (r == 0)
		r = add_initrds(e, at.partition, &words);
	if (r == 0 && option->has_other_data && e->type == ENTRY_LINUX)
		r = entry_warn(e, "its optional data is no text in UTF-16, so the kernel does not "
				  "read it");
	return r == 0 && e->bootable ? entry_check_files(fs, e) : r;
}

static int add_option(struct entry_fs *fs, struct boot_menu *menu, uint16_t number,
		      const struct efi_boot_option *option)
{
	struct boot_entry e = { .source.kind = "efistub" };
	int r = format(&e.id, "Boot%04X", number);

	if (r == 0)
		r = format(&e.source.file, "/sys/firmware/efi/efivars/Boot%04X-" EFI_GUID_GLOBAL,
			   number);
	if (r == 0)
		r = replace(&e.title, *option->description ? option->description : e.id);
	if (r == 0)
		r = strlist_add(&e.path, e.title);
	if (r == 0)
		r = take_program(fs, option, &e);
	if (r == 0)
		r = boot_menu_add(menu, &e);
	if (r < 0)
		boot_entry_done(&e);
	return r;
}

/* Adds Boot@number, and makes it the default when there is none yet; options that the firmware
 * skips are left out. */
static int take_number(struct entry_fs *fs, struct boot_menu *menu, uint16_t number,
		       const char *variable, bool *has_default)
{
	struct efi_boot_option option;
	int r = vars_read_boot_option(fs, number, &option);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	if (option.is_active && !option.is_network) {
		r = add_option(fs, menu, number, &option);
		/* A device without a partition in its path is one that may not be there. */
		if (r == 0 && !*has_default && option.has_partition) {
			*has_default = true;
			menu->default_index = menu->n_entries - 1;
			r = format(&menu->default_reason, "EFI variable %s: Boot%04X \"%s\"\n",
				   variable, number, option.description);
		}
	}
	efi_boot_option_done(&option);
	return r;
}

static bool is_listed(const struct boot_menu *menu, uint16_t number)
{
	_cleanup_free_ char *id = NULL;

	if (format(&id, "Boot%04X", number) < 0)
		return false;
	for (size_t i = 0; i < menu->n_entries; i++)
		if (strcmp(menu->entries[i].id, id) == 0)
			return true;
	return false;
}

static int read_options(struct entry_fs *fs, struct boot_menu *menu)
{
	_cleanup_free_ uint16_t *order = NULL;
	bool has_default = false;
	uint16_t number;
	size_t n = 0;
	int r = vars_read_u16_list(fs, "BootOrder-" EFI_GUID_GLOBAL, &order, &n);

	if (r == -ENOMEM)
		return r;
	r = 0;
	if (vars_read_u16(fs, "BootNext-" EFI_GUID_GLOBAL, &number) == 0)
		r = take_number(fs, menu, number, "BootNext", &has_default);
	for (size_t i = 0; r == 0 && i < n && i < OPTIONS_MAX; i++)
		if (!is_listed(menu, order[i]))
			r = take_number(fs, menu, order[i], "BootOrder", &has_default);
	/* without an order, what was started */
	if (r == 0 && vars_read_u16(fs, "BootCurrent-" EFI_GUID_GLOBAL, &number) == 0 &&
	    !is_listed(menu, number))
		r = take_number(fs, menu, number, "BootCurrent", &has_default);
	if (r == 0)
		menu_set_default(menu, has_default ? menu->default_index : menu->n_entries);
	return r;
}

int efistub_read(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
		 struct boot_menu *ret, struct kx_error *err)
{
	struct boot_menu menu = { .loader = "efistub" };
	int r = read_options(fs, &menu);

	(void)opts;
	(void)config;
	if (r == 0)
		r = replace(&menu.config, "/sys/firmware/efi/efivars");
	if (r == 0 && menu.n_entries == 0)
		r = -ENOENT;
	if (r < 0) {
		boot_menu_done(&menu);
		return kx_fail(err, r, "boot options of the firmware: %s",
			       r == -ENOENT ? "there are none" : strerror(-r));
	}
	*ret = menu;
	return 0;
}

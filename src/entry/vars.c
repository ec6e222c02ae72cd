// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "entry/path.h"
#include "entry/vars.h"

/* Limit on the size of a variable; firmware has little room for them. */
enum { VARIABLE_MAX = 1 << 20 };

static int read_raw(struct entry_fs *fs, const char *name, uint8_t **ret_buf, struct bytes *ret)
{
	_cleanup_free_ char *path = NULL;
	size_t n;
	int r = path_join("/sys/firmware/efi/efivars", name, &path);

	if (r == 0)
		r = fs->read(fs, ENTRY_SYSTEM, path, VARIABLE_MAX, ret_buf, &n);
	if (r == 0)
		*ret = (struct bytes){ *ret_buf, n };
	return r;
}

int vars_read_string(struct entry_fs *fs, const char *name, char **ret)
{
	_cleanup_free_ uint8_t *buf = NULL;
	struct bytes file;
	int r = read_raw(fs, name, &buf, &file);

	return r < 0 ? r : efivar_string(file, ret);
}

int vars_read_data(struct entry_fs *fs, const char *name, uint8_t **ret_buf, struct bytes *ret)
{
	struct bytes file;
	int r = read_raw(fs, name, ret_buf, &file);

	return r < 0 ? r : efivar_data(file, ret) ? 0 : -EBADMSG;
}

int vars_read_u64(struct entry_fs *fs, const char *name, uint64_t *ret)
{
	_cleanup_free_ uint8_t *buf = NULL;
	struct bytes file;
	int r = read_raw(fs, name, &buf, &file);

	return r < 0 ? r : efivar_u64(file, ret);
}

int vars_read_u16(struct entry_fs *fs, const char *name, uint16_t *ret)
{
	_cleanup_free_ uint8_t *buf = NULL;
	struct bytes file;
	int r = read_raw(fs, name, &buf, &file);

	return r < 0 ? r : efivar_u16(file, ret);
}

int vars_read_u16_list(struct entry_fs *fs, const char *name, uint16_t **ret_v, size_t *ret_n)
{
	_cleanup_free_ uint8_t *buf = NULL;
	struct bytes file;
	int r = read_raw(fs, name, &buf, &file);

	return r < 0 ? r : efivar_u16_list(file, ret_v, ret_n);
}

bool vars_secure_boot(struct entry_fs *fs)
{
	_cleanup_free_ uint8_t *buf = NULL;
	struct bytes file;

	return read_raw(fs, "SecureBoot-" EFI_GUID_GLOBAL, &buf, &file) == 0 && file.n == 5 &&
	       file.p[4] == 1;
}

int vars_read_boot_option(struct entry_fs *fs, uint16_t number, struct efi_boot_option *ret)
{
	_cleanup_free_ uint8_t *buf = NULL;
	char name[64];
	struct bytes file;
	int r;

	(void)snprintf(name, sizeof(name), "Boot%04X-" EFI_GUID_GLOBAL, number);
	r = read_raw(fs, name, &buf, &file);
	return r < 0 ? r : efi_boot_option_parse(file, ret);
}

int vars_read_current_option(struct entry_fs *fs, struct efi_boot_option *ret)
{
	uint16_t number;
	int r = vars_read_u16(fs, "BootCurrent-" EFI_GUID_GLOBAL, &number);

	return r < 0 ? r : vars_read_boot_option(fs, number, ret);
}

int vars_read_loader(struct entry_fs *fs, struct loader_vars *ret)
{
	struct loader_vars vars = { .features = UINT64_MAX };
	const struct {
		const char *name;
		char **value;
	} strings[] = {
		{ "LoaderInfo-" EFI_GUID_LOADER, &vars.info },
		{ "LoaderEntryOneShot-" EFI_GUID_LOADER, &vars.oneshot },
		{ "LoaderEntryPreferred-" EFI_GUID_LOADER, &vars.preferred },
		{ "LoaderEntryDefault-" EFI_GUID_LOADER, &vars.fallback_default },
		{ "LoaderEntryLastBooted-" EFI_GUID_LOADER, &vars.last_booted },
	};

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if (vars_read_string(fs, strings[i].name, strings[i].value) == -ENOMEM) {
			loader_vars_done(&vars);
			return -ENOMEM;
		}
	if (vars_read_u64(fs, "LoaderFeatures-" EFI_GUID_LOADER, &vars.features) < 0)
		vars.features = loader_features_of(vars.info);
	loader_vars_set_ids(&vars);
	*ret = vars;
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* extlinux.conf on this system: its files, and the paths in it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/open.h"
#include "entry/extlinux.h"
#include "entry/path.h"
#include "entry/read.h"

/* "/x" is on the volume of the configuration, anything else in the directory of it. */
static int resolve(struct entry_fs *fs, const char *config, const char *raw, char **ret)
{
	_cleanup_free_ char *dir = NULL, *ignored = NULL;
	int r;

	if (raw[0] == '/') {
		r = fs->set_home(fs, config, &ignored);
		return r < 0 ? r : fs->to_system(fs, NULL, raw, ret);
	}
	r = path_parent(config, &dir);
	return r < 0 ? r : path_join(dir, raw, ret);
}

struct system_files {
	struct extlinux_files files;
	struct entry_fs *fs;
	const char *config;
};

static int read_included(struct extlinux_files *files, const char *raw, uint8_t **ret,
			 size_t *ret_n)
{
	struct system_files *f = (struct system_files *)files;
	_cleanup_free_ char *path = NULL;
	int r = resolve(f->fs, f->config, raw, &path);

	return r < 0 ? r : f->fs->read(f->fs, ENTRY_SYSTEM, path, CONFIG_MAX, ret, ret_n);
}

/* On x86 it is syslinux, everywhere else U-Boot that reads this file. */
static bool is_uboot(const struct boot_find_opts *opts)
{
	const char *m = opts->machine;

	return m && strcmp(m, "x86_64") != 0 && !(m[0] == 'i' && strcmp(m + 2, "86") == 0);
}

int extlinux_read(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
		  struct boot_menu *ret, struct kx_error *err)
{
	struct system_files files = { { read_included }, fs, config };
	_cleanup_text_ struct text text = { 0 };
	struct boot_menu menu = { 0 };
	int r = read_text(fs, config, &text);

	if (r < 0)
		return kx_fail(err, r, "%s: cannot be read: %s", config, open_strerror(r));
	r = extlinux_parse(text.bytes, is_uboot(opts), &files.files, &menu);
	if (r == 0)
		r = menu_resolve(fs, &menu, config, resolve);
	if (r < 0) {
		boot_menu_done(&menu);
		return kx_fail(err, r, "%s: %s", config, strerror(-r));
	}
	*ret = menu;
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Scripts of iPXE on this system: which of their files are here. Source: ipxe.org/cmd, "URIs". */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "entry/choose.h"
#include "entry/ipxe.h"
#include "entry/path.h"
#include "entry/read.h"

/* "http://…" and the like is on a server; "/x" on the file system of the script, "x" beside it. */
static int resolve(struct entry_fs *fs, const char *config, const char *raw, char **ret)
{
	_cleanup_free_ char *dir = NULL, *ignored = NULL;
	int r;

	if (strncmp(raw, "file:", 5) == 0)
		raw += 5;
	if (strchr(raw, ':'))
		return -ENODEV;
	if (raw[0] == '/') {
		r = fs->set_home(fs, config, &ignored);
		return r < 0 ? r : fs->to_system(fs, NULL, raw, ret);
	}
	r = path_parent(config, &dir);
	return r < 0 ? r : path_join(dir, raw, ret);
}

int ipxe_read(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
	      struct boot_menu *ret, struct kx_error *err)
{
	_cleanup_text_ struct text text = { 0 };
	struct boot_menu menu = { 0 };
	int r = read_text(fs, config, &text);

	(void)opts;
	if (r == 0)
		r = ipxe_parse(text.bytes, fs->budget, &menu);
	if (r == -EINVAL)
		return kx_fail_file(err,
				    kx_fail(err, r, "%s: the first line is not \"#!ipxe\"", config),
				    config);
	if (r == 0)
		r = menu_resolve(fs, &menu, config, resolve);
	if (r == 0)
		r = format(
			&menu.guess,
			"%s was followed without a network: what depends on the answers of a "
			"server is not known here, and taken to be empty; name the entry to start",
			config);
	if (r < 0) {
		boot_menu_done(&menu);
		return kx_fail_path(err, r, config);
	}
	*ret = menu;
	return 0;
}

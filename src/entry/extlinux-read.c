// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * extlinux.conf on this system: its files, and the paths in it. PXELINUX reads the same language from
 * pxelinux.cfg/NAME, beside itself on a server. Source: syslinux 6, doc/pxelinux.txt, "File names" and
 * "Configuration file".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lines.h"
#include "base/open.h"
#include "entry/extlinux.h"
#include "entry/path.h"
#include "entry/read.h"

static bool is_pxelinux(const char *config)
{
	return strstr(config, "/pxelinux.cfg/") != NULL;
}

/* The directory of PXELINUX itself is the one above that of its configuration. */
static int pxelinux_dir(const char *config, char **ret)
{
	_cleanup_free_ char *dir = NULL;
	int r = path_parent(config, &dir);

	return r < 0 ? r : path_parent(dir, ret);
}

/* Names are relative to the directory of PXELINUX, those with "/" to the top of the server, which is that
 * directory or one above it. "HOST::FILE" and URLs are on a server. */
static int resolve_pxelinux(const char *config, struct entry_fs *fs, const char *raw, char **ret)
{
	_cleanup_free_ char *dir = NULL, *first = NULL;
	int r = strstr(raw, "::") || strstr(raw, "://") ? -ENODEV : pxelinux_dir(config, &dir);

	if (r == 0)
		r = path_join(dir, raw, &first);
	while (r == 0 && raw[0] == '/' && strcmp(dir, "/") != 0) {
		_cleanup_free_ char *above = NULL;

		if (find_file_in(fs, dir, raw, ret))
			return 0;
		r = path_parent(dir, &above);
		free(dir);
		dir = TAKE_PTR(above);
	}
	if (r == 0)
		*ret = TAKE_PTR(first);
	return r;
}

/* PXELINUX says by which card it came: "BOOTIF=01-00-16-3e-01-02-03", which is also the name of the first
 * file that it asks for on behalf of the card. */
static bool find_interface(struct entry_fs *fs, char **ret)
{
	_cleanup_text_ struct text text = { 0 };
	struct bytes line;
	struct lines lines;

	if (read_text(fs, "/proc/cmdline", &text) < 0)
		return false;
	lines = lines_of(text.bytes);
	if (!lines_next(&lines, &line))
		return false;
	line = bytes_trim(line);
	while (line.n) {
		struct bytes word = bytes_word(&line);

		if (bytes_starts(word, "BOOTIF="))
			return bytes_set(ret, (struct bytes){ word.p + 7, word.n - 7 }) == 0;
	}
	return false;
}

int pxelinux_find(struct entry_fs *fs, char **ret)
{
	static const char *const dirs[] = { "/srv/tftp",     "/var/lib/tftpboot", "/tftpboot",
					    "/srv/tftpboot", "/var/tftpboot",	  "/boot" };
	_cleanup_free_ char *card = NULL;

	if (!find_interface(fs, &card))
		return 0;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		_cleanup_free_ char *dir = NULL;

		if (path_join(dirs[i], "pxelinux.cfg", &dir) == 0 &&
		    (find_file_in(fs, dir, card, ret) || find_file_in(fs, dir, "default", ret)))
			return 0;
	}
	return 0;
}

/* "/x" is on the volume of the configuration, anything else in the directory of it. */
static int resolve(struct entry_fs *fs, const char *config, const char *raw, char **ret)
{
	_cleanup_free_ char *dir = NULL, *ignored = NULL;
	int r;

	if (is_pxelinux(config))
		return resolve_pxelinux(config, fs, raw, ret);
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
		return kx_fail_file(
			err, kx_fail(err, r, "%s: cannot be read: %s", config, open_strerror(r)),
			config);
	r = extlinux_parse(text.bytes, is_uboot(opts), &files.files, &menu);
	if (r == 0)
		r = menu_resolve(fs, &menu, config, resolve);
	if (r == 0 && !opts->config && is_pxelinux(config))
		r = format(&menu.guess,
			   "this system was started over the network: %s is taken to be what the "
			   "server gives it; name another with --config FILE",
			   config);
	if (r < 0) {
		boot_menu_done(&menu);
		return kx_fail_path(err, r, config);
	}
	*ret = menu;
	return 0;
}

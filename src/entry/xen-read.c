// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * xen.efi on this system: which configuration it reads, and where the files of it are. Source: Xen 4.17,
 * docs/misc/efi.pandoc: all files are in the directory of xen.efi.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "entry/path.h"
#include "entry/read.h"
#include "entry/vars.h"
#include "entry/xen.h"

/* Files that name each other by chain=. */
enum { CHAIN_MAX = 16, NAMES_MAX = 16 };

static void to_slashes(char *path)
{
	for (; *path; path++)
		if (*path == '\\')
			*path = '/';
}

/* A path relative to the directory of the configuration, or on its partition. */
static int resolve(struct entry_fs *fs, const char *config, const char *raw, char **ret)
{
	_cleanup_free_ char *dir = NULL, *ignored = NULL, *plain = NULL;
	int r = replace(&plain, raw);

	if (r < 0)
		return r;
	to_slashes(plain);
	if (plain[0] == '/') {
		r = fs->set_home(fs, config, &ignored);
		return r < 0 ? r : fs->to_system(fs, NULL, plain, ret);
	}
	r = path_parent(config, &dir);
	return r < 0 ? r : path_join(dir, plain, ret);
}

/* The program and the options of the boot option that started this system, if it is Xen's. */
static int read_option(struct entry_fs *fs, char **ret_program, struct xen_options *ret)
{
	_cleanup_free_ char *program = NULL;
	struct efi_boot_option option;
	int r;

	if (vars_read_current_option(fs, &option) < 0)
		return -ENOENT;
	r = option.file ? replace(&program, option.file) : -ENOENT;
	if (r == 0)
		to_slashes(program);
	if (r == 0 && !strcasestr(path_basename(program), "xen"))
		r = -ENOENT;
	if (r == 0)
		r = xen_options_parse(option.options ? option.options : "", ret);
	efi_boot_option_done(&option);
	if (r == 0)
		*ret_program = TAKE_PTR(program);
	return r;
}

static bool find_beside(struct entry_fs *fs, const char *program, const char *name, char **ret)
{
	const char *places[BOOT_PLACES_MAX];
	const size_t n = boot_places(fs, places);
	_cleanup_free_ char *dir = NULL;

	if (path_parent(program, &dir) < 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *top = NULL;

		if (path_join(places[i], dir, &top) == 0 && find_file_in(fs, top, name, ret))
			return true;
	}
	return false;
}

int xen_find(struct entry_fs *fs, char **ret)
{
	_cleanup_free_ char *program = NULL;
	struct xen_options o;
	bool found = false;
	int r = read_option(fs, &program, &o);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	if (o.config) {
		to_slashes(o.config);
		found = find_beside(fs, program, o.config, ret);
	}
	for (size_t i = 0; r == 0 && !o.config && !found && i < NAMES_MAX; i++) {
		_cleanup_free_ char *name = NULL;

		r = xen_config_name(path_basename(program), i, &name);
		found = r == 0 && find_beside(fs, program, name, ret);
	}
	xen_options_done(&o);
	return r == -ENOMEM ? r : 0;
}

static int read_file(struct entry_fs *fs, const char *config, const char *section,
		     struct xen_conf *ret, char **ret_section)
{
	_cleanup_text_ struct text text = { 0 };
	int r = read_text(fs, config, &text);

	return r < 0 ? r : xen_parse(text.bytes, section, ret, ret_section);
}

/* Follows chain= until a file has a kernel for the section. *path becomes the file that was read. */
static int read_chain(struct entry_fs *fs, const char *given, char **path, struct xen_conf *conf)
{
	_cleanup_free_ char *section = NULL;
	int r = replace(&section, given);

	for (unsigned depth = 0; r == 0 && depth < CHAIN_MAX; depth++) {
		_cleanup_free_ char *next = NULL, *name = NULL;

		r = read_file(fs, *path, section, conf, &name);
		if (r < 0 || !conf->chain)
			return r;
		r = resolve(fs, *path, conf->chain, &next);
		if (r == 0 && !section && name)
			section = TAKE_PTR(name);
		xen_conf_done(conf);
		free(*path);
		*path = TAKE_PTR(next);
	}
	return r < 0 ? r : -ELOOP;
}

/* Xen itself is the program of the boot option, or what is beside the configuration. */
static int find_xen(struct entry_fs *fs, const char *config, const char *program, char **ret)
{
	_cleanup_free_ char *dir = NULL;
	int r = path_parent(config, &dir);

	if (r < 0 || find_file_in(fs, dir, program ? path_basename(program) : "xen.efi", ret))
		return r;
	return path_join(dir, "xen.efi", ret);
}

static int fill_entries(struct entry_fs *fs, struct boot_menu *menu, const char *config,
			const char *program, const char *words)
{
	_cleanup_free_ char *xen = NULL;
	int r = find_xen(fs, config, program, &xen);

	for (size_t i = 0; r == 0 && i < menu->n_entries; i++) {
		struct boot_entry *e = &menu->entries[i];
		_cleanup_free_ char *options = TAKE_PTR(e->cmdline);

		/* what the boot option says stands in front */
		r = words && *words
			    ? format(&e->cmdline, "%s%s%s", words, *options ? " " : "", options)
			    : replace(&e->cmdline, options);
		if (r == 0)
			r = replace(&e->kernel, xen);
	}
	return r;
}

int xen_read(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
	     struct boot_menu *ret, struct kx_error *err)
{
	_cleanup_free_ char *program = NULL, *path = NULL;
	struct xen_options o = { 0 };
	struct xen_conf conf = { 0 };
	int r = replace(&path, config);

	if (r == 0 && !opts->config && read_option(fs, &program, &o) == -ENOMEM)
		r = -ENOMEM;
	if (r == 0)
		r = read_chain(fs, o.section, &path, &conf);
	if (r == 0)
		r = menu_resolve(fs, &conf.menu, path, resolve);
	if (r == 0)
		r = fill_entries(fs, &conf.menu, path, program, o.words);
	xen_options_done(&o);
	if (r == 0) {
		*ret = conf.menu;
		conf.menu = (struct boot_menu){ 0 };
	}
	xen_conf_done(&conf);
	return r < 0 ? kx_fail_path(err, r, path ? path : config) : 0;
}

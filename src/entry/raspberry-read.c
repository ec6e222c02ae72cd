// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A Raspberry Pi whose firmware starts the kernel: config.txt and cmdline.txt. The device tree, which
 * the firmware puts together from overlays, is the running one. Source: Raspberry Pi documentation,
 * config.txt and "Kernel command line (cmdline.txt)".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lines.h"
#include "base/open.h"
#include "base/strbuf.h"
#include "entry/path.h"
#include "entry/raspberry.h"
#include "entry/read.h"

static int read_model(struct entry_fs *fs, char **ret)
{
	_cleanup_text_ struct text text = { 0 };
	int r = read_text(fs, "/proc/device-tree/model", &text);

	if (r == 0)
		r = bytes_set(ret, lines_of(text.bytes).rest);
	return r == -ENOMEM ? r : 0;
}

static int read_conf(struct entry_fs *fs, const char *config, const char *model,
		     struct raspberry_conf *ret)
{
	_cleanup_text_ struct text text = { 0 };
	int r = read_text(fs, config, &text);

	return r < 0 ? r : raspberry_parse(text.bytes, model, ret);
}

/* DIR/PREFIX NAME, the prefix being text in front of the name. */
static int place(const char *dir, const struct raspberry_conf *conf, const char *name, char **ret)
{
	_cleanup_free_ char *whole = NULL;
	int r = format(&whole, "%s%s", conf->prefix ? conf->prefix : "", name);

	return r < 0 ? r : path_join(dir, whole, ret);
}

static int find_kernel(struct entry_fs *fs, const struct boot_find_opts *opts, const char *dir,
		       const char *model, struct raspberry_conf *conf, char **ret)
{
	const char *const *names = raspberry_kernels(opts->machine, model, conf->is_64bit);

	if (conf->kernel)
		return place(dir, conf, conf->kernel, ret);
	for (; *names; names++) {
		_cleanup_free_ char *path = NULL;
		int r = place(dir, conf, *names, &path);

		if (r < 0)
			return r;
		if (is_file(fs, path)) {
			*ret = TAKE_PTR(path);
			return replace(&conf->kernel, *names);
		}
	}
	return -ENOENT;
}

/* Those that are named, commas between them; or the one that belongs to the kernel. */
static int add_initramfs(struct entry_fs *fs, const char *dir, const struct raspberry_conf *conf,
			 struct boot_entry *e)
{
	const char *names = conf->initramfs;
	_cleanup_free_ char *own = NULL, *path = NULL;
	int r;

	if (!names && conf->picks_initramfs && raspberry_initramfs(conf->kernel, &own) == 0) {
		r = place(dir, conf, own, &path);
		return r < 0 ? r : is_file(fs, path) ? strlist_add(&e->initrds, path) : 0;
	}
	r = 0;
	while (r == 0 && names && *names) {
		size_t n = strcspn(names, ",");
		_cleanup_free_ char *name = strndup(names, n), *file = NULL;

		r = name ? place(dir, conf, name, &file) : -ENOMEM;
		if (r == 0)
			r = strlist_add(&e->initrds, file);
		names += n + (names[n] == ',');
	}
	return r;
}

/* The firmware writes the name of the board's serial port for "serial0": the one that the running
 * kernel was given. */
static int add_console(const struct boot_find_opts *opts, struct boot_entry *e, struct bytes word,
		       struct strbuf *out)
{
	static const char *const ports[] = { "ttyAMA10", "ttyAMA0", "ttyS0" };
	struct bytes rest = { word.p + 15, word.n - 15 }; /* behind "console=serial0" or "1" */

	for (size_t i = 0; opts->running_cmdline && i < sizeof(ports) / sizeof(ports[0]); i++) {
		_cleanup_free_ char *console = NULL;

		if (format(&console, "console=%s%.*s", ports[i], (int)rest.n,
			   (const char *)rest.p) < 0)
			return -ENOMEM;
		if (has_word(opts->running_cmdline, console)) {
			strbuf_add_word(out, console);
			return 0;
		}
	}
	return entry_warn(e, "%.*s is left out: which port the firmware puts there is not known",
			  (int)word.n, (const char *)word.p);
}

static int read_cmdline(struct entry_fs *fs, const struct boot_find_opts *opts, const char *dir,
			const struct raspberry_conf *conf, struct boot_entry *e)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_strbuf_ struct strbuf out = { 0 };
	_cleanup_text_ struct text text = { 0 };
	struct lines lines;
	struct bytes line = { 0 };
	int r = place(dir, conf, conf->cmdline_file ? conf->cmdline_file : "cmdline.txt", &path);

	if (r == 0)
		r = read_text(fs, path, &text);
	if (r == -ENOENT)
		return replace(&e->cmdline, "");
	if (r < 0)
		return r;
	/* one line, whatever follows */
	lines = lines_of(text.bytes);
	if (lines_next(&lines, &line))
		line = bytes_trim(line);
	while (r == 0 && line.n) {
		struct bytes word = bytes_word(&line);

		if (bytes_starts(word, "console=serial0") ||
		    bytes_starts(word, "console=serial1")) {
			r = add_console(opts, e, word, &out);
		} else {
			if (out.n)
				strbuf_add(&out, " ");
			strbuf_add_n(&out, (const char *)word.p, word.n);
		}
	}
	return r < 0 ? r : strbuf_take(&out, &e->cmdline);
}

static int fill(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
		struct raspberry_conf *conf, const char *model, struct boot_entry *e)
{
	_cleanup_free_ char *dir = NULL;
	int r = path_parent(config, &dir);

	e->type = ENTRY_LINUX;
	e->bootable = true;
	e->source.kind = "raspberry-pi";
	if (r == 0)
		r = find_kernel(fs, opts, dir, model, conf, &e->kernel);
	if (r == 0)
		r = replace(&e->id, conf->kernel);
	if (r == 0)
		r = replace(&e->title, conf->kernel);
	if (r == 0)
		r = strlist_add(&e->path, e->title);
	if (r == 0)
		r = replace(&e->source.file, config);
	if (r == 0)
		r = add_initramfs(fs, dir, conf, e);
	if (r == 0)
		r = read_cmdline(fs, opts, dir, conf, e);
	return r < 0 ? r : entry_check_files(fs, e);
}

static int read_entry(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
		      struct boot_entry *ret, bool *ret_partial)
{
	struct raspberry_conf conf = { 0 };
	struct boot_entry e = { 0 };
	_cleanup_free_ char *model = NULL;
	int r = read_model(fs, &model);

	if (r == 0)
		r = read_conf(fs, config, model, &conf);
	if (r == 0)
		r = fill(fs, opts, config, &conf, model, &e);
	*ret_partial = conf.is_partial;
	raspberry_conf_done(&conf);
	if (r < 0)
		boot_entry_done(&e);
	else
		*ret = e;
	return r;
}

/* U-Boot, GRUB and others may be the "kernel"; then theirs is the configuration that counts. */
bool raspberry_starts_linux(struct entry_fs *fs, const struct boot_find_opts *opts,
			    const char *config)
{
	struct boot_entry e;
	bool is_linux, is_partial;

	if (read_entry(fs, opts, config, &e, &is_partial) < 0)
		return false;
	is_linux = is_kernel_file(fs, e.kernel);
	boot_entry_done(&e);
	return is_linux;
}

int raspberry_read(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
		   struct boot_menu *ret, struct kx_error *err)
{
	struct boot_menu menu = { .loader = "raspberry-pi" };
	struct boot_entry e;
	bool is_partial;
	int r = read_entry(fs, opts, config, &e, &is_partial);

	if (r < 0)
		return kx_fail_path(err, r, config);
	r = boot_menu_add(&menu, &e);
	if (r < 0)
		boot_entry_done(&e);
	if (r == 0)
		r = replace(&menu.config, config);
	if (r == 0 && is_partial)
		r = format(&menu.guess,
			   "what %s sets in included files, or in sections whose condition is not "
			   "known here, was not looked at",
			   config);
	if (r == 0)
		r = format(&menu.default_reason, "%s: the firmware starts %s\n", config,
			   menu.entries[0].kernel);
	if (r < 0) {
		boot_menu_done(&menu);
		return kx_fail_path(err, r, config);
	}
	menu_set_default(&menu, 0);
	*ret = menu;
	return 0;
}

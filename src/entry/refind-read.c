// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * rEFInd on this system: what it finds by itself (refind-scan.c) and the manual stanzas, in the order of
 * scanfor. Source: its documentation, configfile.html.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/open.h"
#include "base/strbuf.h"
#include "entry/efi-program.h"
#include "entry/efivars.h"
#include "entry/initrd-words.h"
#include "entry/path.h"
#include "entry/read.h"
#include "entry/refind.h"
#include "entry/vars.h"

#define PREVIOUS_BOOT "PreviousBoot-36d08fa7-cf0b-42f5-8f14-68df73ed3740"

struct reader {
	struct refind_include include;
	struct entry_fs *fs;
	const struct boot_find_opts *opts;
	const char *config;
	bool secure;
	struct refind_conf conf;
	struct boot_menu menu;
};

static void use_slashes(char *path)
{
	for (; *path; path++)
		if (*path == '\\')
			*path = '/';
}

/* A file beside refind.conf. */
static int path_beside(const struct reader *rd, const char *name, char **ret)
{
	_cleanup_free_ char *dir = NULL, *plain = strdup(name);
	int r = plain ? path_parent(rd->config, &dir) : -ENOMEM;

	if (r < 0)
		return r;
	use_slashes(plain);
	return path_join(dir, plain, ret);
}

static int fetch(struct refind_include *self, const char *name, uint8_t **ret_buf,
		 struct bytes *ret)
{
	struct reader *rd = (struct reader *)self; /* its first member */
	_cleanup_free_ char *path = NULL;
	struct text text;
	int r = path_beside(rd, name, &path);

	if (r == 0)
		r = read_text(rd->fs, path, &text);
	if (r < 0)
		return r;
	*ret_buf = text.buf;
	*ret = text.bytes;
	return 0;
}

/* The volume of a stanza, by the label of its file system, by the label or GUID of its partition, or by
 * the UUID of its file system; that of refind.conf when it names none. */
static int find_volume(const struct reader *rd, const char *name, char **ret)
{
	static const enum entry_search kinds[] = { ENTRY_SEARCH_LABEL, ENTRY_SEARCH_PARTLABEL,
						   ENTRY_SEARCH_PARTUUID, ENTRY_SEARCH_UUID };
	_cleanup_free_ char *ignored = NULL;
	int r = rd->fs->set_home(rd->fs, rd->config, &ignored);

	if (r < 0 || !name)
		return r;
	r = -ENOENT;
	for (size_t i = 0; r == -ENOENT && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		r = rd->fs->search(rd->fs, kinds[i], name, NULL, ret);
	return r;
}

/* Cuts "VOLUME:" off. */
static int take_volume(char **path, char **ret_volume)
{
	char *colon = strrchr(*path, ':');

	if (!colon)
		return 0;
	*ret_volume = strndup(*path, (size_t)(colon - *path));
	if (!*ret_volume)
		return -ENOMEM;
	memmove(*path, colon + 1, strlen(colon + 1) + 1);
	return 0;
}

static int resolve(const struct reader *rd, const char *device, const char *raw, char **ret)
{
	_cleanup_free_ char *plain = strdup(raw), *path = NULL;
	int r = -ENOMEM;

	if (plain) {
		use_slashes(plain);
		r = path_join(NULL, plain, &path);
	}
	return r < 0 ? r : rd->fs->to_system(rd->fs, device, path, ret);
}

/* @words name files of the volume @device. */
static int add_initrds(const struct reader *rd, struct boot_entry *e, const char *device,
		       const struct strlist *words)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < words->n; i++) {
		_cleanup_free_ char *path = NULL;

		r = resolve(rd, device, words->v[i], &path);
		if (r == 0)
			r = strlist_add(&e->initrds, path);
	}
	return r == 0 && e->bootable ? entry_check_files(rd->fs, e) : r;
}

static int give_up(struct boot_entry *e, const char *volume)
{
	e->bootable = false;
	if (!volume)
		return entry_warn(e, "%s is on a file system that is not mounted here", e->kernel);
	return entry_warn(e, "%s is on the volume \"%s\", which is not mounted here", e->kernel,
			  volume);
}

static int finish_stanza(const struct reader *rd, struct boot_entry *e)
{
	_cleanup_free_ char *volume = NULL, *device = NULL, *top = NULL, *kernel = NULL;
	_cleanup_free_ char *options = NULL;
	_cleanup_strlist_ struct strlist words = { 0 };
	struct uki_place at = { .fs = rd->fs, .secure = rd->secure };
	int r = replace(&e->source.file, rd->config);

	if (r == 0 && e->kernel)
		r = take_volume(&e->kernel, &volume);
	if (r < 0 || !e->kernel)
		return r;
	r = find_volume(rd, volume, &device);
	if (r == 0)
		r = resolve(rd, device, e->kernel, &kernel);
	if (r == 0)
		r = resolve(rd, device, "/", &top);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return give_up(e, volume);
	free(e->kernel);
	e->kernel = TAKE_PTR(kernel);
	at.partition = top;
	options = TAKE_PTR(e->cmdline);
	r = efi_program_take(&at, e, options, e->type == ENTRY_LINUX, &words);
	return r < 0 ? r : add_initrds(rd, e, device, &words);
}

static int add_stanzas(struct reader *rd)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rd->conf.manual.n_entries; i++) {
		struct boot_entry *e = &rd->conf.manual.entries[i];

		r = finish_stanza(rd, e);
		if (r == 0)
			r = boot_menu_add(&rd->menu, e);
	}
	return r;
}

/* Kernels are on internal disks; what rEFInd offers from elsewhere is not for this system. */
static int add_entries(struct reader *rd)
{
	const struct refind_scan found = { .fs = rd->fs,
					   .opts = rd->opts,
					   .conf = &rd->conf,
					   .config = rd->config,
					   .secure = rd->secure };
	const char *scan = *rd->conf.scan ? rd->conf.scan : "ieom";
	bool has_kernels = false, has_stanzas = false;
	int r = 0;

	for (; r == 0 && *scan; scan++)
		if (*scan == 'i' && !has_kernels) {
			has_kernels = true;
			r = refind_scan(&found, &rd->menu);
		} else if (*scan == 'm' && !has_stanzas) {
			has_stanzas = true;
			r = add_stanzas(rd);
		}
	return r;
}

/* What was started last: an EFI variable, or a file with the same text. */
static int read_previous(const struct reader *rd, char **ret)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_text_ struct text text = { 0 };
	int r;

	if (!rd->conf.keeps_files) {
		r = vars_read_string(rd->fs, PREVIOUS_BOOT, ret);
		return r == -ENOMEM ? r : 0;
	}
	r = path_beside(rd, "vars/PreviousBoot", &path);
	if (r == 0)
		r = read_text(rd->fs, path, &text);
	if (r == 0)
		r = efivar_text(text.bytes, ret);
	return r == -ENOMEM ? r : 0;
}

/* It starts the first line when nothing chooses one; what is first may not be known here. */
static int say_guess(struct reader *rd, const char *selection, const char *previous)
{
	static const char remedy[] = "say with default_selection which one it is to be";
	struct boot_menu *menu = &rd->menu;
	size_t n_found = 0;

	if (previous && refind_has_previous(selection))
		return format(
			&menu->guess,
			"rEFInd started \"%s\" last and does it again if that is still there, "
			"but no such entry is found here; %s",
			previous, remedy);
	if (rd->conf.selection && strcmp(selection, "+") != 0)
		return format(
			&menu->guess,
			"default_selection is \"%s\", which is no entry that is found here; %s",
			selection, remedy);
	for (size_t i = 0; i < menu->n_entries; i++)
		n_found += menu->entries[i].source.line == 0;
	if (menu->entries[0].source.line || n_found < 2)
		return 0;
	return format(&menu->guess,
		      "rEFInd starts the first line of its menu, whose order by volumes of the "
		      "firmware and times of files is not known here; %s",
		      remedy);
}

static bool is_found_kernel(const struct boot_entry *e)
{
	return e->source.line == 0 && e->type == ENTRY_LINUX && e->kernel;
}

/* Of several kernels in one directory it shows the one that was modified last, and the others behind it
 * (fold_linux_kernels): no selection names those. Seen with rEFInd 0.13.2. */
static int say_folded(struct reader *rd, size_t chosen)
{
	const struct boot_menu *menu = &rd->menu;
	const struct boot_entry *e = chosen < menu->n_entries ? &menu->entries[chosen] : NULL;
	_cleanup_free_ char *dir = NULL;
	size_t n = 0;
	int r = e && is_found_kernel(e) && !rd->conf.unfolds && !menu->guess
			? path_parent(e->kernel, &dir)
			: 0;

	for (size_t i = 0; r == 0 && dir && i < menu->n_entries; i++) {
		_cleanup_free_ char *other = NULL;

		if (is_found_kernel(&menu->entries[i]))
			r = path_parent(menu->entries[i].kernel, &other);
		n += other && strcmp(other, dir) == 0;
	}
	return r < 0 || n < 2
		       ? r
		       : format(&rd->menu.guess,
				"rEFInd starts the kernel in %s that was modified last, whichever of "
				"them is named; with fold_linux_kernels false it starts the one that "
				"default_selection names",
				dir);
}

static int choose(struct reader *rd)
{
	const char *selection = rd->conf.selection ? rd->conf.selection : "+";
	_cleanup_free_ char *previous = NULL;
	struct boot_menu *menu = &rd->menu;
	int r = read_previous(rd, &previous);
	size_t i;

	if (r < 0)
		return r;
	i = refind_choose(menu, selection, previous);
	if (i == menu->n_entries)
		r = say_guess(rd, selection, previous);
	if (r < 0)
		return r;
	i = i < menu->n_entries ? i : 0;
	r = say_folded(rd, i);
	if (r < 0)
		return r;
	menu_set_default(menu, i);
	return format(&menu->default_reason, "default_selection %s%s%s%s: %s\n",
		      rd->conf.selection ? selection : "is not set",
		      previous ? ", started last: \"" : "", previous ? previous : "",
		      previous ? "\"" : "", menu->entries[i].title);
}

static int read_all(struct reader *rd)
{
	_cleanup_text_ struct text text = { 0 };
	int r = read_text(rd->fs, rd->config, &text);

	if (r < 0)
		return r;
	if (strcmp(path_basename(rd->config), "refind_linux.conf") != 0)
		r = refind_conf_parse(text.bytes, &rd->include, &rd->conf);
	for (size_t i = 0; r == 0 && i < rd->conf.manual.warnings.n; i++)
		r = menu_warn(&rd->menu, "%s", rd->conf.manual.warnings.v[i]);
	if (r == 0)
		r = add_entries(rd);
	if (r == 0 && rd->menu.n_entries == 0)
		r = -ENOENT;
	if (r == 0)
		r = choose(rd);
	return r < 0 ? r : replace(&rd->menu.config, rd->config);
}

int refind_read(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
		struct boot_menu *ret, struct kx_error *err)
{
	struct reader rd = { .include = { fetch },
			     .fs = fs,
			     .opts = opts,
			     .config = config,
			     .secure = vars_secure_boot(fs),
			     .menu.loader = "refind" };
	int r = read_all(&rd);

	refind_conf_done(&rd.conf);
	if (r < 0) {
		boot_menu_done(&rd.menu);
		return kx_fail_file(
			err,
			kx_fail(err, r, "%s: %s", config,
				r == -ENOENT ? "no such file, or no entries" : open_strerror(r)),
			config);
	}
	*ret = rd.menu;
	return 0;
}

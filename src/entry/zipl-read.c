// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The menu that zipl would write into the boot record if it ran now, from zipl.conf and from
 * entries of the Boot Loader Specification. Source: s390-tools, zipl.conf(5), zipl(8), and
 * zipl/src/scan.c for the order of the entries.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lines.h"
#include "base/open.h"
#include "base/strbuf.h"
#include "entry/bls.h"
#include "entry/path.h"
#include "entry/read.h"
#include "entry/zipl.h"

#define ENTRIES "/boot/loader/entries"

/* Paths are those of the running system. */
static int resolve(struct entry_fs *fs, const char *config, const char *raw, char **ret)
{
	(void)fs;
	(void)config;
	return path_join(NULL, raw, ret);
}

/* The text of a parmfile stands before the parameters. */
static int add_parmfile(struct entry_fs *fs, struct boot_entry *e, const char *path)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };
	_cleanup_text_ struct text text = { 0 };
	struct lines lines;
	struct bytes line;
	int r = *path ? read_text(fs, path, &text) : 0;

	if (r < 0) {
		e->bootable = false;
		return r == -ENOMEM ? r : entry_warn(e, "parmfile %s: %s", path, open_strerror(r));
	}
	if (!*path)
		return 0;
	lines = lines_of(text.bytes);
	while (lines_next(&lines, &line)) {
		line = bytes_trim(line);
		if (out.n && line.n)
			strbuf_add(&out, " ");
		strbuf_add_n(&out, (const char *)line.p, line.n);
	}
	if (*e->cmdline)
		strbuf_add_word(&out, e->cmdline);
	free(TAKE_PTR(e->cmdline));
	return strbuf_take(&out, &e->cmdline);
}

static int fill(struct boot_entry *e, struct bls_type1 *t, const char *path, const char *id)
{
	int r = replace(&e->id, id);

	e->type = ENTRY_LINUX;
	e->bootable = true;
	e->source = (struct entry_source){ .kind = "bls", .line = t->line };
	e->version = TAKE_PTR(t->version);
	if (r == 0)
		r = replace(&e->title, t->title ? t->title : id);
	if (r == 0)
		r = strlist_add(&e->path, e->title);
	if (r == 0)
		r = replace(&e->source.file, path);
	if (r == 0)
		r = path_join(NULL, t->program, &e->kernel);
	if (r == 0)
		r = replace(&e->cmdline, t->options ? t->options : "");
	for (size_t i = 0; r == 0 && i < t->initrds.n; i++) {
		_cleanup_free_ char *initrd = NULL;

		r = path_join(NULL, t->initrds.v[i], &initrd);
		if (r == 0)
			r = strlist_add(&e->initrds, initrd);
	}
	return r;
}

static int add_entry(struct entry_fs *fs, struct boot_menu *menu, const char *name)
{
	_cleanup_text_ struct text text = { 0 };
	_cleanup_free_ char *path = NULL, *id = NULL;
	struct boot_entry e = { 0 };
	struct bls_type1 t;
	size_t n = strlen(name);
	int r;

	if (!ends_with(name, ".conf"))
		return 0;
	r = path_join(ENTRIES, name, &path);
	if (r == 0)
		r = read_text(fs, path, &text);
	if (r < 0)
		return r == -ENOMEM ? r : menu_warn(menu, "%s: %s", path, open_strerror(r));
	id = strndup(name, n - 5);
	r = id ? bls_type1_parse(text.bytes, BLS_LINUX, false, &t) : -ENOMEM;
	if (r < 0)
		return r;
	if (t.program && t.kinds == BLS_LINUX) {
		r = fill(&e, &t, path, id);
		if (r == 0)
			r = entry_check_files(fs, &e);
		if (r == 0)
			r = boot_menu_add(menu, &e);
		if (r < 0)
			boot_entry_done(&e);
	}
	bls_type1_done(&t);
	return r;
}

static int newest_first(const void *a, const void *b)
{
	return strverscmp(*(char *const *)b, *(char *const *)a);
}

/* Names of files in the order of strverscmp(3), the highest first. */
static int add_entries(struct entry_fs *fs, struct boot_menu *menu)
{
	_cleanup_strlist_ struct strlist names = { 0 };
	int r = fs->list(fs, ENTRY_SYSTEM, ENTRIES, &names);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), newest_first);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = add_entry(fs, menu, names.v[i]);
	return r;
}

/* default= names a title; without it the first entry, which is the newest, is the default. */
static void choose_automatic(struct boot_menu *menu, const char *wanted, size_t first)
{
	size_t chosen = menu->default_index < first ? menu->default_index : first;

	for (size_t i = 0; wanted && i < menu->n_entries; i++)
		if (strcmp(menu->entries[i].title, wanted) == 0)
			chosen = i;
	menu_set_default(menu, chosen);
}

static int read_conf(struct entry_fs *fs, const char *config, struct zipl_conf *conf)
{
	_cleanup_text_ struct text text = { 0 };
	size_t n;
	int r = read_text(fs, config, &text);

	if (r == 0)
		r = zipl_parse(text.bytes, conf);
	if (r < 0)
		return r;
	n = conf->menu.n_entries;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_parmfile(fs, &conf->menu.entries[i], conf->parmfiles.v[i]);
	if (r == 0)
		r = menu_resolve(fs, &conf->menu, config, resolve);
	if (r == 0 && conf->is_auto) {
		r = add_entries(fs, &conf->menu);
		choose_automatic(&conf->menu, conf->wanted, n);
	}
	if (r == 0)
		r = menu_warn(&conf->menu,
			      "what starts is what zipl wrote when it ran last: run it "
			      "after each change");
	return r == 0 && conf->menu.n_entries == 0 ? -ENOENT : r;
}

int zipl_read(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
	      struct boot_menu *ret, struct kx_error *err)
{
	struct zipl_conf conf = { 0 };
	int r = read_conf(fs, config, &conf);

	(void)opts;
	if (r == 0) {
		*ret = conf.menu;
		conf.menu = (struct boot_menu){ 0 };
	}
	zipl_conf_done(&conf);
	if (r == 0)
		return 0;
	(void)kx_fail(err, r, "%s: %s", config,
		      r == -ENOENT ? "no such file, or no sections" : open_strerror(r));
	return kx_fail_file(err, r, config);
}

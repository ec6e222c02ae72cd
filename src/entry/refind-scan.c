// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What rEFInd finds by itself: kernels, with the options of refind_linux.conf, and programs on partitions
 * for EFI, unified kernel images and other loaders among them. Source: its documentation, linux.html;
 * what it looks for and leaves out, refind/scan.c (ScanEfiFiles, ScanLoaderDir, ShouldScan); what is done
 * without options, refind/config.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/strbuf.h"
#include "entry/efi-program.h"
#include "entry/initrd-words.h"
#include "entry/path.h"
#include "entry/read.h"
#include "entry/refind.h"
#include "entry/scan.h"

/* Limit on programs; no ESP has so many. */
enum { PROGRAMS_MAX = 256 };

static int expand_version(const char *options, const char *version, char **ret)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };
	const char *v;

	for (; version && (v = strstr(options, "%v")); options = v + 2) {
		strbuf_add_n(&out, options, (size_t)(v - options));
		strbuf_add(&out, version);
	}
	strbuf_add(&out, options);
	return strbuf_take(&out, ret);
}

static bool is_microcode(const char *path)
{
	return strstr(path_basename(path), "-ucode") != NULL;
}

/* rEFInd looks for one initrd only; microcode has to be named. */
static void drop_microcode(struct strlist *initrds)
{
	size_t n = 0;

	for (size_t i = 0; i < initrds->n; i++)
		if (is_microcode(initrds->v[i]))
			free(initrds->v[i]);
		else
			initrds->v[n++] = initrds->v[i];
	initrds->n = n;
}

/* Words initrd= replace the initrd that fits by its name. They are looked for beside the kernel:
 * where the root of its volume is, the path does not say. */
static int apply_options(const struct refind_scan *s, struct boot_entry *e, const char *dir,
			 const char *raw)
{
	_cleanup_free_ char *options = NULL, *version = NULL;
	_cleanup_strlist_ struct strlist words = { 0 };
	int r = refind_version(path_basename(e->kernel), s->conf->versions, &version);

	e->bootable = true;
	free(TAKE_PTR(e->guess));
	strlist_done(&e->warnings);
	if (r == 0)
		r = expand_version(raw, version, &options);
	if (r == 0)
		r = initrd_words_take(options, &e->cmdline, &words);
	if (r == 0 && words.n)
		strlist_done(&e->initrds);
	else
		drop_microcode(&e->initrds);
	for (size_t i = 0; r == 0 && i < words.n; i++) {
		_cleanup_free_ char *path = NULL;

		r = path_join(dir, path_basename(words.v[i]), &path);
		if (r == 0)
			r = strlist_add(&e->initrds, path);
	}
	return r < 0 ? r : entry_check_files(s->fs, e);
}

/* The first line of refind_linux.conf in @dir, beside the kernels; without it, the root of /etc/fstab where
 * that is on their volume. */
static int find_options(const struct refind_scan *s, const char *dir, char **ret)
{
	struct strlist titles = { 0 }, options = { 0 };
	_cleanup_free_ char *on_volume = NULL, *root = NULL, *file = NULL, *kernel = NULL;
	_cleanup_text_ struct text text = { 0 };
	int r = path_join(dir, "refind_linux.conf", &file);

	if (r == 0)
		r = path_join(dir, "vmlinuz", &kernel);
	if (r < 0)
		return r;
	if (read_text(s->fs, file, &text) == 0)
		r = refind_linux_parse(text.bytes, &titles, &options);
	if (r == 0 && options.n)
		r = replace(ret, options.v[0]);
	strlist_done(&titles);
	strlist_done(&options);
	if (r < 0 || *ret)
		return r;

	if (s->fs->set_home(s->fs, kernel, &on_volume) < 0 || !strstr(on_volume, "/boot/"))
		return 0;
	r = scan_fstab_root(s->fs, &root);
	return r == 0 ? format(ret, "ro root=%s", root) : r == -ENOMEM ? r : 0;
}

/* "VOLUME:" in front of a name; NULL for none. @ret_rest is what is behind it, without slashes. */
static char *volume_of(const char *item, const char **ret_rest)
{
	const char *colon = strrchr(item, ':');

	*ret_rest = colon ? colon + 1 : item;
	*ret_rest += strspn(*ret_rest, "\\/");
	return colon ? strndup(item, (size_t)(colon - item)) : NULL;
}

static bool same_path(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	while (n && strchr("\\/", a[n - 1]))
		n--;
	while (m && strchr("\\/", b[m - 1]))
		m--;
	if (n != m)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char c = a[i] == '/' ? '\\' : a[i], d = b[i] == '/' ? '\\' : b[i];

		if (strncasecmp(&c, &d, 1) != 0)
			return false;
	}
	return true;
}

/* One element of dont_scan_files, which is a name, or with its directory or volume. */
static bool names_file(const char *item, const char *label, const char *dir, const char *name)
{
	const char *rest;
	_cleanup_free_ char *volume = volume_of(item, &rest), *parent = NULL;
	const char *base = rest;

	for (const char *p = rest; *p; p++)
		if (*p == '\\' || *p == '/')
			base = p + 1;
	if (strcasecmp(base, name) != 0 || (volume && (!label || strcasecmp(volume, label) != 0)))
		return false;
	parent = strndup(rest, (size_t)(base - rest));
	return parent && (base == rest || same_path(parent, dir));
}

static bool names_dir(const char *item, const char *label, const char *dir, const char *unused)
{
	const char *rest;
	_cleanup_free_ char *volume = volume_of(item, &rest);

	(void)unused;
	return (!volume || (label && strcasecmp(volume, label) == 0)) && same_path(rest, dir);
}

static bool is_listed(const char *list, const char *label, const char *dir, const char *name,
		      bool (*names)(const char *item, const char *label, const char *dir,
				    const char *name))
{
	while (list && *list) {
		size_t n = strcspn(list, ",");
		_cleanup_free_ char *item = strndup(list, n);

		if (item && names(item, label, dir, name))
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

/* Where a directory of this system is for rEFInd: the label of its volume, NULL when that is not known,
 * and its path there, without the first slash. */
struct spot {
	char *label, *path;
};

static void spot_done(struct spot *at)
{
	free(at->label);
	free(at->path);
}

static int find_spot(const struct refind_scan *s, const char *dir, struct spot *ret)
{
	_cleanup_free_ char *path = NULL;
	int r = s->fs->set_home(s->fs, dir, &path);

	if (r == 0 && s->fs->probe(s->fs, NULL, "fs_label", &ret->label) == -ENOMEM)
		r = -ENOMEM;
	return r < 0 ? r : replace(&ret->path, path + strspn(path, "/"));
}

static bool should_scan(const struct refind_scan *s, const struct spot *at)
{
	return !(at->label && has_item(s->conf->no_volumes, ",", at->label)) &&
	       !is_listed(s->conf->no_dirs, at->label, at->path, NULL, names_dir);
}

static int add_kernels_of(const struct refind_scan *s, const char *dir, const struct spot *at,
			  struct boot_menu *menu)
{
	_cleanup_free_ char *options = NULL;
	struct boot_menu kernels = { 0 };
	int r = scan_read(s->fs, s->opts, dir, &kernels, NULL);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = find_options(s, dir, &options);
	for (size_t i = 0; r == 0 && i < kernels.n_entries; i++) {
		struct boot_entry *e = &kernels.entries[i];

		if (is_listed(s->conf->no_files, at->label, at->path, path_basename(e->kernel),
			      names_file))
			continue;
		e->source.kind = "refind";
		if (options)
			r = apply_options(s, e, dir, options);
		if (r == 0)
			r = boot_menu_add(menu, e);
	}
	boot_menu_done(&kernels);
	return r;
}

static int add_kernels(const struct refind_scan *s, const char *dir, struct boot_menu *menu)
{
	struct spot at = { NULL };
	int r = s->conf->no_kernels ? 0 : find_spot(s, dir, &at);

	if (r == 0 && !s->conf->no_kernels && should_scan(s, &at))
		r = add_kernels_of(s, dir, &at, menu);
	spot_done(&at);
	return r == -ENOMEM || r == BUDGET_SPENT ? r : 0;
}

/* Its line in the menu says "Boot EFI\DIR\FILE from VOLUME". */
static int describe_program(const struct spot *at, const char *name, struct boot_entry *e)
{
	int r;

	if (strcasecmp(name, "bootmgfw.efi") == 0)
		r = replace(&e->title, "Microsoft EFI boot");
	else
		r = format(&e->title, "%s/%s", at->path, name);
	for (char *p = e->title; r == 0 && *p; p++)
		*p = *p == '/' ? '\\' : *p;
	if (r == 0)
		r = replace(&e->id, e->title);
	return r < 0 ? r : strlist_add(&e->path, e->title);
}

static int add_program(const struct refind_scan *s, const char *place, const struct spot *at,
		       const char *path, struct boot_menu *menu)
{
	struct uki_place where = { .fs = s->fs, .partition = place, .secure = s->secure };
	struct boot_entry e = { .source.kind = "refind" };
	_cleanup_strlist_ struct strlist words = { 0 };
	struct uki_facts facts;
	int r = uki_entry_facts(s->fs, path, &facts);

	if (r < 0) /* no program */
		return r == -ENOMEM ? r : 0;
	uki_facts_done(&facts);
	r = replace(&e.kernel, path);
	if (r == 0)
		r = replace(&e.source.file, path);
	if (r == 0)
		r = describe_program(at, path_basename(path), &e);
	if (r == 0)
		r = efi_program_take(&where, &e, NULL, false, &words);
	if (r == 0)
		r = boot_menu_add(menu, &e);
	if (r < 0)
		boot_entry_done(&e);
	return r;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_sorted(const struct refind_scan *s, const char *dir, struct strlist *ret)
{
	int r = s->fs->list(s->fs, ENTRY_SYSTEM, dir, ret);

	if (r == 0 && ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare_names);
	return r;
}

static int add_programs(const struct refind_scan *s, const char *place, const char *dir,
			struct boot_menu *menu)
{
	_cleanup_strlist_ struct strlist names = { 0 };
	struct spot at = { NULL };
	int r = find_spot(s, dir, &at);

	if (r == 0 && should_scan(s, &at))
		r = list_sorted(s, dir, &names);
	for (size_t i = 0; r == 0 && i < names.n && menu->n_entries < PROGRAMS_MAX; i++) {
		const char *name = names.v[i];
		_cleanup_free_ char *path = NULL;

		if (!ends_with(name, ".efi") && !ends_with(name, ".EFI"))
			continue;
		if (is_listed(s->conf->no_files, at.label, at.path, name, names_file))
			continue;
		r = path_join(dir, name, &path);
		if (r == 0)
			r = add_program(s, place, &at, path, menu);
	}
	spot_done(&at);
	return r == -ENOMEM || r == BUDGET_SPENT ? r : 0;
}

/* EFI/BOOT has what a firmware without boot options starts, mostly a copy of something else. */
static bool is_scanned(const struct refind_scan *s, const char *sub, const char *name)
{
	_cleanup_free_ char *own = NULL;

	return strcasecmp(name, "tools") != 0 && strcasecmp(name, "BOOT") != 0 && name[0] != '.' &&
	       path_parent(s->config, &own) == 0 && strcmp(own, sub) != 0;
}

/* The programs of one partition, and kernels in the directories of its EFI directory. */
static int scan_place(const struct refind_scan *s, const char *place, struct boot_menu *menu)
{
	_cleanup_strlist_ struct strlist names = { 0 };
	_cleanup_free_ char *efi = NULL;
	int r = path_join(place, "EFI", &efi);

	if (r < 0)
		return r;
	r = list_sorted(s, efi, &names);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const bool is_microsoft = strcasecmp(names.v[i], "Microsoft") == 0;
		_cleanup_free_ char *sub = NULL;

		r = path_join(efi, names.v[i], &sub);
		if (r < 0 || !is_scanned(s, sub, names.v[i]))
			continue;
		if (is_microsoft) {
			free(TAKE_PTR(sub));
			r = format(&sub, "%s/%s/Boot", efi, names.v[i]);
		}
		if (r == 0)
			r = add_programs(s, place, sub, menu);
		if (r == 0 && !is_microsoft)
			r = add_kernels(s, sub, menu);
	}
	return r == -ENOMEM || r == BUDGET_SPENT ? r : 0;
}

int refind_scan(const struct refind_scan *s, struct boot_menu *menu)
{
	const char *places[BOOT_PLACES_MAX];
	const size_t n = boot_places(s->fs, places);
	size_t before = menu->n_entries;
	int r = add_kernels(s, "/boot", menu);

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (strcmp(places[i], "/boot") != 0)
			r = add_kernels(s, places[i], menu);
		if (r == 0)
			r = scan_place(s, places[i], menu);
	}
	if (r == 0 && menu->n_entries - before > 1)
		r = menu_warn(menu,
			      "rEFInd shows the kernel that was modified last first; here the "
			      "one with the highest version is first");
	return r;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * rEFInd on this system: kernels that it finds by itself, with the options of refind_linux.conf, and
 * the manual stanzas, in the order of scanfor. Source: its documentation, linux.html and
 * configfile.html; what is done without options, refind/config.c.
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
#include "entry/scan.h"
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
static int apply_options(const struct reader *rd, struct boot_entry *e, const char *dir,
			 const char *raw)
{
	_cleanup_free_ char *options = NULL, *version = NULL;
	_cleanup_strlist_ struct strlist words = { 0 };
	int r = refind_version(path_basename(e->kernel), rd->conf.versions, &version);

	e->bootable = true;
	e->is_guessed = false;
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
	return r < 0 ? r : entry_check_files(rd->fs, e);
}

/* The first line of refind_linux.conf beside the kernels; without it, the root of /etc/fstab where
 * that is on their volume. */
static int find_options(const struct reader *rd, char **ret)
{
	struct strlist titles = { 0 }, options = { 0 };
	_cleanup_free_ char *on_volume = NULL, *root = NULL;
	_cleanup_text_ struct text text = { 0 };
	int r = 0;

	if (read_text(rd->fs, "/boot/refind_linux.conf", &text) == 0)
		r = refind_linux_parse(text.bytes, &titles, &options);
	if (r == 0 && options.n)
		r = replace(ret, options.v[0]);
	strlist_done(&titles);
	strlist_done(&options);
	if (r < 0 || *ret)
		return r;

	if (rd->fs->set_home(rd->fs, "/boot/vmlinuz", &on_volume) < 0 ||
	    !strstr(on_volume, "/boot/"))
		return 0;
	r = scan_fstab_root(rd->fs, &root);
	return r == 0 ? format(ret, "ro root=%s", root) : r == -ENOMEM ? r : 0;
}

static int add_kernels(struct reader *rd)
{
	_cleanup_free_ char *options = NULL;
	struct boot_menu kernels = { 0 };
	int r = scan_read(rd->fs, rd->opts, "/boot", &kernels, NULL);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = find_options(rd, &options);
	for (size_t i = 0; r == 0 && i < kernels.n_entries; i++) {
		struct boot_entry *e = &kernels.entries[i];

		e->source.kind = "refind";
		if (options)
			r = apply_options(rd, e, "/boot", options);
		if (r == 0)
			r = boot_menu_add(&rd->menu, e);
	}
	if (r == 0 && kernels.n_entries > 1)
		r = menu_warn(&rd->menu,
			      "rEFInd shows the kernel that was modified last first; here the one "
			      "with the highest version is first");
	boot_menu_done(&kernels);
	return r;
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
	const char *scan = *rd->conf.scan ? rd->conf.scan : "ieom";
	bool has_kernels = false, has_stanzas = false;
	int r = 0;

	for (; r == 0 && *scan; scan++)
		if (*scan == 'i' && !has_kernels) {
			has_kernels = true;
			r = add_kernels(rd);
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
	menu_set_default(menu, i < menu->n_entries ? i : 0);
	return format(&menu->default_reason, "default_selection %s%s%s%s: %s\n",
		      rd->conf.selection ? selection : "is not set",
		      previous ? ", started last: \"" : "", previous ? previous : "",
		      previous ? "\"" : "",
		      i < menu->n_entries ? menu->entries[i].title : "the first entry");
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

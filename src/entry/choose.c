// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finds out which boot loader runs on this machine. The loader that booted this system gives its
 * name in the EFI variable LoaderInfo; without it, the file that the firmware's boot option starts;
 * without that, what is installed. Where several loaders are possible, the others are named in a
 * warning, and the menu is marked as a guess. When a loader ran whose configuration is not found,
 * there is no default.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lines.h"
#include "base/strbuf.h"
#include "entry/choose.h"
#include "entry/digests.h"
#include "entry/firmware.h"
#include "entry/loaders.h"
#include "entry/os-release.h"
#include "entry/path.h"
#include "entry/read.h"
#include "entry/uki.h"
#include "entry/vars.h"

/* Configuration files that were found, one for each loader. */
struct found {
	char *config[N_LOADERS]; /* NULL when there is none; "" for a loader without a file */
	bool is_entries_only;	 /* Boot Loader Specification, without a loader that reads them */
	/* the file that says that GRUB does not read a grub.cfg of /boot, or NULL */
	const char *elsewhere;
};

static void found_done(struct found *f)
{
	for (size_t i = 0; i < N_LOADERS; i++)
		free(f->config[i]);
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "DIR/(star)/FILE" for the first directory in alphabetic order that has the file. */
static bool find_in_subdirs(struct entry_fs *fs, const char *pattern, char **ret)
{
	const char *star = strchr(pattern, '*');
	_cleanup_free_ char *dir = strndup(pattern, (size_t)(star - pattern));
	struct strlist names = { 0 };
	bool hit = false;

	if (!dir || fs->list(fs, ENTRY_SYSTEM, dir, &names) < 0)
		return false;
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), compare_strings);
	for (size_t i = 0; i < names.n && !hit; i++) {
		_cleanup_free_ char *sub = NULL;

		hit = path_join(dir, names.v[i], &sub) == 0 && find_file_in(fs, sub, star + 2, ret);
	}
	strlist_done(&names);
	return hit;
}

/* Entries of the Boot Loader Specification without a loader for them: read by the firmware itself,
 * or by a loader on a partition that is not mounted. */
static int add_entries_without_loader(struct entry_fs *fs, unsigned here, struct found *f)
{
	static const char *const dirs[] = { "loader/entries", "EFI/Linux" };
	const char *places[BOOT_PLACES_MAX + 1];
	size_t n = boot_places(fs, places);
	const size_t sd = loader_by_info("systemd-boot");

	for (size_t i = 0; i < N_LOADERS; i++)
		if (f->config[i])
			return 0;
	if (!(loaders[sd].firmware & here))
		return 0;
	places[n++] = "/run/boot-loader-entries";
	for (size_t i = 0; i < n * 2 && !f->is_entries_only; i++) {
		_cleanup_free_ char *dir = NULL;

		if (path_join(places[i / 2], dirs[i % 2], &dir) < 0)
			return -ENOMEM;
		f->is_entries_only = is_dir(fs, dir);
	}
	return found_without_file(f->is_entries_only, &f->config[sd]);
}

/* A file of a table of loaders: also in partitions that were looked into, for those that an ESP has. */
static void find_config(struct entry_fs *fs, const char *config, char **ret)
{
	static const char esp[] = "/efi/";
	const size_t n = strncmp(config, esp, strlen(esp)) == 0 && fs->looked ? fs->looked->n : 0;

	for (size_t i = 0; i <= n && !*ret; i++) {
		_cleanup_free_ char *path = NULL;

		if (i < n && path_join(fs->looked->v[i], config + strlen(esp), &path) < 0)
			continue;
		if (strchr(config, '*'))
			(void)find_in_subdirs(fs, path ? path : config, ret);
		else
			(void)find_file_in(fs, "/", path ? path : config, ret);
	}
}

static bool has_uncommented_line(struct entry_fs *fs, const char *path)
{
	_cleanup_text_ struct text text = { 0 };
	struct lines lines;
	struct bytes line;

	if (read_text(fs, path, &text) < 0)
		return false;
	lines = lines_of(text.bytes);
	return lines_next_said(&lines, &line);
}

/*
 * A grub.cfg in /boot may be one that nothing starts: proxmox-boot-tool keeps GRUB, its configuration and
 * its kernels on the partitions of this list ("/boot/grub/grub.cfg is NOT read when booting from those
 * disks", its /etc/grub.d/000_proxmox_boot_header), and the image of openSUSE's grub2-bls has its
 * configuration inside (openSUSE/sdbootutil).
 */
static int find_elsewhere(struct entry_fs *fs, const char **ret)
{
	static const char proxmox[] = "/etc/kernel/proxmox-boot-uuids";
	static const char suse[] = "/etc/sysconfig/bootloader";
	_cleanup_text_ struct text text = { 0 };
	_cleanup_free_ char *type = NULL;
	int r;

	*ret = has_uncommented_line(fs, proxmox) ? proxmox : NULL;
	if (*ret)
		return 0;
	r = read_text(fs, suse, &text);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	r = os_release_get(text.bytes, "LOADER_TYPE", &type);
	if (r == 0 && type && strcmp(type, "grub2-bls") == 0)
		*ret = suse;
	return r;
}

/* Only on a partition for EFI, where proxmox-boot-tool has it. */
static void find_config_elsewhere(struct entry_fs *fs, char **ret)
{
	find_config(fs, "/efi/grub/grub.cfg", ret);
	find_config(fs, "/boot/efi/grub/grub.cfg", ret);
}

static int find_configs(struct entry_fs *fs, const struct boot_find_opts *opts, struct found *f)
{
	unsigned here = opts->firmware == BOOT_FIRMWARE_BIOS  ? ON_BIOS
			: opts->firmware == BOOT_FIRMWARE_EFI ? ON_EFI
							      : ON_EFI | ON_BIOS;

	if (find_elsewhere(fs, &f->elsewhere) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < N_LOADERS; i++) {
		const struct loader *l = &loaders[i];

		if (!(l->firmware & here))
			continue;
		if (l->read == grub_read && f->elsewhere) {
			find_config_elsewhere(fs, &f->config[i]);
			continue;
		}
		if (l->find && l->find(fs, &f->config[i]) < 0)
			return -ENOMEM;
		for (size_t c = 0; l->configs[c] && !f->config[i]; c++)
			find_config(fs, l->configs[c], &f->config[i]);
		if (l->applies && f->config[i] && !l->applies(fs, opts, f->config[i]))
			free(TAKE_PTR(f->config[i]));
	}
	return add_entries_without_loader(fs, here, f);
}

/* By the program that the firmware started: a kernel is its own loader. */
static size_t loader_that_started(const struct found *f, const char *file)
{
	size_t by_name = loader_by_program(file);

	if (by_name < N_LOADERS && loaders[by_name].is_linux && f->config[by_name])
		return by_name;
	for (size_t i = 0; i < N_LOADERS; i++)
		if (loaders[i].read == efistub_read && f->config[i])
			return i;
	return by_name;
}

/* What the choice of the loader was based on: text that is put before the reasons of its reader. */
struct verdict {
	size_t loader;	  /* N_LOADERS: none of them is here */
	bool is_stand_in; /* entries are here, but nothing that is known to read them */
	bool is_proven;	  /* known from the loader that ran, not only from what is installed */
	/* sentence about a loader that ran and whose configuration is not found; empty for none */
	struct strbuf unread;
	struct strbuf why;
};

static void verdict_done(struct verdict *v)
{
	strbuf_done(&v->unread);
	strbuf_done(&v->why);
}

static size_t take(struct verdict *v, const struct found *f, size_t i, const char *what,
		   const char *value)
{
	if (i == N_LOADERS)
		return N_LOADERS;
	strbuf_addf(&v->why, "%s is \"%s\": %s", what, value, loaders[i].kind);
	if (!f->config[i]) {
		strbuf_add(&v->why, ", but it has no configuration that can be read here\n");
		strbuf_addf(&v->unread, "%s is \"%s\", but no configuration of %s is found", what,
			    value, loaders[i].kind);
		return N_LOADERS;
	}
	strbuf_add(&v->why, "\n");
	v->is_proven = true;
	return i;
}

/* \EFI\BOOT\BOOT….EFI is what a firmware without boot options starts. */
static bool fallback_is_systemd_boot(struct entry_fs *fs)
{
	static const char *const files[] = { "EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/BOOTAA64.EFI" };
	const char *places[BOOT_PLACES_MAX];
	const size_t n_places = boot_places(fs, places);
	bool is_it = false;

	for (size_t i = 0; i < 2 * n_places && !is_it; i++) {
		_cleanup_free_ char *file = NULL;
		const uint8_t *p;
		size_t n;

		if (path_join(places[i % n_places], files[i / n_places], &file) < 0 ||
		    fs->map(fs, ENTRY_SYSTEM, file, &p, &n) < 0)
			continue;
		is_it = uki_is_systemd_boot((struct bytes){ p, n });
		fs->unmap(fs, p, n);
	}
	return is_it;
}

static size_t by_what_is_installed(struct entry_fs *fs, const struct found *f, struct verdict *v)
{
	size_t sd = loader_by_info("systemd-boot"), i = 0;

	while (i < N_LOADERS && !f->config[i])
		i++;
	if (i < N_LOADERS && f->config[sd] && fallback_is_systemd_boot(fs)) {
		strbuf_add(&v->why, "the program that the firmware starts by default is "
				    "systemd-boot\n");
		return sd;
	}
	v->is_stand_in = f->is_entries_only;
	if (v->is_stand_in)
		strbuf_add(&v->why, "no boot loader is here, but entries of the Boot Loader "
				    "Specification: what systemd-boot would do\n");
	else if (i < N_LOADERS)
		strbuf_addf(&v->why, "%s is installed%s%s\n", loaders[i].kind,
			    *f->config[i] ? ": " : "", f->config[i]);
	return i;
}

static void decide(struct entry_fs *fs, const struct firmware_facts *fw, const struct found *f,
		   struct verdict *v)
{
	v->loader = take(v, f, loader_by_info(fw->loader_info), "EFI variable LoaderInfo",
			 fw->loader_info);
	if (fw->loader_info && loader_by_info(fw->loader_info) == N_LOADERS)
		strbuf_addf(
			&v->unread,
			"EFI variable LoaderInfo is \"%s\", a boot loader that is not known here",
			fw->loader_info);
	if (v->loader == N_LOADERS && !fw->loader_info && fw->current_file)
		v->loader = take(v, f, loader_that_started(f, fw->current_file),
				 "the program that the firmware started", fw->current_file);
	if (f->elsewhere && v->loader == N_LOADERS)
		strbuf_addf(&v->unread,
			    "%s%s says that GRUB does not read the configuration in /boot",
			    v->unread.n ? "; " : "", f->elsewhere);
	if (v->loader == N_LOADERS)
		v->loader = by_what_is_installed(fs, f, v);
}

/* Names the other loaders that are possible. */
static int warn_others(struct boot_menu *menu, const struct found *f, size_t chosen)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < N_LOADERS; i++)
		if (i != chosen && f->config[i])
			r = menu_warn(menu, "%s is here too%s%s, and was not taken",
				      loaders[i].kind, *f->config[i] ? ": " : "", f->config[i]);
	return r;
}

/* The sentence for menu->guess: what is not known, and what to do. None when the configuration of
 * the loader that ran was read. */
static int say_guess(struct boot_menu *menu, const struct firmware_facts *fw, const struct found *f,
		     const struct verdict *v)
{
	static const char remedy[] = "name it with --config FILE";

	if (menu->guess) /* its reader said it */
		return 0;
	if (v->unread.n) {
		menu_set_default(menu, menu->n_entries);
		return format(&menu->guess,
			      "%s: it is not known what it would start next, so there is no "
			      "default; mount what holds the configuration, or %s",
			      v->unread.s, remedy);
	}
	if (v->loader == N_LOADERS && fw->boot_image)
		return format(
			&menu->guess,
			"a boot loader started this system (BOOT_IMAGE=%s), but none of its "
			"configuration is found: entries are guessed from the kernels that are "
			"here; %s",
			fw->boot_image, remedy);
	if (v->loader == N_LOADERS)
		return format(
			&menu->guess,
			"no boot loader's configuration is found: entries are guessed from the "
			"kernels that are here; %s",
			remedy);
	if (v->is_stand_in)
		return format(
			&menu->guess,
			"entries of the Boot Loader Specification are here, but no boot loader "
			"that reads them: it is not known what starts them; %s",
			remedy);
	for (size_t i = 0; i < N_LOADERS; i++)
		if (i != v->loader && f->config[i] && !v->is_proven)
			return format(&menu->guess,
				      "more than one boot loader's configuration is here, and "
				      "nothing tells which one started this system: that of %s is "
				      "taken; %s",
				      menu->loader, remedy);
	return 0;
}

static int prepend_reason(struct boot_menu *menu, struct strbuf *why)
{
	if (menu->default_reason)
		strbuf_add(why, menu->default_reason);
	free(TAKE_PTR(menu->default_reason));
	return strbuf_take(why, &menu->default_reason);
}

/* BootNext or BootOrder start another system: this one's loader will not run. */
static int yield_to_firmware(struct boot_menu *menu, const struct firmware_facts *fw,
			     struct strbuf *why)
{
	/* Where the firmware itself starts kernels, the menu is made of its boot options. */
	if (!fw->next_reason || strcmp(menu->loader, "efistub") == 0)
		return 0;
	if (!fw->next_is_other)
		return menu_warn(menu, "%s", fw->next_reason);
	strbuf_addf(why, "%s\n", fw->next_reason);
	menu_set_default(menu, menu->n_entries);
	return menu_warn(menu, "%s: there is no default entry", fw->next_reason);
}

/* The loader that the caller says: nothing else is asked, and nothing is a guess. */
static int decide_by_type(const struct boot_find_opts *opts, const struct found *f, size_t type,
			  struct verdict *v, struct kx_error *err)
{
	if (type < N_LOADERS && !f->config[type])
		return kx_fail(err, -ENOENT,
			       "no configuration of %s is found: name it with --config FILE",
			       loaders[type].kind);
	strbuf_addf(&v->why, "the type is given: %s\n", opts->type);
	v->loader = type;
	return 0;
}

/* Everything that the choice is made of, once, or again with a partition that was looked into. */
struct search {
	struct firmware_facts fw;
	struct found found;
	struct verdict v;
	struct strlist looked;
	struct kx_error not_looked; /* why that was not possible; empty: it was, or nobody asked */
};

static void search_reset(struct search *s)
{
	verdict_done(&s->v);
	firmware_facts_done(&s->fw);
	found_done(&s->found);
	s->v = (struct verdict){ 0 };
	s->found = (struct found){ 0 };
}

static int search_once(struct entry_fs *fs, const struct boot_find_opts *opts, size_t type,
		       struct search *s, struct kx_error *err)
{
	int r = find_configs(fs, opts, &s->found);

	if (r == 0)
		r = firmware_facts_read(fs, opts->firmware, &s->fw);
	if (r < 0)
		return r;
	if (opts->type)
		return decide_by_type(opts, &s->found, type, &s->v, err);
	decide(fs, &s->fw, &s->found, &s->v);
	return 0;
}

/* systemd-boot reads the partition that it was started from before all others, so that one counts
 * even where entries are found elsewhere. */
static bool reads_its_partition(const struct verdict *v)
{
	return v->loader < N_LOADERS && loaders[v->loader].read == sd_boot_read;
}

/* The loader that ran may have its configuration on the partition that the firmware started it from. */
static bool should_look(const struct entry_fs *fs, const struct search *s, int r)
{
	if (!fs->look || !s->fw.partition || (r < 0 && r != -ENOENT))
		return false;
	return r == -ENOENT || s->v.unread.n || !s->v.is_proven || reads_its_partition(&s->v);
}

static int search(struct entry_fs *fs, const struct boot_find_opts *opts, size_t type,
		  struct search *s, struct kx_error *err)
{
	struct kx_error first = { 0 };
	int r = search_once(fs, opts, type, s, &first), looked;

	if (should_look(fs, s, r)) {
		looked = fs->look(fs, s->fw.partition, &s->looked, &s->not_looked);
		if (looked == -ENOMEM)
			return looked;
		if (looked == 0) {
			fs->looked = &s->looked;
			search_reset(s);
			r = search_once(fs, opts, type, s, &first);
		}
	}
	if (r < 0 && err)
		*err = first;
	return r;
}

/* What was not looked into could have decided. */
static int say_not_looked(struct boot_menu *menu, const struct search *s)
{
	_cleanup_free_ char *guess = NULL;
	int r;

	if (!s->not_looked.message[0] || (!menu->guess && !reads_its_partition(&s->v)))
		return 0;
	r = menu->guess ? format(&guess, "%s (%s)", menu->guess, s->not_looked.message)
			: format(&guess,
				 "%s may have a configuration on the partition that it was started "
				 "from, which was not read: %s",
				 menu->loader, s->not_looked.message);
	return r < 0 ? r : replace(&menu->guess, guess);
}

static int read_menu(struct entry_fs *fs, const struct boot_find_opts *opts, struct search *s,
		     struct boot_menu *menu, struct kx_error *err)
{
	const size_t i = s->v.loader;
	int r;

	if (i == N_LOADERS)
		r = scan_read(fs, opts, NULL, menu, err);
	else
		r = loaders[i].read(fs, opts, *s->found.config[i] ? s->found.config[i] : NULL, menu,
				    err);
	if (r == 0)
		r = warn_others(menu, &s->found, i);
	if (r == 0 && !opts->type)
		r = say_guess(menu, &s->fw, &s->found, &s->v);
	if (r == 0 && !opts->type)
		r = say_not_looked(menu, s);
	if (r == 0)
		r = yield_to_firmware(menu, &s->fw, &s->v.why);
	if (r == 0)
		r = menu_compare_digests(fs, menu);
	return r == 0 ? prepend_reason(menu, &s->v.why) : r;
}

static int find(struct entry_fs *fs, const struct boot_find_opts *opts, size_t type,
		struct boot_menu *ret, struct kx_error *err)
{
	struct boot_menu menu = { 0 };
	struct search s = { 0 };
	int r = search(fs, opts, type, &s, err);

	if (r == 0)
		r = read_menu(fs, opts, &s, &menu, err);
	fs->looked = NULL;
	search_reset(&s);
	strlist_done(&s.looked);
	if (r < 0)
		boot_menu_done(&menu);
	else
		*ret = menu;
	return r;
}

static int fail_name(const char *config, struct kx_error *err)
{
	(void)kx_fail(
		err, -EINVAL,
		"%s: the name does not tell which boot loader it is for: say it with --type, or "
		"name grub.cfg, menu.lst, extlinux.conf, limine.conf, refind.conf, loader.conf or "
		"a directory",
		config);
	return kx_fail_file(err, -EINVAL, config);
}

int boot_menu_find(struct entry_fs *fs, const struct boot_find_opts *opts, struct boot_menu *ret,
		   struct kx_error *err)
{
	struct boot_find_opts o = *opts;
	struct boot_menu menu = { 0 };
	size_t type = N_LOADERS;
	read_fn *read;
	int r = o.type ? loader_of_type(o.type, &type, err) : 0;

	if (r < 0)
		return r;
	if (o.firmware == BOOT_FIRMWARE_AUTO)
		o.firmware = firmware_detect(fs);
	if (!o.config)
		return find(fs, &o, type, ret, err);

	read = !o.type		  ? loader_reader_for(fs, o.config)
	       : type < N_LOADERS ? loaders[type].read
				  : scan_read;
	if (read == efistub_read)
		return kx_fail(err, -EINVAL,
			       "the boot options of the firmware are no file: %s goes without a "
			       "configuration",
			       loaders[type].kind);
	if (!read)
		return fail_name(o.config, err);
	r = read(fs, &o, o.config, &menu, err);
	if (r == 0)
		r = menu_compare_digests(fs, &menu);
	if (r < 0)
		boot_menu_done(&menu);
	else
		*ret = menu;
	return r;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What systemd-boot would show: reads ESP and XBOOTLDR, makes the items, lets bls-order.c sort
 * them and choose. Sources: UAPI.1, systemd-boot(7), loader.conf(5).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lines.h"
#include "base/num.h"
#include "base/open.h"
#include "entry/initrd-words.h"
#include "entry/os-release.h"
#include "entry/path.h"
#include "entry/read.h"
#include "entry/sd-boot.h"
#include "entry/uki-entry.h"
#include "entry/vars.h"

#define RUN_ENTRIES "/run/boot-loader-entries"

/* Limit on the size of an entry's file; real ones are small. */
enum { ENTRY_FILE_MAX = 1 << 20 };

static void sd_boot_done(struct sd_boot *b)
{
	strlist_done(&b->partitions);
	strlist_done(&b->strings);
	free(b->named);
	bls_items_done(&b->items);
	loader_conf_done(&b->conf);
	loader_vars_done(&b->vars);
}

static bool has_entries(struct entry_fs *fs, const char *partition)
{
	static const char *const dirs[] = { "loader/entries", "EFI/Linux", "EFI/systemd" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		_cleanup_free_ char *path = NULL;

		if (path_join(partition, dirs[i], &path) == 0 && is_dir(fs, path))
			return true;
	}
	return false;
}

/* One directory may be reachable twice: /efi as a link to /boot, a bind mount. */
static bool is_new(struct sd_boot *b, const char *dir)
{
	for (size_t i = 0; i < b->partitions.n; i++)
		if (b->fs->same && b->fs->same(b->fs, b->partitions.v[i], dir))
			return false;
	return true;
}

static int find_partitions(struct sd_boot *b)
{
	const char *places[BOOT_PLACES_MAX];
	const size_t n = boot_places(b->fs, places);

	for (size_t i = 0; i < n; i++)
		if (has_entries(b->fs, places[i]) && is_new(b, places[i])) {
			int r = strlist_add(&b->partitions, places[i]);

			if (r < 0)
				return r;
		}
	/* what systemctl kexec reads in place of an ESP (systemd 248 and later): something other than a
	 * boot loader wrote it for this system */
	if (b->partitions.n == 0 && has_entries(b->fs, RUN_ENTRIES)) {
		int r = strlist_add(&b->partitions, RUN_ENTRIES);

		if (r == 0)
			r = menu_warn(b->menu, "entries are those of " RUN_ENTRIES
					       ", which systemctl kexec reads, and no boot loader");
		return r;
	}
	return b->partitions.n ? 0 : -ENOENT;
}

/* Entries in a place of their own, which is a directory of them or one of them: paths in them are
 * those of the file system that holds it. */
static int name_entries(struct sd_boot *b, char **clean)
{
	_cleanup_free_ char *ignored = NULL, *top = NULL;
	int r = b->fs->set_home(b->fs, *clean, &ignored);

	if (r == 0)
		r = b->fs->to_system(b->fs, NULL, "/", &top);
	if (r == 0)
		r = strlist_add(&b->partitions, top);
	if (r == 0)
		b->named = TAKE_PTR(*clean);
	return r;
}

/* The partition of a configuration that was named: what is above its "loader". */
static int partition_of(struct sd_boot *b, const char *config)
{
	_cleanup_free_ char *clean = NULL;
	char *loader;
	int r = path_join(NULL, config, &clean);

	if (r < 0)
		return r;
	loader = strstr(clean, "/loader");
	if (!loader)
		loader = strstr(clean, "/EFI/Linux");
	if (loader)
		*loader = 0;
	else if (!has_entries(b->fs, clean))
		return name_entries(b, &clean);
	return strlist_add(&b->partitions, *clean ? clean : "/");
}

/* A path of an entry: on the partition, or, where /boot is no partition of its own (entries that
 * GRUB was meant to read), below the root of its file system. */
static int resolve(struct sd_boot *b, const char *partition, const char *path, char **ret,
		   bool *ret_exists)
{
	_cleanup_free_ char *first = NULL, *second = NULL, *ignored = NULL;
	int r = path_join(partition, path, &first);

	if (r < 0)
		return r;
	*ret_exists = is_file(b->fs, first);
	if (!*ret_exists && b->fs->set_home(b->fs, partition, &ignored) == 0 &&
	    b->fs->to_system(b->fs, NULL, path, &second) == 0 && is_file(b->fs, second)) {
		*ret_exists = true;
		*ret = TAKE_PTR(second);
		return 0;
	}
	*ret = TAKE_PTR(first);
	return 0;
}

/* Sets the paths of @e; what is not there makes it unbootable. */
static int resolve_all(struct sd_boot *b, const char *partition, const struct bls_type1 *t,
		       struct boot_entry *e, bool *ret_has_program)
{
	bool exists;
	int r = resolve(b, partition, t->program, &e->kernel, ret_has_program);

	if (r == 0 && !*ret_has_program)
		r = entry_warn(e, "kernel %s does not exist", e->kernel);
	e->bootable = *ret_has_program;
	/* Only entries of kernels get them from the loader. */
	for (size_t i = 0; r == 0 && t->kinds == BLS_LINUX && i < t->initrds.n; i++) {
		_cleanup_free_ char *path = NULL;

		r = resolve(b, partition, t->initrds.v[i], &path, &exists);
		if (r == 0)
			r = strlist_add(&e->initrds, path);
		if (r == 0 && !exists) {
			e->bootable = false;
			r = entry_warn(e, "initrd %s does not exist", path);
		}
	}
	/* Under Secure Boot the loader does not install one that nobody has signed. */
	if (r == 0 && t->devicetree && !b->secure)
		r = resolve(b, partition, t->devicetree, &e->devicetree, &exists);
	return r;
}

/* A kernel that is started as the EFI program that it is: words initrd= in its options are files on
 * the partition that it is on, after those that the loader adds for its own keys (kernel,
 * Documentation/admin-guide/efi-stub.rst). */
static int become_kernel(struct sd_boot *b, const char *partition, const struct bls_type1 *t,
			 struct boot_entry *e)
{
	_cleanup_strlist_ struct strlist words = { 0 };
	int r = initrd_words_take(t->options ? t->options : "", &e->cmdline, &words);

	e->type = ENTRY_LINUX;
	for (size_t i = 0; r == 0 && i < words.n; i++) {
		_cleanup_free_ char *path = NULL;
		bool exists;

		r = resolve(b, partition, words.v[i], &path, &exists);
		if (r == 0)
			r = strlist_add(&e->initrds, path);
		if (r == 0 && !exists) {
			e->bootable = false;
			r = entry_warn(e, "initrd %s does not exist", path);
		}
	}
	return r;
}

/* A unified kernel image behind `linux`: its stub joins what the loader gives with its own. */
static int check_joined(struct sd_boot *b, struct boot_entry *e)
{
	bool has_own = false;
	int r = e->initrds.n && e->type == ENTRY_UKI
			? uki_entry_has_initrd(b->fs, e->kernel, &has_own)
			: 0;

	if (r < 0 || !has_own)
		return r;
	e->bootable = false;
	return entry_warn(e,
			  "%s is a unified kernel image with an initrd of its own, and the entry "
			  "has another one: only its stub can join them",
			  e->kernel);
}

/* `efi` and `uki` that are no unified kernel image, as @why says. */
static int take_efi(struct sd_boot *b, const char *partition, const struct bls_type1 *t,
		    struct boot_entry *e, int why)
{
	if (why == -ENOEXEC && t->kinds == BLS_EFI && is_kernel_file(b->fs, e->kernel))
		return become_kernel(b, partition, t, e);
	e->type = t->kinds == BLS_UKI ? ENTRY_UKI : ENTRY_CHAINLOAD;
	e->bootable = false;
	if (t->kinds == BLS_UKI)
		return entry_warn(e, "%s is no unified kernel image", e->kernel);
	return entry_warn(e, "%s is an EFI program that only the firmware can start", e->kernel);
}

static int become_absent(const struct bls_type1 *t, struct boot_entry *e)
{
	e->type = t->kinds == BLS_LINUX ? ENTRY_LINUX
		  : t->kinds == BLS_UKI ? ENTRY_UKI
					: ENTRY_CHAINLOAD;
	return e->type == ENTRY_LINUX ? replace(&e->cmdline, t->options ? t->options : "") : 0;
}

/* The kernel of `linux`; of `efi`, when it is a UKI after all; the image of `uki`. */
static int take_program(struct sd_boot *b, const char *partition, const struct bls_type1 *t,
			struct bls_item *item)
{
	struct uki_place at = { b->fs, partition, b->secure };
	struct boot_entry *e = &item->entry;
	uint64_t profile = 0;
	bool has_program, bootable;
	int r;

	if (t->kinds == BLS_UKI_URL) {
		e->type = ENTRY_OTHER;
		return entry_warn(e, "the image is loaded over the network by the firmware: %s",
				  t->program);
	}
	r = resolve_all(b, partition, t, e, &has_program);
	if (r < 0)
		return r;
	item->is_hidden = !has_program;
	if (!has_program)
		return become_absent(t, e);
	bootable = e->bootable;
	if (t->profile && parse_u64(t->profile, &profile) < 0)
		profile = 0;
	r = uki_entry_describe(&at, e, t->options,
			       t->kinds == BLS_LINUX ? 0 : (unsigned)(profile & 0xffff));
	if (r == 0)
		e->bootable &= bootable;
	/* a file that is no readable UKI is taken for a kernel: checks of the chosen entry find
	 * what is wrong with it */
	if (t->kinds == BLS_LINUX && r < 0 && r != -ENOMEM)
		return become_kernel(b, partition, t, e);
	if (t->kinds == BLS_LINUX)
		return r < 0 ? r : check_joined(b, e);
	return r == -ENOEXEC || r == -EBADMSG ? take_efi(b, partition, t, e, r) : r;
}

static bool is_foreign(struct sd_boot *b, const struct bls_type1 *t)
{
	const char *ours = bls_efi_arch(b->opts->machine);

	return t->architecture && ours &&
	       (t->has_architectures || strcasecmp(t->architecture, ours) != 0);
}

static int fill_item(struct sd_boot *b, const char *partition, const char *path,
		     struct bls_name *name, struct bls_type1 *t, struct bls_item *item)
{
	struct boot_entry *e = &item->entry;
	int r;

	item->name = *name;
	item->name.id = NULL;
	e->id = TAKE_PTR(name->id);
	item->sort_key = TAKE_PTR(t->sort_key);
	item->machine_id = TAKE_PTR(t->machine_id);
	item->can_be_first = true;
	e->version = TAKE_PTR(t->version);
	e->architecture = TAKE_PTR(t->architecture);
	e->title = TAKE_PTR(t->title);
	e->source.kind = "bls";
	e->source.line = t->line;
	r = replace(&item->stem, e->id);
	if (r == 0)
		r = bls_item_set_loader_id(item, &b->vars, path_basename(path));
	if (r == 0 && !e->title)
		r = replace(&e->title, e->id);
	if (r == 0)
		r = strlist_add(&e->path, e->title);
	if (r == 0)
		r = replace(&e->source.file, path);
	return r < 0 ? r : take_program(b, partition, t, item);
}

/* What systemd-boot puts behind the options of entries with `linux`, whatever it names. */
static int add_extra_words(const struct sd_boot *b, struct bls_type1 *t)
{
	_cleanup_free_ char *options = TAKE_PTR(t->options);

	if (!b->extra_words || !*b->extra_words) {
		t->options = TAKE_PTR(options);
		return 0;
	}
	return format(&t->options, "%s%s%s", options ? options : "", options && *options ? " " : "",
		      b->extra_words);
}

static int make_item(struct sd_boot *b, const char *partition, const char *path,
		     struct bls_name *name, struct bls_type1 *t)
{
	bool foreign = is_foreign(b, t), is_unknown = !t->kinds && t->unknown;
	struct bls_item item = { 0 };
	int r;

	if (is_unknown)
		t->kinds = t->unknown;
	if (t->kinds == BLS_LINUX && add_extra_words(b, t) < 0)
		return -ENOMEM;
	if (!t->kinds || (t->kinds & (t->kinds - 1)))
		return menu_warn(b->menu,
				 "%s: ignored by the boot loader: %s of linux, efi, uki and "
				 "uki-url is there",
				 path, t->kinds ? "more than one" : "none");
	r = fill_item(b, partition, path, name, t, &item);
	if (r == 0 && foreign) {
		item.is_hidden = true;
		item.entry.bootable = false;
		r = entry_warn(&item.entry, "is for architecture %s", item.entry.architecture);
	}
	if (r == 0 && is_unknown) {
		item.is_hidden = true;
		item.entry.bootable = false;
		r = entry_warn(&item.entry,
			       "the boot loader of this machine (%s) does not show it: it does not "
			       "know the key %s",
			       b->vars.info, t->kinds & BLS_UKI ? "uki" : "uki-url");
	}
	if (r == 0 && item.name.has_counter && item.name.left == 0)
		r = entry_warn(&item.entry, "has failed to boot as often as it may (%u times)",
			       item.name.done);
	if (r == 0)
		r = bls_items_add(&b->items, &item);
	if (r < 0)
		bls_item_done(&item);
	return r;
}

static unsigned known_keys(const struct sd_boot *b)
{
	return BLS_LINUX | BLS_EFI | (b->vars.features & LOADER_FEATURE_UKI ? BLS_UKI : 0) |
	       (b->vars.features & LOADER_FEATURE_UKI_URL ? BLS_UKI_URL : 0);
}

int sd_boot_take_type1(struct sd_boot *b, const char *partition, const char *name, const char *path,
		       struct bytes text)
{
	struct bls_name parts;
	struct bls_type1 t;
	int r = bls_name_parse(name, ".conf", &parts);

	if (r < 0)
		return r == -EINVAL ? 0 : r;
	r = bls_type1_parse(text, known_keys(b), strcmp(partition, RUN_ENTRIES) != 0, &t);
	if (r == 0) {
		r = make_item(b, partition, path, &parts, &t);
		bls_type1_done(&t);
	}
	free(parts.id);
	return r;
}

static int add_type1(struct sd_boot *b, const char *partition, const char *dir, const char *file)
{
	_cleanup_free_ uint8_t *text = NULL;
	_cleanup_free_ char *path = NULL;
	struct bls_name name;
	size_t n;
	int r = bls_name_parse(file, ".conf", &name);

	if (r < 0)
		return r == -EINVAL ? 0 : r;
	free(name.id);
	r = path_join(dir, file, &path);
	if (r == 0)
		r = b->fs->read(b->fs, ENTRY_SYSTEM, path, ENTRY_FILE_MAX, &text, &n);
	if (r == 0)
		return sd_boot_take_type1(b, partition, file, path, (struct bytes){ text, n });
	return r == -ENOMEM || !path
		       ? r
		       : menu_warn(b->menu, "%s: cannot be read: %s", path, open_strerror(r));
}

static int add_dir(struct sd_boot *b, const char *partition, const char *sub,
		   int (*add)(struct sd_boot *b, const char *partition, const char *dir,
			      const char *file))
{
	_cleanup_free_ char *dir = NULL;
	struct strlist names = { 0 };
	int r = path_join(partition, sub, &dir);

	if (r < 0)
		return r;
	r = b->fs->list(b->fs, ENTRY_SYSTEM, dir, &names);
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return r == -ENOMEM ? r
				    : menu_warn(b->menu, "%s: cannot be read: %s", dir,
						open_strerror(r));
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = add(b, partition, dir, names.v[i]);
	strlist_done(&names);
	return r;
}

/* loader.conf of the ESP: the first partition that has one. */
static int read_conf(struct sd_boot *b)
{
	for (size_t i = 0; i < b->partitions.n; i++) {
		_cleanup_text_ struct text text = { 0 };
		_cleanup_free_ char *path = NULL;
		int r;

		if (!find_file_in(b->fs, b->partitions.v[i], "loader/loader.conf", &path))
			continue;
		r = read_text(b->fs, path, &text);
		if (r < 0)
			return r == -ENOMEM ? r
					    : menu_warn(b->menu, "%s: cannot be read: %s", path,
							strerror(-r));
		free(b->menu->config);
		b->menu->config = TAKE_PTR(path);
		return loader_conf_parse(text.bytes, &b->conf);
	}
	return 0;
}

/* Sorts, chooses, and hands the entries over to the menu. */
static int finish(struct sd_boot *b)
{
	_cleanup_strbuf_ struct strbuf why = { 0 }, unmatched = { 0 };
	const char *waits = NULL;
	size_t chosen;
	int r = 0;

	bls_sort(&b->items, b->vars.features);
	chosen = bls_choose(&b->items, &b->vars, &b->conf, &why, &unmatched);
	if (unmatched.n)
		r = menu_warn(b->menu, "%s", unmatched.s);
	if (r == 0)
		r = sd_boot_waits(b, &waits);
	if (r == 0 && waits)
		strbuf_addf(&why,
			    "%s: the loader waits for a person; this is what it offers first\n",
			    waits);
	for (size_t i = 0; r == 0 && i < b->items.n; i++)
		r = boot_menu_add(b->menu, &b->items.v[i].entry);
	if (r < 0)
		return r;
	menu_set_default(b->menu, chosen);
	return strbuf_take(&why, &b->menu->default_reason);
}

static int is_pop_os(struct entry_fs *fs, bool *ret)
{
	_cleanup_text_ struct text text = { 0 };
	_cleanup_free_ char *id = NULL;
	int r = read_text(fs, "/etc/os-release", &text);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	r = os_release_get(text.bytes, "ID", &id);
	*ret = id && strcmp(id, "pop") == 0;
	return r;
}

static int read_named(struct sd_boot *b)
{
	_cleanup_free_ char *dir = NULL;
	const char *top = b->partitions.v[0];
	int r = replace(&b->menu->config, b->named);

	if (r == 0 && is_dir(b->fs, b->named))
		return add_dir(b, top, path_below(b->named, top), add_type1);
	if (r == 0 && !is_file(b->fs, b->named))
		return -ENOENT;
	if (r == 0)
		r = path_parent(b->named, &dir);
	return r < 0 ? r : add_type1(b, top, dir, path_basename(b->named));
}

static int read_partitions(struct sd_boot *b)
{
	int r = read_conf(b);

	if (r == 0)
		r = vars_read_loader(b->fs, &b->vars);
	if (r == 0)
		r = is_pop_os(b->fs, &b->vars.finds_stems);
	b->secure = b->opts->firmware != BOOT_FIRMWARE_BIOS && vars_secure_boot(b->fs);
	/* systemctl kexec and a file that somebody names are not what the loader reads */
	if (r == 0 && b->opts->firmware != BOOT_FIRMWARE_BIOS && !b->named &&
	    strcmp(b->partitions.v[0], RUN_ENTRIES) != 0)
		r = sd_boot_read_firmware(b);
	if (r == 0 && b->named) {
		r = read_named(b);
		return r < 0 ? r : finish(b);
	}
	for (size_t i = 0; r == 0 && i < b->partitions.n; i++) {
		const char *p = b->partitions.v[i];

		r = add_dir(b, p, "loader/entries", add_type1);
		/* Only EFI firmware can start these, and only it is asked to. */
		if (r == 0 && b->opts->firmware != BOOT_FIRMWARE_BIOS)
			r = add_dir(b, p, "EFI/Linux", sd_boot_add_uki);
	}
	if (r == 0 && !b->menu->config)
		r = path_join(b->partitions.v[0], "loader/entries", &b->menu->config);
	if (r == 0 && b->opts->firmware != BOOT_FIRMWARE_BIOS)
		r = sd_boot_add_firmware(b);
	if (r == 0 && b->opts->firmware != BOOT_FIRMWARE_BIOS)
		r = sd_boot_add_auto(b);
	return r < 0 ? r : finish(b);
}

int sd_boot_read(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
		 struct boot_menu *ret, struct kx_error *err)
{
	struct boot_menu menu = { .loader = "systemd-boot" };
	struct sd_boot b = { .fs = fs, .opts = opts, .menu = &menu };
	int r = config ? partition_of(&b, config) : find_partitions(&b);

	if (r == 0)
		r = read_partitions(&b);
	sd_boot_done(&b);
	if (r == 0 && menu.n_entries == 0)
		r = -ENOENT;
	if (r < 0) {
		boot_menu_done(&menu);
		(void)kx_fail(err, r, "%s: no entries of the Boot Loader Specification: %s",
			      config ? config : "/efi, /boot/efi, /boot", strerror(-r));
		return config ? kx_fail_file(err, r, config) : r;
	}
	*ret = menu;
	return 0;
}

/* systemd-boot needs no configuration file, so its program is searched instead. */
static bool has_systemd_boot(struct entry_fs *fs)
{
	static const char *const programs[] = { "EFI/systemd/systemd-bootx64.efi",
						"EFI/systemd/systemd-bootaa64.efi",
						"EFI/systemd/systemd-bootia32.efi",
						"EFI/systemd/systemd-bootriscv64.efi",
						"EFI/systemd/systemd-bootloongarch64.efi" };
	const char *places[BOOT_PLACES_MAX];
	const size_t n = boot_places(fs, places);

	for (size_t p = 0; p < n; p++)
		for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
			_cleanup_free_ char *path = NULL;

			if (find_file_in(fs, places[p], programs[i], &path))
				return true;
		}
	return false;
}

int sd_boot_find(struct entry_fs *fs, char **ret)
{
	return found_without_file(has_systemd_boot(fs), ret);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ZFSBootMenu: a small system, started by the firmware, that starts kernels out of /boot of ZFS file
 * systems by kexec. Which file system, kernel and command line it takes is in properties of ZFS
 * (bootfs, org.zfsbootmenu:kernel, org.zfsbootmenu:commandline), which are not read here; what it would
 * take without them is. Source: ZFSBootMenu 3, find_be_kernels(), select_kernel(), find_root_prefix() in
 * zfsbootmenu/lib/zfsbootmenu-core.sh.
 */
#include "entry/zfsbootmenu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lines.h"
#include "entry/choose.h"
#include "entry/grub/bls-version.h"
#include "entry/mounts.h"
#include "entry/os-release.h"
#include "entry/path.h"
#include "entry/read.h"
#include "entry/vars.h"

bool zbm_is_kernel(const char *name)
{
	static const char *const bases[] = { "vmlinux", "vmlinuz", "linux", "linuz", "kernel" };

	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		size_t n = strlen(bases[i]);

		if (strncmp(name, bases[i], n) == 0 && (name[n] == 0 || name[n] == '-'))
			return true;
	}
	return false;
}

static const char *find_name(const struct strlist *names, const char *wanted)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->v[i], wanted) == 0)
			return names->v[i];
	return NULL;
}

/* "initramfs-LABEL.img" and "initramfs.img-LABEL", by each of both names, then for the version. */
static const char *try_ending(const struct strlist *names, const char *const labels[2],
			      const char *ending, const char *packed)
{
	static const char *const prefixes[] = { "initramfs", "initrd" };

	for (size_t p = 0; p < 2; p++)
		for (size_t l = 0; l < 2 && labels[l]; l++)
			for (size_t order = 0; order < 2; order++) {
				_cleanup_free_ char *name = NULL;
				const char *found;
				int r = order == 0 ? format(&name, "%s-%s%s%s", prefixes[p],
							    labels[l], ending, packed)
						   : format(&name, "%s%s%s-%s", prefixes[p], ending,
							    packed, labels[l]);

				found = r == 0 ? find_name(names, name) : NULL;
				if (found)
					return found;
			}
	return NULL;
}

const char *zbm_initramfs(const struct strlist *names, const char *kernel)
{
	static const char *const packed[] = { "",      ".gz",  ".bz2", ".xz",
					      ".lzma", ".lz4", ".lzo", ".zstd" };
	static const char *const endings[] = { ".img", "" };
	const char *dash = strchr(kernel, '-');
	const char *const labels[2] = { kernel, dash && dash[1] ? dash + 1 : NULL };

	for (size_t e = 0; e < 2; e++)
		for (size_t i = 0; i < sizeof(packed) / sizeof(packed[0]); i++) {
			const char *found = try_ending(names, labels, endings[e], packed[i]);

			if (found)
				return found;
		}
	return NULL;
}

const char *zbm_root_prefix(const char *id, const char *id_like)
{
	static const struct {
		const char *ids, *prefix;
	} known[] = {
		{ "void ubuntu debian devuan", "root=zfs:" },
		{ "arch", "zfs=" },
		{ "gentoo alpine", "root=ZFS=" },
	};
	struct bytes rest, word;

	for (size_t turn = 0; turn < 2; turn++) {
		const char *text = turn == 0 ? id : id_like;

		rest = (struct bytes){ (const uint8_t *)text, text ? strlen(text) : 0 };
		while (rest.n) {
			word = bytes_word(&rest);
			for (size_t i = 0; word.n && i < sizeof(known) / sizeof(known[0]); i++) {
				struct bytes ids = { (const uint8_t *)known[i].ids,
						     strlen(known[i].ids) };

				if (bytes_has_word(ids, word))
					return known[i].prefix;
			}
		}
	}
	return "root=zfs:";
}

/* The file system that is mounted on /, if it is of ZFS. */
static int root_dataset(struct entry_fs *fs, char **ret)
{
	_cleanup_text_ struct text text = { 0 };
	struct mounts mounts = { 0 };
	const struct mount *m;
	int r = read_text(fs, "/proc/self/mountinfo", &text);

	if (r == 0)
		r = mounts_parse_mountinfo(text.bytes, "/", &mounts);
	if (r < 0)
		return r;
	m = mounts_holding(&mounts, "/");
	r = m && strcmp(m->type, "zfs") == 0 ? replace(ret, m->source) : -ENOENT;
	mounts_done(&mounts);
	return r;
}

static bool is_current(struct entry_fs *fs)
{
	_cleanup_free_ char *info = NULL, *dataset = NULL;
	struct efi_boot_option option;
	bool is_it;

	if (vars_read_string(fs, "LoaderInfo-" EFI_GUID_LOADER, &info) == 0 ||
	    vars_read_current_option(fs, &option) < 0)
		return false;
	is_it = option.file &&
		(strcasestr(option.file, "zfsbootmenu") || strcasestr(option.file, "\\zbm"));
	efi_boot_option_done(&option);
	return is_it && root_dataset(fs, &dataset) == 0;
}

int zbm_find(struct entry_fs *fs, char **ret)
{
	return found_without_file(is_current(fs), ret);
}

static int read_release(struct entry_fs *fs, const char *key, char **ret)
{
	static const char *const files[] = { "/etc/os-release", "/usr/lib/os-release" };

	for (size_t i = 0; i < 2; i++) {
		_cleanup_text_ struct text text = { 0 };
		int r = read_text(fs, files[i], &text);

		if (r == 0)
			return os_release_get(text.bytes, key, ret);
		if (r == -ENOMEM)
			return r;
	}
	return 0;
}

static bool names_root(const char *cmdline)
{
	return cmdline &&
	       (has_word_starting(cmdline, "root=") || has_word_starting(cmdline, "zfs="));
}

/* The running system was started by it: its words stand for those of the property. Without them those
 * that it takes when the property is not set. */
static int make_cmdline(struct entry_fs *fs, const char *running, char **ret)
{
	_cleanup_free_ char *dataset = NULL, *id = NULL, *id_like = NULL;
	int r;

	if (names_root(running))
		return replace(ret, running);
	r = root_dataset(fs, &dataset);
	if (r == 0)
		r = read_release(fs, "ID", &id);
	if (r == 0)
		r = read_release(fs, "ID_LIKE", &id_like);
	return r < 0 ? r
		     : format(ret, "%s%s quiet loglevel=4", zbm_root_prefix(id, id_like), dataset);
}

static int add_kernel(struct boot_menu *menu, const char *dir, const char *name,
		      const char *initramfs, const char *cmdline)
{
	struct boot_entry e = { .type = ENTRY_LINUX,
				.bootable = true,
				.source.kind = "zfsbootmenu" };
	_cleanup_free_ char *initrd = NULL;
	const char *dash = strchr(name, '-');
	int r = path_join(dir, name, &e.kernel);

	if (r == 0)
		r = path_join(dir, initramfs, &initrd);
	if (r == 0)
		r = strlist_add(&e.initrds, initrd);
	if (r == 0)
		r = replace(&e.source.file, dir);
	if (r == 0)
		r = replace(&e.id, name);
	if (r == 0)
		r = replace(&e.title, name);
	if (r == 0)
		r = strlist_add(&e.path, name);
	if (r == 0 && dash && dash[1])
		r = replace(&e.version, dash + 1);
	if (r == 0)
		r = replace(&e.cmdline, cmdline);
	if (r == 0)
		r = entry_guess(&e,
				"properties of ZFS, which ZFSBootMenu goes by, are not read here");
	if (r == 0)
		r = boot_menu_add(menu, &e);
	if (r < 0)
		boot_entry_done(&e);
	return r;
}

/* Its menu shows the highest version first, which is the one that it starts. */
static int highest_first(const void *a, const void *b)
{
	return bls_compare_filevercmp(*(char *const *)b, *(char *const *)a);
}

static int read_kernels(struct entry_fs *fs, const char *dir, const char *cmdline,
			struct boot_menu *menu)
{
	_cleanup_strlist_ struct strlist names = { 0 };
	int r = fs->list(fs, ENTRY_SYSTEM, dir, &names);

	if (r < 0)
		return r;
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), highest_first);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const char *initramfs =
			zbm_is_kernel(names.v[i]) ? zbm_initramfs(&names, names.v[i]) : NULL;

		if (initramfs)
			r = add_kernel(menu, dir, names.v[i], initramfs, cmdline);
	}
	return r == 0 && menu->n_entries == 0 ? -ENOENT : r;
}

int zbm_read(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
	     struct boot_menu *ret, struct kx_error *err)
{
	struct boot_menu menu = { .loader = "zfsbootmenu" };
	const char *dir = config ? config : "/boot";
	_cleanup_free_ char *cmdline = NULL;
	int r = make_cmdline(fs, opts->running_cmdline, &cmdline);

	if (r == 0)
		r = read_kernels(fs, dir, cmdline, &menu);
	if (r == 0)
		r = replace(&menu.config, dir);
	if (r == 0)
		r = format(&menu.default_reason, "ZFSBootMenu: %s has the highest version\n",
			   menu.entries[0].kernel);
	if (r == 0)
		r = format(&menu.guess,
			   "ZFSBootMenu takes file system, kernel and command line from properties "
			   "of ZFS (bootfs, org.zfsbootmenu:kernel, org.zfsbootmenu:commandline), "
			   "which are not read here: the highest version in %s is taken, with %s; "
			   "name another entry, or say the words with --cmdline",
			   dir,
			   names_root(opts->running_cmdline)
				   ? "the command line that is running"
				   : "the command line of a file system without that property");
	if (r < 0) {
		boot_menu_done(&menu);
		return kx_fail_path(err, r, dir);
	}
	menu_set_default(&menu, 0);
	*ret = menu;
	return 0;
}

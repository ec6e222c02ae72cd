// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Entries without a loader's configuration: kernels in the directories of distributions, newest
 * first, each with the initrd whose name matches. The patterns are those of Debian, Fedora, SUSE,
 * Arch, Alpine, Gentoo and Void; the order of names of initrds is that of GRUB's
 * util/grub.d/10_linux.in.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lines.h"
#include "base/strbuf.h"
#include "entry/mounts.h"
#include "entry/os-release.h"
#include "entry/path.h"
#include "entry/read.h"
#include "entry/scan.h"
#include "entry/version-compare.h"

/* Limit on kernels; no /boot has so many. */
enum { KERNELS_MAX = 1024 };

/* What the name of a kernel begins with; "" stands for the rest, its version. */
static const char *const prefixes[] = { "vmlinuz-", "vmlinux-", "kernel-", "Image-",
					"bzImage-", "vmlinuz",	"bzImage", NULL };

/* The version in a kernel's file name, NULL for files that are no kernel to boot (rescue images,
 * debug files). */
const char *scan_version(const char *name)
{
	static const char *const no[] = { ".hmac", ".sig",	".sha512hmac", ".gz",
					  ".p7s",  ".dpkg-new", ".dpkg-tmp",   "kdump.img" };

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (ends_with(name, no[i]))
			return NULL;
	if (strstr(name, "-rescue-") || strncmp(name, "kernel-install", 14) == 0)
		return NULL;
	for (size_t i = 0; prefixes[i]; i++) {
		size_t n = strlen(prefixes[i]);

		if (strncmp(name, prefixes[i], n) == 0 &&
		    (prefixes[i][n - 1] == '-' ? name[n] != 0 : name[n] == 0))
			return name + n;
	}
	return NULL;
}

int scan_compare(const char *a, const char *b)
{
	bool old_a = ends_with(a, ".old"), old_b = ends_with(b, ".old");
	_cleanup_free_ char *stem_a = strndup(a, strlen(a) - (old_a ? 4 : 0));
	_cleanup_free_ char *stem_b = strndup(b, strlen(b) - (old_b ? 4 : 0));
	int r = stem_a && stem_b ? version_compare(stem_a, stem_b) : 0;

	return r ? r : (int)old_b - (int)old_a;
}

static int compare_kernels(const void *p, const void *q)
{
	const struct boot_entry *a = p, *b = q;
	int r = scan_compare(b->version, a->version);

	return r ? r : strcmp(a->kernel, b->kernel);
}

static int find_initrd(struct entry_fs *fs, const char *dir, const char *version,
		       const char *machine, char **ret)
{
	const struct {
		const char *before, *after;
	} names[] = {
		{ "initrd.img-", "" },
		{ "initrd-", ".img" },
		{ "initrd-", ".gz" },
		{ "initrd-", "" },
		{ "initramfs-", ".img" },
		{ "initramfs-genkernel-", "" },
		{ "initramfs-", "" },
		/* of a kernel without a version: links of Debian and openSUSE, Slackware, images of
		 * Kairos and the like */
		{ "initrd.img", NULL },
		{ "initrd.gz", NULL },
		{ "initramfs.img", NULL },
		{ "initrd", NULL },
	};
	_cleanup_free_ char *name = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		free(TAKE_PTR(name));
		if (!names[i].after && *version)
			continue;
		if (format(&name, "%s%s%s", names[i].before, version,
			   names[i].after ? names[i].after : "") < 0)
			return -ENOMEM;
		if (find_file_in(fs, dir, name, ret))
			return 0;
	}
	free(TAKE_PTR(name));
	if (format(&name, "initramfs-genkernel-%s-%s", machine ? machine : "", version) < 0)
		return -ENOMEM;
	return find_file_in(fs, dir, name, ret) ? 0 : -ENOENT;
}

/* Microcode that Arch and its kin load in front of everything else. */
static int add_microcode(struct entry_fs *fs, const char *dir, struct boot_entry *e)
{
	static const char *const names[] = { "intel-ucode.img", "amd-ucode.img" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		_cleanup_free_ char *path = NULL;

		if (find_file_in(fs, dir, names[i], &path) && strlist_add(&e->initrds, path) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Slackware: vmlinuz is a link to a kernel with a version, beside an initrd.gz that mkinitrd made for it. */
static int find_initrd_of_link(struct entry_fs *fs, const char *dir, struct boot_entry *e,
			       char **ret)
{
	_cleanup_free_ char *link = NULL;
	int r;

	if (!*e->version || !fs->same || !find_file_in(fs, dir, "vmlinuz", &link) ||
	    !fs->same(fs, link, e->kernel))
		return -ENOENT;
	r = find_initrd(fs, dir, "", NULL, ret);
	return r < 0 ? r
		     : entry_warn(
			       e,
			       "%s has no version: it is taken since %s is a link to this kernel",
			       *ret, link);
}

static int add_initrds(struct entry_fs *fs, const struct boot_find_opts *opts, const char *dir,
		       struct boot_entry *e)
{
	_cleanup_free_ char *initrd = NULL;
	int r = find_initrd(fs, dir, e->version, opts->machine, &initrd);

	/* Modules may lie in /usr/lib/modules, initial ramdisks are in /boot all the same. */
	if (r == -ENOENT)
		r = find_initrd(fs, "/boot", e->version, opts->machine, &initrd);
	if (r == -ENOENT)
		r = find_initrd_of_link(fs, dir, e, &initrd);
	if (r == -ENOENT)
		return entry_warn(e,
				  "no initrd fits %s: the kernel must find its root file "
				  "system without one",
				  e->kernel);
	if (r < 0)
		return r;
	r = add_microcode(fs, dir, e);
	return r < 0 ? r : strlist_add(&e->initrds, initrd);
}

static bool is_known(struct entry_fs *fs, const struct boot_menu *menu, const char *path)
{
	for (size_t i = 0; i < menu->n_entries; i++)
		if (fs->same && fs->same(fs, menu->entries[i].kernel, path))
			return true;
	return false;
}

static int fill(struct entry_fs *fs, const struct boot_find_opts *opts, const char *dir,
		const char *path, const char *version, struct boot_entry *e)
{
	int r = replace(&e->kernel, path);

	e->type = ENTRY_LINUX;
	e->bootable = true;
	e->source.kind = "directory";
	if (r == 0)
		r = replace(&e->version, version);
	if (r == 0)
		r = replace(&e->source.file, path);
	if (r == 0)
		r = replace(&e->id, path);
	if (r == 0)
		r = format(&e->title, "Linux %s", *version ? version : path);
	if (r == 0)
		r = strlist_add(&e->path, e->title);
	if (r == 0)
		r = entry_guess(e, "no boot loader's configuration has this entry");
	return r < 0 ? r : add_initrds(fs, opts, dir, e);
}

static int add_kernel(struct entry_fs *fs, const struct boot_find_opts *opts,
		      struct boot_menu *menu, const char *dir, const char *name,
		      const char *version)
{
	_cleanup_free_ char *path = NULL;
	struct boot_entry e = { 0 };
	int r;

	if (menu->n_entries >= KERNELS_MAX || !find_file_in(fs, dir, name, &path) ||
	    !is_kernel_file(fs, path) || is_known(fs, menu, path))
		return 0;
	r = fill(fs, opts, dir, path, version, &e);
	if (r == 0)
		r = boot_menu_add(menu, &e);
	if (r < 0)
		boot_entry_done(&e);
	return r;
}

/* Files named after their version, before names that are links to one of them. */
static int scan_dir(struct entry_fs *fs, const struct boot_find_opts *opts, const char *dir,
		    struct boot_menu *menu)
{
	struct strlist names = { 0 };
	int r = fs->list(fs, ENTRY_SYSTEM, dir, &names);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (int pass = 0; r == 0 && pass < 2; pass++)
		for (size_t i = 0; r == 0 && i < names.n; i++) {
			const char *version = scan_version(names.v[i]);

			if (version && (*version == 0) == (pass == 1))
				r = add_kernel(fs, opts, menu, dir, names.v[i], version);
		}
	strlist_done(&names);
	return r;
}

/* DIR/SUB/… for every SUB: module directories, deployments of ostree. */
static int scan_subdirs(struct entry_fs *fs, const struct boot_find_opts *opts, const char *dir,
			bool is_modules, struct boot_menu *menu)
{
	struct strlist names = { 0 };
	int r = fs->list(fs, ENTRY_SYSTEM, dir, &names);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_free_ char *sub = NULL;

		r = path_join(dir, names.v[i], &sub);
		if (r == 0)
			r = is_modules ? add_kernel(fs, opts, menu, sub, "vmlinuz", names.v[i])
				       : scan_dir(fs, opts, sub, menu);
	}
	strlist_done(&names);
	return r;
}

static int scan_all(struct entry_fs *fs, const struct boot_find_opts *opts, const char *dir,
		    struct boot_menu *menu)
{
	int r = scan_dir(fs, opts, dir ? dir : "/boot", menu);

	if (dir || r < 0)
		return r;
	r = scan_subdirs(fs, opts, "/boot/ostree", false, menu);
	/* The same kernel again, for systems that do not copy it to /boot. */
	if (r == 0 && menu->n_entries == 0)
		r = scan_subdirs(fs, opts, "/usr/lib/modules", true, menu);
	return r < 0 || menu->n_entries ? r : scan_dir(fs, opts, "/", menu);
}

/* All lines of a file such as /etc/kernel/cmdline as one. */
static int cmdline_file(struct entry_fs *fs, const char *path, char **ret)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };
	_cleanup_text_ struct text text = { 0 };
	struct lines lines;
	struct bytes line;
	int r = read_text(fs, path, &text);

	if (r < 0)
		return r;
	lines = lines_of(text.bytes);
	while (lines_next(&lines, &line)) {
		line = bytes_trim(line);
		if (!line.n || line.p[0] == '#')
			continue;
		if (out.n)
			strbuf_add(&out, " ");
		strbuf_add_n(&out, (const char *)line.p, line.n);
	}
	return out.n ? strbuf_take(&out, ret) : -ENOENT;
}

int scan_fstab_root(struct entry_fs *fs, char **ret)
{
	_cleanup_text_ struct text text = { 0 };
	struct mounts mounts;
	int r = read_text(fs, "/etc/fstab", &text);

	if (r == 0)
		r = mounts_parse_fstab(text.bytes, &mounts);
	if (r < 0)
		return r;
	r = -ENOENT;
	for (size_t i = 0; i < mounts.n; i++)
		if (strcmp(mounts.v[i].dir, "/") == 0) {
			r = replace(ret, mounts.v[i].source);
			break;
		}
	mounts_done(&mounts);
	return r;
}

/* root= from fstab and the words that grub-mkconfig would add. */
static int cmdline_grub_defaults(struct entry_fs *fs, char **ret)
{
	_cleanup_free_ char *root = NULL, *always = NULL, *normal = NULL;
	_cleanup_text_ struct text text = { 0 };
	int r = read_text(fs, "/etc/default/grub", &text);

	if (r == 0)
		r = scan_fstab_root(fs, &root);
	if (r == 0)
		r = os_release_get(text.bytes, "GRUB_CMDLINE_LINUX", &always);
	if (r == 0)
		r = os_release_get(text.bytes, "GRUB_CMDLINE_LINUX_DEFAULT", &normal);
	return r < 0 ? r
		     : format(ret, "root=%s ro%s%s%s%s", root, always && *always ? " " : "",
			      always ? always : "", normal && *normal ? " " : "",
			      normal ? normal : "");
}

int scan_cmdline(struct entry_fs *fs, const struct boot_find_opts *opts, char **ret,
		 const char **ret_where)
{
	static const char *const files[] = { "/etc/kernel/cmdline", "/usr/lib/kernel/cmdline" };
	int r;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		r = cmdline_file(fs, files[i], ret);
		if (r == 0)
			*ret_where = files[i];
		if (r == 0 || r == -ENOMEM)
			return r;
	}
	r = cmdline_grub_defaults(fs, ret);
	if (r == 0)
		*ret_where = "/etc/default/grub and /etc/fstab";
	if (r == 0 || r == -ENOMEM)
		return r;
	if (!opts->running_cmdline)
		return -ENOENT;
	*ret_where = "the running kernel's";
	return replace(ret, opts->running_cmdline);
}

static int give_cmdline(struct entry_fs *fs, const struct boot_find_opts *opts,
			struct boot_menu *menu)
{
	_cleanup_free_ char *cmdline = NULL;
	const char *where = NULL;
	int r = scan_cmdline(fs, opts, &cmdline, &where);

	for (size_t i = 0; i < menu->n_entries && (r == 0 || r == -ENOENT); i++) {
		struct boot_entry *e = &menu->entries[i];

		if (cmdline) {
			r = replace(&e->cmdline, cmdline);
		} else {
			e->bootable = false;
			r = entry_warn(e, "no command line is known: write one to "
					  "/etc/kernel/cmdline");
			r = r == 0 ? replace(&e->cmdline, "") : r;
		}
	}
	if (r == 0 && cmdline)
		r = menu_warn(menu, "the command line is %s%s", *where == '/' ? "from " : "",
			      where);
	return r == -ENOENT ? 0 : r;
}

/* Then nothing was found because nothing was seen. */
static bool is_denied(struct entry_fs *fs, const char *dir)
{
	struct strlist names = { 0 };
	const int r = fs->list(fs, ENTRY_SYSTEM, dir, &names);

	strlist_done(&names);
	return r == -EACCES;
}

int scan_read(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
	      struct boot_menu *ret, struct kx_error *err)
{
	struct boot_menu menu = { .loader = "directory" };
	int r = scan_all(fs, opts, config, &menu);

	if (r == 0 && menu.n_entries == 0)
		r = is_denied(fs, config ? config : "/boot") ? -EACCES : -ENOENT;
	if (r == 0) {
		qsort(menu.entries, menu.n_entries, sizeof(*menu.entries), compare_kernels);
		r = give_cmdline(fs, opts, &menu);
	}
	if (r == 0)
		r = replace(&menu.config, config ? config : "/boot");
	if (r == 0)
		r = format(&menu.default_reason,
			   "no boot loader's configuration: %s has the "
			   "highest version\n",
			   menu.entries[0].kernel);
	if (r < 0) {
		boot_menu_done(&menu);
		(void)kx_fail(err, r, "%s: %s",
			      config	     ? config
			      : r == -EACCES ? "/boot"
					     : "/boot, /usr/lib/modules",
			      r == -ENOENT   ? "no kernels"
			      : r == -EACCES ? "this user may not look into it"
					     : strerror(-r));
		return config ? kx_fail_file(err, r, config) : r;
	}
	menu_set_default(&menu, 0);
	*ret = menu;
	return 0;
}

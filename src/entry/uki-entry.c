// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A unified kernel image as a boot entry: command lines as systemd-stub(7) composes them. What the
 * stub would add and kexec cannot is told in warnings.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/open.h"
#include "entry/bls.h"
#include "entry/path.h"
#include "entry/read.h"
#include "entry/uki-entry.h"

int uki_entry_facts(struct entry_fs *fs, const char *path, struct uki_facts *ret)
{
	const uint8_t *p;
	size_t n;
	int r = fs->map(fs, ENTRY_SYSTEM, path, &p, &n);

	if (r < 0)
		return r;
	r = uki_facts_read((struct bytes){ p, n }, ret);
	fs->unmap(fs, p, n);
	return r;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n > m && strcasecmp(s + n - m, suffix) == 0;
}

/* One addon: its command line, and what else it brings in words. */
static int apply_addon(const struct uki_place *at, struct boot_entry *entry, const char *path,
		       const char *uname, struct strbuf *cmdline)
{
	struct uki_facts addon;
	int r = uki_entry_facts(at->fs, path, &addon);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return entry_warn(entry, "addon %s cannot be read: %s", path, open_strerror(r));

	if (addon.has_linux || (addon.uname && uname && strcmp(addon.uname, uname) != 0)) {
		r = entry_warn(entry, "addon %s is for another kernel and not used", path);
	} else {
		if (addon.cmdline && *addon.cmdline)
			strbuf_add_word(cmdline, addon.cmdline);
		if (addon.has_initrd || addon.has_ucode || addon.has_dtb)
			r = entry_warn(entry,
				       "addon %s brings an initrd or a device tree, which "
				       "will be missing after a fast reboot",
				       path);
	}
	uki_facts_done(&addon);
	return r;
}

static int apply_addons(const struct uki_place *at, struct boot_entry *entry, const char *dir,
			const struct uki_facts *facts, struct strbuf *cmdline)
{
	struct strlist names = { 0 };
	int r = at->fs->list(at->fs, ENTRY_SYSTEM, dir, &names);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), compare_names);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_free_ char *path = NULL;

		r = path_join(dir, names.v[i], &path);
		if (r == 0 && ends_with(names.v[i], ".addon.efi") && facts->is_lanzaboote)
			continue; /* its stub does not know them */
		if (r == 0 && ends_with(names.v[i], ".addon.efi"))
			r = apply_addon(at, entry, path, facts->uname, cmdline);
		else if (r == 0 &&
			 (ends_with(names.v[i], ".cred") || ends_with(names.v[i], "ext.raw")))
			r = entry_warn(entry,
				       "%s is handed over by systemd-stub only: it will be "
				       "missing after a fast reboot",
				       path);
	}
	strlist_done(&names);
	return r;
}

/* "DIR/NAME.efi.extra.d", the name without boot counter. */
static int extra_dir(const char *kernel, char **ret)
{
	_cleanup_free_ char *dir = NULL;
	const char *base = path_basename(kernel);
	struct bls_name name;
	size_t n = strlen(base);
	int r = path_parent(kernel, &dir);

	if (r < 0)
		return r;
	r = bls_name_parse(base, ".efi", &name);
	if (r == -ENOMEM)
		return r;
	if (r == 0 && name.has_counter)
		n = strlen(name.id) - strlen(".efi");
	if (r == 0)
		free(name.id);
	if (n == strlen(base))
		return format(ret, "%s/%s.extra.d", dir, base);
	return format(ret, "%s/%.*s.efi.extra.d", dir, (int)n, base);
}

/* A path as UEFI has it, on the partition of the image and never above it. */
static int partition_path(const struct uki_place *at, const char *text, char **ret)
{
	_cleanup_free_ char *path = strdup(text), *clean = NULL;
	int r = path ? 0 : -ENOMEM;

	for (char *p = path; p && *p; p++)
		if (*p == '\\')
			*p = '/';
	if (r == 0)
		r = path_join(NULL, path, &clean);
	return r < 0 ? r : path_join(at->partition, clean, ret);
}

static int refuse_lanzaboote(struct boot_entry *entry, bool is_broken, const char *why)
{
	entry->bootable = false;
	entry->is_broken = is_broken;
	return entry_warn(entry, "%s is an image of lanzaboote %s", entry->kernel, why);
}

/*
 * The stub of lanzaboote starts the kernel and initrd that the sections name, after comparing their
 * digests: nix-community/lanzaboote, rust/uefi/stub/src/thin.rs. menu_compare_digests() does that here.
 */
static int become_lanzaboote(const struct uki_place *at, struct boot_entry *entry,
			     const struct uki_facts *facts)
{
	_cleanup_free_ char *kernel = NULL, *initrd = NULL;
	int r;

	if (!facts->linux_path || !facts->initrd_path || !facts->has_linux_digest ||
	    !facts->has_initrd_digest)
		return refuse_lanzaboote(entry, true,
					 "that lacks a path or a digest: its stub stops as well");
	if (entry->initrds.n)
		return refuse_lanzaboote(entry, true,
					 "and the entry has an initrd, too: its stub stops then");
	r = partition_path(at, facts->linux_path, &kernel);
	if (r == 0)
		r = partition_path(at, facts->initrd_path, &initrd);
	if (r == 0)
		r = strlist_add(&entry->initrds, initrd);
	if (r < 0)
		return r;
	entry->digests = malloc(sizeof(facts->digests));
	if (!entry->digests)
		return -ENOMEM;
	memcpy(entry->digests, facts->digests, sizeof(facts->digests));
	free(entry->kernel);
	entry->kernel = TAKE_PTR(kernel);
	entry->type = ENTRY_LINUX;
	return 0;
}

int uki_entry_fill(const struct uki_place *at, struct boot_entry *entry,
		   const struct uki_facts *facts, const char *options, unsigned profile)
{
	_cleanup_strbuf_ struct strbuf cmdline = { 0 };
	_cleanup_free_ char *global = NULL, *local = NULL;
	const struct uki_profile *p = &facts->profiles[profile];
	/* systemd-stub(7): under Secure Boot what the loader passes cannot replace .cmdline. */
	bool is_fixed = at->secure && p->cmdline;
	const char *words = options && *options && !is_fixed ? options : p->cmdline;
	int r = 0;

	if (is_fixed && options && *options)
		r = entry_warn(entry,
			       "under Secure Boot the options of the entry do not count: the "
			       "image has a command line of its own");
	if (r < 0)
		return r;

	entry->type = ENTRY_UKI;
	entry->bootable = true;
	if (words)
		strbuf_add(&cmdline, words);
	r = path_join(at->partition, "loader/addons", &global);
	if (r == 0)
		r = extra_dir(entry->kernel, &local);
	if (r == 0)
		r = apply_addons(at, entry, global, facts, &cmdline);
	if (r == 0)
		r = apply_addons(at, entry, local, facts, &cmdline);
	if (r == 0 && profile > 0 && p->has_files) {
		entry->bootable = false;
		r = entry_warn(entry,
			       "profile %u has a kernel or an initrd of its own, which only the "
			       "stub of the image can choose",
			       profile);
	} else if (r == 0 && profile > 0 && p->changes_more) {
		r = entry_warn(entry,
			       "profile %u has sections of its own besides the command "
			       "line; those of the base are used",
			       profile);
	}
	if (r == 0 && facts->is_lanzaboote)
		r = become_lanzaboote(at, entry, facts);
	if (r < 0)
		return r;
	free(TAKE_PTR(entry->cmdline));
	return strbuf_take(&cmdline, &entry->cmdline);
}

int uki_entry_has_initrd(struct entry_fs *fs, const char *path, bool *ret)
{
	struct uki_facts facts;
	int r = uki_entry_facts(fs, path, &facts);

	if (r < 0)
		return r;
	*ret = facts.has_initrd;
	uki_facts_done(&facts);
	return 0;
}

int uki_entry_describe(const struct uki_place *at, struct boot_entry *entry, const char *options,
		       unsigned profile)
{
	uint8_t head[UKI_HEAD_N];
	struct uki_facts facts;
	size_t n;
	int r = at->fs->head(at->fs, ENTRY_SYSTEM, entry->kernel, head, sizeof(head), &n);

	if (r == 0 && !uki_may_have_linux((struct bytes){ head, n }))
		r = -ENOEXEC;
	if (r == 0)
		r = uki_entry_facts(at->fs, entry->kernel, &facts);
	if (r < 0)
		return r;
	if (!facts.has_linux)
		r = -ENOEXEC;
	else if (profile >= facts.n_profiles)
		r = entry_warn(entry, "%s has no profile %u", entry->kernel, profile);
	else
		r = uki_entry_fill(at, entry, &facts, options, profile);
	if (r == 0 && !entry->version && facts.version)
		r = replace(&entry->version, facts.version);
	uki_facts_done(&facts);
	return r;
}

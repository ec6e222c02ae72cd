// SPDX-License-Identifier: LGPL-2.1-or-later
/* limine.conf or limine.cfg on this system: where its volumes are mounted. Source: Limine, CONFIG.md, "Paths". */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lines.h"
#include "base/open.h"
#include "entry/efi-program.h"
#include "entry/limine.h"
#include "entry/path.h"
#include "entry/read.h"
#include "entry/vars.h"

#define LAST_BOOTED "LimineLastBootedEntry-513ee0d0-6e43-cb05-b272-f146a2fcb88a"

/* "uuid(U)" and "fslabel(L)" name a file system; "boot()" is the one of the configuration. */
static int find_device(struct entry_fs *fs, const char *resource, size_t n, char **ret)
{
	static const struct {
		const char *prefix;
		enum entry_search what;
		bool is_partition_too; /* one space of names for file systems and partitions */
	} kinds[] = {
		{ "uuid(", ENTRY_SEARCH_UUID, true },
		{ "guid(", ENTRY_SEARCH_UUID, true },
		{ "fslabel(", ENTRY_SEARCH_LABEL, false },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t m = strlen(kinds[i].prefix);
		_cleanup_free_ char *key = NULL;
		int r;

		if (n <= m + 1 || strncmp(resource, kinds[i].prefix, m) != 0)
			continue;
		key = strndup(resource + m, n - m - 1);
		r = key ? fs->search(fs, kinds[i].what, key, NULL, ret) : -ENOMEM;
		return r == -ENOENT && kinds[i].is_partition_too
			       ? fs->search(fs, ENTRY_SEARCH_PARTUUID, key, NULL, ret)
			       : r;
	}
	/* "boot(N)" is another partition of the same disk. */
	if (n > 6 && strncmp(resource, "boot(", 5) == 0)
		return format(ret, "hd0,%.*s", (int)(n - 6), resource + 5);
	return strncmp(resource, "boot()", 6) == 0 ? 0 : -ENODEV;
}

/* "guid://KEY/path" of older releases as "guid(KEY):/path"; other text as it is. */
static int modernise(const char *raw, char **ret)
{
	const char *mark = strstr(raw, "://"), *slash = mark ? strchr(mark + 3, '/') : NULL;

	if (!slash)
		return format(ret, "%s", raw);
	return format(ret, "%.*s(%.*s):%s", (int)(mark - raw), raw, (int)(slash - mark - 3),
		      mark + 3, slash);
}

static int resolve_modern(struct entry_fs *fs, const char *config, const char *raw, char **ret)
{
	_cleanup_free_ char *device = NULL, *ignored = NULL, *plain = NULL;
	/* "$" before it: the file is unpacked, which a kernel does itself with an initial ramdisk */
	const char *colon = strstr(raw += *raw == '$', "):");
	const char *path = colon ? colon + 2 : raw;
	const char *hash = strrchr(path, '#');
	int r = fs->set_home(fs, config, &ignored);

	if (r == 0 && colon)
		r = find_device(fs, raw, (size_t)(colon + 1 - raw), &device);
	if (r < 0)
		return r;
	/* "#" and a checksum may follow; it is not compared. */
	plain = strndup(path, hash ? (size_t)(hash - path) : strlen(path));
	return plain ? fs->to_system(fs, device, plain, ret) : -ENOMEM;
}

static int resolve(struct entry_fs *fs, const char *config, const char *raw, char **ret)
{
	_cleanup_free_ char *modern = NULL;
	int r = modernise(raw, &modern);

	return r < 0 ? r : resolve_modern(fs, config, modern, ret);
}

static bool is_old(const char *config)
{
	return ends_with(config, ".cfg") || ends_with(config, ".CFG");
}

/* EFI programs: kernels and unified kernel images are among them. */
static int take_programs(struct entry_fs *fs, const char *config, struct boot_menu *menu)
{
	struct uki_place at = { .fs = fs, .secure = vars_secure_boot(fs) };
	_cleanup_free_ char *top = NULL;
	int r = resolve(fs, config, "/", &top);

	at.partition = top;
	for (size_t i = 0; r == 0 && i < menu->n_entries; i++) {
		struct boot_entry *e = &menu->entries[i];
		_cleanup_strlist_ struct strlist words = { 0 };
		_cleanup_free_ char *options = NULL;

		if (e->type != ENTRY_CHAINLOAD || !e->kernel || !is_file(fs, e->kernel))
			continue;
		options = TAKE_PTR(e->cmdline);
		r = efi_program_take(&at, e, options, false, &words);
		for (size_t k = 0; r == 0 && k < words.n; k++) {
			_cleanup_free_ char *path = NULL;

			r = path_join(top, words.v[k], &path);
			if (r == 0)
				r = strlist_add(&e->initrds, path);
		}
		if (r == 0 && e->bootable)
			r = entry_check_files(fs, e);
	}
	return r;
}

/* What it started last: a number of the size of its words, or since release 10 the path of an entry. */
static int read_last(struct entry_fs *fs, struct limine_facts *facts, char **ret_path)
{
	_cleanup_free_ uint8_t *buf = NULL;
	struct bytes data;
	int r = vars_read_data(fs, LAST_BOOTED, &buf, &data);
	uint32_t low, high = 0;

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	if ((data.n == 4 || data.n == 8) && bytes_le32(data, 0, &low) && low < 4096 &&
	    (data.n == 4 || (bytes_le32(data, 4, &high) && high == 0))) {
		facts->last_row = (long)low;
		return 0;
	}
	facts->last_path = *ret_path = bytes_dup(lines_of(data).rest);
	return *ret_path ? 0 : -ENOMEM;
}

/* Limine says by LoaderFeatures that it knows these variables; other loaders leave theirs behind. */
static int read_interface(struct entry_fs *fs, struct limine_facts *facts, char *texts[2])
{
	const struct {
		const char *name;
		uint64_t feature;
		const char **value;
	} vars[] = {
		{ "LoaderEntryOneShot-" EFI_GUID_LOADER, LOADER_FEATURE_ONESHOT, &facts->oneshot },
		{ "LoaderEntryDefault-" EFI_GUID_LOADER, LOADER_FEATURE_DEFAULT, &facts->fallback },
	};
	_cleanup_free_ char *info = NULL;
	uint64_t features;
	int r = vars_read_string(fs, "LoaderInfo-" EFI_GUID_LOADER, &info);

	if (r < 0 || strncasecmp(info, "Limine", 6) != 0 ||
	    vars_read_u64(fs, "LoaderFeatures-" EFI_GUID_LOADER, &features) < 0)
		return r == -ENOMEM ? r : 0;
	for (size_t i = 0; i < 2; i++) {
		if (!(features & vars[i].feature))
			continue;
		r = vars_read_string(fs, vars[i].name, &texts[i]);
		if (r == -ENOMEM)
			return r;
		*vars[i].value = texts[i];
	}
	return 0;
}

static int parse(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
		 struct bytes text, struct boot_menu *ret)
{
	struct limine_facts facts = { .machine = opts->machine,
				      .is_efi = opts->firmware != BOOT_FIRMWARE_BIOS,
				      .last_row = -1 };
	char *texts[3] = { NULL };
	int r = facts.is_efi ? read_last(fs, &facts, &texts[2]) : 0;

	if (r == 0 && facts.is_efi)
		r = read_interface(fs, &facts, texts);
	if (r == 0)
		r = (is_old(config) ? limine_cfg_parse : limine_parse)(text, &facts, ret);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
	return r;
}

int limine_read(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
		struct boot_menu *ret, struct kx_error *err)
{
	_cleanup_text_ struct text text = { 0 };
	struct boot_menu menu = { 0 };
	int r = read_text(fs, config, &text);

	if (r < 0)
		return kx_fail_file(
			err, kx_fail(err, r, "%s: cannot be read: %s", config, open_strerror(r)),
			config);
	r = parse(fs, opts, config, text.bytes, &menu);
	if (r == 0)
		r = menu_resolve(fs, &menu, config, resolve);
	if (r == 0 && opts->firmware != BOOT_FIRMWARE_BIOS)
		r = take_programs(fs, config, &menu);
	if (r < 0) {
		boot_menu_done(&menu);
		return kx_fail_path(err, r, config);
	}
	*ret = menu;
	return 0;
}

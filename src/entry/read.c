// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry/path.h"
#include "entry/read.h"

int read_text(struct entry_fs *fs, const char *path, struct text *ret)
{
	uint8_t *buf;
	size_t n;
	int r = fs->read(fs, ENTRY_SYSTEM, path, CONFIG_MAX, &buf, &n);

	if (r == 0)
		*ret = (struct text){ { buf, n }, buf };
	return r;
}

void text_done(struct text *text)
{
	free(text->buf);
	*text = (struct text){ 0 };
}

static bool is_type(struct entry_fs *fs, const char *path, enum entry_file_type wanted)
{
	enum entry_file_type type;

	return fs->type(fs, ENTRY_SYSTEM, path, &type) == 0 && type == wanted;
}

size_t boot_places(const struct entry_fs *fs, const char *ret[BOOT_PLACES_MAX])
{
	static const char *const usual[] = { "/efi", "/boot/efi", "/boot" };
	const size_t n_usual = sizeof(usual) / sizeof(usual[0]);
	size_t n = 0;

	for (; fs->looked && n < fs->looked->n && n < BOOT_PLACES_MAX - n_usual; n++)
		ret[n] = fs->looked->v[n];
	for (size_t i = 0; i < n_usual; i++)
		ret[n++] = usual[i];
	return n;
}

bool is_file(struct entry_fs *fs, const char *path)
{
	return is_type(fs, path, ENTRY_FILE_REGULAR);
}

bool is_dir(struct entry_fs *fs, const char *path)
{
	return is_type(fs, path, ENTRY_FILE_DIRECTORY);
}

bool find_file_in(struct entry_fs *fs, const char *dir, const char *name, char **ret)
{
	_cleanup_free_ char *path = NULL;

	if (path_join(dir, name, &path) < 0 || !is_file(fs, path))
		return false;
	*ret = TAKE_PTR(path);
	return true;
}

static int add_formatted(struct strlist *list, const char *fmt, va_list ap) _printf_(2, 0);
static int add_formatted(struct strlist *list, const char *fmt, va_list ap)
{
	_cleanup_free_ char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		return -ENOMEM;
	return strlist_add(list, text);
}

int entry_warn(struct boot_entry *entry, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = add_formatted(&entry->warnings, fmt, ap);
	va_end(ap);
	return r;
}

int entry_guess(struct boot_entry *entry, const char *fmt, ...)
{
	va_list ap;
	int r;

	if (entry->guess)
		return 0;
	va_start(ap, fmt);
	r = vasprintf(&entry->guess, fmt, ap);
	va_end(ap);
	if (r >= 0)
		return 0;
	entry->guess = NULL;
	return -ENOMEM;
}

int menu_warn(struct boot_menu *menu, const char *fmt, ...)
{
	va_list ap;
	int r;

	if (menu->warnings.n >= MENU_WARNINGS_MAX)
		return 0;
	va_start(ap, fmt);
	r = add_formatted(&menu->warnings, fmt, ap);
	va_end(ap);
	return r;
}

int replace(char **s, const char *value)
{
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		return -ENOMEM;
	free(*s);
	*s = copy;
	return 0;
}

int format(char **ret, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return -ENOMEM;
	*ret = text;
	return 0;
}

int entry_check_files(struct entry_fs *fs, struct boot_entry *entry)
{
	int r = 0;

	if (entry->kernel && !is_file(fs, entry->kernel)) {
		entry->bootable = false;
		r = entry_warn(entry, "kernel %s does not exist", entry->kernel);
	}
	for (size_t i = 0; r == 0 && i < entry->initrds.n; i++)
		if (!is_file(fs, entry->initrds.v[i])) {
			entry->bootable = false;
			r = entry_warn(entry, "initrd %s does not exist", entry->initrds.v[i]);
		}
	return r;
}

typedef int resolve_fn(struct entry_fs *fs, const char *config, const char *raw, char **ret);

/* A path that cannot be resolved stays as written, with the reason beside it. */
static int resolve_one(struct entry_fs *fs, struct boot_menu *menu, struct boot_entry *entry,
		       char **path, resolve_fn *resolve)
{
	char *system = NULL;
	int r;

	if (!*path)
		return 0;
	r = resolve(fs, menu->config, *path, &system);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		entry->bootable = false;
		return entry_warn(entry, "%s is on a file system that is not mounted here", *path);
	}
	free(*path);
	*path = system;
	return 0;
}

/* "path arguments…" of multiboot. */
static int resolve_module(struct entry_fs *fs, struct boot_menu *menu, struct boot_entry *entry,
			  char **module, resolve_fn *resolve)
{
	size_t n = strcspn(*module, " \t");
	_cleanup_free_ char *path = strndup(*module, n);
	char *joined;
	int r = path ? resolve_one(fs, menu, entry, &path, resolve) : -ENOMEM;

	if (r == 0)
		r = format(&joined, "%s%s", path, *module + n);
	if (r < 0)
		return r;
	free(*module);
	*module = joined;
	return 0;
}

static int resolve_entry(struct entry_fs *fs, struct boot_menu *menu, struct boot_entry *entry,
			 resolve_fn *resolve)
{
	int r = resolve_one(fs, menu, entry, &entry->kernel, resolve);

	if (r == 0)
		r = resolve_one(fs, menu, entry, &entry->devicetree, resolve);
	for (size_t i = 0; r == 0 && i < entry->initrds.n; i++)
		r = resolve_one(fs, menu, entry, &entry->initrds.v[i], resolve);
	for (size_t i = 0; r == 0 && i < entry->modules.n; i++)
		r = resolve_module(fs, menu, entry, &entry->modules.v[i], resolve);
	/* paths that could not be resolved have a warning already */
	return r == 0 && entry->bootable ? entry_check_files(fs, entry) : r;
}

int menu_resolve(struct entry_fs *fs, struct boot_menu *menu, const char *config,
		 resolve_fn *resolve)
{
	int r = replace(&menu->config, config);

	for (size_t i = 0; r == 0 && i < menu->n_entries; i++) {
		r = replace(&menu->entries[i].source.file, config);
		if (r == 0)
			r = resolve_entry(fs, menu, &menu->entries[i], resolve);
	}
	return r;
}

void menu_set_default(struct boot_menu *menu, size_t i)
{
	menu->default_index = i;
	for (size_t k = 0; k < menu->n_entries; k++)
		menu->entries[k].is_default = k == i;
}

bool is_kernel_file(struct entry_fs *fs, const char *path)
{
	/* x86: boot.rst; arm64, riscv: booting.rst, boot-image-header.rst; then a vmlinux, a
	 * compressed Image, and the EFI boot images that unpack themselves (zboot). */
	static const struct {
		size_t offset, n;
		const char *magic;
	} magics[] = {
		{ 0x202, 4, "HdrS" },
		{ 0x38, 4, "ARM\x64" },
		{ 0x38, 4, "RSC\x05" },
		{ 0, 4,
		  "\x7f"
		  "ELF" },
		{ 0, 2, "\x1f\x8b" },
		{ 4, 4, "zimg" },
	};
	uint8_t head[0x206];
	bool found = false;
	size_t n;

	if (fs->head(fs, ENTRY_SYSTEM, path, head, sizeof(head), &n) < 0)
		return false;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		found |= bytes_has((struct bytes){ head, n }, magics[i].offset, magics[i].n) &&
			 memcmp(head + magics[i].offset, magics[i].magic, magics[i].n) == 0;
	return found;
}

int found_without_file(bool is_here, char **ret)
{
	if (!is_here)
		return 0;
	*ret = strdup("");
	return *ret ? 0 : -ENOMEM;
}

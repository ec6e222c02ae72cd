// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * GRUB legacy (0.97): a list of commands per title, nothing to evaluate. Source: its manual,
 * chapters "Configuration" and "Commands". Disks and partitions count from 0 there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lines.h"
#include "base/num.h"
#include "base/open.h"
#include "base/strbuf.h"
#include "entry/grub-legacy.h"
#include "entry/path.h"
#include "entry/read.h"

/* The manual knows no limit; memory does. */
enum { ENTRIES_MAX = 4096 };

struct parser {
	struct boot_menu menu;
	struct boot_entry entry;
	bool in_entry;
	struct strbuf device; /* "(hd0,0)" of the last root or uuid, empty at first */
	struct strbuf global_device;
	bool default_saved;
	size_t default_index;
};

/* "(hd0,0)/x" stays, "/x" gets the device of the entry. */
static int qualify(struct parser *p, struct bytes path, char **ret)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	if (!bytes_starts(path, "(") && p->device.n)
		strbuf_add(&b, p->device.s);
	strbuf_add_n(&b, (const char *)path.p, path.n);
	free(TAKE_PTR(*ret));
	return strbuf_take(&b, ret);
}

static int end_entry(struct parser *p)
{
	struct boot_entry *e = &p->entry;

	if (!p->in_entry)
		return 0;
	p->in_entry = false;
	if (e->type == ENTRY_LINUX && e->modules.n)
		e->type = ENTRY_MULTIBOOT;
	e->bootable = e->kernel && (e->type == ENTRY_LINUX || e->type == ENTRY_MULTIBOOT);
	if (p->menu.n_entries >= ENTRIES_MAX)
		return -E2BIG;
	return boot_menu_add(&p->menu, e);
}

static int begin_entry(struct parser *p, struct bytes title, unsigned line)
{
	int r = end_entry(p);

	if (r < 0)
		return r;
	boot_entry_done(&p->entry);
	p->entry = (struct boot_entry){ .type = ENTRY_OTHER,
					.source = { .kind = "grub-legacy", .line = line } };
	p->in_entry = true;
	strbuf_done(&p->device);
	strbuf_add_n(&p->device, p->global_device.s ? p->global_device.s : "", p->global_device.n);
	r = bytes_set(&p->entry.title, title);
	if (r == 0)
		r = strlist_add(&p->entry.path, p->entry.title);
	/* There are no ids: an entry is known by its number, counted from 0. */
	return r < 0 ? r : format(&p->entry.id, "%zu", p->menu.n_entries);
}

static int set_device(struct parser *p, const char *before, struct bytes value, const char *after)
{
	struct strbuf *b = p->in_entry ? &p->device : &p->global_device;
	struct bytes word = bytes_word(&value);

	strbuf_done(b);
	strbuf_addf(b, "%s%.*s%s", before, (int)word.n, word.p, after);
	return b->failed ? -ENOMEM : 0;
}

/* kernel [--type=T] [--no-mem-option] FILE ARGUMENTS, which reach the kernel as they are */
static int take_kernel(struct parser *p, struct bytes value)
{
	struct bytes word = bytes_word(&value);
	int r;

	while (bytes_starts(word, "--"))
		word = bytes_word(&value);
	if (!word.n)
		return 0;
	p->entry.type = ENTRY_LINUX;
	r = qualify(p, word, &p->entry.kernel);
	return r < 0 ? r : bytes_set(&p->entry.cmdline, value);
}

static int take_initrd(struct parser *p, struct bytes value)
{
	_cleanup_free_ char *path = NULL;
	int r = qualify(p, bytes_word(&value), &path);

	/* One file only; the last one wins. */
	strlist_done(&p->entry.initrds);
	return r < 0 ? r : strlist_add(&p->entry.initrds, path);
}

static int take_module(struct parser *p, struct bytes value)
{
	_cleanup_free_ char *module = NULL;
	int r = qualify(p, value, &module);

	return r < 0 ? r : strlist_add(&p->entry.modules, module);
}

static int take_command(struct parser *p, struct bytes key, struct bytes value)
{
	if (bytes_is(key, "root") || bytes_is(key, "rootnoverify"))
		return set_device(p, "", value, "");
	if (bytes_is(key, "uuid"))
		return set_device(p, "(uuid/", value, ")");
	if (!p->in_entry)
		return 0;
	if (bytes_is(key, "kernel"))
		return take_kernel(p, value);
	if (bytes_is(key, "initrd"))
		return take_initrd(p, value);
	if (bytes_is(key, "module") || bytes_is(key, "modulenounzip"))
		return take_module(p, value);
	if (bytes_is(key, "chainloader") || bytes_is(key, "configfile"))
		p->entry.type = ENTRY_CHAINLOAD;
	return 0;
}

/* The number text begins with; false when it begins with none. */
static bool leading_number(struct bytes text, size_t *ret)
{
	size_t v = 0, n = 0;

	text = bytes_trim(text);
	while (n < text.n && n < 9 && text.p[n] >= '0' && text.p[n] <= '9')
		v = v * 10 + (size_t)(text.p[n++] - '0');
	if (n)
		*ret = v;
	return n > 0;
}

static int take_line(struct parser *p, struct bytes line, unsigned number)
{
	struct bytes value = bytes_trim(line), key = { value.p, 0 };

	if (value.n == 0 || value.p[0] == '#')
		return 0;
	while (key.n < value.n && !strchr(" \t=", value.p[key.n]))
		key.n++;
	value = (struct bytes){ value.p + key.n, value.n - key.n };
	while (value.n && strchr(" \t=", value.p[0]))
		value = (struct bytes){ value.p + 1, value.n - 1 };

	if (bytes_is(key, "title"))
		return begin_entry(p, value, number);
	if (bytes_is(key, "default") && !p->in_entry) {
		p->default_saved = bytes_is(value, "saved");
		(void)leading_number(value, &p->default_index);
		return 0;
	}
	return take_command(p, key, value);
}

static int finish(struct parser *p, struct bytes saved)
{
	size_t i = p->default_index;
	const char *how = "the line `default`";

	if (p->default_saved) {
		i = 0;
		how = "`default saved` and the file \"default\"";
		(void)leading_number(saved, &i);
	}
	if (i >= p->menu.n_entries)
		i = 0;
	menu_set_default(&p->menu, p->menu.n_entries ? i : 0);
	return format(&p->menu.default_reason, "%s: entry %zu, counted from 0\n", how, i);
}

int grub_legacy_parse(struct bytes file, struct bytes saved, struct boot_menu *ret)
{
	struct parser p = { .menu.loader = "grub-legacy" };
	struct lines lines = lines_of(file);
	struct bytes line;
	int r = 0;

	while (r == 0 && lines_next(&lines, &line))
		r = take_line(&p, line, lines.number);
	if (r == 0)
		r = end_entry(&p);
	if (r == 0)
		r = finish(&p, saved);
	boot_entry_done(&p.entry);
	strbuf_done(&p.device);
	strbuf_done(&p.global_device);
	if (r < 0)
		boot_menu_done(&p.menu);
	else
		*ret = p.menu;
	return r;
}

/* "hd0,4" of GRUB legacy is "hd0,5" everywhere else. */
static int modern_device(const char *device, char **ret)
{
	unsigned disk, part;

	if (!take_prefix(&device, "hd") || !take_unsigned(&device, &disk) ||
	    !take_prefix(&device, ",") || !take_unsigned(&device, &part))
		return -ENODEV;
	return format(ret, "hd%u,%u", disk, part + 1);
}

static int find_device(struct entry_fs *fs, const char *device, size_t n, char **ret)
{
	_cleanup_free_ char *uuid = NULL;

	if (strncmp(device, "uuid/", 5) != 0)
		return modern_device(device, ret);
	uuid = strndup(device + 5, n - 5);
	if (!uuid)
		return -ENOMEM;
	return fs->search(fs, ENTRY_SEARCH_UUID, uuid, NULL, ret);
}

/*
 * "(DEVICE)/path"; a device that is not known here, or none, is taken for the one of menu.lst. Whether that, or which
 * disk a number means, is a guess is told as well.
 */
static int locate(struct entry_fs *fs, const char *config, const char *raw, char **ret,
		  bool *ret_is_guess)
{
	const char *close = raw[0] == '(' ? strchr(raw, ')') : NULL;
	_cleanup_free_ char *device = NULL, *ignored = NULL;
	int r;

	if (close && find_device(fs, raw + 1, (size_t)(close - raw - 1), &device) == 0) {
		r = fs->to_system(fs, device, close + 1, ret);
		*ret_is_guess = r == 0 && fs->is_guess && fs->is_guess(fs, device);
		if (r != -ENODEV)
			return r;
	}
	r = fs->set_home(fs, config, &ignored);
	*ret_is_guess = close != NULL;
	return r < 0 ? r : fs->to_system(fs, NULL, close ? close + 1 : raw, ret);
}

static int resolve(struct entry_fs *fs, const char *config, const char *raw, char **ret)
{
	bool ignored;

	return locate(fs, config, raw, ret, &ignored);
}

static int mark_guess(struct entry_fs *fs, const char *config, struct boot_entry *e,
		      const char *raw)
{
	_cleanup_free_ char *system = NULL;
	bool is_guess = false;
	int r = locate(fs, config, raw, &system, &is_guess);

	if (r < 0)
		return r == -ENOMEM ? r : 0; /* menu_resolve() says it */
	return is_guess ? entry_guess(e, "%s is taken to be %s: " GUESSED_DISK, raw, system) : 0;
}

/* Says of each entry with a file on a guessed device that it is a guess; before paths are resolved. */
static int mark_guesses(struct entry_fs *fs, const char *config, struct boot_menu *menu)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < menu->n_entries; i++) {
		struct boot_entry *e = &menu->entries[i];

		if (e->kernel)
			r = mark_guess(fs, config, e, e->kernel);
		for (size_t n = 0; r == 0 && n < e->initrds.n; n++)
			r = mark_guess(fs, config, e, e->initrds.v[n]);
	}
	return r;
}

int grub_legacy_read(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
		     struct boot_menu *ret, struct kx_error *err)
{
	_cleanup_text_ struct text text = { 0 }, saved = { 0 };
	_cleanup_free_ char *dir = NULL, *saved_path = NULL;
	struct boot_menu menu = { 0 };
	int r = read_text(fs, config, &text);

	if (r < 0)
		return kx_fail_file(
			err, kx_fail(err, r, "%s: cannot be read: %s", config, open_strerror(r)),
			config);
	r = path_parent(config, &dir);
	if (r == 0)
		r = path_join(dir, "default", &saved_path);
	if (r == 0 && read_text(fs, saved_path, &saved) == -ENOMEM)
		r = -ENOMEM;
	if (r == 0)
		r = grub_legacy_parse(text.bytes, saved.bytes, &menu);
	if (r == 0)
		r = mark_guesses(fs, config, &menu);
	if (r == 0)
		r = menu_resolve(fs, &menu, config, resolve);
	if (r < 0) {
		boot_menu_done(&menu);
		return kx_fail_path(err, r, config);
	}
	*ret = menu;
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kboot.conf as petitboot reads it: "LABEL='KERNEL initrd=FILE WORDS…'" in each line, and a few names
 * that hold for the lines after them. Source: petitboot 1.13, discover/kboot-parser.c, parser-conf.c.
 */
#include "entry/kboot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lines.h"
#include "base/open.h"
#include "base/strbuf.h"
#include "entry/choose.h"
#include "entry/path.h"
#include "entry/read.h"

enum { ENTRIES_MAX = 1024 };

/* Values that hold for the lines after them. */
struct common {
	char *initrd, *root, *devicetree, *wanted;
};

static void common_done(struct common *c)
{
	free(c->initrd);
	free(c->root);
	free(c->devicetree);
	free(c->wanted);
}

static bool is_edge(uint8_t c)
{
	return c == '"' || c == '\'' || c == ' ' || (c >= '\t' && c <= '\r');
}

/* Quotes and blanks are dropped at both ends, not in between. */
static struct bytes strip(struct bytes b)
{
	while (b.n && is_edge(b.p[0]))
		b = (struct bytes){ b.p + 1, b.n - 1 };
	while (b.n && is_edge(b.p[b.n - 1]))
		b.n--;
	return b;
}

/* "name = value"; without "=" the name is empty. False when there is no value. */
static bool split(struct bytes text, struct bytes *name, struct bytes *value)
{
	struct bytes all = strip(text);
	const uint8_t *equals = all.n ? memchr(all.p, '=', all.n) : NULL;
	size_t n = equals ? (size_t)(equals - all.p) : 0;

	*name = strip((struct bytes){ all.p, n });
	*value = equals ? strip((struct bytes){ equals + 1, all.n - n - 1 }) : all;
	return value->n > 0;
}

/* 1: it is one of them; 0: it is an entry. */
static int take_common(struct common *c, struct bytes name, struct bytes value)
{
	const struct {
		const char *name;
		char **value;
	} known[] = {
		{ "initrd", &c->initrd },  { "root", &c->root }, { "dtb", &c->devicetree },
		{ "default", &c->wanted }, { "video", NULL },	 { "delay", NULL },
		{ "message", NULL },	   { "timeout", NULL },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (bytes_is(name, known[i].name))
			return known[i].value && bytes_set(known[i].value, value) < 0 ? -ENOMEM : 1;
	return 0;
}

/* Where the next blank or tab is, or @b.n. */
static size_t to_blank(struct bytes b)
{
	size_t n = 0;

	while (n < b.n && b.p[n] != ' ' && b.p[n] != '\t')
		n++;
	return n;
}

/* What stands behind the kernel: files, and words that are passed on. */
static int take_words(struct common *c, struct bytes rest, struct strbuf *args)
{
	while (rest.n) {
		size_t n = to_blank(rest), next = n < rest.n ? n + 1 : n;
		struct bytes name, value;
		bool is_word = split((struct bytes){ rest.p, n }, &name, &value);
		int r = 0;

		rest = (struct bytes){ rest.p + next, rest.n - next };
		if (!is_word)
			continue;
		if (bytes_is(name, "initrd") || bytes_is(name, "root") || bytes_is(name, "dtb"))
			r = take_common(c, name, value);
		else if (name.n)
			strbuf_addf(args, "%s%.*s=%.*s", args->n ? " " : "", (int)name.n, name.p,
				    (int)value.n, value.p);
		else
			strbuf_addf(args, "%s%.*s", args->n ? " " : "", (int)value.n, value.p);
		if (r < 0)
			return r;
	}
	return 0;
}

static int copy_common(const struct common *from, struct common *to)
{
	int r = replace(&to->initrd, from->initrd);

	if (r == 0)
		r = replace(&to->root, from->root);
	return r < 0 ? r : replace(&to->devicetree, from->devicetree);
}

static int fill(struct boot_entry *e, struct common *own, struct bytes name, struct bytes value)
{
	size_t n = to_blank(value);
	_cleanup_strbuf_ struct strbuf args = { 0 }, line = { 0 };
	int r = take_words(own, (struct bytes){ value.p + n, value.n - n }, &args);

	e->type = ENTRY_LINUX;
	e->bootable = true;
	if (r == 0)
		r = bytes_set(&e->id, name);
	if (r == 0)
		r = bytes_set(&e->title, name);
	if (r == 0)
		r = strlist_add(&e->path, e->title);
	if (r == 0)
		r = bytes_set(&e->kernel, (struct bytes){ value.p, n });
	if (r == 0 && own->initrd)
		r = strlist_add(&e->initrds, own->initrd);
	e->devicetree = TAKE_PTR(own->devicetree);
	if (own->root)
		strbuf_addf(&line, "root=%s", own->root);
	if (args.n)
		strbuf_add_word(&line, args.s);
	return r < 0 ? r : args.failed ? -ENOMEM : strbuf_take(&line, &e->cmdline);
}

static int add_entry(struct boot_menu *menu, const struct common *c, struct bytes name,
		     struct bytes value, unsigned line)
{
	struct boot_entry e = { .source = { .kind = "kboot", .line = line } };
	struct common own = { 0 };
	int r = menu->n_entries < ENTRIES_MAX ? copy_common(c, &own) : -E2BIG;

	if (r == 0)
		r = fill(&e, &own, name, value);
	if (r == 0)
		r = boot_menu_add(menu, &e);
	if (r < 0)
		boot_entry_done(&e);
	common_done(&own);
	return r;
}

/* default= counts for the entries after it; the last one of that name is marked last. */
static void note_default(struct boot_menu *menu, const struct common *c)
{
	size_t last = menu->n_entries - 1;

	if (c->wanted && menu->default_index > last &&
	    strcmp(c->wanted, menu->entries[last].id) == 0)
		menu->default_index = last;
}

static int take_line(struct boot_menu *menu, struct common *c, struct bytes line, unsigned number)
{
	struct bytes name, value;
	int r;

	if (!split(line, &name, &value) || name.n == 0 || name.p[0] == '#' || value.p[0] == '#')
		return 0;
	r = take_common(c, name, value);
	if (r != 0)
		return r < 0 ? r : 0;
	r = add_entry(menu, c, name, value, number);
	if (r == 0)
		note_default(menu, c);
	return r;
}

int kboot_parse(struct bytes file, struct boot_menu *ret)
{
	struct boot_menu menu = { .loader = "kboot", .default_index = SIZE_MAX };
	struct common c = { 0 };
	struct lines lines = lines_of(file);
	struct bytes line;
	int r = 0;

	while (r == 0 && lines_next(&lines, &line))
		r = take_line(&menu, &c, line, lines.number);
	if (r == 0) {
		bool has_default = menu.default_index < menu.n_entries;

		menu_set_default(&menu, has_default ? menu.default_index : menu.n_entries);
		r = format(&menu.default_reason, "kboot.conf: %s%s\n",
			   has_default ? "default=" : "no default that names an entry",
			   has_default ? c.wanted : "");
	}
	common_done(&c);
	if (r < 0)
		boot_menu_done(&menu);
	else
		*ret = menu;
	return r;
}

/* Paths are on the file system that holds the configuration. */
static int resolve(struct entry_fs *fs, const char *config, const char *raw, char **ret)
{
	_cleanup_free_ char *ignored = NULL, *absolute = NULL;
	int r;

	/* "sda1:/vmlinux" and URLs: petitboot's own names */
	if (strchr(raw, ':'))
		return -ENODEV;
	r = fs->set_home(fs, config, &ignored);
	if (r == 0)
		r = path_join(NULL, raw, &absolute);
	return r < 0 ? r : fs->to_system(fs, NULL, absolute, ret);
}

int kboot_read(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
	       struct boot_menu *ret, struct kx_error *err)
{
	_cleanup_text_ struct text text = { 0 };
	struct boot_menu menu = { 0 };
	int r = read_text(fs, config, &text);

	(void)opts;
	if (r == 0)
		r = kboot_parse(text.bytes, &menu);
	if (r == 0)
		r = menu_resolve(fs, &menu, config, resolve);
	if (r < 0) {
		boot_menu_done(&menu);
		return kx_fail_path(err, r, config);
	}
	*ret = menu;
	return 0;
}

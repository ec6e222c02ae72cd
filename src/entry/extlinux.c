// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * syslinux, extlinux and isolinux, and U-Boot's reader of extlinux.conf. Sources: syslinux 6,
 * com32/elflink/ldlinux/readconfig.c and doc/syslinux.txt, menu.txt; U-Boot, boot/pxe_utils.c and
 * doc/README.pxe. Words of command lines are in extlinux-words.c, the parts about files of this system in
 * extlinux-read.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/strbuf.h"
#include "entry/extlinux-words.h"
#include "entry/extlinux.h"
#include "entry/read.h"

enum {
	ENTRIES_MAX = 4096,
	INCLUDES_MAX = 16, /* deep, as U-Boot */
	SUBMENUS_MAX = 16,
};

/* A line of a menu: an entry, or another menu. */
struct item {
	size_t menu; /* the one that it is in */
	bool is_menu;
	size_t index; /* of the entry or the menu */
};

/* A menu that syslinux shows: the top one is 0. */
struct submenu {
	size_t parent;
	size_t own_item; /* its line in the parent */
	size_t chosen;	 /* item with MENU DEFAULT; NOTHING for none */
};

#define NOTHING SIZE_MAX

struct parser {
	struct boot_menu menu;
	bool is_uboot;
	struct extlinux_files *files;
	unsigned depth;

	/* the label being read */
	struct boot_entry entry;
	char *append, *initrd;
	bool in_label, kernel_is_linux, is_disabled, is_hidden, has_fdtdir, has_overlays;
	bool adds_network, has_variables;
	unsigned broken_line; /* of U-Boot, which does not take the file then; 0: none */

	/* what holds for all labels */
	char *global_append;
	char *default_label; /* of DEFAULT; may carry arguments */
	char *ontimeout;
	bool has_ui, in_text, no_typed;
	struct strlist submenus; /* titles of the MENU BEGINs that are open */

	struct item *items;
	size_t n_items;
	struct submenu *menus;
	size_t n_menus;
	size_t at, start; /* the menu that is being read, and the one that is shown first */
};

static void parser_done(struct parser *p)
{
	boot_entry_done(&p->entry);
	free(p->append);
	free(p->initrd);
	free(p->global_append);
	free(p->default_label);
	free(p->ontimeout);
	strlist_done(&p->submenus);
	free(p->items);
	free(p->menus);
}

static int add_item(struct parser *p, bool is_menu, size_t index)
{
	struct item *bigger = reallocarray(p->items, p->n_items + 1, sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	p->items = bigger;
	p->items[p->n_items++] = (struct item){ p->at, is_menu, index };
	return 0;
}

static int add_menu(struct parser *p, size_t parent, size_t own_item)
{
	struct submenu *bigger;

	if (p->n_menus >= ENTRIES_MAX)
		return -E2BIG;
	bigger = reallocarray(p->menus, p->n_menus + 1, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	p->menus = bigger;
	p->menus[p->n_menus++] = (struct submenu){ parent, own_item, NOTHING };
	return 0;
}

static int finish_cmdline(struct parser *p)
{
	const char *append = p->append ? p->append : p->global_append ? p->global_append : "";
	_cleanup_free_ char *rest = NULL;
	int r = 0;

	if (strcmp(append, "-") == 0 && !p->is_uboot)
		append = "";
	if (p->initrd)
		r = p->is_uboot
			    ? strlist_add(&p->entry.initrds, p->initrd)
			    : extlinux_add_initrds(&p->entry.initrds, p->initrd, strlen(p->initrd));
	if (r == 0)
		r = extlinux_take_initrd(append, p->entry.initrds.n ? NULL : &p->entry.initrds,
					 &rest);
	if (r < 0)
		return r;
	if (p->is_uboot)
		return uboot_expand(rest, &p->entry.cmdline, &p->has_variables);
	return format(&p->entry.cmdline, "BOOT_IMAGE=%s%s%s", p->entry.kernel, *rest ? " " : "",
		      rest);
}

/* The next part of @text, up to "---" as a word. */
static char *take_part(const char **text)
{
	const char *start = *text, *end = strstr(start, "---");
	size_t n = end ? (size_t)(end - start) : strlen(start);

	*text = end ? end + 3 : start + n;
	return bytes_dup(bytes_trim((struct bytes){ (const uint8_t *)start, n }));
}

/* mboot.c32: APPEND KERNEL words --- MODULE words --- … */
static int become_multiboot(struct parser *p, const char *append)
{
	struct boot_entry *e = &p->entry;
	_cleanup_free_ char *first = take_part(&append);
	size_t n = first ? strcspn(first, " \t") : 0;
	int r = first ? bytes_set(&e->kernel, (struct bytes){ (uint8_t *)first, n }) : -ENOMEM;

	e->type = ENTRY_MULTIBOOT;
	if (r == 0)
		r = replace(&e->cmdline, first + n + strspn(first + n, " \t"));
	while (r == 0 && *append) {
		_cleanup_free_ char *module = take_part(&append);

		r = module ? (*module ? strlist_add(&e->modules, module) : 0) : -ENOMEM;
	}
	return r;
}

/* Modules of syslinux that start what their arguments name. */
static int follow_module(struct parser *p)
{
	struct boot_entry *e = &p->entry;
	const char *append = p->append ? p->append : p->global_append ? p->global_append : "";
	const char *name = e->kernel ? strrchr(e->kernel, '/') : NULL;
	size_t n = strcspn(append, " \t");
	_cleanup_free_ char *rest = NULL;

	name = name ? name + 1 : e->kernel;
	if (!name || p->is_uboot || p->kernel_is_linux || !n || strcmp(append, "-") == 0)
		return 0;
	if (strcasecmp(name, "mboot.c32") == 0)
		return become_multiboot(p, append);
	if (strcasecmp(name, "linux.c32") != 0)
		return 0;
	e->type = ENTRY_LINUX;
	p->kernel_is_linux = true;
	rest = strdup(append + n + strspn(append + n, " \t"));
	if (!rest || bytes_set(&e->kernel, (struct bytes){ (const uint8_t *)append, n }) < 0)
		return -ENOMEM;
	return replace(&p->append, rest);
}

/* What the boot loader does by itself, and we cannot. */
static int warn_of_loader(struct parser *p)
{
	struct boot_entry *e = &p->entry;
	int r = 0;

	if (p->has_fdtdir)
		r = entry_warn(e, "the boot loader picks a device tree from a directory; the "
				  "running one is kept instead");
	if (r == 0 && p->has_overlays) {
		free(TAKE_PTR(e->devicetree));
		r = entry_warn(e, "the boot loader changes the device tree by overlays; the "
				  "running one is kept instead");
	}
	if (r == 0 && p->has_variables)
		r = entry_warn(e, "the command line uses variables of U-Boot, which are not known "
				  "here");
	if (r == 0 && p->adds_network)
		r = entry_warn(e, "the boot loader adds words about the network to the command "
				  "line, which are not known here");
	return r;
}

static int end_label(struct parser *p)
{
	struct boot_entry *e = &p->entry;
	int r = 0;

	if (!p->in_label)
		return 0;
	p->in_label = false;
	if (!e->kernel && e->type == ENTRY_LINUX && !p->is_uboot)
		r = replace(&e->kernel, e->id); /* the label is the file */
	if (r == 0)
		r = follow_module(p);
	if (r == 0 && !e->kernel)
		e->type = ENTRY_OTHER;
	if (r == 0 && e->type == ENTRY_LINUX && !p->kernel_is_linux && !p->is_uboot &&
	    extlinux_is_program(e->kernel))
		e->type = ENTRY_OTHER;
	if (r == 0 && e->type == ENTRY_LINUX)
		r = finish_cmdline(p);
	if (r == 0 && !e->title)
		r = replace(&e->title, e->id);
	for (size_t i = 0; r == 0 && i < p->submenus.n; i++)
		r = strlist_add(&e->path, p->submenus.v[i]);
	if (r == 0)
		r = strlist_add(&e->path, e->title);
	if (r == 0)
		r = warn_of_loader(p);
	e->bootable = (e->type == ENTRY_LINUX || e->type == ENTRY_MULTIBOOT) && !p->is_disabled &&
		      !p->has_variables;
	if (r == 0 && p->menu.n_entries >= ENTRIES_MAX)
		r = -E2BIG;
	if (r == 0 && !p->is_hidden)
		r = add_item(p, false, p->menu.n_entries);
	return r < 0 ? r : boot_menu_add(&p->menu, e);
}

static int begin_label(struct parser *p, struct bytes value, unsigned line)
{
	int r = end_label(p);

	if (r < 0)
		return r;
	boot_entry_done(&p->entry);
	free(TAKE_PTR(p->append));
	free(TAKE_PTR(p->initrd));
	p->entry = (struct boot_entry){ .type = ENTRY_LINUX,
					.source = { .kind = "extlinux", .line = line } };
	p->in_label = true;
	p->kernel_is_linux = p->is_disabled = p->is_hidden = p->has_fdtdir = false;
	p->has_overlays = p->adds_network = p->has_variables = false;
	/* menu.c32 shows the whole line, syslinux itself looks at the first word */
	r = bytes_set(&p->entry.title, value);
	return r < 0 ? r : bytes_set(&p->entry.id, p->is_uboot ? value : bytes_word(&value));
}

/* "^" marks the hotkey of a menu title. */
static int set_title(struct parser *p, struct bytes value)
{
	int r = bytes_set(&p->entry.title, value);
	char *out = p->entry.title;

	if (r < 0 || p->is_uboot)
		return r;
	for (const char *s = out; *s; s++)
		if (*s != '^')
			*out++ = *s;
	*out = 0;
	return 0;
}

static int begin_submenu(struct parser *p, struct bytes value)
{
	_cleanup_free_ char *title = bytes_dup(value);
	int r = end_label(p);

	if (!title)
		return -ENOMEM;
	if (r == 0)
		r = p->submenus.n < SUBMENUS_MAX ? strlist_add(&p->submenus, title) : -E2BIG;
	if (r == 0)
		r = add_item(p, true, p->n_menus);
	if (r == 0)
		r = add_menu(p, p->at, p->n_items - 1);
	if (r == 0)
		p->at = p->n_menus - 1;
	return r;
}

static int end_submenu(struct parser *p)
{
	int r = end_label(p);

	free(p->submenus.v[--p->submenus.n]);
	p->at = p->menus[p->at].parent;
	return r;
}

/* MENU DEFAULT marks the label, or before the first one of a submenu its line in the menu above.
 * Each menu has its own. */
static int mark_default(struct parser *p)
{
	struct submenu *m = &p->menus[p->at];

	if (p->in_label && p->is_uboot) /* the first one, until a line "default" */
		return p->default_label ? 0 : replace(&p->default_label, p->entry.id);
	if (p->in_label)
		m->chosen = p->n_items;
	else if (p->at)
		p->menus[m->parent].chosen = m->own_item;
	return 0;
}

static int take_text(struct parser *p, struct bytes text);

static int include(struct parser *p, struct bytes value)
{
	_cleanup_free_ char *path = bytes_dup(bytes_word(&value));
	_cleanup_free_ uint8_t *buf = NULL;
	size_t n;
	int r;

	if (!path)
		return -ENOMEM;
	r = p->depth < INCLUDES_MAX && p->files ? p->files->read(p->files, path, &buf, &n) : -ELOOP;
	if (r < 0)
		return r == -ENOMEM || r == BUDGET_SPENT
			       ? r
			       : menu_warn(&p->menu, "included file %s is left out: %s", path,
					   strerror(-r));
	p->depth++;
	r = take_text(p, (struct bytes){ buf, n });
	p->depth--;
	return r;
}

static int take_menu(struct parser *p, struct bytes value)
{
	struct bytes key = bytes_word(&value);

	if (bytes_is_nocase(key, "label") && p->in_label)
		return set_title(p, value);
	if (bytes_is_nocase(key, "default"))
		return mark_default(p);
	if (bytes_is_nocase(key, "disable") && p->in_label)
		p->is_disabled = true;
	if (bytes_is_nocase(key, "hide") && p->in_label && !p->is_uboot)
		p->is_hidden = true;
	if (bytes_is_nocase(key, "include"))
		return include(p, value);
	if (p->is_uboot)
		return 0;
	if (bytes_is_nocase(key, "begin"))
		return begin_submenu(p, value);
	if (bytes_is_nocase(key, "end") && p->submenus.n)
		return end_submenu(p);
	if (bytes_is_nocase(key, "start"))
		p->start = p->at;
	return 0;
}

/* Keywords whose value is a file to start; all but `kernel` and `linux` are never Linux. */
static const char *const program_keys[] = { "com32",   "boot",	 "bss",	    "pxe",
					    "fdimage", "config", "comboot", "localboot" };

/* U-Boot does not take the value of a second one, and then no longer knows where it is: the label ends. */
static bool is_second(const struct parser *p, struct bytes key)
{
	return (p->initrd && bytes_is_nocase(key, "initrd")) ||
	       (p->has_fdtdir &&
		(bytes_is_nocase(key, "fdtdir") || bytes_is_nocase(key, "devicetreedir"))) ||
	       (p->entry.devicetree &&
		(bytes_is_nocase(key, "fdt") || bytes_is_nocase(key, "devicetree"))) ||
	       (p->has_overlays && bytes_is_nocase(key, "fdtoverlays"));
}

static int take_label_key(struct parser *p, struct bytes key, struct bytes value)
{
	struct boot_entry *e = &p->entry;

	if (bytes_is_nocase(key, "kernel") || bytes_is_nocase(key, "linux")) {
		p->kernel_is_linux |= bytes_is_nocase(key, "linux");
		e->type = ENTRY_LINUX;
		return bytes_set(&e->kernel, p->is_uboot ? value : bytes_word(&value));
	}
	if (p->is_uboot && is_second(p, key))
		return end_label(p);
	if (bytes_is_nocase(key, "initrd"))
		return bytes_set(&p->initrd, value);
	if (bytes_is_nocase(key, "fdt") || bytes_is_nocase(key, "devicetree"))
		/* "-" is the device tree that U-Boot itself has */
		return bytes_is(value, "-") ? 0 : bytes_set(&e->devicetree, value);
	if (bytes_is_nocase(key, "fdtoverlays") || bytes_is_nocase(key, "devicetree-overlay"))
		p->has_overlays = true;
	if (bytes_is_nocase(key, "ipappend") || bytes_is_nocase(key, "sysappend"))
		p->adds_network = !bytes_is(value, "0");
	if (bytes_is_nocase(key, "fdtdir") || bytes_is_nocase(key, "devicetreedir"))
		p->has_fdtdir = true;
	for (size_t i = 0; i < sizeof(program_keys) / sizeof(program_keys[0]); i++)
		if (bytes_is_nocase(key, program_keys[i])) {
			e->type = bytes_is_nocase(key, "localboot") ? ENTRY_CHAINLOAD : ENTRY_OTHER;
			return bytes_set(&e->kernel, bytes_word(&value));
		}
	return 0;
}

static int take_key(struct parser *p, struct bytes key, struct bytes value, unsigned line)
{
	int r = p->is_uboot && p->in_label && !uboot_in_label(key) ? end_label(p) : 0;

	if (r < 0)
		return r;
	if (p->is_uboot && !p->broken_line && uboot_wants_value(key, p->in_label) &&
	    (!value.n || value.p[0] == '#'))
		p->broken_line = line;
	if (bytes_is_nocase(key, "label"))
		return begin_label(p, value, line);
	if (bytes_is_nocase(key, "append"))
		return p->is_uboot && !p->in_label
			       ? 0
			       : bytes_set(p->in_label ? &p->append : &p->global_append, value);
	if (bytes_is_nocase(key, "menu"))
		return take_menu(p, value);
	if (bytes_is_nocase(key, "include"))
		return include(p, value);
	if (bytes_is_nocase(key, "default"))
		return bytes_set(&p->default_label, value);
	if (bytes_is_nocase(key, "ontimeout"))
		return bytes_set(p->is_uboot ? &p->default_label : &p->ontimeout, value);
	if (bytes_is_nocase(key, "implicit"))
		p->no_typed = bytes_is(value, "0");
	if (bytes_is_nocase(key, "ui"))
		p->has_ui = true;
	return p->in_label ? take_label_key(p, key, value) : 0;
}

static int take_text(struct parser *p, struct bytes text)
{
	struct lines lines = lines_of(text);
	struct bytes line;
	int r = 0;

	while (r == 0 && lines_next(&lines, &line)) {
		struct bytes value = bytes_trim(line), key;

		if (value.n == 0 || value.p[0] == '#')
			continue;
		key = bytes_word(&value);
		if (p->in_text) { /* help for a person, up to ENDTEXT */
			p->in_text = !bytes_is_nocase(key, "endtext");
			continue;
		}
		if (bytes_is_nocase(key, "text") && !p->is_uboot)
			p->in_text = true;
		else
			r = take_key(p, key, value, lines.number);
	}
	return r;
}

/* Does @name, as DEFAULT gives it, name this entry? syslinux looks at the first word only. */
static bool names_entry(const char *name, const struct boot_entry *e)
{
	size_t n = strcspn(name, " \t");

	return strlen(e->id) == n && strncasecmp(e->id, name, n) == 0;
}

/* U-Boot goes on to the last label of that name. */
static size_t find_uboot_label(const struct parser *p, const char *name)
{
	size_t i = p->menu.n_entries;

	while (i > 0 && strcmp(p->menu.entries[i - 1].id, name) != 0)
		i--;
	return i > 0 ? i - 1 : p->menu.n_entries;
}

static size_t find_label(const struct parser *p, const char *name)
{
	if (p->is_uboot)
		return find_uboot_label(p, name);
	for (size_t i = 0; i < p->menu.n_entries; i++)
		if (names_entry(name, &p->menu.entries[i]))
			return i;
	return p->menu.n_entries;
}

/* What is no label is a kernel and its command line, as a person would type them. */
static int add_typed(struct parser *p, const char *line)
{
	int r = begin_label(p, (struct bytes){ (const uint8_t *)line, strlen(line) }, 0);

	free(TAKE_PTR(p->entry.title));
	if (r == 0)
		r = replace(&p->append, extlinux_words_behind(line));
	p->is_hidden = true; /* no menu has it */
	return r < 0 ? r : end_label(p);
}

/* The entry that menu @m starts without a key press: its default or its first line, which may be
 * another menu. */
static size_t default_of(const struct parser *p, size_t m)
{
	for (size_t depth = 0; depth <= SUBMENUS_MAX; depth++) {
		size_t i = p->menus[m].chosen;

		for (size_t k = 0; k < p->n_items && i == NOTHING; k++)
			if (p->items[k].menu == m)
				i = k;
		if (i == NOTHING || i >= p->n_items)
			break;
		if (!p->items[i].is_menu)
			return p->items[i].index;
		m = p->items[i].index;
	}
	return p->menu.n_entries;
}

static int choose(struct parser *p)
{
	const char *name = p->ontimeout ? p->ontimeout : p->default_label;
	const char *key = p->ontimeout ? "ONTIMEOUT" : "DEFAULT";
	size_t n = p->menu.n_entries, i = name ? find_label(p, name) : n;
	size_t by_menu = default_of(p, p->start);
	bool is_menu = p->has_ui || (p->default_label && extlinux_is_program(p->default_label));
	int r = 0;

	if (name && i == n && !p->is_uboot && !p->has_ui && !p->no_typed &&
	    !extlinux_is_program(name)) {
		r = add_typed(p, name);
		n = p->menu.n_entries;
	} else if (i < n && !p->is_uboot && !(name == p->default_label && p->has_ui)) {
		r = extlinux_add_words(name, &p->menu.entries[i].cmdline);
	}
	if (i < n) {
		if (r == 0)
			r = format(&p->menu.default_reason, "%s names \"%s\"\n", key,
				   p->menu.entries[i].id);
	} else if (p->menus[p->start].chosen != NOTHING && by_menu < n) {
		i = by_menu;
		r = format(&p->menu.default_reason, "MENU DEFAULT stands at label \"%s\"\n",
			   p->menu.entries[i].id);
	} else if (by_menu < n && (is_menu || p->is_uboot)) {
		i = by_menu;
		r = format(&p->menu.default_reason, "no label is named: the first one\n");
	} else {
		r = format(&p->menu.default_reason, "%s%s%s: the boot loader asks a person\n",
			   name ? key : "no DEFAULT", name ? " names no label: " : "",
			   name ? name : "");
	}
	if (p->broken_line)
		i = n;
	menu_set_default(&p->menu, i);
	return r < 0 || !p->broken_line
		       ? r
		       : menu_warn(
				 &p->menu,
				 "line %u has no value: U-Boot does not take the file, and starts "
				 "nothing that is in it",
				 p->broken_line);
}

int extlinux_parse(struct bytes file, bool is_uboot, struct extlinux_files *files,
		   struct boot_menu *ret)
{
	struct parser p = { .menu.loader = "extlinux",
			    .menu.flavour = is_uboot ? "u-boot" : "syslinux",
			    .is_uboot = is_uboot,
			    .files = files };
	int r = add_menu(&p, 0, NOTHING);

	if (r == 0)
		r = take_text(&p, file);
	if (r == 0)
		r = end_label(&p);
	if (r == 0)
		r = choose(&p);
	parser_done(&p);
	if (r < 0)
		boot_menu_done(&p.menu);
	else
		*ret = p.menu;
	return r;
}

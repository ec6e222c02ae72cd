// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The configuration of xen.efi, which starts Xen without another boot loader. Source: Xen 4.17,
 * docs/misc/efi.pandoc and xen/common/efi/boot.c.
 */
#include "entry/xen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/strbuf.h"
#include "entry/read.h"

enum { ENTRIES_MAX = 256 };

/* Control characters end a line, tabs too. */
struct cutter {
	struct bytes rest;
	unsigned next, line; /* numbers of lines from 0: the one that follows, and the last one */
};

static bool is_control(uint8_t c)
{
	return c < ' ' || c == 0x7f;
}

/* The next line without blanks and comments, not empty. The last line needs an end. */
static bool next_line(struct cutter *c, struct bytes *ret)
{
	while (c->rest.n) {
		size_t n = 0;
		struct bytes line;
		const uint8_t *hash;

		while (n < c->rest.n && !is_control(c->rest.p[n]))
			n++;
		if (n == c->rest.n)
			return false;
		line = (struct bytes){ c->rest.p, n };
		c->line = c->next;
		c->next += line.p[n] == '\n';
		c->rest = (struct bytes){ c->rest.p + n + 1, c->rest.n - n - 1 };
		while (line.n && line.p[0] == ' ')
			line = (struct bytes){ line.p + 1, line.n - 1 };
		hash = line.n ? memchr(line.p, '#', line.n) : NULL;
		if (hash)
			line.n = (size_t)(hash - line.p);
		if (line.n == 0 || line.p[0] == ';')
			continue;
		*ret = line;
		return true;
	}
	return false;
}

/* "[NAME]…" begins the section NAME. */
static bool begins_section(struct bytes line, const char *name)
{
	size_t n = strlen(name);

	return line.n > n + 1 && line.p[0] == '[' && memcmp(line.p + 1, name, n) == 0 &&
	       line.p[n + 1] == ']';
}

/* "KEY=VALUE": no blank before "=", those behind it do not count. */
static bool take_key(struct bytes line, const char *key, struct bytes *ret)
{
	size_t n = strlen(key);

	if (line.n <= n || memcmp(line.p, key, n) != 0 || line.p[n] != '=')
		return false;
	*ret = bytes_trim((struct bytes){ line.p + n + 1, line.n - n - 1 });
	return true;
}

/* The first value of @key in the first section @section, or for NULL anywhere in the file. */
static bool find_value(struct bytes file, const char *section, const char *key, struct bytes *ret)
{
	struct cutter c = { .rest = file };
	bool is_in = !section;
	struct bytes line;

	while (next_line(&c, &line)) {
		if (line.p[0] == '[') {
			if (section && is_in)
				return false;
			is_in = !section || begins_section(line, section);
		} else if (is_in && take_key(line, key, ret)) {
			return true;
		}
	}
	return false;
}

static int set_value(struct bytes file, const char *section, const char *key, char **ret)
{
	struct bytes value;

	return find_value(file, section, key, &value) ? bytes_set(ret, value) : 0;
}

/* Xen's modules: the kernel with its own options, then what else the section names. */
static int add_modules(struct bytes file, const char *section, struct boot_entry *e)
{
	static const char *const keys[] = { "kernel", "ramdisk", "xsm" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(keys) / sizeof(keys[0]); i++) {
		_cleanup_free_ char *value = NULL;

		r = set_value(file, section, keys[i], &value);
		if (r == 0 && value && *value)
			r = strlist_add(&e->modules, value);
	}
	return r;
}

static int warn_microcode(struct bytes file, const char *section, struct boot_entry *e)
{
	struct bytes value;

	if (!find_value(file, section, "ucode", &value) &&
	    !find_value(file, "global", "ucode", &value))
		return 0;
	return entry_warn(e, "Xen loads microcode from %.*s", (int)value.n, value.p);
}

static int add_entry(struct xen_conf *conf, struct bytes file, const char *id, const char *section,
		     unsigned line)
{
	struct boot_entry e = { .type = ENTRY_MULTIBOOT,
				.source = { .kind = "xen", .line = line } };
	int r = replace(&e.id, id);

	if (r == 0)
		r = replace(&e.title, id);
	if (r == 0)
		r = strlist_add(&e.path, id);
	if (r == 0)
		r = add_modules(file, section, &e);
	if (r == 0)
		r = replace(&e.cmdline, "");
	if (r == 0)
		r = set_value(file, section, "options", &e.cmdline);
	if (r == 0)
		r = warn_microcode(file, section, &e);
	if (r == 0)
		r = entry_warn(&e, "xen.efi is a program of the firmware: only the firmware can "
				   "start it");
	if (r == 0)
		r = boot_menu_add(&conf->menu, &e);
	if (r < 0)
		boot_entry_done(&e);
	return r;
}

static bool is_listed(const struct xen_conf *conf, const char *id)
{
	for (size_t i = 0; i < conf->menu.n_entries; i++)
		if (strcmp(conf->menu.entries[i].id, id) == 0)
			return true;
	return false;
}

/* The section that a line begins, or NULL; the caller's. */
static int section_name(struct bytes line, char **ret)
{
	const uint8_t *end = memchr(line.p, ']', line.n);

	return bytes_set(ret, (struct bytes){ line.p + 1, end ? (size_t)(end - line.p - 1) : 0 });
}

static int add_sections(struct xen_conf *conf, struct bytes file)
{
	struct cutter c = { .rest = file };
	struct bytes line, kernel;
	int r = 0;

	while (r == 0 && next_line(&c, &line)) {
		_cleanup_free_ char *name = NULL;

		if (line.p[0] != '[')
			continue;
		r = section_name(line, &name);
		if (r == 0 && *name && strcmp(name, "global") != 0 && !is_listed(conf, name) &&
		    find_value(file, name, "kernel", &kernel))
			r = conf->menu.n_entries < ENTRIES_MAX
				    ? add_entry(conf, file, name, name, c.line + 1)
				    : -E2BIG;
	}
	return r;
}

/* Without any name of a section xen.efi takes the first value in the file of each key. */
static int choose_unnamed(struct xen_conf *conf, struct bytes file)
{
	struct bytes kernel;
	int r;

	if (!find_value(file, NULL, "kernel", &kernel))
		return set_value(file, "global", "chain", &conf->chain);
	r = add_entry(conf, file, "default", NULL, 0);
	if (r == 0)
		menu_set_default(&conf->menu, conf->menu.n_entries - 1);
	return r < 0 ? r
		     : format(&conf->menu.default_reason, "the file names no default section\n");
}

static int choose(struct xen_conf *conf, struct bytes file, const char *section, bool is_given)
{
	struct boot_menu *menu = &conf->menu;
	size_t i = 0;

	menu_set_default(menu, menu->n_entries);
	if (!section)
		return choose_unnamed(conf, file);
	while (i < menu->n_entries && strcmp(menu->entries[i].id, section) != 0)
		i++;
	menu_set_default(menu, i);
	if (i == menu->n_entries)
		return set_value(file, "global", "chain", &conf->chain);
	return format(&menu->default_reason, "%s: section %s\n",
		      is_given ? "the boot option" : "[global] default", section);
}

int xen_parse(struct bytes file, const char *section, struct xen_conf *ret, char **ret_section)
{
	struct xen_conf conf = { .menu.loader = "xen" };
	_cleanup_free_ char *chosen = NULL;
	int r = section ? replace(&chosen, section) : set_value(file, "global", "default", &chosen);

	if (r == 0)
		r = add_sections(&conf, file);
	if (r == 0)
		r = choose(&conf, file, chosen, section != NULL);
	if (r < 0) {
		xen_conf_done(&conf);
		return r;
	}
	*ret = conf;
	*ret_section = TAKE_PTR(chosen);
	return 0;
}

void xen_conf_done(struct xen_conf *conf)
{
	boot_menu_done(&conf->menu);
	free(conf->chain);
	*conf = (struct xen_conf){ 0 };
}

static int take_option(struct xen_options *o, struct bytes word, struct bytes *rest)
{
	if (word.p[0] != '-' && word.p[0] != '/')
		return bytes_set(&o->section, word);
	word = (struct bytes){ word.p + 1, word.n - 1 };
	if (bytes_starts(word, "cfg="))
		return bytes_set(&o->config, (struct bytes){ word.p + 4, word.n - 4 });
	return bytes_is(word, "cfg") && rest->n ? bytes_set(&o->config, bytes_word(rest)) : 0;
}

/* The first word is the name of the program. */
int xen_options_parse(const char *options, struct xen_options *ret)
{
	struct bytes rest = { (const uint8_t *)options, strlen(options) };
	struct xen_options o = { 0 };
	int r = 0;

	rest = bytes_trim(rest);
	(void)bytes_word(&rest);
	while (r == 0 && rest.n) {
		struct bytes word = bytes_word(&rest);

		if (bytes_is(word, "--")) {
			r = bytes_set(&o.words, rest);
			break;
		}
		r = take_option(&o, word, &rest);
	}
	if (r < 0)
		xen_options_done(&o);
	else
		*ret = o;
	return r;
}

void xen_options_done(struct xen_options *o)
{
	free(o->config);
	free(o->section);
	free(o->words);
	*o = (struct xen_options){ 0 };
}

int xen_config_name(const char *program, size_t i, char **ret)
{
	size_t n = strlen(program);

	for (size_t k = 0; k <= i; k++) {
		size_t end = n;

		while (end && !strchr(".-_", program[end - 1]))
			end--;
		if (end == 0)
			return -ENOENT;
		n = end - 1;
	}
	return format(ret, "%.*s.cfg", (int)n, program);
}

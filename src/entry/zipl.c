// SPDX-License-Identifier: LGPL-2.1-or-later
/* zipl.conf of s390x: bytes in, struct out. Source: s390-tools, zipl.conf(5). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/num.h"
#include "entry/read.h"
#include "entry/zipl.h"

enum { ENTRIES_MAX = 1024 };

enum heading { NO_HEADING, DEFAULTBOOT, SECTION, MENU };

struct parser {
	struct zipl_conf conf;
	enum heading heading;
	struct boot_entry entry;
	char *parmfile;
	char *name;	     /* of the menu that is being read */
	char *default_name;  /* default= of [defaultboot] */
	char *menu_name;     /* defaultmenu= of it */
	char *menu_default;  /* default= of that menu: a number of its lines */
	struct strlist rows; /* "MENU NUMBER=SECTION" */
};

static void parser_done(struct parser *p)
{
	boot_entry_done(&p->entry);
	free(p->parmfile);
	free(p->name);
	free(p->default_name);
	free(p->menu_name);
	free(p->menu_default);
	strlist_done(&p->rows);
}

void zipl_conf_done(struct zipl_conf *conf)
{
	boot_menu_done(&conf->menu);
	strlist_done(&conf->parmfiles);
	free(conf->wanted);
	*conf = (struct zipl_conf){ 0 };
}

/* "/boot/image,0x10000": an address where the file is put may follow. */
static int set_path(char **path, struct bytes value)
{
	const uint8_t *comma = value.n ? memchr(value.p, ',', value.n) : NULL;

	return bytes_set(path,
			 (struct bytes){ value.p, comma ? (size_t)(comma - value.p) : value.n });
}

static int end_section(struct parser *p)
{
	struct boot_entry *e = &p->entry;
	int r = 0;

	if (p->heading != SECTION)
		return 0;
	p->heading = NO_HEADING;
	/* a section without a kernel is for a dump device, not for booting */
	if (!e->kernel || p->conf.menu.n_entries >= ENTRIES_MAX) {
		boot_entry_done(e);
		return 0;
	}
	e->type = ENTRY_LINUX;
	e->bootable = true;
	if (!e->cmdline)
		r = replace(&e->cmdline, "");
	if (r == 0)
		r = strlist_add(&e->path, e->title);
	if (r == 0)
		r = strlist_add(&p->conf.parmfiles, p->parmfile ? p->parmfile : "");
	return r < 0 ? r : boot_menu_add(&p->conf.menu, e);
}

static int begin(struct parser *p, struct bytes line, unsigned number)
{
	bool is_menu = line.p[0] == ':';
	struct bytes name = { line.p + 1, line.n - 1 };
	int r = end_section(p);

	if (r < 0)
		return r;
	if (!is_menu && name.n && name.p[name.n - 1] == ']')
		name.n--;
	name = bytes_trim(name);
	if (is_menu) {
		p->heading = MENU;
		return bytes_set(&p->name, name);
	}
	if (bytes_is_nocase(name, "defaultboot")) {
		p->heading = DEFAULTBOOT;
		return 0;
	}
	boot_entry_done(&p->entry);
	free(TAKE_PTR(p->parmfile));
	p->heading = SECTION;
	p->entry.source = (struct entry_source){ .kind = "zipl", .line = number };
	r = bytes_set(&p->entry.title, name);
	return r < 0 ? r : bytes_set(&p->entry.id, name);
}

static int take_section_key(struct parser *p, struct bytes key, struct bytes value)
{
	struct boot_entry *e = &p->entry;

	if (bytes_is_nocase(key, "image"))
		return set_path(&e->kernel, value);
	if (bytes_is_nocase(key, "parmfile"))
		return set_path(&p->parmfile, value);
	if (bytes_is_nocase(key, "parameters"))
		return bytes_set(&e->cmdline, value);
	if (bytes_is_nocase(key, "ramdisk")) {
		_cleanup_free_ char *path = NULL;
		int r = set_path(&path, value);

		strlist_done(&e->initrds);
		return r < 0 ? r : strlist_add(&e->initrds, path);
	}
	return 0;
}

static int take_menu_key(struct parser *p, struct bytes key, struct bytes value)
{
	_cleanup_free_ char *row = NULL, *k = bytes_dup(key), *v = bytes_dup(value);
	bool is_ours = p->menu_name && p->name && strcmp(p->menu_name, p->name) == 0;

	if (!k || !v)
		return -ENOMEM;
	/* [defaultboot] may come later: then it is the last menu that counts */
	if (bytes_is_nocase(key, "default"))
		return is_ours || !p->menu_name ? replace(&p->menu_default, v) : 0;
	if (strspn(k, "0123456789") != strlen(k) || !*k)
		return 0;
	if (format(&row, "%s %s=%s", p->name, k, v) < 0)
		return -ENOMEM;
	return p->rows.n < ENTRIES_MAX ? strlist_add(&p->rows, row) : 0;
}

static int take_default_key(struct parser *p, struct bytes key, struct bytes value)
{
	if (bytes_is_nocase(key, "defaultauto"))
		p->conf.is_auto = true;
	if (bytes_is_nocase(key, "default"))
		return bytes_set(&p->default_name, value);
	if (bytes_is_nocase(key, "defaultmenu"))
		return bytes_set(&p->menu_name, value);
	return 0;
}

static int take_line(struct parser *p, struct bytes line, unsigned number)
{
	const uint8_t *assign;
	struct bytes key, value = { line.p, 0 };
	size_t n;

	if (line.p[0] == '[' || line.p[0] == ':')
		return begin(p, line, number);
	assign = memchr(line.p, '=', line.n);
	n = assign ? (size_t)(assign - line.p) : line.n;
	key = bytes_trim((struct bytes){ line.p, n });
	if (assign)
		value = bytes_trim((struct bytes){ assign + 1, line.n - n - 1 });
	if (value.n > 1 && (value.p[0] == '"' || value.p[0] == '\'') &&
	    value.p[value.n - 1] == value.p[0])
		value = (struct bytes){ value.p + 1, value.n - 2 };
	switch (p->heading) {
	case SECTION:
		return take_section_key(p, key, value);
	case MENU:
		return take_menu_key(p, key, value);
	case DEFAULTBOOT:
		return take_default_key(p, key, value);
	case NO_HEADING:
		break;
	}
	return 0;
}

static size_t find_section(const struct boot_menu *menu, const char *name)
{
	size_t i = 0;

	while (name && i < menu->n_entries && strcmp(menu->entries[i].id, name) != 0)
		i++;
	return name ? i : menu->n_entries;
}

/* The section that line @number of the menu @menu is; 1 when the menu does not say. */
static const char *menu_section(const struct parser *p, const char *menu, const char *number)
{
	_cleanup_free_ char *start = NULL;

	if (format(&start, "%s %s=", menu, number ? number : "1") < 0)
		return NULL;
	for (size_t i = 0; i < p->rows.n; i++)
		if (strncmp(p->rows.v[i], start, strlen(start)) == 0)
			return p->rows.v[i] + strlen(start);
	return NULL;
}

static int choose(struct parser *p)
{
	struct boot_menu *menu = &p->conf.menu;
	const char *name = p->default_name;
	size_t i;

	if (p->menu_name)
		name = menu_section(p, p->menu_name, p->menu_default);
	i = find_section(menu, name);
	if (!name && menu->n_entries)
		i = 0;
	menu_set_default(menu, i);
	if (p->conf.is_auto && !p->menu_name)
		p->conf.wanted = TAKE_PTR(p->default_name);
	return format(&menu->default_reason, "zipl.conf: %s%s%s\n",
		      p->menu_name ? "defaultmenu " : "default ", p->menu_name ? p->menu_name : "",
		      i < menu->n_entries ? menu->entries[i].id : " names no section");
}

int zipl_parse(struct bytes file, struct zipl_conf *ret)
{
	struct parser p = { .conf.menu.loader = "zipl" };
	struct lines lines = lines_of(file);
	struct bytes line;
	int r = 0;

	while (r == 0 && lines_next_said(&lines, &line))
		r = take_line(&p, line, lines.number);
	if (r == 0)
		r = end_section(&p);
	if (r == 0)
		r = choose(&p);
	parser_done(&p);
	if (r < 0)
		zipl_conf_done(&p.conf);
	else
		*ret = p.conf;
	return r;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * rEFInd: refind.conf and refind_linux.conf, bytes in, structs out. Source: its documentation,
 * configfile.html and linux.html.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/strbuf.h"
#include "entry/read.h"
#include "entry/refind.h"

enum { ENTRIES_MAX = 1024 };

/* Cuts one token off: a word, or what stands between double quotes, where "" is a quote. */
static int take_token(struct bytes *rest, char **ret)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };
	bool quoted = false;
	size_t i = 0;

	*rest = bytes_trim(*rest);
	for (; i < rest->n; i++) {
		uint8_t c = rest->p[i];

		if (c == '"' && quoted && i + 1 < rest->n && rest->p[i + 1] == '"')
			i++;
		else if (c == '"') {
			quoted = !quoted;
			continue;
		} else if (!quoted && strchr(" \t,=", c)) {
			break;
		}
		strbuf_add_n(&out, (const char *)&c, 1);
	}
	if (i == 0)
		return -ENODATA;
	while (i < rest->n && strchr(" \t,=", rest->p[i]))
		i++;
	*rest = (struct bytes){ rest->p + i, rest->n - i };
	return strbuf_take(&out, ret);
}

int refind_linux_parse(struct bytes file, struct strlist *ret_titles, struct strlist *ret_options)
{
	struct strlist titles = { 0 }, options = { 0 };
	struct lines lines = lines_of(file);
	struct bytes line;
	int r = 0;

	while (r == 0 && lines_next(&lines, &line) && titles.n < ENTRIES_MAX) {
		_cleanup_free_ char *title = NULL, *option = NULL;

		line = bytes_trim(line);
		if (!line.n || line.p[0] == '#')
			continue;
		if (take_token(&line, &title) < 0 || take_token(&line, &option) < 0)
			continue;
		r = strlist_add(&titles, title);
		if (r == 0)
			r = strlist_add(&options, option);
	}
	if (r < 0) {
		strlist_done(&titles);
		strlist_done(&options);
		return r;
	}
	*ret_titles = titles;
	*ret_options = options;
	return 0;
}

struct parser {
	struct boot_menu menu;
	struct boot_entry entry;
	unsigned depth; /* 1 in a menuentry, 2 in its submenuentry, which is not followed */
	bool is_disabled;
	bool is_mac_or_windows;
	char *default_selection;
};

static int end_entry(struct parser *p)
{
	struct boot_entry *e = &p->entry;
	int r;

	p->depth = 0;
	if (p->is_disabled || p->menu.n_entries >= ENTRIES_MAX) {
		boot_entry_done(e);
		return 0;
	}
	e->type = p->is_mac_or_windows || !e->kernel ? ENTRY_CHAINLOAD
		  : e->initrds.n || e->cmdline	     ? ENTRY_LINUX
						     : ENTRY_CHAINLOAD;
	e->bootable = e->type == ENTRY_LINUX;
	r = e->cmdline || !e->bootable ? 0 : replace(&e->cmdline, "");
	if (r == 0)
		r = strlist_add(&e->path, e->title);
	return r < 0 ? r : boot_menu_add(&p->menu, e);
}

static int begin_entry(struct parser *p, const char *title, unsigned line)
{
	int r;

	boot_entry_done(&p->entry);
	p->entry.source = (struct entry_source){ .kind = "refind", .line = line };
	p->is_disabled = p->is_mac_or_windows = false;
	p->depth = 1;
	r = replace(&p->entry.title, title);
	return r < 0 ? r : replace(&p->entry.id, title);
}

static int take_entry_key(struct parser *p, const char *key, struct bytes value)
{
	_cleanup_free_ char *word = NULL;
	int r = take_token(&value, &word);

	if (strcasecmp(key, "disabled") == 0)
		p->is_disabled = true;
	if (r < 0)
		return r == -ENODATA ? 0 : r;
	if (strcasecmp(key, "loader") == 0)
		return replace(&p->entry.kernel, word);
	if (strcasecmp(key, "initrd") == 0)
		return strlist_add(&p->entry.initrds, word);
	if (strcasecmp(key, "options") == 0)
		return replace(&p->entry.cmdline, word);
	if (strcasecmp(key, "ostype") == 0)
		p->is_mac_or_windows = strcasecmp(word, "linux") != 0;
	if (strcasecmp(key, "volume") == 0)
		return entry_warn(&p->entry, "volume %s: files are looked for where refind.conf is",
				  word);
	return 0;
}

static int take_line(struct parser *p, struct bytes line, unsigned number)
{
	_cleanup_free_ char *key = NULL, *value = NULL;
	int r = take_token(&line, &key);

	if (r < 0)
		return r == -ENODATA ? 0 : r;
	if (key[0] == '}' && p->depth == 1)
		return end_entry(p);
	if (key[0] == '}' && p->depth > 1)
		p->depth--;
	if (p->depth == 0 && strcasecmp(key, "menuentry") == 0) {
		r = take_token(&line, &value);
		return r == 0 ? begin_entry(p, value, number) : r == -ENODATA ? 0 : r;
	}
	if (p->depth == 0 && strcasecmp(key, "default_selection") == 0)
		return bytes_set(&p->default_selection, line);
	if (p->depth == 1 && strcasecmp(key, "submenuentry") == 0)
		p->depth = 2;
	else if (p->depth == 1)
		return take_entry_key(p, key, line);
	return 0;
}

int refind_conf_parse(struct bytes file, struct boot_menu *ret, char **ret_default_selection)
{
	struct parser p = { .menu.loader = "refind" };
	struct lines lines = lines_of(file);
	struct bytes line;
	int r = 0;

	while (r == 0 && lines_next(&lines, &line)) {
		line = bytes_trim(line);
		if (line.n && line.p[0] != '#')
			r = take_line(&p, line, lines.number);
	}
	boot_entry_done(&p.entry);
	if (r < 0) {
		boot_menu_done(&p.menu);
		free(p.default_selection);
		return r;
	}
	*ret = p.menu;
	*ret_default_selection = p.default_selection;
	return 0;
}

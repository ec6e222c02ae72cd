// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * rEFInd: refind.conf and refind_linux.conf, bytes in, structs out. Sources: its documentation,
 * configfile.html and linux.html; how lines are cut and what several values mean, refind/config.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/strbuf.h"
#include "entry/read.h"
#include "entry/refind.h"

enum {
	ENTRIES_MAX = 1024,
	TOKENS_MAX = 256,
};

static bool is_separator(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '=' || c == ',';
}

/* One token from @i on. A quote begins or ends one wherever it stands; "" in one is a quote. */
static size_t take_token(struct bytes line, size_t i, bool *quoted, struct strbuf *out)
{
	if (line.p[i] == '"' && !*quoted) {
		*quoted = true;
		i++;
	}
	for (; i < line.n; i++) {
		uint8_t c = line.p[i];

		if (c == '"') {
			if (i + 1 >= line.n || line.p[i + 1] != '"') {
				*quoted = !*quoted;
				return i + 1;
			}
			i++;
		} else if (!*quoted && (is_separator(c) || c == '#')) {
			return i;
		}
		c = c == '/' && !*quoted ? '\\' : c;
		strbuf_add_n(out, (const char *)&c, 1);
	}
	return i;
}

int refind_tokens(struct bytes line, struct strlist *ret)
{
	_cleanup_strlist_ struct strlist tokens = { 0 };
	bool quoted = false;
	size_t i = 0;
	int r = 0;

	while (r == 0 && tokens.n < TOKENS_MAX) {
		_cleanup_strbuf_ struct strbuf out = { 0 };
		_cleanup_free_ char *token = NULL;

		while (i < line.n && !quoted && is_separator(line.p[i]))
			i++;
		if (i >= line.n || (!quoted && line.p[i] == '#'))
			break;
		i = take_token(line, i, &quoted, &out);
		r = strbuf_take(&out, &token);
		if (r == 0)
			r = strlist_add(&tokens, token);
	}
	if (r < 0)
		return r;
	*ret = tokens;
	tokens = (struct strlist){ 0 };
	return 0;
}

int refind_linux_parse(struct bytes file, struct strlist *ret_titles, struct strlist *ret_options)
{
	struct strlist titles = { 0 }, options = { 0 };
	struct lines lines = lines_of(file);
	struct bytes line;
	int r = 0;

	while (r == 0 && lines_next(&lines, &line) && titles.n < ENTRIES_MAX) {
		_cleanup_strlist_ struct strlist words = { 0 };

		r = refind_tokens(line, &words);
		if (r < 0 || words.n < 2)
			continue;
		r = strlist_add(&titles, words.v[0]);
		if (r == 0)
			r = strlist_add(&options, words.v[1]);
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
	struct refind_conf conf;
	struct refind_include *include;
	struct boot_entry entry;
	char *volume, *initrd;
	unsigned depth; /* 1 in a menuentry, 2 in its submenuentry, which is not followed */
	bool is_disabled, is_included;
	bool is_mac_or_windows;
};

void refind_conf_done(struct refind_conf *conf)
{
	boot_menu_done(&conf->manual);
	free(conf->selection);
	free(conf->versions);
	free(conf->no_files);
	free(conf->no_dirs);
	free(conf->no_volumes);
	*conf = (struct refind_conf){ 0 };
}

/* rEFInd puts the initrd behind the options, as the word that the kernel's stub reads. */
static int join_initrd(struct parser *p)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };

	if (!p->initrd)
		return 0;
	if (p->entry.cmdline)
		strbuf_add(&line, p->entry.cmdline);
	if (line.n)
		strbuf_add(&line, " ");
	strbuf_addf(&line, "initrd=%s", p->initrd);
	free(TAKE_PTR(p->entry.cmdline));
	return strbuf_take(&line, &p->entry.cmdline);
}

static int name_volume(struct parser *p)
{
	_cleanup_free_ char *raw = TAKE_PTR(p->entry.kernel);

	return format(&p->entry.kernel, "%s:%s", p->volume, raw);
}

static int end_entry(struct parser *p)
{
	struct boot_entry *e = &p->entry;
	int r;

	p->depth = 0;
	if (p->is_disabled || p->conf.manual.n_entries >= ENTRIES_MAX) {
		boot_entry_done(e);
		return 0;
	}
	r = join_initrd(p);
	e->type = p->is_mac_or_windows || !e->kernel || !e->cmdline ? ENTRY_CHAINLOAD : ENTRY_LINUX;
	e->bootable = e->type == ENTRY_LINUX;
	if (r == 0 && p->volume && e->kernel)
		r = name_volume(p);
	if (r == 0)
		r = strlist_add(&e->path, e->title);
	return r < 0 ? r : boot_menu_add(&p->conf.manual, e);
}

static int begin_entry(struct parser *p, const char *title, unsigned line)
{
	int r;

	boot_entry_done(&p->entry);
	free(TAKE_PTR(p->volume));
	free(TAKE_PTR(p->initrd));
	p->entry.source = (struct entry_source){ .kind = "refind", .line = line };
	p->is_disabled = p->is_mac_or_windows = false;
	p->depth = 1;
	r = replace(&p->entry.title, title);
	return r < 0 ? r : replace(&p->entry.id, title);
}

static int take_entry_key(struct parser *p, const struct strlist *words)
{
	const char *key = words->v[0], *value = words->n > 1 ? words->v[1] : NULL;
	int r;

	if (strcasecmp(key, "disabled") == 0)
		p->is_disabled = true;
	if (!value)
		return 0;
	if (strcasecmp(key, "loader") == 0) {
		/* options that stand before it are lost */
		r = replace(&p->entry.cmdline, NULL);
		return r < 0 ? r : replace(&p->entry.kernel, value);
	}
	if (strcasecmp(key, "initrd") == 0)
		return replace(&p->initrd, value);
	if (strcasecmp(key, "options") == 0)
		return replace(&p->entry.cmdline, value);
	if (strcasecmp(key, "volume") == 0)
		return replace(&p->volume, value);
	if (strcasecmp(key, "ostype") == 0)
		p->is_mac_or_windows = *value != 'l' && *value != 'L';
	return 0;
}

static bool is_false(const char *value)
{
	return strcmp(value, "0") == 0 || strcasecmp(value, "false") == 0 ||
	       strcasecmp(value, "off") == 0;
}

/* A list replaces what was there, unless "+" is its first word. */
static int take_list(char **list, const struct strlist *words)
{
	bool adds = words->n > 2 && strcmp(words->v[1], "+") == 0;
	_cleanup_strbuf_ struct strbuf out = { 0 };

	if (adds && *list)
		strbuf_add(&out, *list);
	for (size_t i = adds ? 2 : 1; i < words->n; i++)
		strbuf_addf(&out, "%s%s", out.n ? "," : "", words->v[i]);
	free(TAKE_PTR(*list));
	return strbuf_take(&out, list);
}

static int parse_lines(struct parser *p, struct bytes file);

/* Only the main file may include others. */
static int include(struct parser *p, const char *name)
{
	_cleanup_free_ uint8_t *buf = NULL;
	struct bytes file;
	int r;

	if (p->is_included || !p->include)
		return 0;
	r = p->include->fetch(p->include, name, &buf, &file);
	if (r < 0)
		return r == -ENOMEM ? r : menu_warn(&p->conf.manual, "%s: cannot be read", name);
	p->is_included = true;
	r = parse_lines(p, file);
	p->is_included = false;
	return r;
}

static int take_setting(struct parser *p, const struct strlist *words, unsigned line)
{
	const char *key = words->v[0], *value = words->n > 1 ? words->v[1] : NULL;
	size_t n = 0;

	if (strcasecmp(key, "scanfor") == 0) {
		for (size_t i = 1; i < words->n && n < REFIND_SCAN_MAX - 1; i++)
			p->conf.scan[n++] = (char)(words->v[i][0] | 0x20);
		p->conf.scan[n] = 0;
		return 0;
	}
	if (strcasecmp(key, "scan_all_linux_kernels") == 0)
		p->conf.no_kernels = value && is_false(value);
	if (strcasecmp(key, "fold_linux_kernels") == 0)
		p->conf.unfolds = value && is_false(value);
	if (strcasecmp(key, "use_nvram") == 0)
		p->conf.keeps_files = value && is_false(value);
	if (!value)
		return 0;
	if (strcasecmp(key, "menuentry") == 0)
		return begin_entry(p, value, line);
	if (strcasecmp(key, "include") == 0 && words->n == 2)
		return include(p, value);
	if (strcasecmp(key, "extra_kernel_version_strings") == 0)
		return take_list(&p->conf.versions, words);
	if (strcasecmp(key, "dont_scan_files") == 0 || strcasecmp(key, "don't_scan_files") == 0)
		return take_list(&p->conf.no_files, words);
	if (strcasecmp(key, "dont_scan_dirs") == 0 || strcasecmp(key, "don't_scan_dirs") == 0)
		return take_list(&p->conf.no_dirs, words);
	if (strcasecmp(key, "dont_scan_volumes") == 0 || strcasecmp(key, "don't_scan_volumes") == 0)
		return take_list(&p->conf.no_volumes, words);
	if (strcasecmp(key, "default_selection") != 0)
		return 0;
	if (words->n == 4)
		return menu_warn(&p->conf.manual,
				 "default_selection %s counts from %s to %s only: it is not known "
				 "when the next boot will be",
				 value, words->v[2], words->v[3]);
	return words->n == 2 ? replace(&p->conf.selection, value) : 0;
}

static int take_line(struct parser *p, struct bytes line, unsigned number)
{
	_cleanup_strlist_ struct strlist words = { 0 };
	int r = refind_tokens(line, &words);

	if (r < 0 || !words.n)
		return r;
	if (strcmp(words.v[0], "}") == 0 && p->depth == 1)
		return end_entry(p);
	if (strcmp(words.v[0], "}") == 0 && p->depth > 1)
		p->depth--;
	else if (p->depth == 0)
		return take_setting(p, &words, number);
	else if (p->depth == 1 && strcasecmp(words.v[0], "submenuentry") == 0)
		p->depth = 2;
	else if (p->depth == 1)
		return take_entry_key(p, &words);
	return 0;
}

static int parse_lines(struct parser *p, struct bytes file)
{
	struct lines lines = lines_of(file);
	struct bytes line;
	int r = 0;

	while (r == 0 && lines_next(&lines, &line))
		r = take_line(p, line, lines.number);
	/* the end of the file ends a stanza too */
	return r == 0 && p->depth ? end_entry(p) : r;
}

/* What dont_scan_files is when no line sets it; names of rEFInd's source, refind/config.h. */
#define NO_FILES                                                                           \
	"shim.efi,shim-fedora.efi,shim-centos.efi,shimx64.efi,shimaa64.efi,PreLoader.efi," \
	"TextMode.efi,ebounce.efi,GraphicsConsole.efi,bootmgr.efi,fbx64.efi,fbaa64.efi,"   \
	"MokManager.efi,HashTool.efi,HashTool-signed.efi,KeyTool.efi,KeyTool-signed.efi,"  \
	"mmx64.efi,mmaa64.efi,fwupx64.efi,fwupaa64.efi"

int refind_conf_parse(struct bytes file, struct refind_include *includes, struct refind_conf *ret)
{
	struct parser p = { .conf.manual.loader = "refind", .include = includes };
	int r = replace(&p.conf.no_files, NO_FILES);

	if (r == 0)
		r = parse_lines(&p, file);

	boot_entry_done(&p.entry);
	free(p.volume);
	free(p.initrd);
	if (r < 0)
		refind_conf_done(&p.conf);
	else
		*ret = p.conf;
	return r;
}

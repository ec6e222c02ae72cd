// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Limine's limine.conf (release 8 and later) and limine.cfg (before). Source: Limine, CONFIG.md; for
 * rows of the menu, common/menu.c. Directories are rows too, so the default is a row, not an entry.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lines.h"
#include "base/num.h"
#include "base/strbuf.h"
#include "entry/limine.h"
#include "entry/path.h"
#include "entry/read.h"
#include "entry/vars.h"

enum {
	ENTRIES_MAX = 4096,
	DEPTH_MAX = 16,
	MACROS_MAX = 256,
	EXPANDED_MAX = 1 << 16, /* of one line */
	TEXT_MAX = 32 << 20,	/* of all lines, expanded */
};

struct macro {
	char *name, *value;
};

/* A line of the menu: an entry, or a directory of them. */
struct row {
	size_t depth;
	bool is_directory, is_expanded;
	size_t entry; /* in the menu; meaningless for directories */
};

/* How a line that begins an entry starts, and what stands between key and value. */
struct syntax {
	char entry, assign;
};

struct parser {
	struct syntax syntax;
	struct boot_menu menu;
	struct boot_entry entry;
	struct row *rows;
	size_t n_rows;
	struct macro macros[MACROS_MAX];
	size_t n_macros;
	size_t n_text;	       /* bytes of all lines so far, expanded */
	struct strlist titles; /* of the directories above, and the own one */
	char *protocol;
	bool in_entry;
	uint64_t default_row; /* from 1 */
	bool remembers, waits;
};

static void parser_done(struct parser *p)
{
	boot_entry_done(&p->entry);
	free(p->rows);
	free(p->protocol);
	strlist_done(&p->titles);
	for (size_t i = 0; i < p->n_macros; i++) {
		free(p->macros[i].name);
		free(p->macros[i].value);
	}
}

static int end_entry(struct parser *p)
{
	struct boot_entry *e = &p->entry;
	_cleanup_strbuf_ struct strbuf id = { 0 };
	int r = 0;

	if (!p->in_entry)
		return 0;
	p->in_entry = false;
	for (size_t i = 0; r == 0 && i < p->titles.n; i++) {
		strbuf_addf(&id, "%s%s", i ? ">" : "", p->titles.v[i]);
		r = strlist_add(&e->path, p->titles.v[i]);
	}
	if (r == 0)
		r = strbuf_take(&id, &e->id);
	if (r < 0)
		return r;

	e->type = ENTRY_OTHER;
	if (p->protocol && strcmp(p->protocol, "linux") == 0)
		e->type = ENTRY_LINUX;
	else if (p->protocol && strncmp(p->protocol, "multiboot", 9) == 0)
		e->type = ENTRY_MULTIBOOT;
	else if (p->protocol && (strstr(p->protocol, "chainload") || !strcmp(p->protocol, "efi")))
		e->type = ENTRY_CHAINLOAD;
	if (e->type == ENTRY_LINUX || e->type == ENTRY_MULTIBOOT) {
		e->bootable = e->kernel != NULL;
		if (!e->cmdline)
			r = replace(&e->cmdline, "");
	}
	if (e->type == ENTRY_MULTIBOOT) {
		e->modules = e->initrds;
		e->initrds = (struct strlist){ 0 };
	}
	if (r == 0 && p->menu.n_entries >= ENTRIES_MAX)
		r = -E2BIG;
	p->rows[p->n_rows - 1].entry = p->menu.n_entries;
	return r < 0 ? r : boot_menu_add(&p->menu, e);
}

static int add_row(struct parser *p, size_t depth, bool is_expanded)
{
	struct row *bigger;

	if (p->n_rows >= ENTRIES_MAX)
		return -E2BIG;
	bigger = reallocarray(p->rows, p->n_rows + 1, sizeof(*p->rows));
	if (!bigger)
		return -ENOMEM;
	p->rows = bigger;
	p->rows[p->n_rows++] = (struct row){ .depth = depth, .is_expanded = is_expanded };
	return 0;
}

/* "/Title", "//Child", "/+Expanded directory" */
static int begin_entry(struct parser *p, struct bytes line, unsigned number)
{
	_cleanup_free_ char *title = NULL;
	size_t depth = 0;
	bool plus;
	int r;

	while (depth < line.n && line.p[depth] == p->syntax.entry)
		depth++;
	plus = depth < line.n && line.p[depth] == '+';
	line = bytes_trim((struct bytes){ line.p + depth + plus, line.n - depth - plus });

	/* What has a child is a directory, whatever keys it has. */
	if (p->n_rows && depth > p->rows[p->n_rows - 1].depth) {
		p->rows[p->n_rows - 1].is_directory = true;
		boot_entry_done(&p->entry);
		p->in_entry = false;
	}
	r = end_entry(p);
	if (r < 0 || depth > DEPTH_MAX)
		return r < 0 ? r : -E2BIG;
	while (p->titles.n >= depth)
		free(p->titles.v[--p->titles.n]);

	title = bytes_dup(line);
	if (!title)
		return -ENOMEM;
	free(TAKE_PTR(p->protocol));
	boot_entry_done(&p->entry);
	p->entry.source = (struct entry_source){ .kind = "limine", .line = number };
	p->in_entry = true;
	r = add_row(p, depth, plus);
	if (r == 0)
		r = strlist_add(&p->titles, title);
	return r < 0 ? r : replace(&p->entry.title, title);
}

static int take_entry_key(struct parser *p, struct bytes key, struct bytes value)
{
	struct boot_entry *e = &p->entry;

	if (bytes_is_nocase(key, "protocol"))
		return bytes_set(&p->protocol, value);
	if (bytes_is_nocase(key, "kernel_path") || bytes_is_nocase(key, "path"))
		return bytes_set(&e->kernel, value);
	if (bytes_is_nocase(key, "cmdline") || bytes_is_nocase(key, "kernel_cmdline"))
		return bytes_set(&e->cmdline, value);
	if (bytes_is_nocase(key, "dtb_path"))
		return bytes_set(&e->devicetree, value);
	if (bytes_is_nocase(key, "module_path")) {
		_cleanup_free_ char *path = bytes_dup(value);

		return path ? strlist_add(&e->initrds, path) : -ENOMEM;
	}
	return 0;
}

static int take_global_key(struct parser *p, struct bytes key, struct bytes value)
{
	_cleanup_free_ char *text = bytes_dup(value);

	if (!text)
		return -ENOMEM;
	if (bytes_is_nocase(key, "default_entry") && parse_u64(text, &p->default_row) < 0)
		p->default_row = 1;
	if (bytes_is_nocase(key, "remember_last_entry"))
		p->remembers = bytes_is_nocase(value, "yes");
	if (bytes_is_nocase(key, "timeout"))
		p->waits = bytes_is_nocase(value, "no");
	return 0;
}

/* "${NAME}=text" */
static int take_macro(struct parser *p, struct bytes line, bool *ret_taken)
{
	const uint8_t *close = line.n ? memchr(line.p, '}', line.n) : NULL;
	size_t n = close ? (size_t)(close - line.p) : 0;
	struct macro m;

	*ret_taken = bytes_starts(line, "${") && close && n + 1 < line.n && close[1] == '=';
	if (!*ret_taken)
		return 0;
	if (p->n_macros == MACROS_MAX)
		return -E2BIG;
	m.name = bytes_dup((struct bytes){ line.p + 2, n - 2 });
	m.value = bytes_dup((struct bytes){ close + 2, line.n - n - 2 });
	if (!m.name || !m.value) {
		free(m.name);
		free(m.value);
		return -ENOMEM;
	}
	p->macros[p->n_macros++] = m;
	return 0;
}

static const char *macro_value(const struct parser *p, const uint8_t *name, size_t n)
{
	for (size_t i = p->n_macros; i-- > 0;)
		if (strlen(p->macros[i].name) == n && memcmp(p->macros[i].name, name, n) == 0)
			return p->macros[i].value;
	return NULL;
}

/* Replaces ${NAME}; values are not looked at again, so this ends. */
static int expand(const struct parser *p, struct bytes line, struct strbuf *out)
{
	for (size_t i = 0; i < line.n; i++) {
		struct bytes rest = { line.p + i, line.n - i };
		const uint8_t *close = memchr(rest.p, '}', rest.n);
		const char *value = NULL;

		if (bytes_starts(rest, "${") && close)
			value = macro_value(p, rest.p + 2, (size_t)(close - rest.p) - 2);
		if (value) {
			strbuf_add(out, value);
			i += (size_t)(close - rest.p);
		} else {
			strbuf_add_n(out, (const char *)line.p + i, 1);
		}
		if (out->n > EXPANDED_MAX)
			return -E2BIG;
	}
	return out->failed ? -ENOMEM : 0;
}

static int take_line(struct parser *p, struct bytes raw, unsigned number)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct bytes line = bytes_trim(raw), key, value;
	const uint8_t *colon;
	bool taken;
	int r;

	if (line.n == 0 || line.p[0] == '#')
		return 0;
	r = take_macro(p, line, &taken);
	if (r < 0 || taken)
		return r;
	r = expand(p, line, &text);
	if (r < 0 || !text.n)
		return r;
	p->n_text += text.n;
	if (p->n_text > TEXT_MAX)
		return BUDGET_SPENT;
	line = (struct bytes){ (uint8_t *)text.s, text.n };
	if (line.p[0] == p->syntax.entry)
		return begin_entry(p, line, number);

	colon = memchr(line.p, p->syntax.assign, line.n);
	if (!colon)
		return 0;
	key = bytes_trim((struct bytes){ line.p, (size_t)(colon - line.p) });
	value = bytes_trim((struct bytes){ colon + 1, line.n - (size_t)(colon - line.p) - 1 });
	return p->n_rows ? p->in_entry ? take_entry_key(p, key, value) : 0
			 : take_global_key(p, key, value);
}

/* The row that is @wanted from the top, counting only what is visible; NULL past the end. */
static const struct row *visible_row(const struct parser *p, uint64_t wanted)
{
	size_t hidden_below = SIZE_MAX; /* depth of the closed directory we are in */

	for (size_t i = 0; i < p->n_rows; i++) {
		const struct row *row = &p->rows[i];

		if (row->depth > hidden_below)
			continue;
		hidden_below = row->is_directory && !row->is_expanded ? row->depth : SIZE_MAX;
		if (wanted-- == 0)
			return row;
	}
	return NULL;
}

static int choose(struct parser *p, long last_booted)
{
	bool from_memory = p->remembers && last_booted >= 0;
	uint64_t wanted = from_memory ? (uint64_t)last_booted : p->default_row - 1;
	const struct row *row = visible_row(p, wanted);

	if (!row)
		row = visible_row(p, wanted = 0);
	menu_set_default(&p->menu, row && !row->is_directory ? row->entry : p->menu.n_entries);
	return format(&p->menu.default_reason, "%s: row %llu of the menu%s%s\n",
		      from_memory ? "EFI variable LimineLastBootedEntry" : "default_entry",
		      (unsigned long long)wanted + 1,
		      row && row->is_directory ? ", which is a directory: nothing starts" : "",
		      p->waits ? "; timeout: no, the loader waits for a person" : "");
}

static int add_builtin_macros(struct parser *p, const char *machine)
{
	struct macro m = { NULL, NULL };
	/* Limine's own names of architectures are those of uname, but for x86-64. */
	const char *arch = machine && strcmp(machine, "x86_64") == 0 ? "x86-64" : machine;
	int r = arch ? replace(&m.value, arch) : 0;

	if (r < 0 || !arch)
		return r;
	r = replace(&m.name, "ARCH");
	if (r < 0) {
		free(m.value);
		return r;
	}
	p->macros[p->n_macros++] = m;
	return 0;
}

static int parse(struct bytes file, struct syntax syntax, const char *machine, long last_booted,
		 struct boot_menu *ret)
{
	struct parser *p = calloc(1, sizeof(*p));
	struct lines lines = lines_of(file);
	struct bytes line;
	int r;

	if (!p)
		return -ENOMEM;
	p->syntax = syntax;
	p->menu.loader = "limine";
	p->default_row = 1;
	r = add_builtin_macros(p, machine);
	while (r == 0 && lines_next(&lines, &line))
		r = take_line(p, line, lines.number);
	if (r == 0)
		r = end_entry(p);
	if (r == 0)
		r = choose(p, last_booted);
	if (r < 0)
		boot_menu_done(&p->menu);
	else
		*ret = p->menu;
	parser_done(p);
	free(p);
	return r;
}

int limine_parse(struct bytes file, const char *machine, long last_booted, struct boot_menu *ret)
{
	return parse(file, (struct syntax){ '/', ':' }, machine, last_booted, ret);
}

int limine_cfg_parse(struct bytes file, const char *machine, long last_booted,
		     struct boot_menu *ret)
{
	return parse(file, (struct syntax){ ':', '=' }, machine, last_booted, ret);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Limine's limine.conf (release 8 and later) and limine.cfg (before). Source: Limine, CONFIG.md; which
 * of several lines with one key counts and where macros are known, common/lib/config.c. Directories are
 * rows of the menu too, so the default is a row, not an entry: limine-choose.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lines.h"
#include "base/strbuf.h"
#include "entry/limine-rows.h"
#include "entry/limine.h"
#include "entry/path.h"
#include "entry/read.h"

enum {
	ENTRIES_MAX = 4096,
	MACROS_MAX = 256,
	EXPANDED_MAX = 1 << 16, /* of one line */
	TEXT_MAX = 32 << 20,	/* of all lines, expanded */
};

struct macro {
	char *name, *value;
};

/* How a line that begins an entry starts, and what stands between key and value. */
struct syntax {
	char entry, assign;
};

/* Keys of one row, the first line of each; those of directories only say whether it is shown. */
struct keys {
	char *protocol, *path, *kernel_path, *image_path, *kernel_cmdline, *cmdline;
	char *if_fw_type, *if_arch;
};

struct parser {
	struct syntax syntax;
	const struct limine_facts *facts;
	struct boot_menu menu;
	struct boot_entry entry;
	struct keys keys;
	struct limine_rows rows;
	struct macro macros[MACROS_MAX];
	size_t n_macros;
	size_t n_text;	       /* bytes of all lines so far, expanded */
	struct strlist titles; /* of the directories above, and the own one */
	bool in_row;
	bool has_globals_everywhere;
	struct limine_wish wish;
};

static void keys_done(struct keys *k)
{
	char **const all[] = { &k->protocol,	   &k->path,	&k->kernel_path, &k->image_path,
			       &k->kernel_cmdline, &k->cmdline, &k->if_fw_type,	 &k->if_arch };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		free(TAKE_PTR(*all[i]));
}

static void parser_done(struct parser *p)
{
	boot_entry_done(&p->entry);
	keys_done(&p->keys);
	limine_rows_done(&p->rows);
	free(p->wish.default_entry);
	strlist_done(&p->titles);
	for (size_t i = 0; i < p->n_macros; i++) {
		free(p->macros[i].name);
		free(p->macros[i].value);
	}
}

static const char *firmware_name(const struct parser *p)
{
	return p->facts->is_efi ? "UEFI" : "BIOS";
}

/* Limine's own names of architectures are those of uname, but for x86-64. */
static const char *arch_name(const struct parser *p)
{
	const char *m = p->facts->machine;

	return m && strcmp(m, "x86_64") == 0 ? "x86-64" : m;
}

static bool is_one_of(const char *s, const char *const *names)
{
	while (*names && strcmp(s, *names) != 0)
		names++;
	return *names != NULL;
}

/* What the other firmware would have to start. */
static bool is_for_other_firmware(const struct parser *p)
{
	static const char *const of_bios[] = { "bios", "bios_chainload", NULL };
	static const char *const of_efi[] = { "efi", "uefi", "efi_chainload", "efi_boot_entry",
					      NULL };

	return p->keys.protocol && is_one_of(p->keys.protocol, p->facts->is_efi ? of_bios : of_efi);
}

static bool lists_arch(const char *list, const char *arch)
{
	while (*list) {
		size_t n = strcspn(list, " \t");

		if (strlen(arch) == n && strncasecmp(list, arch, n) == 0)
			return true;
		list += n + (list[n] != 0);
	}
	return false;
}

/* Why the menu is without this row, or NULL. */
static const char *why_hidden(const struct parser *p)
{
	if (is_for_other_firmware(p))
		return "the protocol is one of other firmware";
	if (p->keys.if_fw_type && strcasecmp(p->keys.if_fw_type, firmware_name(p)) != 0)
		return "if_fw_type is another firmware";
	if (p->keys.if_arch && arch_name(p) && !lists_arch(p->keys.if_arch, arch_name(p)))
		return "if_arch is without this architecture";
	return NULL;
}

static enum entry_type type_of(const char *protocol)
{
	static const char *const chains[] = { "efi",	       "uefi",
					      "efi_chainload", "efi_boot_entry",
					      "bios",	       "bios_chainload",
					      "chainload",     NULL };

	if (!protocol)
		return ENTRY_OTHER;
	if (strcmp(protocol, "linux") == 0)
		return ENTRY_LINUX;
	if (strncmp(protocol, "multiboot", 9) == 0)
		return ENTRY_MULTIBOOT;
	return is_one_of(protocol, chains) ? ENTRY_CHAINLOAD : ENTRY_OTHER;
}

/* One of two names of an option, the one that is asked for first. */
static char *take_either(char **first, char **second)
{
	return *first ? TAKE_PTR(*first) : TAKE_PTR(*second);
}

static int fill_entry(struct parser *p, struct boot_entry *e)
{
	struct keys *k = &p->keys;

	e->type = type_of(k->protocol);
	e->cmdline = take_either(&k->kernel_cmdline, &k->cmdline);
	e->kernel = take_either(&k->path,
				e->type == ENTRY_CHAINLOAD ? &k->image_path : &k->kernel_path);
	if (e->type != ENTRY_LINUX && e->type != ENTRY_MULTIBOOT)
		return 0;
	e->bootable = e->kernel != NULL;
	if (e->type == ENTRY_MULTIBOOT) {
		e->modules = e->initrds;
		e->initrds = (struct strlist){ 0 };
	}
	return e->cmdline ? 0 : replace(&e->cmdline, "");
}

static int name_entry(struct parser *p, struct boot_entry *e)
{
	_cleanup_strbuf_ struct strbuf id = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->titles.n; i++) {
		strbuf_addf(&id, "%s%s", i ? ">" : "", p->titles.v[i]);
		r = strlist_add(&e->path, p->titles.v[i]);
	}
	return r < 0 ? r : strbuf_take(&id, &e->id);
}

/* Ends the row that is open. @is_directory: what follows is inside of it. */
static int end_row(struct parser *p, bool is_directory)
{
	struct boot_entry *e = &p->entry;
	struct limine_row *row;
	const char *why;
	int r;

	if (!p->in_row)
		return 0;
	p->in_row = false;
	row = &p->rows.v[p->rows.n - 1];
	why = why_hidden(p);
	row->is_hidden = why != NULL;
	row->is_directory = is_directory;
	if (is_directory)
		return 0;
	r = name_entry(p, e);
	if (r == 0)
		r = fill_entry(p, e);
	if (r == 0 && why)
		r = entry_warn(e, "Limine does not show it: %s", why);
	if (r == 0 && p->menu.n_entries >= ENTRIES_MAX)
		r = -E2BIG;
	row->entry = p->menu.n_entries;
	return r < 0 ? r : boot_menu_add(&p->menu, e);
}

/* "/Title", "//Child", "/+Expanded directory" */
static int begin_row(struct parser *p, struct bytes line, unsigned number)
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
	r = end_row(p, p->rows.n && depth > p->rows.v[p->rows.n - 1].depth);
	if (r < 0 || depth > LIMINE_DEPTH_MAX)
		return r < 0 ? r : -E2BIG;
	while (p->titles.n >= depth)
		free(p->titles.v[--p->titles.n]);

	title = bytes_dup(line);
	if (!title)
		return -ENOMEM;
	keys_done(&p->keys);
	boot_entry_done(&p->entry);
	p->entry.source = (struct entry_source){ .kind = "limine", .line = number };
	p->in_row = true;
	r = limine_rows_add(&p->rows, depth, plus, title);
	if (r == 0)
		r = strlist_add(&p->titles, title);
	return r < 0 ? r : replace(&p->entry.title, title);
}

static int take_row_key(struct parser *p, struct bytes key, struct bytes value)
{
	struct keys *k = &p->keys;
	const struct {
		const char *name;
		char **value;
	} keys[] = {
		{ "protocol", &k->protocol },
		{ "path", &k->path },
		{ "kernel_path", &k->kernel_path },
		{ "image_path", &k->image_path },
		{ "kernel_cmdline", &k->kernel_cmdline },
		{ "cmdline", &k->cmdline },
		{ "if_fw_type", &k->if_fw_type },
		{ "if_arch", &k->if_arch },
		{ "dtb_path", &p->entry.devicetree },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (bytes_is_nocase(key, keys[i].name))
			return *keys[i].value ? 0 : bytes_set(keys[i].value, value);
	if (bytes_is_nocase(key, "module_path")) {
		_cleanup_free_ char *path = bytes_dup(value);

		return path ? strlist_add(&p->entry.initrds, path) : -ENOMEM;
	}
	return 0;
}

static int take_global_key(struct parser *p, struct bytes key, struct bytes value)
{
	struct limine_wish *w = &p->wish;

	if (bytes_is_nocase(key, "default_entry") && !w->default_entry)
		return bytes_set(&w->default_entry, value);
	if (bytes_is_nocase(key, "remember_last_entry") && !w->has_remembers) {
		w->has_remembers = true;
		w->remembers = bytes_is_nocase(value, "yes");
	}
	if (bytes_is_nocase(key, "timeout") && !w->has_timeout) {
		w->has_timeout = true;
		w->waits = bytes_is(value, "no");
	}
	return 0;
}

/* Takes ownership of both, which are NULL when there was no memory for them. */
static int add_macro(struct parser *p, char *name, char *value)
{
	int r = !name || !value ? -ENOMEM : p->n_macros == MACROS_MAX ? -E2BIG : 0;

	if (r < 0) {
		free(name);
		free(value);
		return r;
	}
	p->macros[p->n_macros++] = (struct macro){ name, value };
	return 0;
}

/* "${NAME}=text" */
static int take_macro(struct parser *p, struct bytes line, bool *ret_taken)
{
	const uint8_t *close = line.n ? memchr(line.p, '}', line.n) : NULL;
	size_t n = close ? (size_t)(close - line.p) : 0;

	*ret_taken = bytes_starts(line, "${") && close && n + 1 < line.n && close[1] == '=';
	if (!*ret_taken)
		return 0;
	return add_macro(p, bytes_dup((struct bytes){ line.p + 2, n - 2 }),
			 bytes_dup((struct bytes){ close + 2, line.n - n - 2 }));
}

static const char *macro_value(const struct parser *p, const uint8_t *name, size_t n)
{
	for (size_t i = p->n_macros; i-- > 0;)
		if (strlen(p->macros[i].name) == n && memcmp(p->macros[i].name, name, n) == 0)
			return p->macros[i].value;
	return NULL;
}

/* Replaces ${NAME}, by nothing where no line says what it is; values are not looked at again, so this
 * ends. */
static int expand(const struct parser *p, struct bytes line, struct strbuf *out)
{
	for (size_t i = 0; i < line.n; i++) {
		struct bytes rest = { line.p + i, line.n - i };
		const uint8_t *close =
			bytes_starts(rest, "${") ? memchr(rest.p, '}', rest.n) : NULL;

		if (close) {
			const char *value =
				macro_value(p, rest.p + 2, (size_t)(close - rest.p) - 2);

			if (value)
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

static bool is_macro(struct bytes line)
{
	const uint8_t *close = bytes_starts(line, "${") ? memchr(line.p, '}', line.n) : NULL;

	return close && (size_t)(close - line.p) + 1 < line.n && close[1] == '=';
}

static int take_line(struct parser *p, struct bytes raw, unsigned number)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct bytes line = bytes_trim(raw), key, value;
	const uint8_t *colon;
	int r;

	if (line.n == 0 || line.p[0] == '#' || is_macro(line))
		return 0;
	r = expand(p, line, &text);
	if (r < 0 || !text.n)
		return r;
	p->n_text += text.n;
	if (p->n_text > TEXT_MAX)
		return BUDGET_SPENT;
	line = (struct bytes){ (uint8_t *)text.s, text.n };
	if (line.p[0] == p->syntax.entry)
		return begin_row(p, line, number);

	colon = memchr(line.p, p->syntax.assign, line.n);
	if (!colon)
		return 0;
	key = bytes_trim((struct bytes){ line.p, (size_t)(colon - line.p) });
	value = (struct bytes){ colon + 1, line.n - (size_t)(colon - line.p) - 1 };
	while (value.n && (value.p[0] == ' ' || value.p[0] == '\t'))
		value = (struct bytes){ value.p + 1, value.n - 1 };
	if (!p->rows.n || p->has_globals_everywhere) {
		r = take_global_key(p, key, value);
		if (r < 0 || !p->rows.n)
			return r;
	}
	return take_row_key(p, key, value);
}

/* Macros are known in the whole file, and the last line that defines one counts. */
static int take_macros(struct parser *p, struct bytes file)
{
	struct lines lines = lines_of(file);
	const char *arch = arch_name(p);
	struct bytes line;
	bool taken;
	int r = arch ? add_macro(p, strdup("ARCH"), strdup(arch)) : 0;

	if (r == 0)
		r = add_macro(p, strdup("FW_TYPE"), strdup(firmware_name(p)));
	while (r == 0 && lines_next(&lines, &line))
		r = take_macro(p, bytes_trim(line), &taken);
	return r;
}

/* What stands before the first entry is for all of them. Nothing does when the file begins with an entry;
 * then Limine does not cut it there, and finds these options anywhere. */
static bool begins_with_entry(struct bytes file, char mark)
{
	struct lines lines = lines_of(file);
	struct bytes line;

	if (!lines_next(&lines, &line))
		return false;
	line = bytes_trim(line);
	return line.n && line.p[0] == mark;
}

static int parse(struct bytes file, struct syntax syntax, const struct limine_facts *facts,
		 struct boot_menu *ret)
{
	struct parser *p = calloc(1, sizeof(*p));
	struct lines lines = lines_of(file);
	struct bytes line;
	int r;

	if (!p)
		return -ENOMEM;
	p->syntax = syntax;
	p->facts = facts;
	p->menu.loader = "limine";
	p->has_globals_everywhere = begins_with_entry(file, syntax.entry);
	r = take_macros(p, file);
	while (r == 0 && lines_next(&lines, &line))
		r = take_line(p, line, lines.number);
	if (r == 0)
		r = end_row(p, false);
	if (r == 0)
		r = limine_choose(&p->rows, &p->wish, facts, &p->menu);
	if (r < 0)
		boot_menu_done(&p->menu);
	else
		*ret = p->menu;
	parser_done(p);
	free(p);
	return r;
}

int limine_parse(struct bytes file, const struct limine_facts *facts, struct boot_menu *ret)
{
	return parse(file, (struct syntax){ '/', ':' }, facts, ret);
}

int limine_cfg_parse(struct bytes file, const struct limine_facts *facts, struct boot_menu *ret)
{
	return parse(file, (struct syntax){ ':', '=' }, facts, ret);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/rapidreboot/menu.h"

/* Layout: title, heading of the list, the list, what its marks mean, command line, help. On a screen of few
 * rows: the list and one row of the command line. */
struct layout {
	unsigned above, list, cmdline_row, cmdline_rows;
	bool help;
};

enum { ROWS_FOR_ALL = 8 };

static struct layout layout_of(unsigned rows)
{
	if (rows >= ROWS_FOR_ALL)
		return (struct layout){ 2, rows - 7, rows - 3, 3, true };
	return (struct layout){ 0, rows > 1 ? rows - 1 : 1, rows, 1, false };
}

#define CONTROL(c) ((c)&0x1f)

int menu_init(struct menu *menu, struct entry_row *rows, const struct menu_item *items, size_t n,
	      const char *message, bool utf8)
{
	*menu = (struct menu){ .rows = rows,
			       .items = items,
			       .n = n,
			       .edited = SIZE_MAX,
			       .message = message,
			       .utf8 = utf8 };
	for (size_t i = 0; i < n; i++)
		if (rows[i].is_default)
			menu->chosen = i;
	return entry_table_make(rows, n, utf8, &menu->table);
}

void menu_close(struct menu *menu)
{
	entry_table_done(&menu->table);
}

/* ---- text: what is one character to the terminal may be several bytes */

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Bytes of the character at @s: 1 for what is no UTF-8, too, and for controls. */
static size_t character(const char *s)
{
	const size_t n = (unsigned char)*s < 0x80
				 ? 0
				 : utf8_length((struct bytes){ (const uint8_t *)s, strnlen(s, 4) });

	return n ? n : 1;
}

static bool is_plain(const char *s, size_t n, bool utf8)
{
	if (n == 1)
		return (unsigned char)*s >= ' ' && (unsigned char)*s < 0x7f;
	return utf8 && !utf8_rearranges((struct bytes){ (const uint8_t *)s, n });
}

static const char *add_character(struct strbuf *b, const char *s, bool utf8)
{
	size_t n = character(s);

	if (is_plain(s, n, utf8))
		strbuf_add_n(b, s, n);
	else
		strbuf_add(b, "?");
	return s + n;
}

void menu_add_text(struct strbuf *b, const char *s, size_t columns, bool utf8)
{
	while (*s && columns-- > 0)
		s = add_character(b, s, utf8);
}

/* ---- keys */

static const char *cmdline_of(const struct menu *menu)
{
	if (menu->edited == menu->chosen)
		return menu->line;
	return menu->items[menu->chosen].cmdline;
}

static void edit_begin(struct menu *menu)
{
	const char *line = cmdline_of(menu);

	if (!menu->rows[menu->chosen].can_start) {
		menu->message = "kexec cannot start this entry";
		return;
	}
	if (line && strlen(line) >= MENU_LINE_MAX) {
		menu->message = "this command line is too long to edit";
		return;
	}
	memcpy(menu->saved, menu->line, sizeof(menu->line));
	menu->saved_edited = menu->edited;
	if (menu->edited != menu->chosen) {
		const size_t n = line ? strlen(line) : 0;

		memmove(menu->line, line ? line : "", n);
		menu->line[n] = '\0';
	}
	menu->edited = menu->chosen;
	menu->cursor = strlen(menu->line);
	menu->editing = true;
}

static void edit_end(struct menu *menu, bool keep)
{
	const char *old = menu->items[menu->chosen].cmdline;

	menu->editing = false;
	if (keep) {
		/* text that was not changed is no edit: an entry may have options that its text
		 * does not show */
		if (strcmp(menu->line, old ? old : "") == 0)
			menu->edited = SIZE_MAX;
		return;
	}
	memcpy(menu->line, menu->saved, sizeof(menu->line));
	menu->edited = menu->saved_edited;
}

static size_t before(const struct menu *menu, size_t at)
{
	while (at > 0 && is_continuation(menu->line[--at]))
		;
	return at;
}

static void erase(struct menu *menu, size_t from, size_t to)
{
	memmove(menu->line + from, menu->line + to, strlen(menu->line + to) + 1);
	menu->cursor = from;
}

static void erase_word(struct menu *menu)
{
	size_t from = menu->cursor;

	while (from > 0 && menu->line[from - 1] == ' ')
		from--;
	while (from > 0 && menu->line[from - 1] != ' ')
		from--;
	erase(menu, from, menu->cursor);
}

static void insert(struct menu *menu, int c)
{
	const size_t n = strlen(menu->line);

	if (n + 1 >= MENU_LINE_MAX)
		return;
	memmove(menu->line + menu->cursor + 1, menu->line + menu->cursor, n - menu->cursor + 1);
	menu->line[menu->cursor++] = (char)c;
}

/* Editing keys, as in a shell. */
static void edit_key(struct menu *menu, int key)
{
	const size_t n = strlen(menu->line), at = menu->cursor;

	switch (key) {
	case '\r':
	case '\n':
		edit_end(menu, true);
		return;
	case KEY_ESCAPE:
	case CONTROL('C'):
		edit_end(menu, false);
		return;
	case KEY_LEFT:
	case CONTROL('B'):
		menu->cursor = before(menu, at);
		return;
	case KEY_RIGHT:
	case CONTROL('F'):
		menu->cursor += at < n ? character(menu->line + at) : 0;
		return;
	case KEY_HOME:
	case CONTROL('A'):
		menu->cursor = 0;
		return;
	case KEY_END:
	case CONTROL('E'):
		menu->cursor = n;
		return;
	case 0x7f:
	case '\b':
		erase(menu, before(menu, at), at);
		return;
	case KEY_DELETE:
	case CONTROL('D'):
		erase(menu, at, at < n ? at + character(menu->line + at) : at);
		return;
	case CONTROL('K'):
		erase(menu, at, n);
		menu->cursor = at;
		return;
	case CONTROL('U'):
		erase(menu, 0, at);
		return;
	case CONTROL('W'):
		erase_word(menu);
		return;
	default:
		if (key >= ' ' && key < 256)
			insert(menu, key);
	}
}

static enum menu_answer list_key(struct menu *menu, int key, unsigned rows)
{
	const size_t page = layout_of(rows).list, last = menu->n - 1;

	switch (key) {
	case KEY_UP:
	case CONTROL('P'):
	case 'k':
		menu->chosen -= menu->chosen > 0;
		return MENU_GOES_ON;
	case KEY_DOWN:
	case CONTROL('N'):
	case 'j':
		menu->chosen += menu->chosen < last;
		return MENU_GOES_ON;
	case KEY_PAGE_UP:
		menu->chosen = menu->chosen > page ? menu->chosen - page : 0;
		return MENU_GOES_ON;
	case KEY_PAGE_DOWN:
		menu->chosen = last - menu->chosen > page ? menu->chosen + page : last;
		return MENU_GOES_ON;
	case KEY_HOME:
		menu->chosen = 0;
		return MENU_GOES_ON;
	case KEY_END:
		menu->chosen = last;
		return MENU_GOES_ON;
	case 'e':
		edit_begin(menu);
		return MENU_GOES_ON;
	case '\r':
	case '\n':
		if (menu->rows[menu->chosen].can_start || menu->items[menu->chosen].by_loader)
			return MENU_START;
		menu->message = "kexec cannot start this entry";
		return MENU_GOES_ON;
	case 'q':
	case KEY_ESCAPE:
	case CONTROL('C'):
	case CONTROL('D'):
		return MENU_LEAVE;
	default:
		return MENU_GOES_ON;
	}
}

enum menu_answer menu_key(struct menu *menu, int key, unsigned rows)
{
	if (key == KEY_GONE)
		return MENU_LEAVE;
	if (key == KEY_NONE || key == KEY_RESIZED)
		return MENU_GOES_ON;
	menu->message = NULL;
	if (!menu->editing)
		return list_key(menu, key, rows);
	edit_key(menu, key);
	return MENU_GOES_ON;
}

/* ---- drawing: each row is cleared from its beginning and then cut to the screen, because clearing
 * the rest of a full row takes its last character on many terminals */

static void begin_row(struct strbuf *b, unsigned row)
{
	strbuf_addf(b, "\033[%u;1H\033[0m\033[K", row);
}

enum { CURSOR = 2 }; /* columns before a row of the table */

/* A line of the table, without its newline. */
static void draw_line(struct menu *menu, struct strbuf *line, const char *cursor, unsigned columns,
		      struct strbuf *b)
{
	if (line->failed || !line->n)
		return;
	line->s[line->n - 1] = '\0';
	menu_add_text(b, cursor, columns, false);
	menu_add_text(b, line->s, columns > CURSOR ? columns - CURSOR : 0, menu->utf8);
}

static void draw_item(struct menu *menu, size_t i, unsigned columns, struct strbuf *b)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };

	entry_table_row(&menu->table, i, &line);
	if (i == menu->chosen)
		strbuf_add(b, "\033[7m");
	/* visible without colours, too */
	draw_line(menu, &line, i == menu->chosen ? "> " : "  ", columns, b);
}

static void draw_list(struct menu *menu, const struct layout *l, unsigned columns, struct strbuf *b)
{
	_cleanup_strbuf_ struct strbuf heading = { 0 }, legend = { 0 };

	if (menu->chosen < menu->top)
		menu->top = menu->chosen;
	if (menu->chosen >= menu->top + l->list)
		menu->top = menu->chosen - l->list + 1;
	for (size_t i = 0; i < menu->n; i++)
		menu->rows[i].is_edited = i == menu->edited;
	entry_table_fit(&menu->table, columns > CURSOR ? columns - CURSOR : 1, false);
	for (unsigned i = 0; i < l->list; i++) {
		begin_row(b, l->above + 1 + i);
		if (menu->top + i < menu->n)
			draw_item(menu, menu->top + i, columns, b);
	}
	if (!l->help)
		return;
	entry_table_heading(&menu->table, &heading);
	begin_row(b, l->above);
	draw_line(menu, &heading, "  ", columns, b);
	entry_table_legend(&menu->table, &legend);
	begin_row(b, l->above + 1 + l->list);
	draw_line(menu, &legend, "", columns, b);
}

/* Characters from @s to @end. */
static size_t count(const char *s, const char *end)
{
	size_t n = 0;

	while (*s && s < end) {
		s += character(s);
		n++;
	}
	return n;
}

static const char *text_of(const struct menu *menu)
{
	if (!menu->rows[menu->chosen].can_start && menu->items[menu->chosen].by_loader)
		return "The boot loader can start this. Enter: once, through the firmware";
	return cmdline_of(menu) ? cmdline_of(menu) : "";
}

/* The rows of it that the cursor is in. */
static void draw_cmdline(const struct menu *menu, const struct layout *l, unsigned columns,
			 struct strbuf *b)
{
	const char *s = text_of(menu);
	const size_t at = menu->editing ? count(s, s + menu->cursor) : 0;
	const size_t row = at / columns;
	const size_t skip = row >= l->cmdline_rows ? row - l->cmdline_rows + 1 : 0;

	for (size_t n = skip * columns; n > 0 && *s; n--)
		s += character(s);
	for (unsigned i = 0; i < l->cmdline_rows; i++) {
		begin_row(b, l->cmdline_row + i);
		for (size_t n = columns; n > 0 && *s; n--)
			s = add_character(b, s, menu->utf8);
	}
	if (menu->editing)
		strbuf_addf(b, "\033[%zu;%zuH\033[?25h", l->cmdline_row + row - skip,
			    at % columns + 1);
}

static const char *help(const struct menu *menu)
{
	if (menu->message)
		return menu->message;
	if (menu->editing)
		return "Enter: keep   Escape: as it was   arrows, Home, End, Delete, ^K ^U ^W";
	return "Up, Down: choose   Enter: start   e: edit the command line   q: leave";
}

void menu_draw(struct menu *menu, unsigned rows, unsigned columns, struct strbuf *b)
{
	const struct layout l = layout_of(rows);

	strbuf_add(b, "\033[?25l");
	for (unsigned row = 1; l.help && row <= rows; row++)
		begin_row(b, row);
	if (l.help) {
		begin_row(b, 1);
		strbuf_add(b, "\033[1m");
		menu_add_text(b,
			      menu->editing ? "rapidreboot: its command line"
					    : "rapidreboot: choose what to start",
			      columns, false);
	}
	draw_list(menu, &l, columns, b);
	if (l.help) {
		begin_row(b, rows);
		/* the last column of the last row would scroll some screens */
		menu_add_text(b, help(menu), columns - 1, false);
	}
	/* the only row there is belongs to the list, unless there is something to edit */
	if (rows > 1 || menu->editing)
		draw_cmdline(menu, &l, columns, b);
	strbuf_add(b, "\033[0m");
}

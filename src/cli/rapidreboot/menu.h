/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The menu: a terminal, what is on its screen, and what a key does to it. */

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"
#include "cli/entry-table.h"

/* ---- the terminal: any that knows the cursor, as ECMA-48 has it */

/* Keys that are no characters; all others are the byte that came. */
enum key {
	KEY_NONE = 256, /* no key, or one without a meaning here */
	KEY_UP,
	KEY_DOWN,
	KEY_LEFT,
	KEY_RIGHT,
	KEY_HOME,
	KEY_END,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_DELETE,
	KEY_ESCAPE,
	KEY_RESIZED,
	KEY_GONE, /* end of input: the terminal is gone */
};

/* Standard input and standard error are a terminal that can move its cursor. */
bool terminal_can_draw(void);
/* Switches to reading single keys. Until terminal_close(), a signal that ends the program puts the
 * terminal back first. 0 or a negative errno. */
_must_check_ int terminal_open(void);
void terminal_close(void);
void terminal_size(unsigned *ret_rows, unsigned *ret_columns);
/* Waits for one, as long as it takes. */
int terminal_key(void);
void terminal_write(const struct strbuf *b);

/* ---- what only the boot loader starts */

struct kx_entries_info;
struct kx_entry;
struct options;
struct reboot;
struct wish;

/* Asks, has the boot loader start @entry at the next boot only, and reboots through the firmware. An exit
 * status. */
int menu_start_once(const struct reboot *rb, const struct wish *wish, const struct options *o,
		    const struct kx_entries_info *list, const struct kx_entry *entry);

/* ---- the screen */

enum { MENU_LINE_MAX = 8192 };

/**
 * struct menu_item - what one line stands for, beside what it tells
 * @cmdline: or NULL
 * @by_loader: what kexec cannot start the boot loader can, when it is told to
 */
struct menu_item {
	const char *cmdline;
	bool by_loader;
};

/**
 * struct menu - state of the screen
 * @rows: what the lines tell, any bytes
 * @table: of @rows
 * @top: first item that is shown
 * @edited: item whose command line is @line, or SIZE_MAX
 * @editing: the keys go to @line
 * @saved: @line before the editing, for escape
 * @message: in place of the help, once, or NULL
 */
struct menu {
	struct entry_row *rows;
	const struct menu_item *items;
	struct entry_table table;
	size_t n, chosen, top;
	size_t edited;
	bool editing, utf8;
	char line[MENU_LINE_MAX], saved[MENU_LINE_MAX];
	size_t saved_edited;
	size_t cursor; /* in bytes */
	const char *message;
};

enum menu_answer { MENU_GOES_ON, MENU_START, MENU_LEAVE };

/* @message: the first one, or NULL. menu_close() releases what is in it. 0 or -ENOMEM. */
_must_check_ int menu_init(struct menu *menu, struct entry_row *rows, const struct menu_item *items,
			   size_t n, const char *message, bool utf8);
void menu_close(struct menu *menu);
/* What a key does. */
enum menu_answer menu_key(struct menu *menu, int key, unsigned rows);
/* The whole screen. */
void menu_draw(struct menu *menu, unsigned rows, unsigned columns, struct strbuf *b);
/* @s as it may go to a terminal: no control characters, at most @columns wide. */
void menu_add_text(struct strbuf *b, const char *s, size_t columns, bool utf8);

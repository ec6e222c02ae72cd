/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Boot entries for a person: a line each, which fits the terminal. */

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/strbuf.h"

/**
 * struct entry_row - what a line tells
 * @title: of the entry alone
 * @version: as the configuration has it, or NULL
 * @id: of the entry, or NULL
 * @kernel: path, or NULL
 * @n_notes: warnings about it
 * @is_default: the boot loader starts it next
 * @is_running: it is what runs now
 * @is_guessed: it is in no boot loader's configuration
 * @can_start: kexec can
 * @is_edited: its command line is not the configuration's
 */
struct entry_row {
	const char *title, *version, *id, *kernel;
	size_t n_notes;
	bool is_default, is_running, is_guessed, can_start, is_edited;
};

/**
 * struct entry_table - rows, and widths of columns
 * @rows: borrowed
 * @more: of each row: what tells it from others with its title, or ""
 * @number, @title, @version, @kernel: widths in characters; 0: that column is left out
 * @utf8: may "…" stand where a text is cut?
 */
struct entry_table {
	const struct entry_row *rows;
	size_t n;
	const char **more;
	size_t number, title, version, kernel;
	bool utf8;
};

/**
 * entry_table_make() - what tells the rows apart
 * @rows: in the order of the menu; they have to live as long as @ret
 * @ret: released with entry_table_done()
 *
 * Titles that several rows have are told apart as systemd-boot does (boot.c, generate_boot_entry_titles()): by the
 * version, and where that is the same, too, by the id.
 *
 * Return: 0 or -ENOMEM.
 */
_must_check_ int entry_table_make(const struct entry_row *rows, size_t n, bool utf8,
				  struct entry_table *ret);
void entry_table_done(struct entry_table *table);
#define _cleanup_entry_table_ _cleanup_(entry_table_done)

/**
 * entry_table_fit() - widths for a terminal, or another one
 * @columns: of the terminal, 0: lines are as long as they get
 * @numbered: rows begin with their number
 *
 * Where the terminal is too narrow the kernel is left out first, then the version; then titles are cut in their
 * middle.
 */
void entry_table_fit(struct entry_table *table, size_t columns, bool numbered);

/* Add a line each to @b, or nothing. Texts of the rows are in it as they are: it is for plain_puts(). */
void entry_table_heading(const struct entry_table *table, struct strbuf *b);
void entry_table_row(const struct entry_table *table, size_t i, struct strbuf *b);
/* What the marks mean that are there. */
void entry_table_legend(const struct entry_table *table, struct strbuf *b);

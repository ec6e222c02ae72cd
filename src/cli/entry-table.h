/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Boot entries for a person: a line each, which fits the terminal. */

#include <stdbool.h>
#include <stddef.h>

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
 */
struct entry_row {
	const char *title, *version, *id, *kernel;
	size_t n_notes;
	bool is_default, is_running, is_guessed, can_start;
};

/**
 * entry_table() - the table, its heading, and below it what its marks mean
 * @rows: in the order of the menu
 * @n: how many
 * @columns: of the terminal, 0: lines are as long as they get
 * @utf8: may "…" stand where a text is cut off?
 * @b: where the text is added to. Texts of the rows are in it as they are: it is for plain_puts().
 *
 * Titles that several rows have are told apart as systemd-boot does (boot.c, generate_boot_entry_titles()): by the
 * version, and where that is the same, too, by the id.
 * Where the terminal is too narrow the kernel is left out first, then the version; then titles are cut off.
 */
void entry_table(const struct entry_row *rows, size_t n, size_t columns, bool utf8,
		 struct strbuf *b);

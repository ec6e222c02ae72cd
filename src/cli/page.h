/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Text for a person at a terminal: lines that end between words, and colours as systemd's tools have them. What
 * goes anywhere else keeps its long lines and has no colours. Texts of foreign files are made harmless
 * (cli/plain.h). */

#include <stddef.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/strbuf.h"

/* Green: as it should be. Yellow: to look at. Red: it does not go on. Grey: of little interest. */
enum page_color { PAGE_PLAIN, PAGE_GREEN, PAGE_YELLOW, PAGE_RED, PAGE_GREY };

/* Values of --color, counted from 1; 0, which is not said, is the first. */
enum page_colors { PAGE_COLORS_AUTO = 1, PAGE_COLORS_ALWAYS, PAGE_COLORS_NEVER };
void page_use_colors(enum page_colors colors);

/* Columns of the terminal that @f writes to; 0: it is none. */
size_t page_columns(FILE *f);

/**
 * page_wrap() - @text in lines of at most @columns characters
 * @used: characters that are in the first line already
 * @indent: blanks before each line that follows
 *
 * Lines end at blanks; a word that is longer than a line is left whole. @columns 0: one line. @b has no newline at
 * its end.
 */
void page_wrap(const char *text, size_t used, size_t indent, size_t columns, struct strbuf *b);

/* @text from column @indent on, where the line is already, and a newline. */
void page_text(FILE *f, size_t indent, const char *text);
/* "NAME", filled up to @column, and a text that goes on below itself. */
void page_field(FILE *f, size_t column, const char *name, const char *fmt, ...) _printf_(4, 5);
void page_colored_field(FILE *f, size_t column, const char *name, enum page_color color,
			const char *fmt, ...) _printf_(5, 6);
/* Paragraphs of ours, between which is "\n\n"; where else their lines end in the source does not matter, but that a
 * line which begins with a blank is one of a list. */
void page_paragraphs(FILE *f, const char *text);
/* Columns of the terminal that @f writes to, or of what is easily read elsewhere, too. */
size_t page_columns_of_text(FILE *f);
/* A word of ours in this colour, filled up to @width. */
void page_word(FILE *f, enum page_color color, size_t width, const char *word);

/* "", or "s" where @n is not one. */
const char *plural(size_t n);

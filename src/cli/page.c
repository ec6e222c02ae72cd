// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/page.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/plain.h"

enum { COLUMNS_USUAL = 80, COLUMNS_MAX = 1000, TEXT_MAX = 100 };

static enum page_colors wanted = PAGE_COLORS_AUTO;

void page_use_colors(enum page_colors colors)
{
	wanted = colors ? colors : PAGE_COLORS_AUTO;
}

/* no-color.org: any value that is not empty. */
static bool has_colors(FILE *f)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	if (wanted != PAGE_COLORS_AUTO)
		return wanted == PAGE_COLORS_ALWAYS;
	return !(none && *none) && term && *term && strcmp(term, "dumb") != 0 && isatty(fileno(f));
}

/* The usual 16 colours, for every terminal has them. */
static const char *begin(FILE *f, enum page_color color)
{
	static const char *const begins[] = {
		[PAGE_PLAIN] = "",
		[PAGE_GREEN] = "\033[0;1;32m",
		[PAGE_YELLOW] = "\033[0;1;33m",
		[PAGE_RED] = "\033[0;1;31m",
		[PAGE_GREY] = "\033[0;90m",
	};

	return has_colors(f) ? begins[color] : "";
}

size_t page_columns(FILE *f)
{
	const char *given = getenv("COLUMNS");
	struct winsize size = { 0 };
	uint64_t n;

	if (!isatty(fileno(f)))
		return 0;
	if (ioctl(fileno(f), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	/* a serial line has no size of its own */
	return given && parse_u64(given, &n) == 0 && n > 0 && n < COLUMNS_MAX ? (size_t)n
									      : COLUMNS_USUAL;
}

/* Characters of @n bytes. */
static size_t width(const char *s, size_t n)
{
	size_t w = 0;

	for (size_t i = 0; i < n; i++)
		w += ((unsigned char)s[i] & 0xc0) != 0x80;
	return w;
}

void page_wrap(const char *text, size_t used, size_t indent, size_t columns, struct strbuf *b)
{
	bool begun = false;

	while (*text) {
		const size_t blanks = strspn(text, " "), n = strcspn(text + blanks, " ");
		const size_t wide = width(text + blanks, n);

		if (columns && begun && used + blanks + wide > columns) {
			strbuf_addf(b, "\n%*s", (int)indent, "");
			used = indent;
		} else {
			strbuf_add_n(b, text, blanks);
			used += blanks;
		}
		strbuf_add_n(b, text + blanks, n);
		used += wide;
		begun = true;
		text += blanks + n;
	}
}

/* The line breaks of @b are ours. */
static void put(FILE *f, const struct strbuf *b)
{
	const char *line = b->s ? b->s : "";

	while (*line) {
		const size_t n = strcspn(line, "\n");

		plain_printf(f, "%.*s", (int)n, line);
		line += n;
		if (*line) {
			putc('\n', f);
			line++;
		}
	}
}

/* A newline in @text is a control character like others. */
static void put_wrapped(FILE *f, size_t indent, const char *text)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	const size_t columns = page_columns(f);

	if (columns && !strchr(text, '\n'))
		page_wrap(text, indent, indent, columns, &b);
	if (!b.s || b.failed)
		plain_puts(text, f);
	else
		put(f, &b);
}

void page_text(FILE *f, size_t indent, const char *text)
{
	put_wrapped(f, indent, text);
	putc('\n', f);
}

size_t page_columns_of_text(FILE *f)
{
	const size_t columns = page_columns(f);

	return columns && columns < TEXT_MAX ? columns : TEXT_MAX;
}

void page_paragraphs(FILE *f, const char *text)
{
	_cleanup_strbuf_ struct strbuf words = { 0 }, lines = { 0 };
	const bool is_listed = *text == ' ';

	for (; *text; text++)
		if (text[0] == '\n' && text[1] == ' ')
			break;
		else if (text[0] == '\n' && text[1] != '\n')
			strbuf_add(&words, " ");
		else if (text[0] != '\n')
			strbuf_add_n(&words, text, 1);
		else
			break;
	page_wrap(words.s ? words.s : "", 0, is_listed ? 4 : 0, page_columns_of_text(f), &lines);
	put(f, &lines);
	putc('\n', f);
	if (text[0] && text[1] == '\n')
		putc('\n', f);
	if (*text)
		page_paragraphs(f, text + (text[1] == '\n' ? 2 : 1));
}

_printf_(5, 0) static void field(FILE *f, size_t column, const char *name, enum page_color color,
				 const char *fmt, va_list ap)
{
	_cleanup_free_ char *text = NULL;
	const char *start = begin(f, color);

	fprintf(f, "%-*s", (int)column, name);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	fputs(start, f);
	put_wrapped(f, column, text ? text : "(out of memory)");
	fputs(*start ? "\033[0m\n" : "\n", f);
}

void page_field(FILE *f, size_t column, const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	field(f, column, name, PAGE_PLAIN, fmt, ap);
	va_end(ap);
}

void page_colored_field(FILE *f, size_t column, const char *name, enum page_color color,
			const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	field(f, column, name, color, fmt, ap);
	va_end(ap);
}

void page_word(FILE *f, enum page_color color, size_t width, const char *word)
{
	const char *start = begin(f, color);
	const size_t n = strlen(word);

	fprintf(f, "%s%s%s%*s", start, word, *start ? "\033[0m" : "",
		(int)(n < width ? width - n : 0), "");
}

const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

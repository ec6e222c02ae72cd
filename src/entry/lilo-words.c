// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Words of lilo.conf and of the files that took over its syntax. Line ends are blanks. Source: LILO 24,
 * cfg.c; ELILO 3.16, config.c; yaboot 1.3.17, second/cfg.c.
 */
#include "entry/lilo-words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* LILO's own limit is 1,023 bytes, the others' are lower. */
enum { WORD_MAX = 4096, END = -1 };

struct lilo_words lilo_words_of(struct bytes file, enum lilo_kind kind)
{
	return (struct lilo_words){ .rest = file, .line = 1, .kind = kind };
}

void lilo_words_done(struct lilo_words *w)
{
	strbuf_done(&w->word);
}

static int peek(const struct lilo_words *w)
{
	return w->rest.n ? w->rest.p[0] : END;
}

/* Carriage returns are dropped. */
static int next(struct lilo_words *w)
{
	int c;

	do {
		c = peek(w);
		if (c == END)
			return END;
		w->rest.p++;
		w->rest.n--;
	} while (c == '\r');
	w->line += c == '\n';
	return c;
}

static int fail(const struct lilo_words *w, struct kx_error *err, const char *what)
{
	return kx_fail(err, -EINVAL, "line %u: %s: the boot loader refuses the file", w->line,
		       what);
}

static bool is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct lilo_words *w)
{
	while (is_blank(peek(w)) || peek(w) == '#')
		if (next(w) == '#')
			while (peek(w) != '\n' && peek(w) != END)
				(void)next(w);
}

/* A backslash at the end of a line in quotes: LILO and yaboot make one blank of it and of the blanks
 * that follow, ELILO nothing. */
static void join_lines(struct lilo_words *w)
{
	if (w->kind == LILO_ELILO)
		return;
	while (peek(w) == ' ' || peek(w) == '\t')
		(void)next(w);
	strbuf_add(&w->word, " ");
}

static int take_escape(struct lilo_words *w, struct kx_error *err)
{
	int c = next(w);

	if (c == '\n')
		join_lines(w);
	else if (c == '"' || c == '\\' || (c == '$' && w->kind == LILO_LILO))
		strbuf_add_n(&w->word, &(char){ (char)c }, 1);
	else if (c == 'n' && w->kind == LILO_YABOOT)
		strbuf_add(&w->word, "\n");
	else
		return fail(w, err, "a backslash in quotes stands before \", \\ or the line's end");
	return 0;
}

/* LILO replaces $NAME by a variable of the environment in which it was run. */
static int refuse_variable(const struct lilo_words *w, struct kx_error *err)
{
	return kx_fail(err, -EINVAL,
		       "line %u: the value of a variable ($) is known only to the lilo that ran",
		       w->line);
}

static int take_quoted(struct lilo_words *w, struct kx_error *err)
{
	for (int c = next(w); c != '"'; c = next(w)) {
		int r = 0;

		if (c == END)
			return fail(w, err, "the quotes are not closed");
		if (c == '\n' || (c == '\t' && w->kind != LILO_YABOOT))
			return fail(w, err, "a tab or the line's end in quotes");
		if (c == '$' && w->kind == LILO_LILO)
			return refuse_variable(w, err);
		if (c == '\\')
			r = take_escape(w, err);
		else
			strbuf_add_n(&w->word, &(char){ (char)c }, 1);
		if (r < 0)
			return r;
		if (w->word.n > WORD_MAX)
			return fail(w, err, "a word is too long");
	}
	return 0;
}

static bool ends_word(int c)
{
	return is_blank(c) || c == '#' || c == '=' || c == END;
}

static int take_plain(struct lilo_words *w, struct kx_error *err)
{
	while (!ends_word(peek(w))) {
		int c = next(w);

		if (c == '$' && w->kind == LILO_LILO)
			return refuse_variable(w, err);
		if (c == '\\') {
			c = next(w);
			if (c == END)
				return fail(w, err, "a backslash ends the file");
			if (c == '\n')
				continue;
			c = c == '\t' ? ' ' : c;
		}
		strbuf_add_n(&w->word, &(char){ (char)c }, 1);
		if (w->word.n > WORD_MAX)
			return fail(w, err, "a word is too long");
	}
	return 0;
}

/* Reads a word into w->word: 1, or 0 at the end. */
static int read_word(struct lilo_words *w, struct kx_error *err)
{
	int r;

	if (w->has_word) {
		w->has_word = false;
		return 1;
	}
	strbuf_done(&w->word);
	skip_blanks(w);
	w->is_equals = peek(w) == '=';
	if (peek(w) == END || peek(w) == 0)
		return 0;
	if (w->is_equals || peek(w) == '"') {
		int c = next(w);

		r = c == '"' ? take_quoted(w, err) : 0;
	} else {
		r = take_plain(w, err);
	}
	return r < 0 ? r : w->word.failed ? -ENOMEM : 1;
}

static int take_value(struct lilo_words *w, char **ret, struct kx_error *err)
{
	int r = read_word(w, err);

	if (r == 0 || (r == 1 && w->is_equals))
		return fail(w, err, "a value is missing behind =");
	return r < 0 ? r : strbuf_take(&w->word, ret);
}

int lilo_words_next(struct lilo_words *w, char **ret_name, char **ret_value, struct kx_error *err)
{
	_cleanup_free_ char *name = NULL;
	char *value = NULL;
	int r = read_word(w, err);

	if (r <= 0)
		return r;
	if (w->is_equals)
		return fail(w, err, "a name is missing before =");
	r = strbuf_take(&w->word, &name);
	if (r == 0)
		r = read_word(w, err);
	if (r == 1 && w->is_equals)
		r = take_value(w, &value, err);
	else if (r == 1)
		w->has_word = true;
	if (r < 0)
		return r;
	*ret_name = TAKE_PTR(name);
	*ret_value = value;
	return 1;
}

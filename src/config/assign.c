// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Assignments of a shell file. The grammar is that of POSIX.1-2017, XCU 2.2 (quoting), 2.3 (tokens)
 * and 2.9.1 (simple commands), as far as is needed to tell which assignments are certain to be
 * executed.
 */
#include <errno.h>
#include <string.h>

#include "base/lines.h"
#include "base/strbuf.h"
#include "config/assign.h"

struct shell {
	struct bytes text;
	size_t at;
	unsigned line;
	unsigned depth;	  /* open compound commands: if, while, case, { */
	bool conditional; /* whether the next command runs depends on the one before it */
	assign_fn fn;
	void *data;
};

/* One word: its text without quotes, and whether it has expansions, quotes or "=". */
struct word {
	struct strbuf text;
	unsigned line;
	size_t equals; /* of the first unquoted "=", or (size_t)-1 */
	bool quoted;   /* a quote before the "=": then the word is no assignment for a shell */
	const char *needs_shell;
};

static int peek(const struct shell *s)
{
	return s->at < s->text.n ? s->text.p[s->at] : -1;
}

static int next(struct shell *s)
{
	int c = peek(s);

	if (c >= 0)
		s->at++;
	if (c == '\n')
		s->line++;
	return c;
}

static void put(struct word *w, int c)
{
	char byte = (char)c;

	strbuf_add_n(&w->text, &byte, 1);
}

/* Skips to the parenthesis that closes the one just read; quoted ones do not count. */
static void skip_parentheses(struct shell *s)
{
	unsigned depth = 1;
	int c, quote = 0;

	while (depth && (c = next(s)) >= 0) {
		if (c == '\\' && quote != '\'')
			next(s);
		else if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '\'' || c == '"')
			quote = c;
		else if (c == '(')
			depth++;
		else if (c == ')')
			depth--;
	}
}

static void skip_backquotes(struct shell *s)
{
	int c;

	while ((c = next(s)) >= 0 && c != '`')
		if (c == '\\')
			next(s);
}

/* A "$" that expands is one before a name, a brace, a parenthesis or a special parameter. */
static bool expands(int c)
{
	if (c <= 0)
		return false;
	return ((c | 32) >= 'a' && (c | 32) <= 'z') || strchr("_{(@*#?-$!0123456789", c);
}

static void read_dollar(struct shell *s, struct word *w)
{
	if (!expands(peek(s))) {
		put(w, '$');
		return;
	}
	w->needs_shell = "an expansion (\"$\")";
	if (peek(s) == '(') {
		next(s);
		skip_parentheses(s);
	}
}

static void read_single(struct shell *s, struct word *w)
{
	int c;

	while ((c = next(s)) != '\'') {
		if (c < 0) {
			w->needs_shell = "a quote that is never closed";
			return;
		}
		put(w, c);
	}
}

static void read_double(struct shell *s, struct word *w)
{
	int c;

	while ((c = next(s)) != '"') {
		if (c < 0) {
			w->needs_shell = "a quote that is never closed";
			return;
		}
		if (c == '$') {
			read_dollar(s, w);
		} else if (c == '`') {
			w->needs_shell = "a command substitution";
			skip_backquotes(s);
		} else if (c == '\\' && peek(s) >= 0 && strchr("$`\"\\\n", peek(s))) {
			c = next(s);
			if (c != '\n')
				put(w, c);
		} else {
			put(w, c);
		}
	}
}

static bool ends_word(int c)
{
	return c < 0 || strchr(" \t\r\n;&|<>()", c) != NULL;
}

static void read_special(struct shell *s, struct word *w, int c)
{
	switch (c) {
	case '\'':
		read_single(s, w);
		break;
	case '"':
		read_double(s, w);
		break;
	case '$':
		if (peek(s) == '\'' || peek(s) == '"')
			w->needs_shell =
				"quoting that not every shell knows (\"$\" before a quote)";
		else
			read_dollar(s, w);
		break;
	case '`':
		w->needs_shell = "a command substitution";
		skip_backquotes(s);
		break;
	default:
		c = next(s); /* after a backslash */
		if (c >= 0 && c != '\n')
			put(w, c);
		break;
	}
}

static void read_word(struct shell *s, struct word *w)
{
	*w = (struct word){ .line = s->line, .equals = (size_t)-1 };
	while (!ends_word(peek(s))) {
		int c = next(s);

		if (strchr("'\"$`\\", c) && c) {
			w->quoted |= w->equals == (size_t)-1;
			read_special(s, w, c);
			continue;
		}
		if (c == '~' && w->equals != (size_t)-1 &&
		    (w->text.n == w->equals + 1 || (w->text.n && w->text.s[w->text.n - 1] == ':')))
			w->needs_shell = "a home directory (\"~\")";
		if (c == '=' && w->equals == (size_t)-1)
			w->equals = w->text.n;
		put(w, c);
	}
}

static bool is_name(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool letter = s[i] == '_' || ((s[i] | 32) >= 'a' && (s[i] | 32) <= 'z');

		if (!letter && (i == 0 || s[i] < '0' || s[i] > '9'))
			return false;
	}
	return n > 0;
}

static bool assigns(const struct word *w)
{
	return !w->quoted && w->equals != (size_t)-1 && is_name(w->text.s, w->equals);
}

/* One command: words up to a separator. */
enum { WORDS_MAX = 64 };
struct command {
	struct word words[WORDS_MAX];
	size_t n;
	const char *needs_shell; /* for the command as a whole */
	bool was_conditional;
};

static void command_done(struct command *c)
{
	for (size_t i = 0; i < c->n; i++)
		strbuf_done(&c->words[i].text);
	c->n = 0;
}

static void skip_comment(struct shell *s)
{
	while (peek(s) >= 0 && peek(s) != '\n')
		next(s);
}

static void read_redirection(struct shell *s, struct command *c)
{
	bool here = next(s) == '<' && peek(s) == '<';

	c->needs_shell = "a redirection";
	if (!here)
		return;
	/* only a shell can tell where a here-document ends */
	c->needs_shell = "a here-document; nothing after it is read";
	s->at = s->text.n;
}

/* Consumes a separator; true when the command is over. */
static bool read_separator(struct shell *s, struct command *c)
{
	int ch = next(s);

	switch (ch) {
	case '&':
	case '|':
		if (peek(s) == ch) {
			next(s);
			s->conditional = true;
			return true;
		}
		c->needs_shell = ch == '|' ? "a pipe" : "a command in the background";
		s->conditional = ch == '|';
		return true;
	case '(':
		c->needs_shell = "parentheses";
		skip_parentheses(s);
		return true;
	case '\n':
	case ';':
	case ')': /* of a pattern of `case` */
	default:
		s->conditional = false;
		return true;
	}
}

/* False at the end of the text. */
static bool read_command(struct shell *s, struct command *c)
{
	bool over = false;

	*c = (struct command){ .was_conditional = s->conditional };
	if (peek(s) < 0)
		return false;
	while (!over && peek(s) >= 0) {
		int ch = peek(s);

		if (ch == ' ' || ch == '\t' || ch == '\r') {
			next(s);
		} else if (ch == '#') {
			skip_comment(s);
		} else if (ch == '\\' && s->at + 1 < s->text.n && s->text.p[s->at + 1] == '\n') {
			next(s);
			next(s);
		} else if (ch == '<' || ch == '>') {
			read_redirection(s, c);
		} else if (ends_word(ch)) {
			over = read_separator(s, c);
		} else if (c->n < WORDS_MAX) {
			read_word(s, &c->words[c->n++]);
		} else {
			struct word extra;

			read_word(s, &extra);
			strbuf_done(&extra.text);
			c->needs_shell = "too many words";
		}
	}
	return true;
}

static bool is_one_of(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, list[i]) == 0)
			return true;
	return false;
}

/* Keeps count of if…fi and other compound commands; true when the command begins, ends or lies
 * in one. */
static bool is_compound(struct shell *s, const struct command *c)
{
	static const char *const opens[] = { "if", "for", "while", "until", "case", "select", "{" };
	static const char *const closes[] = { "fi", "done", "esac", "}" };
	static const char *const links[] = { "then", "else", "elif", "do", "!" };
	bool inside = s->depth > 0;

	for (size_t i = 0; i < c->n && c->words[i].text.s; i++) {
		const char *word = c->words[i].text.s;

		if (is_one_of(word, opens, sizeof(opens) / sizeof(*opens))) {
			s->depth++;
			return true;
		}
		if (is_one_of(word, closes, sizeof(closes) / sizeof(*closes))) {
			s->depth -= s->depth > 0;
			return true;
		}
		if (!is_one_of(word, links, sizeof(links) / sizeof(*links)))
			break;
		inside = true;
	}
	return inside;
}

static int report(struct shell *s, unsigned line, const char *why)
{
	struct assign a = { .line = line, .skipped = why };

	return s->fn(s->data, &a);
}

static int assign_word(struct shell *s, struct word *w)
{
	struct assign a = { .line = w->line };

	if (w->needs_shell)
		return report(s, w->line, w->needs_shell);
	w->text.s[w->equals] = '\0';
	a.name = w->text.s;
	a.value = w->text.s + w->equals + 1;
	return s->fn(s->data, &a);
}

/* Assignments count only when nothing follows them: `A=b command` is an environment. */
static int run_assignments(struct shell *s, struct command *c)
{
	size_t first = c->words[0].text.s && strcmp(c->words[0].text.s, "export") == 0;
	int r = 0;

	for (size_t i = first; i < c->n; i++)
		if (!assigns(&c->words[i]) &&
		    !(first && is_name(c->words[i].text.s, c->words[i].text.n)))
			return report(s, c->words[0].line, "a command");
	for (size_t i = first; i < c->n && r >= 0; i++)
		if (assigns(&c->words[i]))
			r = assign_word(s, &c->words[i]);
	return r;
}

static int run_command(struct shell *s, struct command *c, unsigned line)
{
	bool outermost = s->depth == 0;

	for (size_t i = 0; i < c->n; i++)
		if (c->words[i].text.failed)
			return -ENOMEM;
	if (is_compound(s, c)) /* one report for the whole of it */
		return outermost ? report(s, c->words[0].line, "a condition or loop") : 0;
	if (c->needs_shell)
		return report(s, c->n ? c->words[0].line : line, c->needs_shell);
	if (c->n == 0)
		return 0;
	if (c->was_conditional)
		return report(s, c->words[0].line, "a command that hangs on another");
	return run_assignments(s, c);
}

int assign_each(struct bytes text, assign_fn fn, void *data)
{
	struct shell s = { .text = text, .line = 1, .fn = fn, .data = data };
	unsigned line = s.line;
	struct command c;
	int r = 0;

	while (r >= 0 && read_command(&s, &c)) {
		r = run_command(&s, &c, line);
		command_done(&c);
		line = s.line;
	}
	return r < 0 ? r : 0;
}

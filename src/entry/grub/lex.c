// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The lexer works on the text of one unit, which grows by a line whenever an open construct, an
 * open quote or a backslash at the end of a line needs more. Reference: grub-core/script/yylex.l
 * and lexer.c; read_config_file_getline() of normal/main.c for what happens to lines of a file.
 */
#include <ctype.h>
#include <string.h>

#include "entry/grub/lex.h"

void reader_init(struct reader *reader, const char *text, size_t n, unsigned first_line,
		 bool is_file)
{
	*reader =
		(struct reader){ .text = text, .n = n, .line = first_line - 1, .is_file = is_file };
}

/* CR goes wherever it stands and NUL cuts a line off, as grub_file_getline() has it. */
static void add_file_line(struct strbuf *buf, const char *line, size_t n)
{
	const char *end = line + strnlen(line, n);

	while (line < end) {
		const char *cr = memchr(line, '\r', (size_t)(end - line));

		strbuf_add_n(buf, line, (size_t)((cr ? cr : end) - line));
		line = cr ? cr + 1 : end;
	}
}

bool reader_next(struct reader *reader, struct strbuf *buf)
{
	for (;;) {
		const char *line = reader->text + reader->pos;
		size_t left = reader->n - reader->pos, n;
		const char *nl;

		/* Text from memory has one more, empty line behind its last newline. */
		if (reader->done || (reader->is_file && !left))
			return false;
		nl = left ? memchr(line, '\n', left) : NULL;
		n = nl ? (size_t)(nl - line) : left;
		reader->done = !nl;
		reader->pos += n + !!nl;
		reader->line++;
		if (reader->is_file && n && line[0] == '#')
			continue;
		if (reader->is_file)
			add_file_line(buf, line, n);
		else
			strbuf_add_n(buf, line, n);
		strbuf_add_n(buf, "\n", 1);
		return true;
	}
}

void lexer_done(struct lexer *lexer)
{
	strbuf_done(&lexer->buf);
	strbuf_done(&lexer->word);
}

bool lexer_start(struct lexer *lexer)
{
	lexer->buf.n = 0;
	lexer->pos = 0;
	lexer->refs = 0;
	lexer->eof = false;
	return reader_next(lexer->reader, &lexer->buf);
}

static bool lexer_more(struct lexer *lexer)
{
	if (reader_next(lexer->reader, &lexer->buf))
		return true;
	lexer->eof = true;
	return false;
}

/* The character at @pos, reading on when the unit has not got that far; 0 at the end. */
static char char_at(struct lexer *lexer, size_t pos)
{
	while (pos >= lexer->buf.n)
		if (lexer->buf.failed || !lexer_more(lexer))
			return 0;
	return lexer->buf.s[pos];
}

static bool is_name_start(char c)
{
	return isalpha((unsigned char)c) || c == '_';
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Length of the variable's name at @s: NAME, DIGITS or one of ? # * @; 0 when there is none. */
static size_t variable_name(const char *s)
{
	size_t n = 0;

	if (*s && strchr("?#*@", *s))
		return 1;
	if (isdigit((unsigned char)*s))
		while (isdigit((unsigned char)s[n]))
			n++;
	else if (is_name_start(*s))
		while (is_name_char(s[n]))
			n++;
	return n;
}

struct word_builder {
	struct lexer *lexer;
	struct piece *first, **tail;
	struct strbuf *text; /* piece being written, as a pattern */
	bool has_text;
	bool plain; /* nothing quoted, escaped or expanded so far */
	bool bad;   /* a syntax error, noticed only once the quotes around it are closed */
};

static void add_piece(struct word_builder *w, enum piece_type type, const char *s, size_t n)
{
	struct piece *piece = arena_alloc(w->lexer->arena, sizeof(*piece));

	if (piece)
		piece->s = arena_strndup(w->lexer->arena, s, n);
	if (!piece || !piece->s) {
		w->lexer->failed = true;
		return;
	}
	piece->type = type;
	*w->tail = piece;
	w->tail = &piece->next;
}

static void flush_text(struct word_builder *w)
{
	if (w->text->failed)
		w->lexer->failed = true;
	else if (w->has_text)
		add_piece(w, PIECE_TEXT, w->text->n ? w->text->s : "", w->text->n);
	w->text->n = 0;
	w->has_text = false;
}

static void add_literal(struct word_builder *w, char c)
{
	if (c == '*' || c == '?' || c == '\\')
		strbuf_add_n(w->text, "\\", 1);
	strbuf_add_n(w->text, &c, 1);
	w->has_text = true;
}

/* Where a run of characters that stand for themselves ends. */
enum {
	ENDS_WORD = 1u << 0,
	ENDS_PLAIN = 1u << 1, /* outside quotes */
	ENDS_SINGLE = 1u << 2,
	ENDS_DOUBLE = 1u << 3,
};
#define WORD_END (ENDS_WORD | ENDS_PLAIN)

static const unsigned char ends[256] = {
	[0] = WORD_END | ENDS_SINGLE | ENDS_DOUBLE,
	[' '] = WORD_END,
	['\t'] = WORD_END,
	['\n'] = WORD_END,
	['{'] = WORD_END,
	['}'] = WORD_END,
	['|'] = WORD_END,
	['&'] = WORD_END,
	[';'] = WORD_END,
	['<'] = WORD_END,
	['>'] = WORD_END,
	['$'] = ENDS_PLAIN | ENDS_DOUBLE,
	['"'] = ENDS_PLAIN | ENDS_DOUBLE,
	['\''] = ENDS_PLAIN | ENDS_SINGLE,
	['\\'] = ENDS_PLAIN | ENDS_SINGLE | ENDS_DOUBLE,
	/* Patterns: written with a backslash where they are quoted. */
	['*'] = ENDS_SINGLE | ENDS_DOUBLE,
	['?'] = ENDS_SINGLE | ENDS_DOUBLE,
};

/* Takes what is there of a run that the characters of @set end; lines behind it are not read yet. */
static void add_run(struct word_builder *w, unsigned set)
{
	struct lexer *lexer = w->lexer;
	const char *s = lexer->buf.s + lexer->pos;
	size_t n = 0, left = lexer->pos < lexer->buf.n ? lexer->buf.n - lexer->pos : 0;

	while (n < left && !(ends[(unsigned char)s[n]] & set))
		n++;
	if (!n)
		return;
	strbuf_add_n(w->text, s, n);
	w->has_text = true;
	lexer->pos += n;
}

/* $ at lexer->pos; false when no variable follows, which is a syntax error. */
static bool lex_variable(struct word_builder *w, bool quoted)
{
	struct lexer *lexer = w->lexer;
	const char *s = lexer->buf.s + lexer->pos + 1;
	bool brace = *s == '{';
	size_t n = variable_name(s + brace);

	if (!n || (brace && s[1 + n] != '}'))
		return false;
	flush_text(w);
	add_piece(w, quoted ? PIECE_DQVAR : PIECE_VAR, s + brace, n);
	lexer->pos += 1 + n + (brace ? 2 : 0);
	w->plain = false;
	return true;
}

static bool lex_single_quoted(struct word_builder *w)
{
	struct lexer *lexer = w->lexer;
	char c;

	w->has_text = true;
	lexer->pos++;
	for (;;) {
		add_run(w, ENDS_SINGLE);
		c = char_at(lexer, lexer->pos);
		if (!c)
			return false;
		lexer->pos++;
		if (c == '\'')
			return true;
		add_literal(w, c);
	}
}

/* RH patches keep \xHH for the kernel's eyes; @pos is at the backslash. */
static bool is_hex_escape(struct lexer *lexer, size_t pos)
{
	const char *s = lexer->buf.s + pos;

	return lexer->keep_hex && s[1] == 'x' && isxdigit((unsigned char)s[2]) &&
	       isxdigit((unsigned char)s[3]);
}

/*
 * $ in $"…", a text that may be translated and is put together only when it is used: what is no
 * variable there stands for itself, ${ without its brace hides the rest.
 */
static void lex_translated_variable(struct word_builder *w)
{
	struct lexer *lexer = w->lexer;
	char c = char_at(lexer, lexer->pos + 1);
	size_t end = lexer->pos + 2;

	if (c != '@' && c != '*' && lex_variable(w, true))
		return;
	if (c != '{') {
		add_literal(w, '$');
		lexer->pos++;
		return;
	}
	while ((c = char_at(lexer, end)) && c != '}' && c != '"')
		end += c == '\\' && char_at(lexer, end + 1) ? 2 : 1;
	lexer->pos = end + (c == '}');
}

static bool lex_double_quoted(struct word_builder *w, bool is_translated)
{
	struct lexer *lexer = w->lexer;
	char c, next;

	w->has_text = true;
	lexer->pos++;
	for (;;) {
		add_run(w, ENDS_DOUBLE);
		c = char_at(lexer, lexer->pos);
		if (c == '"')
			break;
		if (!c)
			return false;
		if (c == '$' && is_translated) {
			lex_translated_variable(w);
			continue;
		}
		if (c == '$') {
			if (!lex_variable(w, true)) {
				w->bad = true;
				lexer->pos++;
			}
			continue;
		}
		if (c == '\\') {
			next = char_at(lexer, lexer->pos + 1);
			if (!next)
				return false;
			if (next == '$' || next == '"' || next == '\\')
				add_literal(w, next);
			else if (next != '\n') {
				add_literal(w, c);
				add_literal(w, next);
			}
			lexer->pos += 2;
			continue;
		}
		add_literal(w, c);
		lexer->pos++;
	}
	lexer->pos++;
	w->has_text = true; /* "$x" is a word even when x is empty */
	return true;
}

static bool lex_escape(struct word_builder *w)
{
	struct lexer *lexer = w->lexer;
	char next = char_at(lexer, lexer->pos + 1);

	if (next == '\n') {
		lexer->pos += 2;
		/* GRUB asks for the next line now, whatever follows. */
		return char_at(lexer, lexer->pos) != 0;
	}
	if (is_hex_escape(lexer, lexer->pos))
		add_literal(w, '\\');
	add_literal(w, next);
	lexer->pos += 2;
	return true;
}

static bool ends_word(char c)
{
	return ends[(unsigned char)c] & ENDS_WORD;
}

/* One word at lexer->pos; false when it is a syntax error. */
static bool lex_word(struct word_builder *w)
{
	struct lexer *lexer = w->lexer;
	char c;
	bool ok = true;

	while (ok && lexer->pos < lexer->buf.n && !ends_word(c = lexer->buf.s[lexer->pos])) {
		if (c == '$' && lexer->buf.s[lexer->pos + 1] != '"') {
			ok = lex_variable(w, false);
		} else if (c == '$') { /* $"…": a translation, which we take as it is */
			lexer->pos++;
			ok = lex_double_quoted(w, true);
		} else if (c == '"') {
			ok = lex_double_quoted(w, false);
		} else if (c == '\'') {
			ok = lex_single_quoted(w);
		} else if (c == '\\') {
			ok = lex_escape(w);
		} else {
			add_run(w, ENDS_PLAIN);
			continue;
		}
		w->plain = false;
	}
	flush_text(w);
	return ok && !w->bad;
}

static const struct {
	const char *text;
	enum token_type type;
} reserved[] = {
	{ "[[", TOKEN_BAD },
	{ "]]", TOKEN_BAD },
	{ "case", TOKEN_CASE },
	{ "do", TOKEN_DO },
	{ "done", TOKEN_DONE },
	{ "elif", TOKEN_ELIF },
	{ "else", TOKEN_ELSE },
	{ "esac", TOKEN_ESAC },
	{ "fi", TOKEN_FI },
	{ "for", TOKEN_FOR },
	{ "function", TOKEN_FUNCTION },
	{ "if", TOKEN_IF },
	{ "in", TOKEN_IN },
	{ "select", TOKEN_SELECT },
	{ "then", TOKEN_THEN },
	{ "until", TOKEN_UNTIL },
	{ "while", TOKEN_WHILE },
};

static enum token_type classify(const char *word)
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (*word == *reserved[i].text && !strcmp(word, reserved[i].text))
			return reserved[i].type;
	if (is_name_start(*word))
		while (is_name_char(word[n]))
			n++;
	return n && !word[n] ? TOKEN_NAME : TOKEN_WORD;
}

static void lex_word_token(struct lexer *lexer, struct token *t)
{
	struct word_builder w = { .lexer = lexer, .text = &lexer->word, .plain = true };

	w.tail = &w.first;
	w.text->n = 0;
	t->type = lex_word(&w) ? TOKEN_WORD : TOKEN_BAD;
	t->pieces = w.first;
	if (t->type == TOKEN_WORD && w.plain && w.first && !lexer->failed) {
		/* One piece, written as it is read. */
		t->text = w.first->s;
		t->type = classify(t->text);
	}
}

/* Blanks, comments and joined lines in front of a token. */
static void skip_blanks(struct lexer *lexer)
{
	while (lexer->pos < lexer->buf.n) {
		const char *s = lexer->buf.s + lexer->pos;

		if (*s == ' ' || *s == '\t')
			lexer->pos++;
		else if (*s == '#')
			lexer->pos += strcspn(s, "\n");
		else if (s[0] == '\\' && s[1] == '\n')
			(void)char_at(lexer, lexer->pos += 2);
		else
			return;
	}
}

static enum token_type special(struct lexer *lexer)
{
	const char *s = lexer->buf.s + lexer->pos;

	switch (*s) {
	case '\n':
		lexer->pos++;
		return TOKEN_NEWLINE;
	case ';':
		lexer->pos += s[1] == ';' ? 2 : 1;
		return s[1] == ';' ? TOKEN_BAD : TOKEN_SEMICOLON;
	case '{':
		lexer->pos++;
		return TOKEN_OPEN;
	case '}':
		lexer->pos++;
		return TOKEN_CLOSE;
	case '|':
	case '&':
	case '<':
	case '>':
		lexer->pos++;
		return TOKEN_BAD;
	default:
		return TOKEN_WORD;
	}
}

struct token lexer_next(struct lexer *lexer)
{
	struct token t = { 0 };

	do {
		skip_blanks(lexer);
	} while (lexer->pos >= lexer->buf.n && lexer->refs && !lexer->eof && lexer_more(lexer));
	t.line = lexer->reader->line;
	t.start = lexer->pos;
	if (lexer->pos >= lexer->buf.n || lexer->buf.failed) {
		lexer->failed |= lexer->buf.failed;
		t.type = lexer->refs || lexer->eof ? TOKEN_BAD : TOKEN_EOF;
	} else {
		t.type = special(lexer);
		if (t.type == TOKEN_WORD)
			lex_word_token(lexer, &t);
	}
	t.end = lexer->pos;
	return t;
}

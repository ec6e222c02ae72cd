/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Text to tokens, line by line as GRUB reads it (grub-core/script/yylex.l, normal/main.c). */

#include "base/strbuf.h"
#include "entry/grub/ast.h"

/* A source of lines. Lines of a file are filtered as GRUB does, text in memory is not. */
struct reader {
	const char *text;
	size_t n, pos;
	unsigned line; /* of the line handed out last */
	bool is_file;
	bool done;
};

void reader_init(struct reader *reader, const char *text, size_t n, unsigned first_line,
		 bool is_file);
/* Appends the next line with a newline to @buf; false at the end. */
bool reader_next(struct reader *reader, struct strbuf *buf);

enum token_type {
	TOKEN_EOF, /* of the unit */
	TOKEN_NEWLINE,
	TOKEN_SEMICOLON,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_WORD,
	TOKEN_NAME, /* a word that may name a function or a loop variable */
	TOKEN_BAD,  /* nothing in the grammar */
	/* Reserved words, which are arguments elsewhere. */
	TOKEN_CASE,
	TOKEN_DO,
	TOKEN_DONE,
	TOKEN_ELIF,
	TOKEN_ELSE,
	TOKEN_ESAC,
	TOKEN_FI,
	TOKEN_FOR,
	TOKEN_FUNCTION,
	TOKEN_IF,
	TOKEN_IN,
	TOKEN_SELECT,
	TOKEN_THEN,
	TOKEN_UNTIL,
	TOKEN_WHILE,
};

struct token {
	enum token_type type;
	unsigned line;
	size_t start, end;    /* in the text of the unit */
	struct piece *pieces; /* of words and reserved words */
	const char *text;     /* of names and reserved words */
};

struct lexer {
	struct reader *reader;
	struct arena *arena;
	struct strbuf buf;  /* the unit so far; earlier lines stay for the text of blocks */
	struct strbuf word; /* the word being read */
	size_t pos;
	unsigned refs; /* number of open constructs: more lines are read only while there are any */
	bool keep_hex; /* RH: \xHH is left alone */
	bool eof;      /* the text ended inside a construct */
	bool failed;   /* out of memory */
};

/* Starts a unit; false when the reader has nothing left. */
bool lexer_start(struct lexer *lexer);
void lexer_done(struct lexer *lexer);
struct token lexer_next(struct lexer *lexer);

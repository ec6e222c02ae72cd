// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The grammar of grub-core/script/parser.y, by recursive descent. Only one token is looked at ahead
 * and only when it has to be, so that an error is noticed at the same token, and so in the same
 * line, as by GRUB's table-driven parser: what follows that line is read afresh.
 */
#include <stdlib.h>
#include <string.h>

#include "entry/grub/limits.h"
#include "entry/grub/parse.h"

struct unit *unit_new(const char *file)
{
	struct unit *unit = calloc(1, sizeof(*unit));

	if (!unit)
		return NULL;
	unit->n_refs = 1;
	unit->file = strdup(file);
	return unit->file ? unit : unit_unref(unit);
}

struct unit *unit_ref(struct unit *unit)
{
	unit->n_refs++;
	return unit;
}

struct unit *unit_unref(struct unit *unit)
{
	if (unit && --unit->n_refs == 0) {
		arena_done(&unit->arena);
		free(unit->file);
		free(unit);
	}
	return NULL;
}

struct parser {
	struct lexer lexer;
	struct unit *unit;
	struct token ahead;
	bool has_ahead;
	bool failed; /* syntax error, or out of memory when the lexer says so */
	unsigned depth;
	struct definition **last_definition;
};

static struct token *peek(struct parser *p)
{
	if (!p->has_ahead) {
		p->ahead = lexer_next(&p->lexer);
		p->has_ahead = true;
		if (p->ahead.type == TOKEN_BAD || p->lexer.failed)
			p->failed = true;
	}
	return &p->ahead;
}

static bool is_ahead(struct parser *p, enum token_type type)
{
	return peek(p)->type == type && !p->failed;
}

static bool accept(struct parser *p, enum token_type type)
{
	if (!is_ahead(p, type))
		return false;
	p->has_ahead = false;
	return true;
}

static bool expect(struct parser *p, enum token_type type)
{
	if (accept(p, type))
		return true;
	p->failed = true;
	return false;
}

static void *new (struct parser *p, size_t n)
{
	void *obj = arena_alloc(&p->unit->arena, n);

	if (!obj)
		p->failed = p->lexer.failed = true;
	return obj;
}

static void skip_newlines(struct parser *p)
{
	while (accept(p, TOKEN_NEWLINE))
		;
}

/* delimiters1: one ; or newline, and newlines. */
static bool accept_delimiters(struct parser *p)
{
	if (!accept(p, TOKEN_SEMICOLON) && !accept(p, TOKEN_NEWLINE))
		return false;
	skip_newlines(p);
	return true;
}

static bool enter(struct parser *p)
{
	if (++p->depth > GRUB_MAX_NESTING)
		p->failed = true;
	p->lexer.refs++;
	return !p->failed;
}

static void leave(struct parser *p)
{
	p->depth--;
	p->lexer.refs--;
}

static struct node *parse_command(struct parser *p);

static bool starts_command(struct parser *p)
{
	switch (peek(p)->type) {
	case TOKEN_WORD:
	case TOKEN_NAME:
	case TOKEN_IF:
	case TOKEN_FOR:
	case TOKEN_WHILE:
	case TOKEN_UNTIL:
		return !p->failed;
	case TOKEN_EOF:
	case TOKEN_NEWLINE:
	case TOKEN_SEMICOLON:
	case TOKEN_OPEN:
	case TOKEN_CLOSE:
	case TOKEN_BAD:
	case TOKEN_CASE:
	case TOKEN_DO:
	case TOKEN_DONE:
	case TOKEN_ELIF:
	case TOKEN_ELSE:
	case TOKEN_ESAC:
	case TOKEN_FI:
	case TOKEN_FUNCTION:
	case TOKEN_IN:
	case TOKEN_SELECT:
	case TOKEN_THEN:
		break;
	}
	return false;
}

static struct list *new_list(struct parser *p)
{
	struct list *list = new (p, sizeof(*list));

	if (list)
		list->tail = &list->first;
	return list;
}

/* Takes the delimiters behind the list too and tells through @delimited whether there were any. */
static struct list *parse_list(struct parser *p, bool *delimited)
{
	struct list *list = new_list(p);

	*delimited = false;
	skip_newlines(p);
	if (!list || !starts_command(p)) {
		p->failed = true;
		return NULL;
	}
	do {
		struct node *node = parse_command(p);

		if (!node || p->failed)
			return NULL;
		*list->tail = node;
		list->tail = &node->next;
		*delimited = accept_delimiters(p);
	} while (*delimited && starts_command(p));
	return p->failed ? NULL : list;
}

static struct list *parse_delimited_list(struct parser *p)
{
	bool delimited;
	struct list *list = parse_list(p, &delimited);

	if (!delimited)
		p->failed = true;
	return p->failed ? NULL : list;
}

static struct word *new_word(struct parser *p, struct piece *pieces, unsigned line)
{
	struct word *word = new (p, sizeof(*word));

	if (word) {
		word->pieces = pieces;
		word->line = line;
	}
	return word;
}

static struct word *parse_block(struct parser *p)
{
	struct piece *piece = new (p, sizeof(*piece));
	size_t start;
	unsigned line = peek(p)->line;
	bool delimited;

	start = p->ahead.end;
	if (!piece || !expect(p, TOKEN_OPEN) || !enter(p))
		return NULL;
	(void)parse_list(p, &delimited);
	if (!is_ahead(p, TOKEN_CLOSE)) {
		p->failed = true;
		return NULL;
	}
	piece->type = PIECE_BLOCK;
	piece->s = arena_strndup(&p->unit->arena, p->lexer.buf.s + start, p->ahead.start - start);
	if (!piece->s)
		p->failed = p->lexer.failed = true;
	(void)expect(p, TOKEN_CLOSE);
	leave(p);
	return new_word(p, piece, line);
}

/* Words up to the end of the command: a reserved word is one too, except at its start. */
static struct word **parse_words(struct parser *p, struct word **tail)
{
	while (peek(p)->pieces && !p->failed) {
		struct word *word = new_word(p, p->ahead.pieces, p->ahead.line);

		if (!word)
			break;
		p->has_ahead = false;
		*tail = word;
		tail = &word->next;
	}
	return tail;
}

static struct node *parse_simple(struct parser *p, struct node *node)
{
	struct word **tail = parse_words(p, &node->words);

	if (is_ahead(p, TOKEN_OPEN))
		*tail = parse_block(p);
	return node;
}

/* After "if" or "elif". */
static struct node *parse_if(struct parser *p, struct node *node)
{
	struct node *nested;

	node->type = NODE_IF;
	node->cond = parse_delimited_list(p);
	if (!node->cond || !expect(p, TOKEN_THEN))
		return NULL;
	node->body = parse_delimited_list(p);
	if (!node->body)
		return NULL;
	if (accept(p, TOKEN_ELSE)) {
		node->orelse = parse_delimited_list(p);
	} else if (is_ahead(p, TOKEN_ELIF)) {
		nested = new (p, sizeof(*nested));
		if (!nested)
			return NULL;
		nested->line = p->ahead.line;
		p->has_ahead = false;
		if (++p->depth > GRUB_MAX_NESTING)
			p->failed = true;
		if (p->failed || !parse_if(p, nested))
			return NULL;
		p->depth--;
		node->elif = nested;
	}
	return p->failed ? NULL : node;
}

static struct node *parse_loop_body(struct parser *p, struct node *node)
{
	if (p->failed || !expect(p, TOKEN_DO))
		return NULL;
	node->body = parse_delimited_list(p);
	if (!node->body || !expect(p, TOKEN_DONE))
		return NULL;
	leave(p);
	return node;
}

static struct node *parse_for(struct parser *p, struct node *node)
{
	node->type = NODE_FOR;
	if (!is_ahead(p, TOKEN_NAME)) {
		p->failed = true;
		return NULL;
	}
	node->name = p->ahead.text;
	p->has_ahead = false;
	if (!enter(p) || !expect(p, TOKEN_IN))
		return NULL;
	(void)parse_words(p, &node->words);
	if (!accept_delimiters(p))
		p->failed = true;
	return parse_loop_body(p, node);
}

static struct node *parse_while(struct parser *p, struct node *node, bool until)
{
	node->type = NODE_WHILE;
	node->until = until;
	if (!enter(p))
		return NULL;
	node->cond = parse_delimited_list(p);
	return parse_loop_body(p, node);
}

static struct node *parse_command(struct parser *p)
{
	struct node *node = new (p, sizeof(*node));

	if (!node)
		return NULL;
	node->line = peek(p)->line;
	if (accept(p, TOKEN_IF)) {
		if (!enter(p) || !parse_if(p, node) || !expect(p, TOKEN_FI))
			return NULL;
		leave(p);
		return node;
	}
	if (accept(p, TOKEN_FOR))
		return parse_for(p, node);
	if (accept(p, TOKEN_WHILE))
		return parse_while(p, node, false);
	if (accept(p, TOKEN_UNTIL))
		return parse_while(p, node, true);
	return parse_simple(p, node);
}

static void parse_function(struct parser *p)
{
	struct definition *def = new (p, sizeof(*def));

	if (!def || !is_ahead(p, TOKEN_NAME)) {
		p->failed = true;
		return;
	}
	def->name = p->ahead.text;
	p->has_ahead = false;
	if (!enter(p))
		return;
	skip_newlines(p);
	if (!expect(p, TOKEN_OPEN))
		return;
	def->body = parse_delimited_list(p);
	if (!def->body || !expect(p, TOKEN_CLOSE))
		return;
	leave(p);
	*p->last_definition = def;
	p->last_definition = &def->next;
}

static void parse_script(struct parser *p)
{
	struct list *list = new_list(p);

	if (!list)
		return;
	skip_newlines(p);
	while (!p->failed && !accept(p, TOKEN_EOF)) {
		if (accept(p, TOKEN_FUNCTION)) {
			parse_function(p);
		} else if (starts_command(p)) {
			struct node *node = parse_command(p);

			if (!node)
				p->failed = true;
			if (p->failed)
				return;
			*list->tail = node;
			list->tail = &node->next;
		} else {
			p->failed = true;
		}
		/* statement delimiter newlines0 */
		if (p->failed || !accept_delimiters(p))
			p->failed = true;
	}
	if (!p->failed)
		p->unit->list = list;
}

enum parse_status parse_unit(struct reader *reader, const char *file, bool keep_hex,
			     struct unit **ret, unsigned *ret_line)
{
	struct parser p = { .lexer = { .reader = reader, .keep_hex = keep_hex } };
	enum parse_status status;

	if (!lexer_start(&p.lexer)) {
		lexer_done(&p.lexer);
		return PARSE_END;
	}
	p.unit = unit_new(file);
	if (p.unit) {
		p.lexer.arena = &p.unit->arena;
		p.last_definition = &p.unit->definitions;
		parse_script(&p);
	}
	if (!p.unit || p.lexer.failed || p.lexer.buf.failed)
		status = PARSE_NOMEM;
	else
		status = p.failed ? PARSE_ERROR : PARSE_OK;
	*ret_line = p.has_ahead ? p.ahead.line : reader->line;
	lexer_done(&p.lexer);
	if (status == PARSE_NOMEM) {
		(void)unit_unref(p.unit);
		return status;
	}
	*ret = p.unit;
	return status;
}

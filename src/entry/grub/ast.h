/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* GRUB script as a tree. All nodes of one unit (a line, with the following lines that complete it)
 * are in one arena and are released with it. */

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "entry/grub/arena.h"

/* A word is a list of pieces that are concatenated. Text is kept as a pattern: a literal * ? or \
 * has a backslash before it, an unquoted * or ? stands bare. */
enum piece_type {
	PIECE_TEXT,  /* pattern */
	PIECE_VAR,   /* name of a variable whose value is split at blanks */
	PIECE_DQVAR, /* the same inside double quotes: one piece as it is */
	PIECE_BLOCK, /* text of a block without its braces, verbatim */
};

struct piece {
	enum piece_type type;
	const char *s;
	struct piece *next;
};

struct word {
	struct piece *pieces;
	unsigned line; /* of the source, for blocks the line of the brace */
	struct word *next;
};

enum node_type { NODE_COMMAND, NODE_IF, NODE_FOR, NODE_WHILE };

struct list {
	struct node *first, **tail;
};

struct node {
	enum node_type type;
	unsigned line;
	bool until;	    /* NODE_WHILE */
	const char *name;   /* NODE_FOR: the variable */
	struct word *words; /* NODE_COMMAND, NODE_FOR */
	struct list *cond;  /* NODE_IF, NODE_WHILE */
	struct list *body;
	struct list *orelse; /* NODE_IF, may be NULL, */
	struct node *elif;   /* as may this; not both */
	struct node *next;
};

/* A function that the unit defines, even when the rest of the unit turns out to be an error. */
struct definition {
	const char *name;
	struct list *body;
	struct definition *next;
};

struct unit {
	struct arena arena;
	unsigned n_refs;
	char *file;	   /* where it was written, for warnings */
	struct list *list; /* NULL when nothing was there or parsing failed */
	struct definition *definitions;
};

struct unit *unit_new(const char *file);
struct unit *unit_ref(struct unit *unit);
struct unit *unit_unref(struct unit *unit);
DEFINE_CLEANUP(struct unit *, unit_unref)

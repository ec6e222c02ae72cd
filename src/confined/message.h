/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Numbers and texts in a row of bytes, for what a confined child and its parent tell each other. Whoever takes looks
 * once, at the end, whether everything was there: what is taken behind a fault is 0, NULL or empty.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strlist.h"
#include "fundamental/bytes.h"

struct message_out {
	uint8_t *p;
	size_t n, max;
	bool is_full; /* something did not fit, and nothing was put from there on */
};

void message_put_u32(struct message_out *out, uint32_t v);
void message_put_u64(struct message_out *out, uint64_t v);
void message_put_bytes(struct message_out *out, struct bytes b);
/* NULL is kept apart from "". */
void message_put_text(struct message_out *out, const char *s);
void message_put_texts(struct message_out *out, const struct strlist *list);

struct message_in {
	struct bytes rest;
	int r; /* 0; -EPROTO: it is no such message; -ENOMEM */
};

uint32_t message_take_u32(struct message_in *in);
uint64_t message_take_u64(struct message_in *in);
/* A number below @end. */
uint32_t message_take_below(struct message_in *in, uint32_t end);
bool message_take_bool(struct message_in *in);
/* Borrowed from the message. */
struct bytes message_take_bytes(struct message_in *in);
/* A copy, or NULL. A text has no NUL in it. */
char *message_take_text(struct message_in *in);
/* The same, -EPROTO for NULL: a text that there has to be. */
char *message_take_some_text(struct message_in *in);
/* Also after a fault @ret is to be released. */
void message_take_texts(struct message_in *in, struct strlist *ret);
/* Nothing is left: what message_in.r is then, or -EPROTO. */
_must_check_ int message_end(struct message_in *in);

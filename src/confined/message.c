// SPDX-License-Identifier: LGPL-2.1-or-later
#include "confined/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fundamental/put.h"

/* Length of a text that is NULL. */
#define NO_TEXT UINT32_MAX

static uint8_t *room_for(struct message_out *out, size_t n)
{
	uint8_t *at = out->p + out->n;

	if (out->is_full || n > out->max - out->n) {
		out->is_full = true;
		return NULL;
	}
	out->n += n;
	return at;
}

void message_put_u32(struct message_out *out, uint32_t v)
{
	uint8_t *p = room_for(out, sizeof(v));

	if (p)
		put_le32(p, v);
}

void message_put_u64(struct message_out *out, uint64_t v)
{
	uint8_t *p = room_for(out, sizeof(v));

	if (p)
		put_le64(p, v);
}

void message_put_bytes(struct message_out *out, struct bytes b)
{
	uint8_t *p;

	if (b.n >= NO_TEXT)
		out->is_full = true;
	message_put_u32(out, (uint32_t)b.n);
	p = room_for(out, b.n);
	if (p && b.n)
		memcpy(p, b.p, b.n);
}

void message_put_text(struct message_out *out, const char *s)
{
	if (s)
		message_put_bytes(out, (struct bytes){ (const uint8_t *)s, strlen(s) });
	else
		message_put_u32(out, NO_TEXT);
}

void message_put_texts(struct message_out *out, const struct strlist *list)
{
	message_put_u32(out, (uint32_t)list->n);
	for (size_t i = 0; i < list->n && !out->is_full; i++)
		message_put_text(out, list->v[i]);
}

static void fail(struct message_in *in, int r)
{
	if (in->r == 0)
		in->r = r;
	in->rest = (struct bytes){ 0 };
}

static const uint8_t *take(struct message_in *in, size_t n)
{
	const uint8_t *p = in->rest.p;

	if (!bytes_has(in->rest, 0, n)) {
		fail(in, -EPROTO);
		return NULL;
	}
	if (n) {
		in->rest.p += n;
		in->rest.n -= n;
	}
	return p;
}

uint32_t message_take_u32(struct message_in *in)
{
	const uint8_t *p = take(in, sizeof(uint32_t));

	return p ? get_le32(p) : 0;
}

uint64_t message_take_u64(struct message_in *in)
{
	const uint8_t *p = take(in, sizeof(uint64_t));

	return p ? get_le64(p) : 0;
}

uint32_t message_take_below(struct message_in *in, uint32_t end)
{
	const uint32_t v = message_take_u32(in);

	if (v < end)
		return v;
	fail(in, -EPROTO);
	return 0;
}

bool message_take_bool(struct message_in *in)
{
	return message_take_below(in, 2) != 0;
}

struct bytes message_take_bytes(struct message_in *in)
{
	const size_t n = message_take_u32(in);
	const uint8_t *p = take(in, n);

	return (struct bytes){ p, p ? n : 0 };
}

static char *take_text(struct message_in *in, size_t n)
{
	const uint8_t *p = take(in, n);
	char *text;

	if (in->r < 0)
		return NULL;
	if (n && memchr(p, '\0', n)) {
		fail(in, -EPROTO);
		return NULL;
	}
	text = malloc(n + 1);
	if (!text) {
		fail(in, -ENOMEM);
		return NULL;
	}
	if (n)
		memcpy(text, p, n);
	text[n] = '\0';
	return text;
}

char *message_take_text(struct message_in *in)
{
	const uint32_t n = message_take_u32(in);

	return n == NO_TEXT || in->r < 0 ? NULL : take_text(in, n);
}

char *message_take_some_text(struct message_in *in)
{
	char *text = message_take_text(in);

	if (!text)
		fail(in, -EPROTO);
	return text;
}

void message_take_texts(struct message_in *in, struct strlist *ret)
{
	const size_t n = message_take_u32(in);

	*ret = (struct strlist){ 0 };
	if (n > in->rest.n / sizeof(uint32_t)) /* each has at least its length */
		fail(in, -EPROTO);
	if (in->r < 0 || n == 0)
		return;
	ret->v = calloc(n, sizeof(*ret->v));
	if (!ret->v)
		fail(in, -ENOMEM);
	while (in->r == 0 && ret->n < n) {
		ret->v[ret->n] = message_take_some_text(in);
		ret->n += in->r == 0;
	}
}

int message_end(struct message_in *in)
{
	if (in->r == 0 && in->rest.n)
		fail(in, -EPROTO);
	return in->r;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

static bool strbuf_reserve(struct strbuf *b, size_t more)
{
	size_t want = b->cap ? b->cap : 64;
	char *bigger;

	if (b->failed || more >= (size_t)-1 / 4 - b->n) {
		b->failed = true;
		return false;
	}
	if (b->n + more + 1 <= b->cap)
		return true;
	while (want < b->n + more + 1)
		want *= 2;
	bigger = realloc(b->s, want);
	if (!bigger) {
		b->failed = true;
		return false;
	}
	b->s = bigger;
	b->cap = want;
	return true;
}

void strbuf_add_n(struct strbuf *b, const char *p, size_t n)
{
	if (!strbuf_reserve(b, n))
		return;
	if (n)
		memcpy(b->s + b->n, p, n);
	b->n += n;
	b->s[b->n] = 0;
}

void strbuf_add(struct strbuf *b, const char *s)
{
	strbuf_add_n(b, s, strlen(s));
}

void strbuf_add_word(struct strbuf *b, const char *s)
{
	if (b->n)
		strbuf_add_n(b, " ", 1);
	strbuf_add(b, s);
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !strbuf_reserve(b, (size_t)n)) {
		b->failed = true;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(b->s + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

int strbuf_take(struct strbuf *b, char **ret)
{
	if (!strbuf_reserve(b, 0)) {
		strbuf_done(b);
		return -ENOMEM;
	}
	b->s[b->n] = 0;
	*ret = b->s;
	*b = (struct strbuf){ 0 };
	return 0;
}

void strbuf_done(struct strbuf *b)
{
	free(b->s);
	*b = (struct strbuf){ 0 };
}

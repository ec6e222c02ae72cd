// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The plain buffer of Linux up to 3.4: a ring of characters, lines like
 * "<6>[    0.000000] Linux version …". Source: kernel/printk.c of those versions.
 */
#include <string.h>

#include "vmcore/core.h"

struct text {
	struct log_reader *reader;
	int level; /* of the line before: what follows an unmarked newline belongs to it */
	size_t n;
	uint8_t line[LINE_MAX_BYTES];
};

static bool take_digits(struct bytes *rest, size_t n_max, uint64_t *ret)
{
	size_t n = 0;
	uint64_t v = 0;

	for (; n < rest->n && n < n_max && rest->p[n] >= '0' && rest->p[n] <= '9'; n++)
		v = v * 10 + (uint64_t)(rest->p[n] - '0');
	*rest = (struct bytes){ rest->p + n, rest->n - n };
	*ret = v;
	return n > 0;
}

static bool take_char(struct bytes *rest, char c)
{
	if (rest->n == 0 || rest->p[0] != (uint8_t)c)
		return false;
	*rest = (struct bytes){ rest->p + 1, rest->n - 1 };
	return true;
}

/* "<6>", or with a facility "<30>" */
static void take_level(struct text *t, struct bytes *line, struct vmcore_record *record)
{
	struct bytes rest = *line;
	uint64_t v;

	record->level = t->level;
	if (!take_char(&rest, '<') || !take_digits(&rest, 4, &v) || !take_char(&rest, '>'))
		return;
	record->level = t->level = (int)(v & 7);
	record->facility = (int)(v >> 3);
	*line = rest;
}

/* "[    1.234567] " when the kernel runs with printk.time */
static void take_time(struct bytes *line, struct vmcore_record *record)
{
	struct bytes rest = *line;
	uint64_t seconds, micros;
	size_t n_micros;

	if (!take_char(&rest, '['))
		return;
	while (take_char(&rest, ' '))
		;
	if (!take_digits(&rest, 10, &seconds) || !take_char(&rest, '.'))
		return;
	n_micros = rest.n;
	if (!take_digits(&rest, 6, &micros) || n_micros - rest.n != 6 || !take_char(&rest, ']'))
		return;
	(void)take_char(&rest, ' ');
	record->has_time = true;
	record->time_ns = seconds * UINT64_C(1000000000) + micros * 1000;
	*line = rest;
}

static bool end_line(struct text *t)
{
	struct vmcore_record record = { .level = -1, .facility = -1 };
	struct bytes line = { t->line, t->n };

	t->n = 0;
	take_level(t, &line, &record);
	take_time(&line, &record);
	record.text = line;
	return log_emit(t->reader, &record);
}

static bool add_bytes(struct text *t, struct bytes part)
{
	for (size_t i = 0; i < part.n; i++) {
		if (part.p[i] == '\n') {
			if (!end_line(t))
				return false;
			continue;
		}
		if (part.p[i] == '\0') /* never written */
			continue;
		if (t->n == sizeof(t->line) && !end_line(t))
			return false;
		t->line[t->n++] = part.p[i];
	}
	return true;
}

/* Bytes [at, at + n) of the ring at @start, which has @size bytes. */
static bool add_ring(struct text *t, uint64_t start, uint64_t size, uint64_t at, uint64_t n)
{
	uint8_t buf[4096];
	struct kx_error why;

	while (n > 0) {
		uint64_t part = n < sizeof(buf) ? n : sizeof(buf);

		if (part > size - at)
			part = size - at;
		if (core_read(t->reader->core, start + at, buf, part, "the kernel log", &why) < 0) {
			if (!log_damaged(t->reader, &why))
				return false;
		} else if (!add_bytes(t, (struct bytes){ buf, part })) {
			return false;
		}
		n -= part;
		at = at + part == size ? 0 : at + part;
	}
	return t->n == 0 || end_line(t);
}

int log_read_text(struct log_reader *reader, struct kx_error *err)
{
	_cleanup_free_ struct text *t = calloc(1, sizeof(*t));
	struct vmcore *core = reader->core;
	uint64_t start, size, end, n;
	int r;

	if (!t)
		return kx_fail(err, -ENOMEM, "out of memory");
	t->reader = reader;
	t->level = -1;
	r = log_read_symbol(core, "log_buf", core->word, &start, err);
	if (r == 0)
		r = log_read_symbol(core, "log_buf_len", 4, &size, err);
	if (r == 0)
		r = log_read_symbol(core, "log_end", 4, &end, err);
	if (r < 0)
		return r;
	if (size == 0 || size > TEXT_MAX)
		return kx_fail(err, -EPROTO,
			       "the kernel log claims a buffer of %#llx bytes: the dump is damaged",
			       (unsigned long long)size);
	/* Everything that is still there, also what `dmesg -c` has shown (logged_chars is less). */
	n = end < size ? end : size;
	(void)add_ring(t, start, size, (end - n) % size, n);
	return 0;
}

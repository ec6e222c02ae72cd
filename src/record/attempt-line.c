// SPDX-License-Identifier: LGPL-2.1-or-later
/* Converts between a line of the record and struct attempt. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/num.h"
#include "base/strbuf.h"
#include "record/attempts.h"

static const char *const result_names[] = {
	[ATTEMPT_PENDING] = "pending",
	[ATTEMPT_KEXEC] = "kexec",
	[ATTEMPT_FIRMWARE] = "firmware",
	[ATTEMPT_UNKNOWN] = "unknown",
};

static const char *const clock_names[] = {
	[CLOCK_NONE] = "none",
	[CLOCK_COUNTER] = "counter",
	[CLOCK_WALL] = "wall",
	[CLOCK_BROKEN] = "broken",
};

static const char *const point_names[] = {
	[POINT_ASKED] = "asked",	 [POINT_LOADED] = "loaded",
	[POINT_STOPPED] = "stopped",	 [POINT_ENDED] = "ended",
	[POINT_PURGATORY] = "purgatory", [POINT_CHECKED] = "checked",
	[POINT_JUMPED] = "jumped",	 [POINT_KERNEL] = "kernel",
	[POINT_INITRAMFS] = "initramfs", [POINT_USERSPACE] = "userspace",
	[POINT_TARGET] = "target",	 [POINT_READY] = "ready",
};

/* Their order in the field "at": what came later is at its end, so that older lines stay readable. */
static const enum attempt_point written[] = {
	POINT_ASKED,	 POINT_LOADED, POINT_STOPPED, POINT_PURGATORY,
	POINT_CHECKED,	 POINT_JUMPED, POINT_KERNEL,  POINT_INITRAMFS,
	POINT_USERSPACE, POINT_TARGET, POINT_ENDED,   POINT_READY,
};

_Static_assert(sizeof(written) / sizeof(written[0]) == N_POINTS, "every point is written");

const char *attempt_result_name(enum attempt_result result)
{
	return result_names[result];
}

const char *attempt_clock_name(enum attempt_clock clock)
{
	return clock_names[clock];
}

const char *attempt_point_name(enum attempt_point point)
{
	return point_names[point];
}

void attempt_text(char *to, size_t size, const char *text)
{
	size_t n = strnlen(text, size - 1);

	for (size_t i = 0; i < n; i++)
		to[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i];
	to[n] = '\0';
}

struct attempt attempt_new(const struct moment *asked)
{
	struct attempt a = { .asked = *asked };

	for (size_t i = 0; i < N_POINTS; i++)
		a.at[i] = POINT_UNKNOWN;
	a.at[POINT_ASKED] = 0;
	return a;
}

/* ---- values */

static bool take_name(struct bytes v, const char *const *names, size_t n, unsigned *ret)
{
	for (unsigned i = 0; i < n; i++)
		if (bytes_is(v, names[i])) {
			*ret = i;
			return true;
		}
	return false;
}

static bool take_number(struct bytes v, uint64_t *ret)
{
	char digits[21] = { 0 };

	if (v.n == 0 || v.n >= sizeof(digits))
		return false;
	memcpy(digits, v.p, v.n);
	return parse_u64(digits, ret) == 0;
}

static bool take_boot_id(struct bytes v, char *to)
{
	if (v.n && !is_boot_id(v))
		return false;
	memcpy(to, v.p, v.n);
	to[v.n] = '\0';
	return true;
}

static bool take_text(struct bytes v, char *to, size_t size)
{
	if (v.n >= size)
		return false;
	memcpy(to, v.p, v.n);
	to[v.n] = '\0';
	return true;
}

/* At most N_POINTS numbers separated by commas, "-" for unknown. Older versions write fewer; those that are
 * missing are unknown. */
static bool take_points(struct bytes v, int64_t *at)
{
	for (size_t i = 0; i < N_POINTS; i++) {
		struct bytes one = v;
		const uint8_t *comma = v.n ? memchr(v.p, ',', v.n) : NULL;
		uint64_t us;

		if (comma)
			one.n = (size_t)(comma - v.p);
		v = comma ? (struct bytes){ comma + 1, v.n - one.n - 1 } : (struct bytes){ 0 };
		if (one.n == 0 || bytes_is(one, "-"))
			continue;
		if (!take_number(one, &us) || us > INT64_MAX)
			return false;
		at[written[i]] = (int64_t)us;
	}
	return v.n == 0;
}

/* ---- fields */

enum kind { RESULT, CLOCK, BOOT_ID, NUMBER, TEXT, POINTS };

static const struct field {
	const char *name;
	enum kind kind;
	bool required;
	size_t offset, size;
} fields[] = {
#define FIELD(name, kind, required, member)                             \
	{                                                               \
		name, kind, required, offsetof(struct attempt, member), \
			sizeof(((struct attempt *)0)->member)           \
	}
	FIELD("result", RESULT, true, result),
	FIELD("boot", BOOT_ID, true, boot_id),
	FIELD("asked", NUMBER, true, asked.real_ms),
	FIELD("boottime", NUMBER, false, asked.boot_us),
	FIELD("tsc", NUMBER, false, asked.tsc),
	FIELD("at", POINTS, false, at),
	FIELD("clock", CLOCK, false, clock),
	FIELD("closed", NUMBER, false, closed_ms),
	FIELD("closer", BOOT_ID, false, closed_boot_id),
	FIELD("diet", NUMBER, false, diet),
	FIELD("watched", NUMBER, false, watched),
	FIELD("waits", NUMBER, false, waits),
	FIELD("cleared", NUMBER, false, cleared),
	FIELD("early", NUMBER, false, early_us),
	FIELD("why", TEXT, false, why),
	FIELD("way", TEXT, false, way),
	FIELD("rung", TEXT, false, rung),
	FIELD("init", TEXT, false, init),
	FIELD("hooks", TEXT, false, hooks),
	FIELD("reason", TEXT, false, reason),
	FIELD("slow", TEXT, false, slow),
	FIELD("version", TEXT, false, version),
	FIELD("from", TEXT, false, from),
	FIELD("entry", TEXT, false, entry),
#undef FIELD
};

enum { N_FIELDS = sizeof(fields) / sizeof(fields[0]) };

static bool take_value(struct attempt *a, const struct field *f, struct bytes v)
{
	void *to = (char *)a + f->offset;
	unsigned i;

	switch (f->kind) {
	case RESULT:
		if (!take_name(v, result_names, sizeof(result_names) / sizeof(*result_names), &i))
			return false;
		a->result = (enum attempt_result)i;
		return true;
	case CLOCK:
		if (!take_name(v, clock_names, sizeof(clock_names) / sizeof(*clock_names), &i))
			return false;
		a->clock = (enum attempt_clock)i;
		return true;
	case BOOT_ID:
		return take_boot_id(v, to);
	case NUMBER:
		return take_number(v, to);
	case TEXT:
		return take_text(v, to, f->size);
	case POINTS:
		return take_points(v, to);
	}
	return false;
}

/* Fields of later versions are ignored. */
static bool take_field(struct attempt *a, struct bytes field, unsigned *seen)
{
	const uint8_t *equals = memchr(field.p, '=', field.n);
	struct bytes name = field, value;

	if (!equals)
		return false;
	name.n = (size_t)(equals - field.p);
	value = (struct bytes){ equals + 1, field.n - name.n - 1 };
	for (size_t i = 0; i < N_FIELDS; i++)
		if (bytes_is(name, fields[i].name)) {
			*seen |= 1u << i;
			return take_value(a, &fields[i], value);
		}
	return true;
}

static struct bytes cut_field(struct bytes *rest)
{
	const uint8_t *tab = rest->n ? memchr(rest->p, '\t', rest->n) : NULL;
	struct bytes field = *rest;

	if (!tab) {
		*rest = (struct bytes){ 0 };
		return field;
	}
	field.n = (size_t)(tab - rest->p);
	*rest = (struct bytes){ tab + 1, rest->n - field.n - 1 };
	return field;
}

static bool take_line(struct bytes line, struct attempt *ret)
{
	struct attempt a = attempt_new(&(struct moment){ 0 });
	unsigned seen = 0;
	struct bytes field;

	if (!bytes_is(cut_field(&line), "2"))
		return false;
	for (field = cut_field(&line); line.n; field = cut_field(&line))
		if (!take_field(&a, field, &seen))
			return false;
	if (!bytes_is(field, "end") || !a.boot_id[0])
		return false;
	for (size_t i = 0; i < N_FIELDS; i++)
		if (fields[i].required && !(seen >> i & 1))
			return false;
	*ret = a;
	return true;
}

void attempts_parse(struct bytes text, struct attempts *ret)
{
	struct lines lines = lines_of(text);
	struct bytes line;
	struct attempt a;

	/* NUL bytes: a power failure came while the file system was writing it */
	ret->damaged = text.n && memchr(text.p, 0, text.n) ? 1 : 0;
	ret->n = 0;
	while (lines_next(&lines, &line)) {
		if (line.n == 0)
			continue;
		if (!take_line(line, &a)) {
			ret->damaged++;
			continue;
		}
		if (ret->n == ATTEMPTS_MAX)
			memmove(ret->v, ret->v + 1, --ret->n * sizeof(ret->v[0]));
		ret->v[ret->n++] = a;
	}
}

/* ---- writing */

static void add_points(struct strbuf *b, const int64_t *at)
{
	for (size_t i = 0; i < N_POINTS; i++) {
		strbuf_add(b, i ? "," : "");
		if (at[written[i]] < 0)
			strbuf_add(b, "-");
		else
			strbuf_addf(b, "%" PRId64, at[written[i]]);
	}
}

static void add_value(struct strbuf *b, const struct attempt *a, const struct field *f)
{
	const void *from = (const char *)a + f->offset;

	switch (f->kind) {
	case RESULT:
		strbuf_add(b, attempt_result_name(a->result));
		return;
	case CLOCK:
		strbuf_add(b, attempt_clock_name(a->clock));
		return;
	case NUMBER:
		strbuf_addf(b, "%" PRIu64, *(const uint64_t *)from);
		return;
	case BOOT_ID:
	case TEXT:
		strbuf_add(b, from);
		return;
	case POINTS:
		add_points(b, a->at);
		return;
	}
}

int attempt_format(const struct attempt *a, char **ret)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	strbuf_add(&b, "2");
	for (size_t i = 0; i < N_FIELDS; i++) {
		strbuf_addf(&b, "\t%s=", fields[i].name);
		add_value(&b, a, &fields[i]);
	}
	strbuf_add(&b, "\tend\n");
	return strbuf_take(&b, ret);
}

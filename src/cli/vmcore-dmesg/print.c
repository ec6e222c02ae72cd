// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One record into one line: "[    1.234567] text", or an object of JSON.
 *
 * The text is what a kernel held when it crashed, so it may hold anything: what is neither
 * printable ASCII nor white space is shown as \xNN and cannot drive the terminal. In JSON, where
 * strings are UTF-8, well-formed UTF-8 stays.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/utf8.h"
#include "cli/vmcore-dmesg/vmcore-dmesg.h"

/* ASCII whatever the locale: isprint() and isspace() of the C locale. */
static bool is_plain(uint8_t c)
{
	return (c >= 0x20 && c < 0x7f) || (c >= '\t' && c <= '\r');
}

/* @text with what is not fit for output escaped; to be freed. */
static char *escape(struct bytes text, bool keep_utf8, size_t *ret_n)
{
	char *out = malloc(4 * text.n + 1);
	size_t n = 0;

	if (!out)
		return NULL;
	for (size_t i = 0; i < text.n; i++) {
		struct bytes rest = { text.p + i, text.n - i };
		size_t sequence = keep_utf8 ? utf8_length(rest) : 0;

		if (sequence > 0) {
			memcpy(out + n, rest.p, sequence);
			n += sequence;
			i += sequence - 1;
		} else if (is_plain(rest.p[0])) {
			out[n++] = (char)rest.p[0];
		} else {
			n += (size_t)snprintf(out + n, 5, "\\x%02x", rest.p[0]);
		}
	}
	out[n] = '\0';
	*ret_n = n;
	return out;
}

static int print_text(const struct vmcore_record *record)
{
	size_t n;
	_cleanup_free_ char *text = escape(record->text, false, &n);
	unsigned long long micros = record->time_ns / 1000;

	if (!text)
		return -ENOMEM;
	if (record->has_time)
		(void)printf("[%5llu.%06llu] ", micros / 1000000, micros % 1000000);
	(void)fwrite(text, 1, n, stdout);
	return putchar('\n') == EOF ? -errno : 0;
}

static int set_string(json_t *object, const char *key, struct bytes value)
{
	size_t n;
	_cleanup_free_ char *text = escape(value, true, &n);

	return text ? json_object_set_new(object, key, json_stringn(text, n)) : -1;
}

/* As /dev/kmsg and dmesg show it: T<thread> or C<processor>. */
static int set_caller(json_t *object, uint32_t caller)
{
	const uint32_t is_processor = UINT32_C(1) << 31;

	return json_object_set_new(
		object, "caller",
		json_sprintf("%c%u", caller & is_processor ? 'C' : 'T', caller & ~is_processor));
}

static int fill(json_t *object, const struct vmcore_record *record)
{
	int bad = 0;

	if (record->has_seq)
		bad |= json_object_set_new(object, "seq", json_integer((json_int_t)record->seq));
	if (record->has_time)
		bad |= json_object_set_new(object, "time_ns",
					   json_integer((json_int_t)record->time_ns));
	if (record->level >= 0)
		bad |= json_object_set_new(object, "level", json_integer(record->level));
	if (record->facility >= 0)
		bad |= json_object_set_new(object, "facility", json_integer(record->facility));
	if (record->has_caller)
		bad |= set_caller(object, record->caller);
	if (record->subsystem.n > 0)
		bad |= set_string(object, "subsystem", record->subsystem);
	if (record->device.n > 0)
		bad |= set_string(object, "device", record->device);
	return bad | set_string(object, "text", record->text);
}

static int print_json(const struct vmcore_record *record)
{
	json_t *object = json_object();
	int r = -ENOMEM;

	if (object && fill(object, record) == 0)
		r = json_dumpf(object, stdout, JSON_COMPACT) < 0 || putchar('\n') == EOF ? -EIO : 0;
	json_decref(object);
	return r;
}

int print_record(void *data, const struct vmcore_record *record)
{
	const struct printer *printer = data;

	if (record->level >= 0 && !(printer->levels & 1u << record->level))
		return 0;
	return printer->as_json ? print_json(record) : print_text(record);
}

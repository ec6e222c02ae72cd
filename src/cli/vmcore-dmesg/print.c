// SPDX-License-Identifier: GPL-2.0-or-later
/* One record into one line: "[    1.234567] text", or an object of JSON. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/vmcore-dmesg/vmcore-dmesg.h"
#include "vmcore/record-text.h"

static int print_text(const struct vmcore_record *record)
{
	size_t n;
	_cleanup_free_ char *line = vmcore_record_line(record, &n);

	if (!line)
		return -ENOMEM;
	return fwrite(line, 1, n, stdout) < n ? -errno : 0;
}

static int set_string(json_t *object, const char *key, struct bytes value)
{
	size_t n;
	_cleanup_free_ char *text = vmcore_escape(value, true, &n);

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

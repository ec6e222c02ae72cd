// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The record buffer of Linux 3.5 to 5.9: variable-length records one after the other in a ring of
 * bytes, each a struct printk_log (struct log until 3.10) followed by text and dictionary.
 * Source: kernel/printk/printk.c of those versions ("The printk log buffer consists of a chain").
 */
#include <string.h>

#include "vmcore/core.h"

struct layout {
	uint64_t head_n, time, len, text_len;
};

#define KEY(kind, name, field)                             \
	{                                                  \
		kind, name, offsetof(struct layout, field) \
	}
#define KEYS(name)                                                                                 \
	{                                                                                          \
		KEY("SIZE", name, head_n), KEY("OFFSET", name ".ts_nsec", time),                   \
			KEY("OFFSET", name ".len", len), KEY("OFFSET", name ".text_len", text_len) \
	}
static const struct log_key keys[] = KEYS("printk_log"), old_keys[] = KEYS("log");

struct buffer {
	struct log_reader *reader;
	struct layout l;
	uint64_t caller; /* offset of caller_id */
	bool has_caller; /* since 5.1, with CONFIG_PRINTK_CALLER */
	uint64_t start;	 /* address */
	uint64_t n;	 /* bytes */
	uint64_t first, next;
	uint8_t buf[UINT16_MAX];
};

static int open_buffer(struct buffer *b, struct kx_error *err)
{
	struct vmcore *core = b->reader->core;
	struct bytes value;
	int r;

	if (info_value(core, "SIZE", "log", &value))
		r = log_layout(core, old_keys, sizeof(old_keys) / sizeof(old_keys[0]), &b->l, err);
	else
		r = log_layout(core, keys, sizeof(keys) / sizeof(keys[0]), &b->l, err);
	if (r == 0)
		r = log_read_symbol(core, "log_buf", core->word, &b->start, err);
	if (r == 0)
		r = log_read_symbol(core, "log_buf_len", 4, &b->n, err);
	if (r == 0)
		r = log_read_symbol(core, "log_first_idx", 4, &b->first, err);
	if (r == 0)
		r = log_read_symbol(core, "log_next_idx", 4, &b->next, err);
	if (r < 0)
		return r;
	b->has_caller = info_number(core, "OFFSET", "printk_log.caller_id", &b->caller);
	if (b->n >> RING_SIZE_BITS_MAX > 1 || b->first >= b->n || b->next >= b->n)
		return kx_fail(err, -EPROTO,
			       "the kernel log claims to go from %#llx to %#llx in a buffer of "
			       "%#llx bytes: the dump is damaged",
			       (unsigned long long)b->first, (unsigned long long)b->next,
			       (unsigned long long)b->n);
	return 0;
}

/* "SUBSYSTEM=pci\0DEVICE=+pci:0000:00:1f.2": what devices add to a record (dev_printk). */
static struct bytes dict_value(struct bytes dict, const char *key)
{
	size_t n_key = strlen(key);

	while (dict.n > 0) {
		size_t n = strnlen((const char *)dict.p, dict.n);

		if (n > n_key && !memcmp(dict.p, key, n_key))
			return (struct bytes){ dict.p + n_key, n - n_key };
		n += n < dict.n ? 1 : 0;
		dict = (struct bytes){ dict.p + n, dict.n - n };
	}
	return (struct bytes){ NULL, 0 };
}

/* dict_len, facility and "flags:5, level:3" follow text_len; only some versions have keys for them. */
static bool set_header(const struct buffer *b, struct bytes head, struct vmcore_record *record,
		       uint64_t *ret_text_n, uint64_t *ret_dict_n)
{
	const struct vmcore *core = b->reader->core;
	uint64_t facility, level, caller;

	if (!log_field(core, head, b->l.time, 8, &record->time_ns) ||
	    !log_field(core, head, b->l.text_len, 2, ret_text_n) ||
	    !log_field(core, head, b->l.text_len + 2, 2, ret_dict_n) ||
	    !log_field(core, head, b->l.text_len + 4, 1, &facility) ||
	    !log_field(core, head, b->l.text_len + 5, 1, &level))
		return false;
	record->has_time = true;
	record->facility = (int)facility;
	log_set_level(core, level, record);
	if (b->has_caller && log_field(core, head, b->caller, 4, &caller)) {
		record->has_caller = true;
		record->caller = (uint32_t)caller;
	}
	return true;
}

/* Deliver the record at @at; *@ret_len is how far the next one is, 0 for "at the beginning". */
static int read_record(struct buffer *b, uint64_t at, uint64_t *ret_len, struct kx_error *err)
{
	struct vmcore *core = b->reader->core;
	struct vmcore_record record = { .level = -1, .facility = -1 };
	struct bytes all = { b->buf, 0 }, dict;
	uint64_t text_n, dict_n, len;
	int r;

	if (b->l.head_n > b->n - at)
		return kx_fail(err, -EPROTO, "a record at %#llx of the log is cut off by its end",
			       (unsigned long long)at);
	r = core_read(core, b->start + at, b->buf, b->l.head_n, "a log record", err);
	if (r < 0)
		return r;
	all.n = b->l.head_n;
	if (!log_field(core, all, b->l.len, 2, &len) ||
	    !set_header(b, all, &record, &text_n, &dict_n))
		return kx_fail(err, -EPROTO,
			       "VMCOREINFO puts members of a log record outside its %zu bytes",
			       all.n);
	if (len == 0) {
		*ret_len = 0;
		return 0;
	}
	if (len < b->l.head_n || len > b->n - at)
		return kx_fail(err, -EPROTO, "a record at %#llx of the log claims %llu bytes",
			       (unsigned long long)at, (unsigned long long)len);
	r = core_read(core, b->start + at, b->buf, len, "a log record", err);
	if (r < 0)
		return r;
	all.n = len;
	if (!bytes_sub(all, b->l.head_n, text_n, &record.text))
		record.text = (struct bytes){ all.p + b->l.head_n, len - b->l.head_n };
	if (bytes_sub(all, b->l.head_n + record.text.n, dict_n, &dict)) {
		record.subsystem = dict_value(dict, "SUBSYSTEM=");
		record.device = dict_value(dict, "DEVICE=");
	}
	*ret_len = len;
	(void)log_emit(b->reader, &record);
	return 0;
}

/* Ends at the first bad record: the length of a record is the only way to the next one. */
static void read_all(struct buffer *b)
{
	uint64_t at = b->first, seen = 0, len = 0;
	struct kx_error why = { 0 };
	bool has_wrapped = false;

	while (at != b->next) {
		if (read_record(b, at, &len, &why) < 0)
			break;
		if (b->reader->stopped < 0)
			return;
		if (len == 0 && has_wrapped) {
			(void)kx_fail(&why, -EPROTO, "the log ends in the middle, at %#llx",
				      (unsigned long long)at);
			break;
		}
		seen += len;
		if (seen > b->n) {
			(void)kx_fail(&why, -EPROTO, "the log's records go round in a circle");
			break;
		}
		has_wrapped |= len == 0;
		at = len == 0 ? 0 : at + len;
	}
	if (why.code < 0)
		(void)log_damaged(b->reader, &why);
}

int log_read_records(struct log_reader *reader, struct kx_error *err)
{
	_cleanup_free_ struct buffer *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return kx_fail(err, -ENOMEM, "out of memory");
	b->reader = reader;
	r = open_buffer(b, err);
	if (r == 0)
		read_all(b);
	return r;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The lockless ring of Linux 5.10 and later: a ring of descriptors, a ring of record information
 * beside it, and a ring of text that the descriptors point into.
 * Source: kernel/printk/printk_ringbuffer.{h,c}; layout from VMCOREINFO, never assumed.
 */
#include <string.h>

#include "vmcore/core.h"

/* What VMCOREINFO says about the structures. */
struct layout {
	uint64_t rb_n, rb_desc_ring, rb_text_ring;
	uint64_t dr_count_bits, dr_descs, dr_infos, dr_head, dr_tail;
	uint64_t tr_size_bits, tr_data;
	uint64_t counter;
	uint64_t desc_n, desc_state, desc_lpos;
	uint64_t lpos_begin, lpos_next;
	uint64_t info_n, info_seq, info_time, info_text_len, info_caller;
};

#define KEY(kind, name, field)                             \
	{                                                  \
		kind, name, offsetof(struct layout, field) \
	}
static const struct log_key keys[] = {
	KEY("SIZE", "printk_ringbuffer", rb_n),
	KEY("OFFSET", "printk_ringbuffer.desc_ring", rb_desc_ring),
	KEY("OFFSET", "printk_ringbuffer.text_data_ring", rb_text_ring),
	KEY("OFFSET", "prb_desc_ring.count_bits", dr_count_bits),
	KEY("OFFSET", "prb_desc_ring.descs", dr_descs),
	KEY("OFFSET", "prb_desc_ring.infos", dr_infos),
	KEY("OFFSET", "prb_desc_ring.head_id", dr_head),
	KEY("OFFSET", "prb_desc_ring.tail_id", dr_tail),
	KEY("OFFSET", "prb_data_ring.size_bits", tr_size_bits),
	KEY("OFFSET", "prb_data_ring.data", tr_data),
	KEY("OFFSET", "atomic_long_t.counter", counter),
	KEY("SIZE", "prb_desc", desc_n),
	KEY("OFFSET", "prb_desc.state_var", desc_state),
	KEY("OFFSET", "prb_desc.text_blk_lpos", desc_lpos),
	KEY("OFFSET", "prb_data_blk_lpos.begin", lpos_begin),
	KEY("OFFSET", "prb_data_blk_lpos.next", lpos_next),
	KEY("SIZE", "printk_info", info_n),
	KEY("OFFSET", "printk_info.seq", info_seq),
	KEY("OFFSET", "printk_info.ts_nsec", info_time),
	KEY("OFFSET", "printk_info.text_len", info_text_len),
	KEY("OFFSET", "printk_info.caller_id", info_caller),
};

/* Names of the device a record is about: since 5.11, so not required. */
struct device_layout {
	uint64_t info, subsystem, device;
	uint64_t subsystem_n, device_n;
};

struct ring {
	struct log_reader *reader;
	struct layout l;
	struct device_layout dev;
	bool has_dev;
	uint64_t count_bits, size_bits;
	uint64_t descs, infos, text; /* addresses */
	uint64_t tail, head;	     /* ids */
	uint64_t id_mask;
	uint64_t text_seen;			    /* bytes of text blocks so far */
	uint8_t buf[sizeof(uint64_t) + UINT16_MAX]; /* a text block: the record's id, its text */
};

/* enum desc_state; desc_miss, the fifth, is an id that does not match */
enum state { STATE_RESERVED, STATE_COMMITTED, STATE_FINALIZED, STATE_REUSABLE };

static bool device_layout(const struct vmcore *core, struct device_layout *dev)
{
	return info_number(core, "OFFSET", "printk_info.dev_info", &dev->info) &&
	       info_number(core, "OFFSET", "dev_printk_info.subsystem", &dev->subsystem) &&
	       info_number(core, "LENGTH", "printk_info_subsystem", &dev->subsystem_n) &&
	       info_number(core, "OFFSET", "dev_printk_info.device", &dev->device) &&
	       info_number(core, "LENGTH", "printk_info_device", &dev->device_n) &&
	       dev->info < STRUCT_MAX && dev->subsystem < STRUCT_MAX && dev->device < STRUCT_MAX &&
	       dev->subsystem_n < STRUCT_MAX && dev->device_n < STRUCT_MAX;
}

static int check_ring(const struct ring *ring, struct kx_error *err)
{
	if (ring->count_bits == 0 || ring->count_bits > RING_COUNT_BITS_MAX)
		return kx_fail(err, -EPROTO,
			       "the kernel log claims 2^%llu records, expected 2^1 to 2^%u: "
			       "the dump is damaged",
			       (unsigned long long)ring->count_bits, RING_COUNT_BITS_MAX);
	if (ring->size_bits < 4 || ring->size_bits > RING_SIZE_BITS_MAX)
		return kx_fail(err, -EPROTO,
			       "the kernel log claims 2^%llu bytes of text, expected 2^4 to 2^%u: "
			       "the dump is damaged",
			       (unsigned long long)ring->size_bits, RING_SIZE_BITS_MAX);
	return 0;
}

static int open_ring(struct ring *ring, struct kx_error *err)
{
	struct vmcore *core = ring->reader->core;
	const struct layout *l = &ring->l;
	uint8_t raw[STRUCT_MAX];
	struct bytes rb;
	uint64_t at;
	int r;

	r = log_layout(core, keys, sizeof(keys) / sizeof(keys[0]), &ring->l, err);
	if (r == 0)
		r = log_read_symbol(core, "prb", core->word, &at, err);
	if (r == 0)
		r = core_read(core, at, raw, l->rb_n, "the log's printk_ringbuffer", err);
	if (r < 0)
		return r;
	rb = (struct bytes){ raw, l->rb_n };

	/* infos belongs to prb_desc_ring, as the other members do. */
	if (!log_field(core, rb, l->rb_desc_ring + l->dr_count_bits, 4, &ring->count_bits) ||
	    !log_field(core, rb, l->rb_desc_ring + l->dr_descs, core->word, &ring->descs) ||
	    !log_field(core, rb, l->rb_desc_ring + l->dr_infos, core->word, &ring->infos) ||
	    !log_field(core, rb, l->rb_desc_ring + l->dr_head + l->counter, core->word,
		       &ring->head) ||
	    !log_field(core, rb, l->rb_desc_ring + l->dr_tail + l->counter, core->word,
		       &ring->tail) ||
	    !log_field(core, rb, l->rb_text_ring + l->tr_size_bits, 4, &ring->size_bits) ||
	    !log_field(core, rb, l->rb_text_ring + l->tr_data, core->word, &ring->text))
		return kx_fail(
			err, -EPROTO,
			"VMCOREINFO puts members of printk_ringbuffer outside its %llu bytes",
			(unsigned long long)l->rb_n);
	/* The two top bits of a long are the state, the others the id: DESC_ID_MASK. */
	ring->id_mask = (UINT64_C(1) << (core->word * 8 - 2)) - 1;
	ring->has_dev = device_layout(core, &ring->dev);
	return check_ring(ring, err);
}

/* Offset of the text of a block: at its own index, or at index 0 if it did not fit before the
 * end of the ring. */
static int block_place(const struct ring *ring, uint64_t begin, uint64_t next, uint64_t *ret_index,
		       uint64_t *ret_n, struct kx_error *err)
{
	const struct vmcore *core = ring->reader->core;
	uint64_t size = UINT64_C(1) << ring->size_bits, n;
	/* Positions are longs of the dumped machine and overflow like them. */
	uint64_t lpos_mask = core->word == 8 ? UINT64_MAX : UINT32_MAX;
	uint64_t last = (next - 1) & lpos_mask;

	/* Since 6.18 a block may end exactly where the ring does; next is then in the next wrap. */
	if (begin >> ring->size_bits == last >> ring->size_bits) {
		*ret_index = begin & (size - 1);
		n = (next - begin) & lpos_mask;
	} else if (((begin + size) & lpos_mask) >> ring->size_bits == last >> ring->size_bits) {
		*ret_index = 0;
		n = next & (size - 1);
	} else {
		n = 0;
	}
	if (n < core->word || n > size || begin % core->word != 0)
		return kx_fail(err, -EPROTO,
			       "a record's text goes from position %#llx to %#llx of a ring of "
			       "%#llx bytes",
			       (unsigned long long)begin, (unsigned long long)next,
			       (unsigned long long)size);
	*ret_n = n;
	return 0;
}

/* Bring the text of record @id into the buffer. */
static int read_text(struct ring *ring, uint64_t id, uint64_t begin, uint64_t next,
		     uint64_t text_len, struct vmcore_record *record, struct kx_error *err)
{
	struct vmcore *core = ring->reader->core;
	uint64_t index = 0, n = 0, owner;
	int r;

	if ((begin & 1) && (next & 1)) {
		/* LPOS_DATALESS: 3 for an empty line, 1 when there was no room for the text */
		if (begin != 3)
			ring->reader->report->n_lost++;
		return 0;
	}
	r = block_place(ring, begin, next, &index, &n, err);
	if (r == 0 && text_len > n - core->word)
		text_len = n - core->word;
	if (r == 0)
		r = core_read(core, ring->text + index, ring->buf, core->word + text_len,
			      "the text of a record", err);
	if (r < 0)
		return r;
	owner = core_load(core, ring->buf, core->word);
	if (owner != id)
		return kx_fail(
			err, -EPROTO,
			"the text of record id %#llx belongs to id %#llx: it was overwritten",
			(unsigned long long)id, (unsigned long long)owner);
	ring->text_seen += n;
	record->text = (struct bytes){ ring->buf + core->word, text_len };
	return 0;
}

static void set_device(const struct ring *ring, struct bytes info, struct vmcore_record *record)
{
	const struct device_layout *dev = &ring->dev;

	if (!ring->has_dev ||
	    !bytes_sub(info, dev->info + dev->subsystem, dev->subsystem_n, &record->subsystem) ||
	    !bytes_sub(info, dev->info + dev->device, dev->device_n, &record->device))
		return;
	record->subsystem.n = strnlen((const char *)record->subsystem.p, record->subsystem.n);
	record->device.n = strnlen((const char *)record->device.p, record->device.n);
}

/* struct printk_info: facility and "flags:5, level:3" follow text_len; they have no key. */
static int set_info(const struct ring *ring, struct bytes info, struct vmcore_record *record,
		    uint64_t *ret_text_len, struct kx_error *err)
{
	const struct vmcore *core = ring->reader->core;
	const struct layout *l = &ring->l;
	uint64_t caller, facility, level;

	if (!log_field(core, info, l->info_seq, 8, &record->seq) ||
	    !log_field(core, info, l->info_time, 8, &record->time_ns) ||
	    !log_field(core, info, l->info_text_len, 2, ret_text_len) ||
	    !log_field(core, info, l->info_text_len + 2, 1, &facility) ||
	    !log_field(core, info, l->info_text_len + 3, 1, &level) ||
	    !log_field(core, info, l->info_caller, 4, &caller))
		return kx_fail(err, -EPROTO,
			       "VMCOREINFO puts members of printk_info outside its %zu bytes",
			       info.n);
	record->has_seq = record->has_time = record->has_caller = true;
	record->caller = (uint32_t)caller;
	record->facility = (int)facility;
	log_set_level(core, level, record);
	set_device(ring, info, record);
	return 0;
}

/*
 * Has a processor stopped between taking the newest id and marking its descriptor (desc_reserve()
 * in printk_ringbuffer.c)? Then the descriptor is still unused, or has the id of the previous wrap
 * and is marked as reusable.
 */
static bool is_being_reserved(const struct ring *ring, uint64_t id, uint64_t var)
{
	uint64_t count = UINT64_C(1) << ring->count_bits, newer = (ring->head - id) & ring->id_mask;

	if (newer >= PROCESSORS_MAX || (var & ring->id_mask) == id)
		return false;
	return var == 0 || ((var & ring->id_mask) == ((id - count) & ring->id_mask) &&
			    var >> (ring->reader->core->word * 8 - 2) == STATE_REUSABLE);
}

/* Returns 1 for a descriptor that holds a record, 0 for one still being written. */
static int read_desc(struct ring *ring, uint64_t id, uint64_t *ret_begin, uint64_t *ret_next,
		     struct kx_error *err)
{
	struct vmcore *core = ring->reader->core;
	const struct layout *l = &ring->l;
	uint64_t index = id & ((UINT64_C(1) << ring->count_bits) - 1), var;
	uint8_t raw[STRUCT_MAX];
	struct bytes desc = { raw, l->desc_n };
	int r;

	r = core_read(core, ring->descs + index * l->desc_n, raw, l->desc_n, "a record descriptor",
		      err);
	if (r < 0)
		return r;
	if (!log_field(core, desc, l->desc_state + l->counter, core->word, &var) ||
	    !log_field(core, desc, l->desc_lpos + l->lpos_begin, core->word, ret_begin) ||
	    !log_field(core, desc, l->desc_lpos + l->lpos_next, core->word, ret_next))
		return kx_fail(err, -EPROTO,
			       "VMCOREINFO puts members of prb_desc outside its %zu bytes", desc.n);
	if (is_being_reserved(ring, id, var)) {
		ring->reader->report->n_unfinished++;
		return 0;
	}
	if ((var & ring->id_mask) != id)
		return kx_fail(err, -EPROTO, "the descriptor of record id %#llx holds id %#llx",
			       (unsigned long long)id, (unsigned long long)(var & ring->id_mask));
	switch ((enum state)(var >> (core->word * 8 - 2))) {
	case STATE_COMMITTED:
	case STATE_FINALIZED:
		return 1;
	case STATE_RESERVED:
		ring->reader->report->n_unfinished++;
		return 0;
	case STATE_REUSABLE:
		break; /* the oldest record, being given up; or the ring has never been used */
	}
	return 0;
}

static int read_record(struct ring *ring, uint64_t id, struct vmcore_record *record,
		       struct kx_error *err)
{
	const struct layout *l = &ring->l;
	uint64_t index = id & ((UINT64_C(1) << ring->count_bits) - 1), begin, next, text_len;
	uint8_t raw[STRUCT_MAX];
	int r;

	r = read_desc(ring, id, &begin, &next, err);
	if (r <= 0)
		return r;
	r = core_read(ring->reader->core, ring->infos + index * l->info_n, raw, l->info_n,
		      "the information of a record", err);
	if (r == 0)
		r = set_info(ring, (struct bytes){ raw, l->info_n }, record, &text_len, err);
	if (r < 0)
		return r;
	/* A record whose text is bad still has its time; its error is counted by the caller. */
	r = read_text(ring, id, begin, next, text_len, record, err);
	(void)log_emit(ring->reader, record);
	return r;
}

static void read_all(struct ring *ring)
{
	uint64_t count = UINT64_C(1) << ring->count_bits;
	uint64_t left = (ring->head - ring->tail) & ring->id_mask;
	uint64_t id = ring->tail & ring->id_mask;
	struct kx_error why = { 0 };

	if (left >= count) {
		(void)kx_fail(&why, -EPROTO, "the log claims %#llx records, but has room for %#llx",
			      (unsigned long long)left + 1, (unsigned long long)count);
		(void)log_damaged(ring->reader, &why);
		left = count - 1;
		id = (ring->head - left) & ring->id_mask;
	}
	for (;; left--, id = (id + 1) & ring->id_mask) {
		struct vmcore_record record = { .level = -1, .facility = -1 };
		int r = read_record(ring, id, &record, &why);

		if (ring->reader->stopped < 0)
			return;
		if (r < 0 && !log_damaged(ring->reader, &why))
			return;
		if (ring->text_seen > UINT64_C(1) << ring->size_bits) {
			(void)kx_fail(&why, -EPROTO, "records overlap in the log's text");
			(void)log_damaged(ring->reader, &why);
			return;
		}
		if (left == 0)
			return;
	}
}

int log_read_ring(struct log_reader *reader, struct kx_error *err)
{
	_cleanup_free_ struct ring *ring = calloc(1, sizeof(*ring));
	int r;

	if (!ring)
		return kx_fail(err, -ENOMEM, "out of memory");
	ring->reader = reader;
	r = open_ring(ring, err);
	if (r == 0)
		read_all(ring);
	return r;
}

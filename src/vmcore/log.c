// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finds out which of three formats the kernel log of a dump has; code that their readers share. */
#include <string.h>

#include "vmcore/core.h"

int log_layout(const struct vmcore *core, const struct log_key *keys, size_t n_keys, void *layout,
	       struct kx_error *err)
{
	for (size_t i = 0; i < n_keys; i++) {
		const struct log_key *key = &keys[i];
		uint64_t *dest = (uint64_t *)(void *)((uint8_t *)layout + key->dest);

		if (!info_number(core, key->kind, key->name, dest))
			return kx_fail(err, -EOPNOTSUPP,
				       "VMCOREINFO does not say %s(%s), which this kernel's log "
				       "format needs",
				       key->kind, key->name);
		if (*dest > STRUCT_MAX)
			return kx_fail(err, -EPROTO, "VMCOREINFO: %s(%s) is %llu, more than %u",
				       key->kind, key->name, (unsigned long long)*dest, STRUCT_MAX);
	}
	return 0;
}

bool log_emit(struct log_reader *reader, const struct vmcore_record *record)
{
	reader->stopped = reader->emit(reader->data, record);
	if (reader->stopped < 0)
		return false;
	reader->report->n_records++;
	return true;
}

bool log_damaged(struct log_reader *reader, const struct kx_error *why)
{
	if (reader->report->n_damaged++ == 0)
		reader->report->damage = *why;
	return reader->report->n_damaged < DAMAGE_MAX;
}

bool log_field(const struct vmcore *core, struct bytes object, uint64_t offset, size_t n,
	       uint64_t *ret)
{
	struct bytes field;

	if (!bytes_sub(object, (size_t)offset, n, &field))
		return false;
	*ret = core_load(core, field.p, n);
	return true;
}

/* "u8 flags:5, level:3": bit fields are laid out from the end where byte order begins. */
void log_set_level(const struct vmcore *core, uint64_t byte, struct vmcore_record *record)
{
	record->level = (int)(core->is_big ? byte & 7 : byte >> 5 & 7);
}

int log_read_symbol(struct vmcore *core, const char *name, size_t n, uint64_t *ret,
		    struct kx_error *err)
{
	uint64_t at;

	if (!info_symbol(core, name, &at))
		return kx_fail(err, -EOPNOTSUPP,
			       "VMCOREINFO does not say where %s is, which the kernel log needs",
			       name);
	return core_read_uint(core, at, n, name, ret, err);
}

int vmcore_log(struct vmcore *core, vmcore_emit_fn emit, void *data,
	       struct vmcore_report *ret_report, struct kx_error *err)
{
	struct vmcore_report report = { 0 };
	struct log_reader reader = { core, emit, data, &report, 0 };
	uint64_t at;
	int r;

	if (info_symbol(core, "prb", &at))
		r = log_read_ring(&reader, err);
	else if (info_symbol(core, "log_first_idx", &at))
		r = log_read_records(&reader, err);
	else if (info_symbol(core, "log_end", &at))
		r = log_read_text(&reader, err);
	else
		r = kx_fail(err, -EOPNOTSUPP,
			    "VMCOREINFO names none of prb, log_first_idx and log_end: the kernel "
			    "was built without its log, or has a format newer than this program");
	if (r == 0 && reader.stopped < 0)
		r = kx_fail(err, reader.stopped, "the log could not be passed on: %s",
			    strerror(-reader.stopped));
	if (r == 0)
		*ret_report = report;
	return r;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a dump is copied by: its memory, parts and notes, and what the kernel says of itself. */
#include <stdlib.h>

#include "fundamental/overflow.h"
#include "vmcore/core.h"

int vmcore_read_physical(struct vmcore *core, uint64_t at, void *buf, size_t n,
			 struct kx_error *err)
{
	return core_read_physical(core, at, buf, n, err);
}

int vmcore_read_virtual(struct vmcore *core, uint64_t at, void *buf, size_t n, const char *what,
			struct kx_error *err)
{
	return core_read(core, at, buf, n, what, err);
}

uint64_t vmcore_load(const struct vmcore *core, const uint8_t *p, size_t n)
{
	return core_load(core, p, n);
}

struct bytes vmcore_info(const struct vmcore *core)
{
	return (struct bytes){ (const uint8_t *)core->info, core->n_info };
}

bool vmcore_symbol(const struct vmcore *core, const char *name, uint64_t *ret)
{
	return info_symbol(core, name, ret);
}

bool vmcore_number(const struct vmcore *core, const char *kind, const char *name, uint64_t *ret)
{
	return info_number(core, kind, name, ret);
}

bool vmcore_value(const struct vmcore *core, const char *kind, struct bytes *ret)
{
	return info_value(core, kind, NULL, ret);
}

bool vmcore_part(const struct vmcore *core, size_t i, uint64_t *start, uint64_t *end)
{
	const struct segment *s;

	if (i >= core->n_segments)
		return false;
	s = &core->segments[i];
	*start = *end = 0;
	/* /proc/kcore has parts without a physical address, -1 */
	if (s->file_n > 0 && !add_overflow(s->phys, s->file_n, end))
		*start = s->phys;
	else
		*end = 0;
	return true;
}

int vmcore_notes(struct vmcore *core, uint8_t **ret, size_t *ret_n, struct kx_error *err)
{
	_cleanup_free_ uint8_t *notes = NULL;
	int r;

	if (core->notes_n > NOTES_N_MAX)
		return kx_fail(err, -EBADMSG, "its notes claim %llu bytes",
			       (unsigned long long)core->notes_n);
	notes = malloc((size_t)core->notes_n + 1);
	if (!notes)
		return kx_fail(err, -ENOMEM, "out of memory");
	r = core_read_file(core, core->notes_at, notes, (size_t)core->notes_n, "its notes", err);
	if (r < 0)
		return r;
	*ret_n = (size_t)core->notes_n;
	*ret = TAKE_PTR(notes);
	return 0;
}

bool vmcore_is_le64(const struct vmcore *core)
{
	return core->word == 8 && !core->is_big;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* A crash dump: headers, notes, addresses and all three log formats. */
#include <stdlib.h>
#include <string.h>

#include "vmcore/vmcore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ssize_t read_bytes(void *data, uint64_t offset, void *buf, size_t n)
{
	const struct bytes *file = data;

	if (offset >= file->n)
		return 0;
	if (n > file->n - offset)
		n = file->n - (size_t)offset;
	memcpy(buf, file->p + offset, n);
	return (ssize_t)n;
}

struct seen {
	uint64_t n;
	uint64_t n_text;
};

/* Read every byte that is handed out, and stop a log that repeats itself through aliased pages. */
static int take_record(void *data, const struct vmcore_record *record)
{
	struct seen *seen = data;
	uint8_t sum = 0;

	if (record->level < -1 || record->level > 7 || record->facility < -1)
		abort();
	for (size_t i = 0; i < record->text.n; i++)
		sum = (uint8_t)(sum + record->text.p[i]);
	for (size_t i = 0; i < record->subsystem.n; i++)
		sum = (uint8_t)(sum + record->subsystem.p[i]);
	for (size_t i = 0; i < record->device.n; i++)
		sum = (uint8_t)(sum + record->device.p[i]);
	seen->n_text += record->text.n + sum % 2;
	if (seen->n == 1u << 16)
		return -ECANCELED;
	seen->n++;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes file = { data, size };
	struct vmcore_source source = { read_bytes, &file };
	struct vmcore *core = NULL;
	struct vmcore_report report;
	struct seen seen = { 0 };
	struct kx_error err = { 0 };
	int r = vmcore_open(&source, &core, &err);

	if ((r < 0) != !core || (r < 0 && (err.code != r || !*err.message)))
		abort();
	if (r < 0)
		return 0;
	r = vmcore_log(core, take_record, &seen, &report, &err);
	if (r == 0 && (report.n_records != seen.n || (report.n_damaged && !*report.damage.message)))
		abort();
	if (r < 0 && err.code != r)
		abort();
	vmcore_free(core);
	return 0;
}

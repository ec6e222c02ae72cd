// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/sqlite.h"
#include "inside.h"

/* Text may lie in the file or in memory of its own; either way all of it can be read. */
static int take(void *data, const struct sqlite_value *values)
{
	unsigned *sum = data;

	for (size_t i = 0; i < 3; i++) {
		must(!values[i].is_number || !values[i].text.p);
		for (size_t k = 0; values[i].text.p && k < values[i].text.n; k++)
			*sum += values[i].text.p[k];
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const columns[] = { "update_state", "display_name", "device_modified",
					       NULL };
	struct bytes db = { data, size };
	unsigned sum = 0;
	int r = sqlite_each(db, "history", columns, take, &sum);

	must(r <= 0);
	return 0;
}

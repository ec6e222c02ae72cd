// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz/inside.h"
#include "memmap/aarch64/lpi.h"

/* Whatever the log says, tables are whole, and what is called known has one for every processor. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes log = { data, size };
	struct lpi_tables t;

	must(lpi_tables_read(log, &t) == 0);
	for (size_t i = 0; i < t.tables.n; i++) {
		must(t.tables.v[i].start % LPI_TABLE_SIZE == 0);
		must(t.tables.v[i].end - t.tables.v[i].start == LPI_TABLE_SIZE);
	}
	must(t.tables.n >= t.n_pending && t.has_its >= (t.tables.n > 0));
	if (lpi_tables_known(&t, 2, lpi_log_begins(log)))
		must(!t.has_its || t.tables.n >= 3);
	lpi_tables_done(&t);
	return 0;
}

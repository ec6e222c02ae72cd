/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Tables in memory that a GICv3 goes on using after the kernel that gave them to it: the addresses cannot be changed
 * once LPIs are on, and kexec does not turn them off. Without EFI no list of memory names them, and a kernel that is
 * placed over them is overwritten by the interrupt controller, and by the next kernel's driver. */

#include "memmap/memmap.h"

#define LPI_TABLE_SIZE \
	0x10000u /* LPI_PROPBASE_SZ, LPI_PENDBASE_SZ of irq-gic-v3-its.c: 16 bits of ids */

struct lpi_tables {
	struct ranges tables;
	bool has_its;	     /* the machine has LPIs, whatever else was found */
	bool has_properties; /* the table of all processors */
	unsigned n_pending;  /* tables of one processor each */
};

/**
 * lpi_tables_read() - find them in the text of the kernel log
 * @log: lines with or without level, time and caller, as syslog(2), dmesg(1) and /var/log/dmesg have them; may begin
 *	anywhere, and be of one boot only
 * @ret: released by lpi_tables_done()
 *
 * Returns 0 or -ENOMEM.
 */
_must_check_ int lpi_tables_read(struct bytes log, struct lpi_tables *ret);
void lpi_tables_done(struct lpi_tables *t);

/* Is every table known on a machine with @n_cpus? @begins, of lpi_log_begins(): a log that says nothing of an ITS
 * means that there is none only when its beginning is not lost. */
bool lpi_tables_known(const struct lpi_tables *t, unsigned n_cpus, bool begins);

/* Does the log begin with the kernel's first line? */
bool lpi_log_begins(struct bytes log);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What only the planner of aarch64 needs to know about a machine. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memmap/aarch64/lpi.h"

struct aarch64_machine {
	uint8_t *tree; /* the running kernel's device tree; NULL: it cannot be read */
	size_t n_tree;
	bool tree_is_assumed;  /* files of another machine had none */
	struct lpi_tables lpi; /* tables that the next kernel's tree has to reserve */
	uint64_t ticks_khz;    /* rate of the counter that the purgatory stamps; 0: unknown */
	const char *refused;   /* why no kernel may be loaded there, or NULL; static */
	const char *stuck;     /* the same, but for a crash kernel; static */
	/* of the purgatory's arguments: fundamental/aarch64/purgatory-abi.h */
	uint64_t serial_registers; /* 0: none that is known */
	uint8_t serial_kind, serial_shift, serial_width;
	uint8_t firmware_call;
};

void aarch64_machine_done(struct aarch64_machine *machine);

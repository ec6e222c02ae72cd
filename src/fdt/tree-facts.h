/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a device tree says of the machine that a loader has to know. */

#include <libkexec.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "fundamental/bytes.h"

/* How firmware is called (devicetree bindings, arm/psci.yaml). */
enum tree_psci {
	TREE_PSCI_NONE,
	TREE_PSCI_HVC,
	TREE_PSCI_SMC,
};

enum tree_uart_kind {
	TREE_UART_NONE,
	TREE_UART_PL011,
	TREE_UART_8250,
};

/* A serial port whose registers lie in memory. */
struct tree_uart {
	enum tree_uart_kind kind;
	uint64_t registers; /* physical address */
	uint8_t shift;	    /* register n lies at n << shift */
	uint8_t width;	    /* bytes of an access: 1 or 4 */
};

struct tree_facts {
	enum tree_psci psci;
	bool has_its; /* an interrupt controller that has tables in memory: memmap/aarch64/lpi.h */
	bool has_memory; /* it says where memory is, as that of a machine without EFI has to */
	struct tree_uart uart; /* of stdout-path, when it is of a kind that is known here */
};

/**
 * tree_facts_read() - read them
 * @tree: any blob, not trusted; bytes behind its end are ignored
 *
 * Returns 0; -EBADMSG when @tree is no device tree, or damaged; -ENOMEM.
 */
_must_check_ int tree_facts_read(struct bytes tree, struct tree_facts *ret, struct kx_error *err);

/* A tree that says nothing, of malloc(). -ENOMEM */
_must_check_ int tree_make_empty(uint8_t **ret, size_t *ret_n);

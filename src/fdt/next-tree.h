/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The flattened device tree of the running kernel (/sys/firmware/fdt) into the one of the next kernel. */

#include <libkexec.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "fundamental/bytes.h"

#define DEVICE_TREE_MAX (2u << 20) /* Documentation/arch/arm64/booting.rst, 2. */

#define TREE_STAMPS_ALIGN 8u
#define TREE_USABLE_MAX 2u /* drivers/of/fdt.c, MAX_USABLE_RANGES */

struct tree_reservation {
	uint64_t start, n; /* physical address, bytes */
};

struct tree_change {
	const char *cmdline;	   /* "" for none */
	uint64_t initrd, initrd_n; /* physical address and bytes, 0 bytes for none */
	/* Random. The kernel erases both when it has used them, so those of the running tree are worth nothing;
	 * without the first the next kernel runs at addresses that are known. */
	uint64_t kaslr_seed;
	struct bytes rng_seed;
	/* A crash kernel's: where the dump's header is, and the memory that it may use, the one that the rest is loaded
	 * into first; none for other kernels. */
	struct tree_reservation dump_header;
	const struct tree_reservation *usable;
	size_t n_usable;
	struct bytes stamps; /* whole multiples of 8 bytes; empty for none */
	/* Memory that devices go on using, such as the LPI tables of a GICv3; what is reserved already is not
	 * reserved twice, since every generation would add to it. */
	const struct tree_reservation *reserved;
	size_t n_reserved;
};

/**
 * next_tree() - the tree for the next kernel, packed
 * @tree: any blob, not trusted; bytes behind its end are ignored
 * @ret: the tree, of malloc(), aligned for it
 * @ret_n: its size in bytes
 *
 * Everything but /chosen stays as it is. There the bootloader's properties are replaced, those of a crash kernel, of
 * IMA's and KHO's hand-over are removed, and all others stay, linux,uefi-* among them
 * (Documentation/arch/arm/uefi.rst). Of the memory reservations only the one of the running kernel's initial ramdisk
 * goes.
 *
 * Returns 0; -EBADMSG when @tree is no device tree, or damaged; -E2BIG when it is larger than kernels take; -ENOMEM.
 */
_must_check_ int next_tree(struct bytes tree, const struct tree_change *change, uint8_t **ret,
			   size_t *ret_n, struct kx_error *err);

/**
 * tree_stamps() - where the stamps lie in a tree
 * @tree: any blob, not trusted
 * @ret: their offset, a multiple of TREE_STAMPS_ALIGN in what next_tree() has made
 * @ret_n: their size
 *
 * Returns 0; -ENOENT when it has none; -EBADMSG when @tree is no device tree, or damaged; -ENOMEM.
 */
_must_check_ int tree_stamps(struct bytes tree, size_t *ret, size_t *ret_n, struct kx_error *err);

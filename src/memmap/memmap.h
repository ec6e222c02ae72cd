/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Maps of physical memory, whatever table they were read from. */

#include <libkexec.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "fundamental/bytes.h"
#include "memmap/range.h"

enum memory_type {
	MEMORY_RAM,
	MEMORY_RESERVED,
	MEMORY_ACPI, /* ACPI tables, reclaimable */
	MEMORY_NVS,
	MEMORY_UNUSABLE,
	MEMORY_PMEM,
	MEMORY_PRAM,
	MEMORY_SOFT_RESERVED,  /* specific purpose: reserved for the next kernel, never a target */
	MEMORY_DRIVER_MANAGED, /* System RAM (kmem), (virtio_mem): neither a target nor declared */
	MEMORY_N_TYPES,
};

struct memory_range {
	struct range range;
	enum memory_type type;
};

/* Ranges with a type, in memory of its own, as many as there are: machines have thousands.
 * memmap_normalise() sorts them, joins neighbours of one type, and resolves overlaps in favour
 * of the more restrictive type. */
struct memmap {
	struct memory_range *v;
	size_t n, max;
};

/* Ranges without a type: memory that must not be used, or where crash kernels may go. */
struct ranges {
	struct range *v;
	size_t n, max;
};

_must_check_ int memmap_add(struct memmap *map, struct range range, enum memory_type type);
_must_check_ int memmap_normalise(struct memmap *map);
_must_check_ int memmap_copy(const struct memmap *map, struct memmap *ret);
void memmap_done(struct memmap *map);

/* Adds to @ret the RAM of @map that is no RAM in @known; both maps are normalised. */
_must_check_ int memmap_ram_outside(const struct memmap *map, const struct memmap *known,
				    struct ranges *ret);

/* Takes @hole out of every range. */
_must_check_ int memmap_cut(struct memmap *map, struct range hole);

_must_check_ int ranges_add(struct ranges *set, struct range range);
_must_check_ int ranges_cut(struct ranges *set, struct range hole);
/* Bytes of all ranges together; of those of one type. */
uint64_t ranges_size(const struct ranges *set);
uint64_t memmap_size(const struct memmap *map, enum memory_type type);
void ranges_done(struct ranges *set);

/* "System RAM", "reserved", "ACPI Tables", … static. */
const char *memory_type_name(enum memory_type type);
/* Is the next kernel told of such memory? A driver of its own finds the rest. */
bool memory_is_declared(enum memory_type type);

/* What to look for. */
struct hole_request {
	uint64_t size;		    /* > 0 */
	uint64_t align;		    /* power of two */
	struct range bounds;	    /* the whole hole lies inside */
	const struct ranges *taken; /* must not be used, in any order; may be NULL */
	bool top_down;		    /* highest address first, else lowest */
};

/* A range of RAM of @map (normalised) that fits; -ENOSPC when there is none. */
_must_check_ int memmap_find_hole(const struct memmap *map, const struct hole_request *req,
				  struct range *ret);

/* /proc/iomem: top-level lines only, see Documentation/filesystems/proc.rst. */
struct iomem {
	struct memmap map;
	struct ranges crash;	  /* "Crash kernel", in file order */
	struct ranges keep_off;	  /* reserved children inside RAM */
	struct ranges inside;	  /* all children of RAM, one level down, whatever they are */
	struct ranges unreadable; /* inside RAM, but no memory: the aperture of an AMD GART */
	struct range kernel_code, kernel_data, kernel_bss; /* empty when not shown */
	bool zeroed; /* every address reads 0: no CAP_SYS_ADMIN */
};

_must_check_ int iomem_parse(struct bytes text, struct iomem *ret, struct kx_error *err);
void iomem_done(struct iomem *iomem);

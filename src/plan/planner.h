/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Functions and state that the planners of all architectures and images share. */

#include "base/arch.h"
#include "base/strbuf.h"
#include "fundamental/purgatory-abi.h"
#include "plan/plan.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static inline uint64_t round_down(uint64_t v, uint64_t align)
{
	return v & ~(align - 1);
}

/* @v has to be below 2^63. */
static inline uint64_t round_up(uint64_t v, uint64_t align)
{
	return (v + align - 1) & ~(align - 1);
}

/* May become more than kexec_load(2) takes: planner_finish() counts them, and lists all in its
 * error. */
struct planned_segment {
	struct segment segment;
	size_t n_checked;	   /* leading bytes of data that the digest covers, */
	size_t written, n_written; /* but for these, which the purgatory writes to */
	bool in_place;		   /* nothing has to be copied there */
};

struct planner {
	const struct arch_planner *arch;
	const struct machine *machine;
	const struct plan_request *req;
	struct plan *plan;
	struct planned_segment *segments;
	size_t n_segments, segments_max;
	struct range bounds;	       /* of every segment */
	struct ranges taken;	       /* keep_off of the plan and every segment so far */
	const struct plan *copied;     /* plan_in_place(): the plan to make again, */
	const struct windows *windows; /* with these; else NULL */
	struct range crash_header;     /* of a crash kernel's dump */
	struct kx_error *err;
};

/* What to look for: inside @bounds and the request's own, never in the first MiB. */
struct place {
	const char *what; /* in messages */
	uint64_t size, align;
	struct range bounds;
};

/* What the planner of one architecture is. */
struct arch_planner {
	enum arch_id arch;
	/* What runs between the kernels; empty when this build's compiler could not make it. */
	const struct bytes *purgatory;
	/* Bytes of a page: segments begin and end at its multiples. */
	uint64_t page;
	/* Segments that are left when kernel and initial ramdisk are built in place. */
	size_t n_beside;
	int (*make)(struct planner *p); /* NULL: segments cannot be placed there */
	/* Releases its part of struct machine. */
	void (*machine_done)(struct machine *machine);
	/* Crash kernels: ELF machine of the dump; RAM below this address is handed over, too, and
	 * is not in the dump. */
	uint16_t elf_machine;
	uint64_t low_end;
	bool crash_in_tree; /* the device tree says where the dump's header is, not the command line */
	/* Memory that a kernel uses until it reads its memory map; 0 when its image does not tell. */
	uint64_t (*kernel_needs)(const struct image *image);
	/* what it says that `uname -r` will print; empty when it does not */
	struct bytes (*kernel_release)(const struct image *image);
	/* Adds to @ret, in whole pages, what words of the next kernel's command line take away of its
	 * memory. -EOPNOTSUPP: one of them restricts it in another way; -ENOMEM. NULL: none do. */
	int (*excluded)(const char *cmdline, struct ranges *ret);
	/* The map in words of the command line, for KX_REQ_MEMMAP_CMDLINE. */
	void (*memory_words)(const struct memmap *memory, struct strbuf *words);
};
extern const struct arch_planner planner_aarch64, planner_x86_64;

/* Finds free RAM in the memory map of the next kernel, highest address first. @ret is whole
 * pages. */
_must_check_ int planner_find(struct planner *p, const struct place *place, struct range *ret);
/* The same at a random place: @random, 64 bits, picks one of all possible addresses. */
_must_check_ int planner_find_random(struct planner *p, const struct place *place, uint64_t random,
				     struct range *ret);
/* Maps @random, 64 bits, to [0, n), with a bias of at most n / 2^64. */
uint64_t planner_scale(uint64_t random, uint64_t n);
/* Is all of @range RAM in the memory map of the next kernel, not taken, and inside the request's
 * bounds? */
bool planner_is_free(const struct planner *p, struct range range);
_must_check_ int planner_add(struct planner *p, const char *name, struct bytes data,
			     struct range dest, size_t n_checked);
/* Adds contents that are written to @dest before the jump, without a segment. */
_must_check_ int planner_add_in_place(struct planner *p, const char *name, struct bytes data,
				      struct range dest);
/* Allocates @n zero bytes that the plan owns; NULL when out of memory. */
uint8_t *planner_alloc(struct planner *p, size_t n);
_must_check_ int planner_warn(struct planner *p, const char *fmt, ...) _printf_(2, 3);
_must_check_ int planner_out_of_memory(struct planner *p);
/* Sets the rung (way of loading) of the plan; only the first call has an effect. @rung is
 * static. Returns 0 or -ENOMEM. */
_must_check_ int planner_rung(struct planner *p, const char *rung, const char *fmt, ...)
	_printf_(3, 4);
/* Is the word @name, or @name=…, on the next kernel's command line? */
bool planner_has_word(const struct planner *p, const char *name);

/* in-place.c: why plan_in_place() need not be tried, or NULL; static. */
const char *planner_in_place_obstacle(const struct planner *p);
/* Adds contents that are written to a window of p->windows, and a segment for each hole in it. */
_must_check_ int planner_add_window(struct planner *p, const char *name, struct bytes data,
				    struct range window);
/* Sets the rung of such a plan. */
_must_check_ int planner_rung_in_place(struct planner *p);

static inline bool planner_is_crash(const struct planner *p)
{
	return p->req->flags & KX_REQ_ON_CRASH;
}

/* crash.c: the memory of a crash kernel, the header of the dump as the first segment, and what the
 * command line says of it. -ENXIO: no reservation. */
_must_check_ int planner_begin_crash(struct planner *p);
/* The reservation that it is loaded into; NULL when there is none. */
const struct range *planner_crash_region(const struct machine *machine);
/* The bytes of an ELF64 core header for @facts with the ranges @ram, in @ret, to be released with
 * free(3). -E2BIG, -ENOMEM. */
_must_check_ int elfcorehdr_make(const struct dump_facts *facts, const struct ranges *ram,
				 uint16_t machine, struct bytes *ret);

/* What the purgatory does after it has checked the segments. */
struct handover {
	uint64_t end;	   /* purgatory lies below */
	struct range dest; /* exactly there, as planner_place_purgatory() says; empty: anywhere */
	uint64_t entry, argument;
	uint64_t stamps;			 /* address of struct stamps, 0 for none */
	uint32_t mode;				 /* purgatory_args.entry_mode */
	uint64_t page_tables;			 /* physical address, 0: the old kernel's */
	struct range clear[PURGATORY_CLEAR_MAX]; /* only with @page_tables */
	size_t n_clear;
	/* purgatory_args: a port whose registers lie in memory, and how firmware is called */
	uint64_t serial_registers;
	uint8_t serial_kind, serial_shift, serial_width;
	uint8_t firmware_call;
};

/* Reserves memory for the purgatory, when its address has to be known before
 * planner_add_purgatory(). */
_must_check_ int planner_place_purgatory(struct planner *p, struct handover *handover);

/* Adds the last segment: it checks those added before, and enters the kernel. */
_must_check_ int planner_add_purgatory(struct planner *p, const struct handover *handover);

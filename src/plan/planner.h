/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A plan in the making: what the planners of every architecture and image share. */

#include "fundamental/purgatory-abi.h"
#include "plan/plan.h"

#define PAGE_SIZE UINT64_C(4096)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static inline uint64_t round_down(uint64_t v, uint64_t align)
{
	return v & ~(align - 1);
}

/* Only of what is known to lie below 2^63. */
static inline uint64_t round_up(uint64_t v, uint64_t align)
{
	return (v + align - 1) & ~(align - 1);
}

/* More of them than kexec_load(2) takes: planner_finish() counts, and can list them all. */
struct planned_segment {
	struct segment segment;
	size_t n_checked; /* leading bytes of data that the digest covers */
	bool in_place;	  /* nothing has to be copied there */
};

struct planner {
	const struct machine *machine;
	const struct plan_request *req;
	struct plan *plan;
	struct planned_segment *segments;
	size_t n_segments, segments_max;
	struct ranges taken;	       /* keep_off of the machine and every segment so far */
	const struct plan *copied;     /* plan_in_place(): the plan to make again, */
	const struct windows *windows; /* with these; else NULL */
	struct kx_error *err;
};

/* What to look for: inside @bounds and the request's own, never in the first MiB. */
struct place {
	const char *what; /* in messages */
	uint64_t size, align;
	struct range bounds;
};

/* Names as in `kexec --type=`; one entry an architecture. */
struct arch_planner {
	enum arch_id arch;
	const char *name;
	int (*make)(struct planner *p);
};
extern const struct arch_planner planner_x86_64;

/* Free RAM of the map handed over, highest address first. @ret is whole pages. */
_must_check_ int planner_find(struct planner *p, const struct place *place, struct range *ret);
/* The same, any of the places that there are: @random (all of 64 bits) picks it. */
_must_check_ int planner_find_random(struct planner *p, const struct place *place, uint64_t random,
				     struct range *ret);
/* @random of 64 bits -> [0, n), every number within n / 2^64 equally often. */
uint64_t planner_scale(uint64_t random, uint64_t n);
/* Is all of @range free RAM of the map handed over and inside the request's bounds? */
bool planner_is_free(const struct planner *p, struct range range);
_must_check_ int planner_add(struct planner *p, const char *name, struct bytes data,
			     struct range dest, size_t n_checked);
/* What will lie at @dest without being copied. */
_must_check_ int planner_add_in_place(struct planner *p, const char *name, struct bytes data,
				      struct range dest);
/* @n zero bytes that live as long as the plan; NULL when out of memory. */
uint8_t *planner_alloc(struct planner *p, size_t n);
_must_check_ int planner_warn(struct planner *p, const char *fmt, ...) _printf_(2, 3);
_must_check_ int planner_out_of_memory(struct planner *p);
/* Which way the plan takes: the first call counts. @rung is static. Returns 0 or -ENOMEM. */
_must_check_ int planner_rung(struct planner *p, const char *rung, const char *fmt, ...)
	_printf_(3, 4);
/* Is the word @name, or @name=…, on the next kernel's command line? */
bool planner_has_word(const struct planner *p, const char *name);

/* What the purgatory does after its check. */
struct handover {
	struct bytes blob;
	uint64_t end;	   /* purgatory lies below */
	struct range dest; /* exactly there, as planner_place_purgatory() says; empty: anywhere */
	uint64_t entry, argument;
	uint64_t stamps; /* address of struct stamps, 0 for none */
	enum purgatory_entry_mode mode;
	uint64_t page_tables;			 /* what to work with; 0: with the old kernel's */
	struct range clear[PURGATORY_CLEAR_MAX]; /* needs page tables of one's own */
	size_t n_clear;
};

/* Keeps room for the purgatory, for who has to know before where it will lie. */
_must_check_ int planner_place_purgatory(struct planner *p, struct handover *handover);

/* Last segment of all: checks those added before, and enters the kernel. */
_must_check_ int planner_add_purgatory(struct planner *p, const struct handover *handover);

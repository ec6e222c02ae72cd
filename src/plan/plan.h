/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* image + initial ramdisk + command line + machine -> plan: a value that says byte by byte how the
 * next kernel is put into memory and entered. Pure; the same on every host. */

#include <libkexec.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "fundamental/bytes.h"
#include "fundamental/digest.h"
#include "image/image.h"
#include "memmap/memmap.h"
#include "plan/machine.h"
#include "plan/windows.h"

/* kexec_load(2) takes no more: KEXEC_SEGMENT_MAX in include/linux/kexec.h. */
#define PLAN_SEGMENTS_MAX 16

struct segment {
	const char *name; /* "kernel", "initrd", "boot_params", "purgatory", "module", … static */
	struct bytes data; /* borrowed from the request, or owned by plan.store */
	struct range dest; /* page aligned; bytes past data.n are zero */
	bool digested;	   /* the purgatory checks data */
};

struct plan_module {
	struct bytes data;
	const char *cmdline; /* "file arguments…" */
};

struct plan_request {
	const struct image *image;
	struct bytes initrd;	/* joined and aligned by the caller; n == 0 for none */
	bool has_initrd_digest; /* digest of all of initrd, when it is known already: */
	struct digest initrd_digest;
	/* with KX_REQ_FAST: the kernel in a bzImage, as vmlinux_unpack() makes it; or, with n == 0, the
	 * code and the sentence with which that failed */
	struct bytes vmlinux;
	int vmlinux_r;
	const struct kx_error *vmlinux_why;
	const char *cmdline; /* never NULL */
	const struct plan_module *modules;
	size_t n_modules;
	enum kx_args args;
	uint64_t flags;	      /* KX_REQ_* */
	const char *not_fast; /* why KX_REQ_FAST is not to be obeyed, or NULL */
	struct range bounds;  /* for every segment */
	uint64_t entry;	      /* with KX_REQ_HAS_ENTRY */
	struct bytes dtb;
	uint16_t serial_port, serial_divisor; /* divisor 0: leave the speed */
};

/* The kernel of a direct entry, kept so that it can be placed at other addresses
 * without unpacking it again. */
struct plan_kernel {
	struct bytes
		image;	/* as it lies in memory, from its first page on; of plan.store or a file */
	uint64_t size;	/* of memory that it takes, not less than image.n */
	uint64_t entry; /* offset in it */
	bool is_randomised;
};

struct plan {
	struct segment segments[PLAN_SEGMENTS_MAX];
	size_t n_segments;
	uint64_t entry;	       /* where the old kernel jumps to */
	uint64_t kernel_entry; /* where the purgatory jumps to */
	const char *rung;      /* which way of loading: "copy", "bzImage", … static */
	char *rung_reason;     /* why none of the faster ones */
	/* contents that are written to their final addresses before the jump, not passed to
	 * kexec_load(2) */
	struct segment in_place[2];
	size_t n_in_place;
	struct plan_kernel kernel; /* image.n == 0 unless the kernel itself is entered */
	bool may_be_in_place;	   /* plan_in_place() can be tried */
	struct memmap memory;	   /* the map handed over */
	struct ranges
		keep_off; /* RAM of it that is no target: the machine's, and what the command line
				    * takes away */
	char *cmdline;	  /* final */
	char **warnings;
	size_t n_warnings;
	uint8_t **store; /* buffers that segments point into */
	size_t n_store;
};

/*
 * Makes a plan for @req on @machine. The plan owns everything in it, except for data of segments
 * that point into the image, the initrd and the modules. -ENOSPC no free range is large enough,
 * or all together take more than half of RAM; -E2BIG more than PLAN_SEGMENTS_MAX segments (the
 * message lists them); -ENAMETOOLONG command line; -EADDRNOTAVAIL an image's fixed address is
 * not RAM; -EOPNOTSUPP image, flag or architecture; -EINVAL options that contradict each other.
 */
_must_check_ int plan_make(const struct machine *machine, const struct plan_request *req,
			   struct plan *ret, struct kx_error *err);
/*
 * Makes @plan (of the same request, with may_be_in_place) again with the kernel and the initial
 * ramdisk in @windows. Segments are left for what lies in holes of the windows, and for small
 * parts; they point into @plan's kernel and @req's initrd. Errors as plan_make().
 */
_must_check_ int plan_in_place(const struct machine *machine, const struct plan_request *req,
			       const struct plan *plan, const struct windows *windows,
			       struct plan *ret, struct kx_error *err);
void plan_done(struct plan *plan);

/* Bytes that a crash kernel and its initial ramdisk use at least until they save a dump: the ramdisk has
 * @initrd_n bytes, and becomes @unpacked_n bytes of files, beside which it lies while they are unpacked. 0 when
 * the image does not tell. */
uint64_t crash_needs(const struct machine *machine, const struct image *image, uint64_t initrd_n,
		     uint64_t unpacked_n);
/* What of memory they will have. */
uint64_t crash_has(const struct machine *machine);
/* The size to write behind crashkernel= for it. */
uint64_t crash_advised(uint64_t needs);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Definitions of the opaque objects of the public header. */

#include <libkexec.h>
#include <stdbool.h>

#include "base/arch.h"
#include "base/error.h"
#include "base/io.h"
#include "base/running-kernel.h"
#include "image/image.h"
#include "plan/plan.h"
#include "sys/sys.h"

#define KX_EXPORT __attribute__((visibility("default")))

/* Largest kernel or module, as stored and as unpacked. */
#define FILE_SIZE_MAX (UINT64_C(1) << 30)
/* Largest initial ramdisk: the file systems of live and network boots have several GiB. Where it does
 * not fit into memory, or below the address that the kernel sets, the planner says so. */
#define INITRD_SIZE_MAX (UINT64_C(1) << 36)

struct kx_ctx {
	struct sys *sys;
	int machine_root; /* where /proc and /sys are: ROOT_HERE or an owned descriptor */
	int file_root;	  /* where paths given by the caller start: ROOT_HERE or machine_root */
	bool captured;	  /* files of another machine: never load or jump */
	struct arch_found arch; /* of that machine; ctx_arch() fills it, from is NULL before */
	kx_log_fn log;
	void *log_data;
	/* names of the context's places (base/place.h), until it is released: partitions that were
	 * looked into, initial ramdisks that were made in memory */
	char **places;
	size_t n_places, places_room;
};

struct kx_image {
	char *path;
	int fd;
	const struct arch *arch;
	struct contents file;	  /* as stored, or unpacked */
	struct bytes contents;	  /* of it */
	struct contents unpacked; /* the kernel that the format holds packed, or nothing */
	struct bytes kernel;	  /* what is entered: the file, or the part of it, or @unpacked */
	uint64_t n_changes;	  /* mapped_changes() before it was read */
	bool is_anonymous;	  /* given by the caller as bytes or a descriptor: it has no path */
	/* references of plans that were made of it; the caller's own is not counted */
	unsigned n_refs;
	const char *compression;
	struct image image;
	char *version, *title, *cmdline; /* or NULL */
};

/* A file given to the running kernel by descriptor, or to the planner by contents. */
struct payload {
	int fd;
	struct contents file; /* the file itself, or no contents */
	uint8_t *buffer;      /* owned, or NULL */
	size_t buffer_n;      /* with is_secret: how large it is */
	struct bytes bytes;   /* in one of the two */
	struct bytes *parts;  /* files that were joined, where they are now; NULL: just one */
	size_t n_parts;
	bool is_secret; /* overwritten before it is released */
	bool owns_file; /* @fd is an anonymous file that was made here */
};

struct kx_plan {
	enum kx_way way;
	enum kho_word kho; /* KHO_UNSAID: plan_has_kho() was not called yet */
	char *reason;
	/* with KX_WAY_FILE: why, without the part about what was done to the ramdisk */
	char *why_file;
	const struct kx_image *image;
	char *cmdline;
	uint64_t syscall_flags;
	uint64_t optional_flags; /* of them, those that an older kernel may refuse */
	struct payload kernel;	 /* descriptor: borrowed from the image when fd == image->fd */
	struct payload initrd;
	bool initrd_is_unpacked;
	struct cache *cache; /* what goes into it after the load, or NULL */
	struct payload *modules;
	size_t n_modules;
	struct machine machine;
	struct plan plan;
	/* what @plan was made of, for another one: in place, or again with a copy */
	struct plan_request request;
	struct payload dtb;
	int crash_was_loaded; /* of a crash kernel, before the call: crash_is_loaded() */
	struct plan
		copied; /* the plan with a copy, once @plan is one in place that borrows from it */
	char *not_in_place; /* of a plan that may be: why it cannot be now */
	char **warnings;    /* warnings of this layer; the planner's follow them */
	size_t n_warnings;
	const char *initrd_damage; /* one of @warnings */
	char *diet;		   /* with KX_REQ_DIET: what came of it */
	bool is_diet;		   /* something was left out */
	int is_open;		   /* as in struct kx_plan_info */
	int is_unpacked;	   /* as in struct kx_plan_info */
	bool has_contents;
	uint64_t contents; /* kx_plan_contents(), when has_contents */
};

/* Copies a structure of the caller that begins with its size, whatever version of the header the
 * caller was compiled with: bytes that this library does not know have to be zero (-E2BIG), missing
 * ones are set to zero. */
_must_check_ int sized_in(const void *from, void *ret, size_t n, struct kx_error *err);
/* Copies as much of @from as the caller has room for; the size field stays as the caller set it. */
_must_check_ int sized_out(void *to, const void *from, size_t n);

void ctx_log(const struct kx_ctx *ctx, enum kx_log_level level, const char *fmt, ...)
	_printf_(3, 4);

/* reader_run(), which tells the log. */
struct reader;
_must_check_ int ctx_reader_run(struct kx_ctx *ctx, const struct reader *reader,
				struct kx_error *err);

/* @fd becomes a place of the context, @name, also when it has one of that name. */
_must_check_ int ctx_add_place(struct kx_ctx *ctx, const char *name, int fd);
bool ctx_has_place(const struct kx_ctx *ctx, const char *name);

/* The running command line as its boot entry had it: without the words that only a loader adds. */
_must_check_ int cmdline_of_loader(struct kx_ctx *ctx, char **ret_cmdline);

_must_check_ int machine_read(struct kx_ctx *ctx, struct machine *ret, struct kx_error *err);

/* One more owner; each of them calls kx_image_free(). */
const struct kx_image *image_ref(const struct kx_image *image);

/* The files that make up the initial ramdisk, joined; bytes.n == 0 and fd == -1 for none.
 * @contents: read it, for the planner; else one unchanged file is passed by its descriptor. */
_must_check_ int initrd_open(struct kx_ctx *ctx, const struct kx_request *req, bool contents,
			     struct payload *ret, struct kx_error *err);
_must_check_ int module_open(struct kx_ctx *ctx, const struct kx_part *part, struct payload *ret,
			     struct kx_error *err);
void payload_done(struct payload *payload);

/* Logs segments and addresses, for debugging. */
/* A sentence about what the next kernel will be without. -ENOMEM. */
_must_check_ int plan_add_warning(struct kx_plan *plan, const char *sentence);
/* Computes @plan->contents, before unpacked bytes take the place of the files. */
void plan_take_contents(struct kx_plan *plan);
void plan_log(struct kx_ctx *ctx, const struct kx_plan *plan);

/* Adds to the error of a refused system call its likeliest cause, found in the machine's policy
 * files. */
int explain_load(struct kx_ctx *ctx, const struct kx_plan *plan, int code, struct kx_error *err);
int explain_unload(struct kx_ctx *ctx, enum kx_way way, bool on_crash, int code,
		   struct kx_error *err);
int explain_jump(struct kx_ctx *ctx, int code, struct kx_error *err);

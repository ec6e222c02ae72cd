/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Files that a caller passes: struct kx_part, and the older path fields of a request, which are
 * converted to such. */

#include "lib/internal.h"

/* Files of one kind in one request. */
enum { PARTS_MAX = 256 };

struct part_list {
	struct kx_part *v;
	size_t n;
	bool has_secret;
	char **owned; /* paths in @v that were made here, NULL after the last one */
};

/* First @paths, each with its arguments behind a blank if @with_arguments, then @parts. */
_must_check_ int part_list_make(const char *const *paths, size_t n_paths, bool with_arguments,
				const struct kx_part *parts, size_t n_parts, struct part_list *ret,
				struct kx_error *err);
void part_list_done(struct part_list *list);
/* Copies a part of a caller that may have another version of the struct. */
_must_check_ int part_take(const struct kx_part *part, struct kx_part *ret, struct kx_error *err);

/* Name for messages: its path, or "(descriptor)", "(memory)". */
const char *part_name(const struct kx_part *part);
/* The string that a multiboot kernel gets with a module. */
const char *part_words(const struct kx_part *part);
bool part_is_secret(const struct kx_part *part);

/* A descriptor of our own, of a part that is not bytes. */
_must_check_ int part_open(struct kx_ctx *ctx, const struct kx_part *part, struct kx_error *err);
/* All of it in memory; -EFBIG above @max bytes, -ENODATA when there is nothing. On failure too @ret is
 * to be released with payload_done(). */
_must_check_ int part_contents(struct kx_ctx *ctx, const struct kx_part *part, size_t max,
			       struct payload *ret, struct kx_error *err);
/* As a descriptor for kexec_file_load(2): that of the file, which keeps its security.ima attribute, or
 * of an anonymous one called @what with the bytes, or with what came out of a pipe. On failure too @ret
 * is to be released with payload_done(). */
_must_check_ int part_descriptor(struct kx_ctx *ctx, const struct kx_part *part, const char *what,
				 size_t max, struct payload *ret, struct kx_error *err);
/* What is in memory into an anonymous file called @what; nobody can change it, except that what is secret stays
 * writable for us, to be overwritten by payload_done(). */
_must_check_ int payload_seal(struct payload *payload, const char *what, struct kx_error *err);
/* @n zero bytes for payload.buffer of such a payload, or NULL. */
uint8_t *payload_alloc(size_t n, bool is_secret);
/* Converts all path fields of @req to parts in @initrds and @modules. */
_must_check_ int request_parts(struct kx_request *req, struct part_list *initrds,
			       struct part_list *modules, struct kx_error *err);

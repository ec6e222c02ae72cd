/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fundamental/bytes.h"

/*
 * "newc:NAME:FILE", as GRUB's initrd command takes it: @ret_name is NAME without slashes in front, which
 * is not terminated; returns FILE. NULL for any other word, which is the name of a file as it is.
 */
const char *newc_split(const char *word, struct bytes *ret_name);

/*
 * An archive of the directories above @name, of a file of that name with these contents, and of the end
 * mark. -ENOMEM, -EFBIG when a number of the format does not hold its size.
 */
int newc_wrap(struct bytes name, struct bytes file, uint8_t **ret, size_t *ret_n);

/* A file of an archive; directories above it are members of their own, before it. */
struct newc_member {
	struct bytes name; /* without a slash in front */
	struct bytes contents;
	unsigned mode; /* as of stat(2) */
};

/* The size of an archive of @v in their order, and of the end mark. Errors as newc_wrap(). */
int newc_size(const struct newc_member *v, size_t n, size_t *ret);
/* Writes it to that many zero bytes at @to. */
void newc_pack_to(const struct newc_member *v, size_t n, uint8_t *to);
/* The same in fresh memory. */
int newc_pack(const struct newc_member *v, size_t n, uint8_t **ret, size_t *ret_n);

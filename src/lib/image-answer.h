/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a confined child read in the headers of a kernel file (lib/image-read.h). Parts of the file go as offsets, and
 * whoever takes them trusts none of it. */

#include "confined/message.h"
#include "lib/arch.h"

/* @image as image_parse() made it of @file. -EFBIG. */
_must_check_ int image_encode(const struct arch *arch, struct bytes file, const struct image *image,
			      uint8_t *to, size_t max, size_t *ret_n);
/* The same again, with pointers into @file. -EPROTO: it is no such answer, or parts of it are outside of @file or
 * contradict each other in a way that no parser lets pass. */
_must_check_ int image_decode(const struct arch *arch, struct bytes file, struct bytes answer,
			      struct image *ret);

/* A part of @file, or none: no pointer. */
void message_put_part(struct message_out *out, struct bytes file, struct bytes part);
struct bytes message_take_part(struct message_in *in, struct bytes file);

// SPDX-License-Identifier: LGPL-2.1-or-later
/* The part of an answer about a kernel file that only this architecture's formats have. */
#include <errno.h>

#include "lib/aarch64/aarch64.h"
#include "lib/image-answer.h"

void aarch64_image_put(struct message_out *out, struct bytes file, const struct image *image)
{
	const struct arm64_image *i = &image->aarch64;

	message_put_part(out, file, i->file);
	message_put_u64(out, i->text_offset);
	message_put_u64(out, i->size);
	message_put_u32(out, i->pages);
	message_put_u32(out, i->is_anywhere);
	message_put_part(out, file, i->release);
}

void aarch64_image_take(struct message_in *in, struct bytes file, struct image *image)
{
	struct arm64_image *i = &image->aarch64;

	i->file = message_take_part(in, file);
	i->text_offset = message_take_u64(in);
	i->size = message_take_u64(in);
	i->pages = (enum arm64_pages)message_take_below(in, ARM64_PAGES_64K + 1);
	i->is_anywhere = message_take_bool(in);
	i->release = message_take_part(in, file);
	/* every other format has the kernel packed, or is one around an Image */
	if (image->inner != IMAGE_ARM64 || !arm64_image_is_sound(i))
		in->r = -EPROTO;
}

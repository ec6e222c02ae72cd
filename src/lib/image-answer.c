// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/image-answer.h"

#include <errno.h>

void message_put_part(struct message_out *out, struct bytes file, struct bytes part)
{
	message_put_u32(out, part.p != NULL);
	message_put_u64(out, part.p ? (uint64_t)(part.p - file.p) : 0);
	message_put_u64(out, part.n);
}

struct bytes message_take_part(struct message_in *in, struct bytes file)
{
	const bool is_there = message_take_bool(in);
	const uint64_t at = message_take_u64(in), n = message_take_u64(in);
	struct bytes part = { 0 };

	if (is_there ? !bytes_sub(file, at, n, &part) : at || n)
		in->r = -EPROTO;
	return in->r < 0 ? (struct bytes){ 0 } : part;
}

/* Place of @type in the table; it is there. */
static uint32_t index_of(const struct image_formats *formats, unsigned type)
{
	uint32_t i = 0;

	while (i < formats->n && formats->v[i].type != type)
		i++;
	return i;
}

static const struct image_format *take_format(struct message_in *in,
					      const struct image_formats *formats)
{
	return &formats->v[message_take_below(in, (uint32_t)formats->n)];
}

static void put_uki(struct message_out *out, struct bytes file, const struct uki *uki)
{
	message_put_part(out, file, uki->linux_image);
	message_put_part(out, file, uki->cmdline);
	message_put_part(out, file, uki->uname);
	message_put_part(out, file, uki->os_release);
	message_put_part(out, file, uki->devicetree);
	message_put_u32(out, uki->has_profiles);
	message_put_u32(out, uki->is_signed);
	message_put_u32(out, (uint32_t)uki->n_initrds);
	for (size_t i = 0; i < uki->n_initrds; i++)
		message_put_part(out, file, uki->initrds[i]);
}

static void take_uki(struct message_in *in, struct bytes file, struct uki *uki)
{
	uki->linux_image = message_take_part(in, file);
	uki->cmdline = message_take_part(in, file);
	uki->uname = message_take_part(in, file);
	uki->os_release = message_take_part(in, file);
	uki->devicetree = message_take_part(in, file);
	uki->has_profiles = message_take_bool(in);
	uki->is_signed = message_take_bool(in);
	uki->n_initrds = message_take_below(in, UKI_INITRDS_MAX + 1);
	for (size_t i = 0; i < uki->n_initrds; i++)
		uki->initrds[i] = message_take_part(in, file);
	if (!uki->linux_image.n)
		in->r = -EPROTO;
}

int image_encode(const struct arch *arch, struct bytes file, const struct image *image, uint8_t *to,
		 size_t max, size_t *ret_n)
{
	struct message_out out = { .p = to, .max = max };

	message_put_u32(&out, image->is_uki);
	if (image->is_uki)
		put_uki(&out, file, &image->uki);
	else
		message_put_u32(&out, index_of(arch->formats, image->type));
	message_put_u32(&out, index_of(arch->formats, image->inner));
	message_put_part(&out, file, image->packed);
	if (!image->packed.n)
		arch->image_put(&out, file, image);
	if (out.is_full)
		return -EFBIG;
	*ret_n = out.n;
	return 0;
}

int image_decode(const struct arch *arch, struct bytes file, struct bytes answer, struct image *ret)
{
	struct message_in in = { .rest = answer };
	struct image image = { .type = IMAGE_UKI, .name = "uki" };
	int r;

	image.is_uki = message_take_bool(&in);
	if (image.is_uki) {
		take_uki(&in, file, &image.uki);
	} else {
		const struct image_format *format = take_format(&in, arch->formats);

		image.type = format->type;
		image.name = format->name;
	}
	image.inner = take_format(&in, arch->formats)->type;
	image.packed = message_take_part(&in, file);
	if (image.packed.n && !compression_detect(image.packed))
		return -EPROTO;
	if (in.r == 0 && !image.packed.n)
		arch->image_take(&in, file, &image);
	r = message_end(&in);
	if (r == 0)
		*ret = image;
	return r;
}

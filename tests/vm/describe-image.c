// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Says in words of "key value" what the library takes a kernel file for, for real-images.py.
 *
 *     describe-image [--arm64] FILE [TYPE [PAYLOAD-OUT]]
 *
 * With --arm64 the file is one for such a machine, and PAYLOAD-OUT gets the Image in it.
 * TYPE is a name of kexec --type or "-" for any. The unpacked payload of a bzImage is written to
 * PAYLOAD-OUT. Exit status 1 and the sentence on standard error when the file is refused.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "image/image.h"

#define FILE_MAX ((size_t)1 << 30)

static int complain(const struct kx_error *err)
{
	fprintf(stderr, "%d %s\n", err->code, err->message);
	return 1;
}

static void describe_elf(const struct elf *elf, uint64_t entry)
{
	printf("entry 0x%" PRIx64 "\nlinux %d\n", entry, elf->is_linux);
	for (size_t i = 0; i < elf->n_loads; i++)
		printf("load 0x%" PRIx64 " 0x%" PRIx64 " 0x%zx 0x%" PRIx64 "\n",
		       elf->loads[i].vaddr, elf->loads[i].paddr, elf->loads[i].data.n,
		       elf->loads[i].mem_size);
}

static int write_payload(struct bytes payload, const char *path, struct kx_error *err)
{
	_cleanup_free_ uint8_t *p = NULL;
	size_t n = 0;
	FILE *f;
	int r = decompress(payload, FILE_MAX, &p, &n, err);

	if (r < 0)
		return r;
	printf("payload %s\n", compression_detect(payload));
	f = fopen(path, "wbe");
	if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0) {
		fprintf(stderr, "%s: cannot be written\n", path);
		return -EIO;
	}
	return 0;
}

static int describe(const struct image *image, const char *payload_out, struct kx_error *err)
{
	printf("type %s\n", image->name);
	if (image->is_uki)
		printf("cmdline %.*s\ninitrds %zu\n", (int)image->uki.cmdline.n,
		       (const char *)image->uki.cmdline.p, image->uki.n_initrds);
	switch (image->inner) {
	case IMAGE_MULTIBOOT1:
	case IMAGE_MULTIBOOT2:
		describe_elf(&image->x86_64.multiboot.elf, image->x86_64.multiboot.entry);
		return 0;
	case IMAGE_ELF64:
	case IMAGE_ELF32:
		describe_elf(&image->elf, image->elf.entry);
		return 0;
	case IMAGE_BZIMAGE64:
	case IMAGE_BZIMAGE:
		printf("release %.*s\nsetup_type_max 0x%" PRIx32 "\n",
		       (int)image->x86_64.bzimage.release.n,
		       (const char *)image->x86_64.bzimage.release.p,
		       image->x86_64.bzimage.setup_type_max);
		return payload_out ? write_payload(image->x86_64.bzimage.payload, payload_out, err)
				   : 0;
	case IMAGE_BEOBOOT:
	case IMAGE_NBI:
	case IMAGE_UKI:
		break;
	}
	return -EINVAL;
}

static int describe_arm64(struct image *image, const char *payload_out, struct kx_error *err)
{
	_cleanup_free_ uint8_t *p = NULL;
	const struct arm64_image *kernel = &image->aarch64;
	size_t n = 0;
	FILE *f;
	int r = 0;

	printf("type %s\n", image->name);
	if (image->packed.n) {
		printf("packed %s\n", compression_detect(image->packed));
		r = decompress(image->packed, FILE_MAX, &p, &n, err);
		if (r == 0)
			r = image_parse_unpacked(&image_formats_aarch64, (struct bytes){ p, n },
						 image, err);
	}
	if (r < 0)
		return r;
	printf("release %.*s\nsize 0x%" PRIx64 "\ntext_offset 0x%" PRIx64 "\npages %d\n"
	       "anywhere %d\n",
	       (int)kernel->release.n, (const char *)kernel->release.p, kernel->size,
	       kernel->text_offset, kernel->pages, kernel->is_anywhere);
	f = payload_out ? fopen(payload_out, "wbe") : NULL;
	if (payload_out && (!f || fwrite(kernel->file.p, 1, kernel->file.n, f) != kernel->file.n ||
			    fclose(f) != 0))
		return kx_fail(err, -EIO, "%s: cannot be written", payload_out);
	return 0;
}

int main(int argc, char **argv)
{
	const struct image_formats *formats = &image_formats_x86_64;
	_cleanup_free_ uint8_t *p = NULL;
	const char *compression, *type;
	struct kx_error err = { 0 };
	struct image image;
	size_t n;
	int r;

	if (argc > 1 && strcmp(argv[1], "--arm64") == 0) {
		formats = &image_formats_aarch64;
		argv++;
		argc--;
	}
	if (argc < 2 || read_file_in(ROOT_HERE, argv[1], FILE_MAX, &p, &n) < 0) {
		fprintf(stderr, "usage: %s FILE [TYPE [PAYLOAD-OUT]]\n", argv[0]);
		return 2;
	}
	compression = compression_detect((struct bytes){ p, n });
	if (compression) {
		uint8_t *out;

		if (decompress((struct bytes){ p, n }, FILE_MAX, &out, &n, &err) < 0)
			return complain(&err);
		free(p);
		p = out;
		printf("compression %s\n", compression);
	}
	type = argc > 2 && strcmp(argv[2], "-") != 0 ? argv[2] : NULL;
	r = image_parse(formats, (struct bytes){ p, n }, type, &image, &err);
	if (r == 0)
		r = (formats == &image_formats_aarch64
			     ? describe_arm64(&image, argc > 3 ? argv[3] : NULL, &err)
			     : describe(&image, argc > 3 ? argv[3] : NULL, &err));
	return r < 0 ? complain(&err) : 0;
}

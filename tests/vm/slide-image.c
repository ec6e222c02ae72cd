// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Unpacks the kernel in a bzImage as it will lie in memory, before and after it is moved to another
 * virtual address, for real-images.py.
 *
 *     slide-image BZIMAGE SLIDE PAYLOAD-OUT BEFORE-OUT AFTER-OUT
 *
 * Prints "start", "end", "entry" and "slots". Exit status 1 and the sentence on standard error when
 * anything is refused.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "image/x86_64/vmlinux.h"

#define FILE_MAX ((size_t)1 << 30)

static int write_out(const char *path, const uint8_t *p, size_t n)
{
	FILE *f = fopen(path, "wbe");

	if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0) {
		fprintf(stderr, "%s: cannot be written\n", path);
		return -EIO;
	}
	return 0;
}

static int slide(struct bytes file, uint64_t by, char **out, struct kx_error *err)
{
	_cleanup_free_ uint8_t *image = NULL;
	struct vmlinux_relocs relocs;
	struct vmlinux v;
	size_t n;
	int r = vmlinux_parse(file, &v, err);

	if (r < 0)
		return r;
	n = (size_t)(v.end - v.start);
	image = calloc(1, n);
	if (!image)
		return -ENOMEM;
	vmlinux_lay_out(&v, image);
	r = vmlinux_find_relocs(&v, image, &relocs, err);
	if (r < 0)
		return r;
	printf("start 0x%" PRIx64 "\nend 0x%" PRIx64 "\nentry 0x%" PRIx64 "\nslots %" PRIu64 "\n",
	       v.start, v.end, v.elf.entry, relocs.slots);
	r = write_out(out[0], file.p, file.n);
	if (r == 0)
		r = write_out(out[1], image, n);
	if (r < 0)
		return r;
	vmlinux_slide(&v, &relocs, by, image);
	return write_out(out[2], image, n);
}

static int run(const char *path, uint64_t by, char **out, struct kx_error *err)
{
	_cleanup_free_ uint8_t *p = NULL, *unpacked = NULL;
	struct bzimage bz;
	size_t n;
	int r = read_file_in(ROOT_HERE, path, FILE_MAX, &p, &n);

	if (r == 0)
		r = bzimage_parse((struct bytes){ p, n }, &bz, err);
	if (r == 0)
		r = vmlinux_size(&bz, &n, err);
	if (r == 0) {
		unpacked = malloc(n + 1);
		r = unpacked ? vmlinux_unpack(&bz, &(struct room){ unpacked, n + 1, NULL }, n, err)
			     : -ENOMEM;
	}
	if (r == 0)
		r = slide((struct bytes){ unpacked, n }, by, out, err);
	return r;
}

int main(int argc, char **argv)
{
	struct kx_error err = { 0 };

	if (argc != 6) {
		fputs("usage: slide-image BZIMAGE SLIDE PAYLOAD-OUT BEFORE-OUT AFTER-OUT\n",
		      stderr);
		return 2;
	}
	if (run(argv[1], strtoull(argv[2], NULL, 0), argv + 3, &err) < 0) {
		fprintf(stderr, "%d %s\n", err.code, err.message);
		return 1;
	}
	return 0;
}

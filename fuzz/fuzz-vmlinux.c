// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include "fundamental/put.h"
#include "fuzz/inside.h"
#include "image/x86_64/vmlinux.h"

#define SPAN_MAX (UINT64_C(8) << 20)
#define SLIDE VMLINUX_ALIGN

/* Whatever a table says, moving touches nothing outside @image. */
static void move(const struct vmlinux *v, uint8_t *image, size_t n)
{
	struct vmlinux_relocs relocs;
	struct kx_error err = { 0 };
	uint8_t *before;
	int r = vmlinux_find_relocs(v, image, &relocs, &err);

	if (r < 0) {
		must((r == -EBADMSG || r == -ENODATA) && err.code == r && err.message[0]);
		return;
	}
	must_be_inside(v->table, relocs.add64);
	must_be_inside(v->table, relocs.subtract32);
	must_be_inside(v->table, relocs.add32);
	must(relocs.slots >= 1 && v->start + n + (relocs.slots - 1) * SLIDE <= UINT64_C(1) << 30);
	before = malloc(n);
	must(before != NULL);
	memcpy(before, image, n);
	vmlinux_slide(v, &relocs, 0, image);
	must(memcmp(before, image, n) == 0);
	if (relocs.slots > 1)
		vmlinux_slide(v, &relocs, SLIDE, image);
	free(before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes file = { data, size };
	struct kx_error err = { 0 };
	struct vmlinux v;
	uint8_t *image;

	if (vmlinux_parse(file, &v, &err) < 0) {
		must(err.message[0] && err.code == -EBADMSG);
		return 0;
	}
	must(v.start < v.end && v.start % VMLINUX_ALIGN == 0);
	must(v.elf.entry >= v.start && v.elf.entry < v.end);
	must_be_inside(file, v.table);
	if (v.end - v.start > SPAN_MAX)
		return 0;
	image = calloc(1, (size_t)(v.end - v.start));
	must(image != NULL);
	vmlinux_lay_out(&v, image);
	move(&v, image, (size_t)(v.end - v.start));
	free(image);
	return 0;
}

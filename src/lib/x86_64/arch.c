// SPDX-License-Identifier: LGPL-2.1-or-later
/* struct arch of x86_64: formats and limits of its kernels, and its functions. */

#include <errno.h>

#include "image/x86_64/vmlinux.h"
#include "lib/arch.h"
#include "lib/x86_64/x86_64.h"
#include "memmap/x86_64/e820.h"
#include "plan/planner.h"

static bool is_bzimage(const struct image *i)
{
	return i->inner == IMAGE_BZIMAGE64 || i->inner == IMAGE_BZIMAGE;
}

static struct bytes release(const struct image *i)
{
	return is_bzimage(i) ? i->x86_64.bzimage.release : (struct bytes){ 0 };
}

static uint32_t cmdline_max(const struct image *i)
{
	return is_bzimage(i) ? i->x86_64.bzimage.cmdline_size : 0;
}

static int kernel_size(const struct image *i, size_t *ret, struct kx_error *err)
{
	if (i->inner != IMAGE_BZIMAGE64)
		return kx_fail(err, -ENOENT, "no kernel is packed in it");
	return vmlinux_size(&i->x86_64.bzimage, ret, err);
}

static int kernel_unpack(const struct image *i, const struct room *room, size_t size,
			 struct kx_error *err)
{
	return vmlinux_unpack(&i->x86_64.bzimage, room, size, err);
}

/* arch/x86/kernel/kexec-bzimage64.c, bzImage64_probe() */
static bool takes_file(const struct image *i)
{
	return i->inner == IMAGE_BZIMAGE64 && bzimage_is_64bit(&i->x86_64.bzimage);
}

static void memory_describe(enum memory_type type, struct kx_memory *ret)
{
	ret->e820_type = e820_type(type);
}

const struct arch arch_x86_64 = {
	.id = ARCH_X86_64,
	.planner = &planner_x86_64,
	.formats = &image_formats_x86_64,
	.image_put = x86_64_image_put,
	.image_take = x86_64_image_take,
	.image_release = release,
	.image_cmdline_max = cmdline_max,
	.kernel_size = kernel_size,
	.kernel_unpack = kernel_unpack,
	.takes_file = takes_file,
	/* kexec-bzimage64.c reserves bytes for " elfcorehdr=0x…" on every command line, crash
	 * kernel or not: MAX_ELFCOREHDR_STR_LEN, with the NUL one more. */
	.file_cmdline_reserve = 31,
	.machine_read = x86_64_machine_read,
	.memory_describe = memory_describe,
	.serial_port = 0x3f8, /* COM1 */
	.serial_clock = 115200,
	.stamps_read = x86_64_stamps_read,
};

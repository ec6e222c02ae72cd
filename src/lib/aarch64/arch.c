// SPDX-License-Identifier: LGPL-2.1-or-later
/* struct arch of aarch64: formats and limits of its kernels, and its functions. */

#include <errno.h>

#include "lib/aarch64/aarch64.h"
#include "lib/arch.h"
#include "plan/planner.h"

#define COMMAND_LINE_SIZE 2048u /* arch/arm64/include/uapi/asm/setup.h, with the NUL */

static bool is_image(const struct image *i)
{
	return i->inner == IMAGE_ARM64;
}

static struct bytes release(const struct image *i)
{
	return is_image(i) ? i->aarch64.release : (struct bytes){ 0 };
}

static uint32_t cmdline_max(const struct image *i)
{
	return is_image(i) ? COMMAND_LINE_SIZE - 1 : 0;
}

/* What packs an Image is undone when the file is opened. */
static int kernel_size(const struct image *i, size_t *ret, struct kx_error *err)
{
	return kx_fail(err, -ENOENT, "no kernel is packed in it");
}

static int kernel_unpack(const struct image *i, const struct room *room, size_t size,
			 struct kx_error *err)
{
	return kx_fail(err, -ENOENT, "no kernel is packed in it");
}

static void memory_describe(enum memory_type type, struct kx_memory *ret)
{
}

const struct arch arch_aarch64 = {
	.id = ARCH_AARCH64,
	.planner = &planner_aarch64,
	.formats = &image_formats_aarch64,
	.image_put = aarch64_image_put,
	.image_take = aarch64_image_take,
	.image_release = release,
	.image_cmdline_max = cmdline_max,
	.kernel_size = kernel_size,
	.kernel_unpack = kernel_unpack,
	.takes_file = is_image, /* arch/arm64/kernel/kexec_image.c, image_probe() */
	.machine_read = aarch64_machine_read,
	.memory_describe = memory_describe,
	.serial_clock = 115200,
	.stamps_read = aarch64_stamps_read,
};

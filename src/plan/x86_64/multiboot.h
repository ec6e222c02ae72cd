/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Facts that both versions of Multiboot pass on. */

#include "plan/x86_64/x86_64.h"

#define MULTIBOOT_LOADER "rapidreboot " VERSION

/* multiboot_info_framebuffer_type */
enum { FRAMEBUFFER_NONE = -1, FRAMEBUFFER_RGB = 1, FRAMEBUFFER_TEXT = 2 };

struct framebuffer {
	int type;
	uint64_t address;
	uint32_t pitch, width, height;
	uint8_t bpp;
	uint8_t colours[6]; /* position and bits of red, green, blue */
};

struct multiboot_facts {
	uint32_t lower_kib, upper_kib; /* RAM from 0 and from 1 MiB on */
	struct framebuffer framebuffer;
	const struct range *modules; /* as placed, n_modules of the request */
	uint64_t load_base;
};

/* Upper bound of the size of the information. */
size_t multiboot_info_max(const struct planner *p);
/* Write it for physical address @base into @buf; return its size. */
size_t multiboot1_info(const struct planner *p, const struct multiboot_facts *facts, uint8_t *buf,
		       uint32_t base);
size_t multiboot2_info(const struct planner *p, const struct multiboot_facts *facts, uint8_t *buf);

/* Type in a memory map of Multiboot: those of e820 up to 5, others are reserved. */
uint32_t multiboot_memory_type(enum memory_type type);

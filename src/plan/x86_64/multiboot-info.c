// SPDX-License-Identifier: LGPL-2.1-or-later
/* The information structures: Multiboot specification 0.6.96, 3.3, and Multiboot2 specification 2.0,
 * 3.6. Version 1 points at its parts, version 2 is a list of tags. */

#include <string.h>

#include "fundamental/put.h"
#include "memmap/x86_64/e820.h"
#include "plan/x86_64/multiboot.h"
#include "plan/x86_64/zero-page.h"

uint32_t multiboot_memory_type(enum memory_type type)
{
	uint32_t e820 = e820_type(type);

	return e820 <= 5 ? e820 : 2;
}

size_t multiboot_info_max(const struct planner *p)
{
	size_t n = 512 + strlen(p->plan->cmdline) + p->plan->memory.n * 24;

	for (size_t i = 0; i < p->req->n_modules; i++)
		n += 32 + strlen(p->req->modules[i].cmdline);
	return n;
}

/* Version 1 */

enum {
	INFO_MEMORY = 1u << 0,
	INFO_CMDLINE = 1u << 2,
	INFO_MODULES = 1u << 3,
	INFO_MMAP = 1u << 6,
	INFO_LOADER_NAME = 1u << 9,
	INFO_FRAMEBUFFER = 1u << 12,

	INFO_SIZE = 116,
	MODULE_SIZE = 16,
	MMAP_ENTRY_SIZE = 24, /* the size field at its start counts the other 20 */
};

/* The information structure being written; physical addresses are base + offset. */
struct info {
	uint8_t *p;
	uint32_t base;
	size_t n;
};

static uint8_t *info_take(struct info *info, size_t n, uint32_t *ret_address)
{
	uint8_t *at = info->p + info->n;

	*ret_address = info->base + (uint32_t)info->n;
	info->n += (n + 3) & ~(size_t)3;
	return at;
}

static uint32_t info_string(struct info *info, const char *s)
{
	uint32_t address;

	memcpy(info_take(info, strlen(s) + 1, &address), s, strlen(s) + 1);
	return address;
}

static void info_modules(const struct planner *p, const struct multiboot_facts *facts,
			 struct info *info)
{
	uint32_t address;
	uint8_t *list = info_take(info, p->req->n_modules * MODULE_SIZE, &address);

	put_le32(info->p + 20, (uint32_t)p->req->n_modules);
	put_le32(info->p + 24, address);
	for (size_t i = 0; i < p->req->n_modules; i++, list += MODULE_SIZE) {
		put_le32(list, (uint32_t)facts->modules[i].start);
		put_le32(list + 4, (uint32_t)facts->modules[i].end);
		put_le32(list + 8, info_string(info, p->req->modules[i].cmdline));
	}
}

static void info_mmap(const struct memmap *map, struct info *info)
{
	uint32_t address;
	uint8_t *entry = info_take(info, map->n * MMAP_ENTRY_SIZE, &address);

	put_le32(info->p + 44, (uint32_t)(map->n * MMAP_ENTRY_SIZE));
	put_le32(info->p + 48, address);
	for (size_t i = 0; i < map->n; i++, entry += MMAP_ENTRY_SIZE) {
		put_le32(entry, MMAP_ENTRY_SIZE - 4);
		put_le64(entry + 4, map->v[i].range.start);
		put_le64(entry + 12, range_size(map->v[i].range));
		put_le32(entry + 20, multiboot_memory_type(map->v[i].type));
	}
}

static void info_framebuffer(const struct framebuffer *fb, uint8_t *p)
{
	put_le64(p + 88, fb->address);
	put_le32(p + 96, fb->pitch);
	put_le32(p + 100, fb->width);
	put_le32(p + 104, fb->height);
	p[108] = fb->bpp;
	p[109] = (uint8_t)fb->type;
	memcpy(p + 110, fb->colours, sizeof(fb->colours));
}

size_t multiboot1_info(const struct planner *p, const struct multiboot_facts *facts, uint8_t *buf,
		       uint32_t base)
{
	struct info info = { .p = buf, .base = base };
	uint32_t flags = INFO_MEMORY | INFO_CMDLINE | INFO_MMAP | INFO_LOADER_NAME, address;

	(void)info_take(&info, INFO_SIZE, &address);
	put_le32(buf + 4, facts->lower_kib);
	put_le32(buf + 8, facts->upper_kib);
	put_le32(buf + 16, info_string(&info, p->plan->cmdline));
	put_le32(buf + 64, info_string(&info, MULTIBOOT_LOADER));
	info_mmap(&p->plan->memory, &info);
	if (p->req->n_modules) {
		flags |= INFO_MODULES;
		info_modules(p, facts, &info);
	}
	if (facts->framebuffer.type != FRAMEBUFFER_NONE) {
		flags |= INFO_FRAMEBUFFER;
		info_framebuffer(&facts->framebuffer, buf);
	}
	put_le32(buf, flags);
	return info.n;
}

/* Version 2 */

enum {
	TAG_END = 0,
	TAG_CMDLINE = 1,
	TAG_LOADER_NAME = 2,
	TAG_MODULE = 3,
	TAG_MEMORY = 4,
	TAG_MMAP = 6,
	TAG_FRAMEBUFFER = 8,
	TAG_RSDP_1 = 14,
	TAG_RSDP_2 = 15,
	TAG_LOAD_BASE = 21,

	RSDP_1_SIZE = 20, /* ACPI specification 6.5, 5.2.5.3 */
	RSDP_2_SIZE = 36,
};

struct tags {
	uint8_t *p;
	size_t n;
};

/* Begins a tag with @n bytes behind {type, size}. */
static uint8_t *tag_add(struct tags *tags, uint32_t type, size_t n)
{
	uint8_t *tag = tags->p + tags->n;

	put_le32(tag, type);
	put_le32(tag + 4, (uint32_t)(8 + n));
	tags->n += (8 + n + 7) & ~(size_t)7;
	return tag + 8;
}

static void tag_string(struct tags *tags, uint32_t type, const char *s)
{
	memcpy(tag_add(tags, type, strlen(s) + 1), s, strlen(s) + 1);
}

static void tag_modules(const struct planner *p, const struct multiboot_facts *facts,
			struct tags *tags)
{
	for (size_t i = 0; i < p->req->n_modules; i++) {
		const char *cmdline = p->req->modules[i].cmdline;
		uint8_t *tag = tag_add(tags, TAG_MODULE, 8 + strlen(cmdline) + 1);

		put_le32(tag, (uint32_t)facts->modules[i].start);
		put_le32(tag + 4, (uint32_t)facts->modules[i].end);
		memcpy(tag + 8, cmdline, strlen(cmdline) + 1);
	}
}

static void tag_mmap(const struct memmap *map, struct tags *tags)
{
	uint8_t *tag = tag_add(tags, TAG_MMAP, 8 + map->n * 24);

	put_le32(tag, 24); /* entry size, version 0 */
	tag += 8;
	for (size_t i = 0; i < map->n; i++, tag += 24) {
		put_le64(tag, map->v[i].range.start);
		put_le64(tag + 8, range_size(map->v[i].range));
		put_le32(tag + 16, multiboot_memory_type(map->v[i].type));
	}
}

static void tag_framebuffer(const struct framebuffer *fb, struct tags *tags)
{
	uint8_t *tag = tag_add(tags, TAG_FRAMEBUFFER,
			       fb->type == FRAMEBUFFER_RGB ? 24 + sizeof(fb->colours) : 24);

	put_le64(tag, fb->address);
	put_le32(tag + 8, fb->pitch);
	put_le32(tag + 12, fb->width);
	put_le32(tag + 16, fb->height);
	tag[20] = fb->bpp;
	tag[21] = (uint8_t)fb->type;
	if (fb->type == FRAMEBUFFER_RGB)
		memcpy(tag + 24, fb->colours, sizeof(fb->colours));
}

static void tag_firmware(const struct planner *p, struct tags *tags)
{
	const struct machine *machine = p->machine;
	const uint8_t *rsdp = machine->x86_64.acpi_rsdp_copy;

	if (machine->x86_64.n_acpi_rsdp_copy >= RSDP_2_SIZE && rsdp[15] >= 2)
		memcpy(tag_add(tags, TAG_RSDP_2, RSDP_2_SIZE), rsdp, RSDP_2_SIZE);
	else if (machine->x86_64.n_acpi_rsdp_copy >= RSDP_1_SIZE)
		memcpy(tag_add(tags, TAG_RSDP_1, RSDP_1_SIZE), rsdp, RSDP_1_SIZE);
	/* No tag for the EFI system table (12): without boot services, which have ended, Xen
	 * stops when it finds one: "Bootloader shutdown EFI x64 boot services!"
	 * (xen/arch/x86/boot/head.S). */
}

size_t multiboot2_info(const struct planner *p, const struct multiboot_facts *facts, uint8_t *buf)
{
	struct tags tags = { .p = buf, .n = 8 };
	uint8_t *tag;

	tag_string(&tags, TAG_CMDLINE, p->plan->cmdline);
	tag_string(&tags, TAG_LOADER_NAME, MULTIBOOT_LOADER);
	tag_modules(p, facts, &tags);
	tag = tag_add(&tags, TAG_MEMORY, 8);
	put_le32(tag, facts->lower_kib);
	put_le32(tag + 4, facts->upper_kib);
	tag_mmap(&p->plan->memory, &tags);
	if (facts->framebuffer.type != FRAMEBUFFER_NONE)
		tag_framebuffer(&facts->framebuffer, &tags);
	tag_firmware(p, &tags);
	if (p->req->image->x86_64.multiboot.relocatable)
		put_le32(tag_add(&tags, TAG_LOAD_BASE, 4), (uint32_t)facts->load_base);
	(void)tag_add(&tags, TAG_END, 0);
	put_le32(buf, (uint32_t)tags.n);
	return tags.n;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* /proc/iomem -> memory map. Lines are "start-end : name" in hexadecimal, end inclusive, two blanks
 * of indentation a level (kernel/resource.c, r_show()). Only the top level is a memory map; nested
 * lines show what the running kernel has placed there. */

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/num.h"
#include "memmap/memmap.h"

struct line {
	struct range range;
	unsigned depth;
	struct bytes name;
};

static bool bytes_is(struct bytes b, const char *s)
{
	return b.n == strlen(s) && memcmp(b.p, s, b.n) == 0;
}

static bool bytes_starts(struct bytes b, const char *s)
{
	return b.n >= strlen(s) && memcmp(b.p, s, strlen(s)) == 0;
}

/* Removes the next line from @text. */
static bool next_line(struct bytes *text, struct bytes *ret)
{
	const uint8_t *newline;
	size_t n;

	if (text->n == 0)
		return false;
	newline = memchr(text->p, '\n', text->n);
	n = newline ? (size_t)(newline - text->p) : text->n;
	*ret = (struct bytes){ text->p, n };
	text->p += n + (newline != NULL);
	text->n -= n + (newline != NULL);
	return true;
}

/* Removes one to sixteen hexadecimal digits from the start of @b. */
static bool take_hex(struct bytes *b, uint64_t *ret)
{
	uint64_t v = 0;
	size_t n = 0;

	while (n < b->n && n < 16 && hex_digit((char)b->p[n]) >= 0)
		v = v << 4 | (uint64_t)hex_digit((char)b->p[n++]);
	if (n == 0)
		return false;
	*b = (struct bytes){ b->p + n, b->n - n };
	*ret = v;
	return true;
}

static bool take_text(struct bytes *b, const char *s)
{
	if (!bytes_starts(*b, s))
		return false;
	*b = (struct bytes){ b->p + strlen(s), b->n - strlen(s) };
	return true;
}

static bool line_parse(struct bytes b, struct line *ret)
{
	struct line line = { 0 };
	uint64_t last;

	while (take_text(&b, "  "))
		line.depth++;
	if (!take_hex(&b, &line.range.start) || !take_text(&b, "-") || !take_hex(&b, &last) ||
	    !take_text(&b, " : ") || last < line.range.start)
		return false;
	line.range.end = last == UINT64_MAX ? last : last + 1;
	line.name = b;
	*ret = line;
	return true;
}

/* Names of top-level lines: arch/x86/kernel/e820.c e820_type_to_string(), and drivers. */
static const struct {
	const char *name;
	bool prefix;
	enum memory_type type;
} names[] = {
	{ "System RAM", false, MEMORY_RAM },
	{ "System RAM (", true, MEMORY_DRIVER_MANAGED }, /* (kmem), (virtio_mem), … */
	{ "Soft Reserved", false, MEMORY_SOFT_RESERVED },
	{ "reserved", false, MEMORY_RESERVED },
	{ "Reserved", false, MEMORY_RESERVED },
	{ "ACPI Tables", false, MEMORY_ACPI },
	{ "ACPI Non-volatile Storage", false, MEMORY_NVS },
	{ "Unusable memory", false, MEMORY_UNUSABLE },
	{ "Persistent Memory (legacy)", false, MEMORY_PRAM },
	{ "Persistent Memory", false, MEMORY_PMEM },
	{ "Unknown E820 type", false, MEMORY_RESERVED },
};

static bool top_level_type(struct bytes name, enum memory_type *ret)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].prefix ? !bytes_starts(name, names[i].name)
				    : !bytes_is(name, names[i].name))
			continue;
		*ret = names[i].type;
		return true;
	}
	return false;
}

static int line_add(struct iomem *iomem, const struct line *line, bool inside_ram)
{
	enum memory_type type;

	if (inside_ram && line->depth == 1 && ranges_add(&iomem->inside, line->range) < 0)
		return -ENOMEM;
	if (line->depth == 0 && top_level_type(line->name, &type))
		return memmap_add(&iomem->map, line->range, type);
	if (bytes_is(line->name, "Crash kernel"))
		return ranges_add(&iomem->crash, line->range);
	if (bytes_is(line->name, "GART"))
		return ranges_add(&iomem->unreadable, line->range);
	if (inside_ram && line->depth > 0 &&
	    (bytes_is(line->name, "reserved") || bytes_is(line->name, "Reserved")))
		return ranges_add(&iomem->keep_off, line->range);
	if (bytes_is(line->name, "Kernel code"))
		iomem->kernel_code = line->range;
	else if (bytes_is(line->name, "Kernel data"))
		iomem->kernel_data = line->range;
	else if (bytes_is(line->name, "Kernel bss"))
		iomem->kernel_bss = line->range;
	return 0;
}

static int lines_add(struct iomem *iomem, struct bytes text, struct kx_error *err)
{
	bool inside_ram = false, seen_address = false;
	struct bytes raw;
	size_t n_lines = 0;

	while (next_line(&text, &raw)) {
		struct line line;
		int r;

		n_lines++;
		if (!line_parse(raw, &line))
			return kx_fail(err, -EBADMSG,
				       "line %zu is not \"start-end : name\" in hexadecimal",
				       n_lines);
		if (line.range.start || line.range.end > 1)
			seen_address = true;
		if (line.depth == 0)
			inside_ram = bytes_starts(line.name, "System RAM");
		r = line_add(iomem, &line, inside_ram);
		if (r < 0)
			return kx_fail(err, r, "out of memory");
	}
	iomem->zeroed = n_lines > 0 && !seen_address;
	return 0;
}

int iomem_parse(struct bytes text, struct iomem *ret, struct kx_error *err)
{
	struct iomem iomem = { 0 };
	int r;

	r = lines_add(&iomem, text, err);
	if (r == 0) {
		r = memmap_normalise(&iomem.map);
		if (r < 0)
			(void)kx_fail(err, r, "out of memory");
	}
	if (r < 0) {
		iomem_done(&iomem);
		return r;
	}
	*ret = iomem;
	return 0;
}

void iomem_done(struct iomem *iomem)
{
	memmap_done(&iomem->map);
	ranges_done(&iomem->crash);
	ranges_done(&iomem->keep_off);
	ranges_done(&iomem->inside);
	ranges_done(&iomem->unreadable);
	*iomem = (struct iomem){ 0 };
}

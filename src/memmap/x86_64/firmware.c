// SPDX-License-Identifier: LGPL-2.1-or-later
/* /sys/firmware/memmap -> memory map: one directory a range, three files in it, end inclusive
 * (Documentation/ABI/testing/sysfs-firmware-memmap). */

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/num.h"
#include "memmap/x86_64/e820.h"

/* drivers/firmware/memmap.c stores e820_type_to_string(); what is not listed is kept off. */
static const struct {
	const char *name;
	enum memory_type type;
} names[] = {
	{ "System RAM", MEMORY_RAM },
	{ "ACPI Tables", MEMORY_ACPI },
	{ "ACPI Non-volatile Storage", MEMORY_NVS },
	{ "Unusable memory", MEMORY_UNUSABLE },
	{ "Persistent Memory", MEMORY_PMEM },
	{ "Persistent Memory (legacy)", MEMORY_PRAM },
	{ "Soft Reserved", MEMORY_SOFT_RESERVED },
};

static struct bytes line_of(struct bytes text)
{
	const uint8_t *newline = memchr(text.p, '\n', text.n);

	return (struct bytes){ text.p, newline ? (size_t)(newline - text.p) : text.n };
}

static bool number_of(struct bytes text, uint64_t *ret)
{
	char digits[32];

	text = line_of(text);
	if (text.n >= sizeof(digits))
		return false;
	memcpy(digits, text.p, text.n);
	digits[text.n] = '\0';
	return parse_u64(digits, ret) == 0;
}

static enum memory_type type_of(struct bytes text)
{
	text = line_of(text);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (text.n == strlen(names[i].name) && !memcmp(text.p, names[i].name, text.n))
			return names[i].type;
	return MEMORY_RESERVED;
}

int firmware_memmap_add(struct memmap *map, struct bytes start, struct bytes end, struct bytes type,
			struct kx_error *err)
{
	struct range range;
	uint64_t last;
	int r;

	if (!number_of(start, &range.start) || !number_of(end, &last))
		return kx_fail(err, -EBADMSG, "start or end is not a number");
	if (last < range.start)
		return kx_fail(err, -EBADMSG, "end %#llx is below start %#llx",
			       (unsigned long long)last, (unsigned long long)range.start);
	range.end = last == UINT64_MAX ? last : last + 1;
	r = memmap_add(map, range, type_of(type));
	return r < 0 ? kx_fail(err, r, "out of memory") : 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Memory that words of the next kernel's command line take away from it: Documentation/admin-guide/kernel-parameters.txt,
 * memmap=nn[KMG]#ss[KMG] (ACPI data), $ (reserved), ! (persistent memory), several with commas between them;
 * read as arch/x86/kernel/e820.c, parse_memmap_one(), and lib/cmdline.c, memparse(), do. */
#include <errno.h>
#include <string.h>

#include "base/cmdline.h"
#include "base/num.h"
#include "plan/x86_64/x86_64.h"

/* One of the list, up to its end. */
static int exclude(const char *text, struct ranges *ret)
{
	uint64_t size, start;

	if (!take_memory_size(&text, &size) || !*text || !strchr("#$!", *text))
		return -EOPNOTSUPP;
	text++;
	if (!take_memory_size(&text, &start) || *text || size > UINT64_MAX - start)
		return -EOPNOTSUPP;
	if (size == 0)
		return 0;
	return ranges_add(ret, (struct range){ start & ~(uint64_t)(PAGE_SIZE - 1),
					       start + size > UINT64_MAX - PAGE_SIZE
						       ? UINT64_MAX - PAGE_SIZE + 1
						       : round_up(start + size, PAGE_SIZE) });
}

static int exclude_list(struct bytes value, struct ranges *ret)
{
	char text[64];
	int failed = 0;

	while (failed != -ENOMEM) {
		const uint8_t *comma = value.n ? memchr(value.p, ',', value.n) : NULL;
		const size_t n = comma ? (size_t)(comma - value.p) : value.n;
		int r = -EOPNOTSUPP;

		if (n < sizeof(text)) {
			memcpy(text, value.n ? (const char *)value.p : "", n);
			text[n] = '\0';
			r = exclude(text, ret);
		}
		if (r < 0)
			failed = r;
		if (!comma)
			break;
		value = (struct bytes){ comma + 1, value.n - n - 1 };
	}
	return failed;
}

int x86_64_excluded(const char *cmdline, struct ranges *ret)
{
	struct cmdline_word word;
	int failed = 0;

	while (failed != -ENOMEM && cmdline_next(&cmdline, &word)) {
		int r = 0;

		if (cmdline_key_is(&word, "mem"))
			r = -EOPNOTSUPP;
		else if (cmdline_key_is(&word, "memmap"))
			r = exclude_list(word.value, ret);
		if (r < 0)
			failed = r;
	}
	return failed;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* The running kernel's command line, without the words that were meant for this boot alone. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cmdline.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/strbuf.h"
#include "lib/internal.h"

/* Ten times the limit of any architecture. */
enum { CMDLINE_FILE_MAX = 64 << 10 };

/* Which words are left out. */
struct filter {
	bool keeps_modes; /* what a person asked for is kept; what a loader added is left out */
	bool on_crash;
	bool memmap_is_exact; /* memmap=exactmap was met: the ranges after it belong to it */
};

static bool is_dropped(struct filter *filter, const struct cmdline_word *word)
{
	static const char *const once[] = { "BOOT_IMAGE", "initrd", "elfcorehdr",
					    "kexec_jump_back_entry" };

	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
		if (cmdline_key_is(word, once[i]))
			return true;
	if (!filter->keeps_modes && cmdline_is_one_boot(word))
		return true;
	if (!filter->on_crash)
		return false;
	if (cmdline_key_is(word, "crashkernel"))
		return true;
	if (bytes_is(word->whole, "memmap=exactmap"))
		filter->memmap_is_exact = true;
	return filter->memmap_is_exact && cmdline_key_is(word, "memmap");
}

static int filtered(struct kx_ctx *ctx, struct filter filter, char **ret_cmdline)
{
	_cleanup_free_ uint8_t *raw = NULL;
	_cleanup_free_ char *line = NULL;
	_cleanup_strbuf_ struct strbuf kept = { 0 };
	struct cmdline_word word;
	const char *rest;
	size_t n;
	int r = read_file_in(ctx->machine_root, "/proc/cmdline", CMDLINE_FILE_MAX, &raw, &n);

	if (r < 0)
		return r;
	line = strndup((const char *)raw, n);
	if (!line)
		return -ENOMEM;
	line[strcspn(line, "\r\n")] = '\0';
	rest = line;
	while (cmdline_next(&rest, &word)) {
		if (is_dropped(&filter, &word))
			continue;
		if (kept.n)
			strbuf_add(&kept, " ");
		strbuf_add_n(&kept, (const char *)word.whole.p, word.whole.n);
	}
	return strbuf_take(&kept, ret_cmdline);
}

int cmdline_of_loader(struct kx_ctx *ctx, char **ret_cmdline)
{
	return filtered(ctx, (struct filter){ .keeps_modes = true }, ret_cmdline);
}

KX_EXPORT int kx_cmdline_running(struct kx_ctx *ctx, uint64_t flags, char **ret_cmdline,
				 struct kx_error *err)
{
	const struct filter filter = { .on_crash = flags & KX_CMDLINE_ON_CRASH };
	int r = filtered(ctx, filter, ret_cmdline);

	if (r == -ENOMEM)
		return kx_fail(err, -ENOMEM, "out of memory");
	return r < 0 ? kx_fail_at(err, kx_fail_path(err, r, "/proc/cmdline"), KX_STEP_MACHINE) : 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* The running kernel's command line, without the words that were meant for this boot alone. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "lib/internal.h"

/* Ten times what any architecture takes. */
enum { CMDLINE_FILE_MAX = 64 << 10 };

/* One word as lib/cmdline.c's next_arg() cuts it: blanks inside double quotes belong to it. */
static struct bytes next_word(struct bytes *line)
{
	struct bytes word;
	bool quoted = false;
	size_t n = 0;

	while (line->n && (line->p[0] == ' ' || line->p[0] == '\t'))
		*line = (struct bytes){ line->p + 1, line->n - 1 };
	while (n < line->n && (quoted || (line->p[n] != ' ' && line->p[n] != '\t')))
		quoted ^= line->p[n++] == '"';
	word = (struct bytes){ line->p, n };
	*line = (struct bytes){ line->p + n, line->n - n };
	return word;
}

static bool key_is(struct bytes word, const char *key)
{
	const size_t n = strlen(key);

	if (word.n && word.p[0] == '"') /* "key=value with blanks" */
		word = (struct bytes){ word.p + 1, word.n - 1 };
	return word.n >= n && memcmp(word.p, key, n) == 0 &&
	       (word.n == n || word.p[n] == '=' || word.p[n] == '"');
}

static bool word_is(struct bytes word, const char *s)
{
	return word.n == strlen(s) && memcmp(word.p, s, word.n) == 0;
}

/* Which words end with this boot. */
struct filter {
	bool on_crash;
	bool memmap_is_exact; /* memmap=exactmap was met: the ranges after it belong to it */
};

static bool is_dropped(struct filter *filter, struct bytes word)
{
	static const char *const once[] = { "BOOT_IMAGE", "initrd", "elfcorehdr",
					    "kexec_jump_back_entry" };

	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
		if (key_is(word, once[i]))
			return true;
	if (!filter->on_crash)
		return false;
	if (key_is(word, "crashkernel"))
		return true;
	if (word_is(word, "memmap=exactmap"))
		filter->memmap_is_exact = true;
	return filter->memmap_is_exact && key_is(word, "memmap");
}

KX_EXPORT int kx_cmdline_running(struct kx_ctx *ctx, uint64_t flags, char **ret_cmdline,
				 struct kx_error *err)
{
	struct filter filter = { .on_crash = flags & KX_CMDLINE_ON_CRASH };
	_cleanup_free_ uint8_t *raw = NULL;
	struct bytes line;
	size_t n, at = 0;
	char *kept;
	int r;

	r = read_file_in(ctx->machine_root, "/proc/cmdline", CMDLINE_FILE_MAX, &raw, &n);
	if (r < 0)
		return kx_fail_at(err, kx_fail(err, r, "/proc/cmdline: %s", open_strerror(r)),
				  KX_STEP_MACHINE);
	kept = malloc(n + 1);
	if (!kept)
		return kx_fail(err, -ENOMEM, "out of memory");

	line = (struct bytes){ raw, 0 };
	while (line.n < n && raw[line.n] != '\n' && raw[line.n] != '\r' && raw[line.n])
		line.n++;
	while (line.n) {
		const struct bytes word = next_word(&line);

		if (word.n == 0 || is_dropped(&filter, word))
			continue;
		if (at)
			kept[at++] = ' ';
		memcpy(kept + at, word.p, word.n);
		at += word.n;
	}
	kept[at] = '\0';
	*ret_cmdline = kept;
	return 0;
}

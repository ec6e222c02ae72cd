// SPDX-License-Identifier: LGPL-2.1-or-later
/* Memory that memmap=SIZE!START sets aside, as `rapidreboot keep` and file systems on /dev/pmem have it, is lost when the
 * next kernel is not told of it, or of another place. */
#include "keep/range.h"
#include "preflight/look.h"

enum preflight_status look_set_aside(const struct look *l, struct report *r)
{
	_cleanup_free_ char *cmdline = NULL;
	struct range now, next;
	char word[KEEP_WORD_MAX];
	int code = look_cmdline(l, &cmdline);

	if (code < 0)
		return unknown(r, "/proc/cmdline", code);
	code = keep_word_find(cmdline, &now);
	if (code < 0)
		return unknown(r, "memmap= of /proc/cmdline", code);
	if (code == 0)
		return PREFLIGHT_OK;
	keep_word_write(now, word);
	evidencef(r, "this boot: %s", word);
	if (!l->entry || !l->entry->cmdline)
		return unknown_entry(l, r);
	code = keep_word_find(l->entry->cmdline, &next);
	if (code < 0)
		return unknown(r, "memmap= of the entry", code);
	if (code == 0)
		return found(r, "The entry does not set this memory aside: what is in it is lost.");
	if (next.start == now.start && next.end == now.end)
		return PREFLIGHT_OK;
	keep_word_write(next, word);
	evidencef(r, "the entry: %s", word);
	return found(r, "The entry sets other memory aside: what is in this one is lost.");
}

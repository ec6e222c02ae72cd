// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a child answers that has read another system's settings, after somebody broke into it: rows. What is told of
 * them is what parsers tell, and what they put is what was taken. */
#include "config/foreign.h"
#include "confined/message.h"
#include "inside.h"

static int take(void *data, const struct assign *a)
{
	struct message_out *out = data;

	must(!a->name != !a->skipped);
	must(!a->name == !a->value);
	message_put_u32(out, a->line);
	message_put_text(out, a->name);
	message_put_text(out, a->value);
	message_put_text(out, a->skipped);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *again = malloc(size + 1);
	struct message_out out = { .p = again, .max = size };
	int r;

	must(again != NULL);
	r = foreign_take_rows((struct bytes){ data, size }, take, &out);
	must(r == 0 || r == -EPROTO);
	must(!out.is_full && (out.n == 0 || memcmp(again, data, out.n) == 0));
	must((r == 0) == (out.n == size));
	free(again);
	return 0;
}

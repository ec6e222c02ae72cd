// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/cleanup.h"
#include "inside.h"
#include "record/attempts.h"

/* What is read is what is written again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct attempts all, again;

	attempts_parse((struct bytes){ data, size }, &all);
	must(all.n <= ATTEMPTS_MAX);
	for (size_t i = 0; i < all.n; i++) {
		_cleanup_free_ char *line = NULL, *same = NULL;

		must(all.v[i].boot_id[0]);
		must(attempt_format(&all.v[i], &line) == 0);
		attempts_parse((struct bytes){ (uint8_t *)line, strlen(line) }, &again);
		must(again.n == 1 && again.damaged == 0);
		must(attempt_format(&again.v[0], &same) == 0);
		must(strcmp(line, same) == 0);
	}
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "record/kernel-log.h"

#include <string.h>

#include "base/num.h"

enum { FIELD_US = 2, DIGITS_MAX = 20 };

/* The field with this number, of those before the semicolon. */
static struct bytes field_of(struct bytes head, unsigned number)
{
	for (;; number--) {
		const uint8_t *comma = head.n ? memchr(head.p, ',', head.n) : NULL;
		const size_t n = comma ? (size_t)(comma - head.p) : head.n;

		if (number == 0)
			return (struct bytes){ head.p, n };
		if (!comma)
			return (struct bytes){ 0 };
		head = (struct bytes){ comma + 1, head.n - n - 1 };
	}
}

bool kernel_log_record(struct bytes line, uint64_t *ret_us, struct bytes *ret_message)
{
	const uint8_t *text = line.n ? memchr(line.p, ';', line.n) : NULL;
	char digits[DIGITS_MAX + 1] = "";
	struct bytes us;

	if (!text)
		return false;
	us = field_of((struct bytes){ line.p, (size_t)(text - line.p) }, FIELD_US);
	if (us.n == 0 || us.n > DIGITS_MAX)
		return false;
	memcpy(digits, us.p, us.n);
	if (parse_u64(digits, ret_us) < 0 || *ret_us > INT64_MAX / 2)
		return false;
	*ret_message = (struct bytes){ text + 1, (size_t)(line.p + line.n - text - 1) };
	return true;
}

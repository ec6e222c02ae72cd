// SPDX-License-Identifier: LGPL-2.1-or-later
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

int kx_fail(struct kx_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	assert(code < 0);
	if (!err)
		return code;

	err->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	return code;
}

int kx_fail_in(struct kx_error *err, int code, const char *fmt, ...)
{
	char inner[sizeof(err->message)];
	va_list ap;
	int n;

	assert(code < 0);
	if (!err)
		return code;

	memcpy(inner, err->message, sizeof(inner));
	err->code = code;
	va_start(ap, fmt);
	n = vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(err->message))
		(void)snprintf(err->message + n, sizeof(err->message) - (size_t)n, ": %s", inner);
	return code;
}

int kx_fail_at(struct kx_error *err, int code, enum kx_step step)
{
	assert(code < 0);
	if (err)
		err->step = step;
	return code;
}

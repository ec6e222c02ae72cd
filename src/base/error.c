// SPDX-License-Identifier: LGPL-2.1-or-later
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/open.h"

/* Clears file, address and other facts of an earlier failure: they do not describe this one. */
static void clear_facts(struct kx_error *err)
{
	err->file[0] = '\0';
	err->type = NULL;
	err->start = err->end = err->bytes = err->flags = 0;
	memset(err->reserved, 0, sizeof(err->reserved));
}

int kx_fail(struct kx_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	assert(code < 0);
	if (!err)
		return code;

	err->code = code;
	err->step = KX_STEP_NONE;
	clear_facts(err);
	va_start(ap, fmt);
	(void)vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	return code;
}

int kx_fail_as(struct kx_error *err, int code, const struct kx_error *why)
{
	assert(code < 0);
	if (err) {
		*err = *why;
		err->code = code;
	}
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

int kx_fail_path(struct kx_error *err, int code, const char *path)
{
	return kx_fail_file(err, kx_fail(err, code, "%s: %s", path, open_strerror(code)), path);
}

int kx_fail_file(struct kx_error *err, int code, const char *path)
{
	assert(code < 0);
	if (err)
		(void)snprintf(err->file, sizeof(err->file), "%s", path);
	return code;
}

int kx_fail_type(struct kx_error *err, int code, const char *type)
{
	assert(code < 0);
	if (err)
		err->type = type;
	return code;
}

int kx_fail_range(struct kx_error *err, int code, uint64_t start, uint64_t end)
{
	assert(code < 0);
	if (err) {
		err->start = start;
		err->end = end;
	}
	return code;
}

int kx_fail_room(struct kx_error *err, int code, uint64_t bytes)
{
	assert(code < 0);
	if (err)
		err->bytes = bytes;
	return code;
}

int kx_fail_flags(struct kx_error *err, int code, uint64_t flags)
{
	assert(code < 0);
	if (err)
		err->flags = flags;
	return code;
}

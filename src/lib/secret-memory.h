/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* Memory for secret parts: no child inherits it (lib/reader.h), and no core dump has it. */

/* @n zero bytes, at least one, or NULL. */
void *secret_alloc(size_t n);
/* Overwrites and releases the @n bytes at @p, which may be NULL. */
void secret_free(void *p, size_t n);

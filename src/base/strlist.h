/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"

/* Names a list owns; n strings, no NULL at the end. */
struct strlist {
	char **v;
	size_t n;
};

/* Appends a copy of @s; -ENOMEM. */
_must_check_ int strlist_add(struct strlist *list, const char *s);
void strlist_done(struct strlist *list);
#define _cleanup_strlist_ _cleanup_(strlist_done)

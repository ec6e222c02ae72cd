/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The number that nothing has been mixed into yet: FNV-1a's offset basis. */
#define MIX_NONE UINT64_C(0xcbf29ce484222325)

/* @hash with the @n bytes at @data mixed into it: a number that differs between different contents, and is the same for
 * the same bytes on every machine of one byte order. It tells accidents, it withstands no attacker. */
uint64_t mix(uint64_t hash, const void *data, size_t n);

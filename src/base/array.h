/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"

/**
 * array_room() - make room for one more element of a growing array
 * @v: address of the pointer to its elements, which may be NULL when there are none
 * @n: elements in use
 * @room: elements that there is room for; it is doubled, so that adding n elements takes O(n) time
 * @size: of an element, in bytes
 *
 * Return: 0; -ENOMEM, and the array is as it was.
 */
_must_check_ int array_room(void *v, size_t n, size_t *room, size_t size);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/entry.h"
#include "fundamental/bytes.h"

/*
 * Adds the strings of all structures of type 11 ("OEM Strings") in an SMBIOS structure table, in their order, to
 * @ret: a structure is its formatted area, whose first byte is the type and whose second one its own length, then
 * strings with a NUL behind each, and one more NUL. -EBADMSG when the table is cut off; @ret then has what was
 * whole. Source: DMTF DSP0134, 6.1.2, 6.1.3 and 7.12; type 127 ends the table.
 */
_must_check_ int smbios11_parse(struct bytes table, struct strlist *ret);

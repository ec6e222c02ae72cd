/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Order of two versions as UAPI.10 defines it: <0, 0, >0. NULL counts as "". */
int version_compare(const char *a, const char *b);

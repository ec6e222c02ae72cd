/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Looks that rows of the common families take, with their field @only. */

#include "preflight/look.h"

enum preflight_status look_acpi(const struct look *l, struct report *r);
enum preflight_status look_screen(const struct look *l, struct report *r);
enum preflight_status look_microcode(const struct look *l, struct report *r);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fundamental/bytes.h"

/* Flat images made by src/purgatory/meson.build: struct purgatory_args at 0, code behind it. */
extern const struct bytes purgatory_x86_64;
extern const struct bytes purgatory_aarch64;

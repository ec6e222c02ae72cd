/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Rows of B4: entries with a command line, and devices as udev names them. */

#include "tests/unit/preflight-rows.h"

static const char *const one[] = { "/i" };

#define ENTRY(line, ...) .entry = { .title = "t", .cmdline = line, __VA_ARGS__ }
#define ONE .initrds = one, .n_initrds = 1
#define FILE_AT(path)    \
	{                \
		path, "" \
	}
#define NULL_DEVICE FILE_AT("/dev/null")
#define BY_UUID(name) FILE_AT("/dev/disk/by-uuid/" name)
#define BY_PARTUUID(name) FILE_AT("/dev/disk/by-partuuid/" name)
#define RUNNING(line)                 \
	{                             \
		"/proc/cmdline", line \
	}

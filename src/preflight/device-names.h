/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "preflight/look.h"

/* Result of looking up the name of a device. Functions return it, or a negative errno when it
 * cannot be told. */
enum presence {
	DEVICE_GONE,
	DEVICE_THERE,
	DEVICE_OTHER_CASE, /* there is one in small letters where capitals were given, or vice versa */
	DEVICE_BY_UDEV,	   /* of a kind that only an initrd can look up, and there is none */
	DEVICE_ELSEWHERE, /* names no device of this machine, but a network file system or a pool: not looked at */
	DEVICE_NEEDLESS, /* nothing has to be there */
	DEVICE_NONE,	 /* names nothing at all */
	DEVICE_BY_SOME,	 /* it is there, but not every initrd knows such a name */
};

/**
 * device_presence() - will the next boot find the device that a word of its command line names?
 * @spec: the value of root= or its like: a path, TAG=VALUE, MAJOR:MINOR, a hexadecimal number, …
 * @by_kernel: the kernel itself looks (Linux block/early-lookup.c), there is no initrd with udev's names
 *
 * Return: enum presence; -ENODATA: this tree has no /dev; -EOPNOTSUPP: it may be a directory of a server or
 * a dataset of a pool; other errors of reading /dev.
 */
int device_presence(const struct look *l, const char *spec, bool by_kernel);

/* A LUKS device by dracut.cmdline(7), rd.luks.uuid=: the prefixes "keysource:" and "luks-" are
 * ignored, and a part of the UUID is enough. @directory: "by-uuid" or "by-partuuid" */
int luks_presence(const struct look *l, const char *directory, const char *name);
/* "VG/LV" */
int volume_presence(const struct look *l, const char *name);
int volume_group_presence(const struct look *l, const char *name);
/* 32 hexadecimal digits with ":" or "-" anywhere between them */
int raid_presence(const struct look *l, const char *uuid);

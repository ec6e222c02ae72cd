/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "preflight/root-device.h"

/* Encrypted block devices that the next boot has to open: the devices below "/", lines of
 * crypttab(5), and names on the command line. */

enum { VOLUMES_MAX = 64 };

struct volume {
	char name[128];	   /* below /dev/mapper */
	char uuid[64];	   /* hexadecimal digits of its LUKS UUID, or "" */
	char device[256];  /* path of what it is made of, or "" */
	bool is_early;	   /* the initrd opens it */
	unsigned line;	   /* of @table, 0 for none */
	const char *table; /* with @line: the path of the crypttab */
	struct bytes key, options;
	bool is_in_initrd; /* the line is in the initrd, where files of "/" are not */
};

struct volumes {
	struct root_device root;
	struct volume v[VOLUMES_MAX];
	size_t n;
	bool is_cut_off;    /* there are more than fit */
	int crypttab_error; /* why it could not be read; 0 also when there is none */
	struct look_file crypttab, initrd_crypttab;
};

/* Errors of finding out what "/" lies on. What else could not be looked at is unseen(). */
_must_check_ int volumes_read(const struct look *l, struct report *r, struct volumes *ret);
void volumes_done(struct volumes *volumes);
#define _cleanup_volumes_ _cleanup_(volumes_done)

/* Arch's table for the initrd */
#define CRYPTTAB_INITRAMFS "/etc/crypttab.initramfs"

/* A LUKS volume that is no line of crypttab. */
void volumes_add(struct volumes *volumes, const char *name, const char *device, bool is_early);

/* Sets @device, and @uuid where it is one: TAG=VALUE as udev's link to it, a path as it is. */
void volume_set_device(struct volume *v, const char *spec);
/* Cuts "a" off the front of "a,b=c"; false when nothing is left. */
bool option_next(struct bytes *options, struct bytes *ret);
/* Is NAME, or NAME=…, among the options "a,b=c"? */
bool option_is(struct bytes options, const char *name);
/* The text after "NAME=" among them; p is NULL when there is none. */
struct bytes option_value(struct bytes options, const char *name);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the loader's names of devices stand for; a part of fs-root.c. */

#include "entry/entry.h"
#include "entry/outside.h"

/* One name that is known, because somebody said so or because search() handed it out. */
struct fs_name {
	enum fs_name_kind { FS_NAME_UUID, FS_NAME_LABEL, FS_NAME_DEVICE, FS_NAME_IMAGE } kind;
	char *name;
	size_t mount;
};

struct fs_devices {
	struct fs_name *v;
	size_t n;
};

struct root_fs {
	struct entry_fs fs;
	struct outside *out;
	bool is_live; /* sources of mounts are devices of this machine */
	struct mounts mounts;
	struct fs_devices devices;
	size_t home; /* mount that holds the configuration */
};

/* "uuid:U=DIR" and the like. */
_must_check_ int fs_device_place(struct root_fs *fs, const char *place, struct kx_error *err);
/* The mount a device name means; NULL is home. 1: which disk is meant is a guess; -ENODEV. */
_must_check_ int fs_device_mount(struct root_fs *fs, const char *device, const struct mount **ret);
/* The mount of the partition with that PARTUUID; -ENODEV. */
_must_check_ int fs_device_partition(struct root_fs *fs, const char *uuid,
				     const struct mount **ret);
_must_check_ int fs_device_search(
	struct root_fs *fs, enum entry_search what, const char *key, const struct strlist *hints,
	bool (*has_file)(void *data, const struct mount *m, const char *path), char **ret_device);
_must_check_ int fs_device_probe(struct root_fs *fs, const char *device, const char *what,
				 char **ret);
/* Images that are file systems: entry_fs.image. A name that was given before stays what it is. */
int fs_image(struct entry_fs *table, const char *name, const char *device, const char *path);
bool fs_device_is_given(const struct root_fs *fs, const char *name);
_must_check_ int fs_device_name_image(struct root_fs *fs, const char *name, size_t mount);
void fs_devices_done(struct fs_devices *devices);

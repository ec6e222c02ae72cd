/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Files that libblkid takes for disks, each with a UUID that it makes of the bytes 1 to 16, or of letters. */

#include "tests/unit/root.h"

#define DISK_UUID "01020304-0506-0708-090a-0b0c0d0e0f10"     /* as file systems write it */
#define ARRAY_UUID "01020304-0506-0708-090a-0b0c0d0e0f10"    /* of put_array_member() */
#define VOLUME_UUID "abcdef-ghij-klmn-opqr-stuv-wxyz-012345" /* of put_physical_volume() */

void put_ext4(const struct root *root, const char *path);
/* What pvcreate of LVM writes. */
void put_physical_volume(const struct root *root, const char *path);
/* A member of an array of md of two disks, RAID1. */
void put_array_member(const struct root *root, const char *path);

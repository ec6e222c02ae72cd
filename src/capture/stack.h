/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The devices under a file system's device, down to the disks. */

#include "capture/target.h"

/**
 * capture_stack_add() - find out what has to be put together, and driven
 * @root: as in base/io.h: /sys is read, tables of volumes, UUIDs of their devices
 * @device: path of a block device in /sys/devices
 * @directory: for sentences
 * @target: gets the layers, those that lie lower first
 * @to: what drives the disks, and the layers, is added
 *
 * Return: 0, or with a sentence that says what to do
 * -EOPNOTSUPP it is encrypted, of a kind that is not put together (thin volumes, snapshots, RAID of LVM, arrays of
 *             firmware, multipath, bcache), or has more layers than CAPTURE_LAYERS_MAX,
 * -ENODATA    a disk under it has no UUID; what reading says; -ENOMEM.
 */
_must_check_ int capture_stack_add(int root, const char *device, const char *directory,
				   struct capture_target *target, struct capture_device *to,
				   struct kx_error *err);
/* Is @device, or what is under it, encrypted? */
bool capture_stack_is_encrypted(int root, const char *device);

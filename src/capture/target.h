/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where dumps are saved, as the running machine has it: the file system of a directory, and the devices
 * that lie between it and the processor. */

#include "capture/settings.h"

/**
 * struct capture_device - what has to be driven after the crash
 * @drivers: kernel modules that drive the device and those above it; built into the kernel, perhaps
 * @aliases: by which udev asks for their modules, a line each
 */
struct capture_device {
	struct names drivers;
	struct strbuf aliases;
};

/* "/dev/NAME", with a slash for "!" in the NAME that /sys has. -ENOMEM. */
_must_check_ int capture_device_path(const char *name, char **ret);
/* "/sys/devices/…" that the link @path leads to. -ENOENT; as readlink_in(). */
_must_check_ int capture_device_of(int root, const char *path, char **ret);
/* The block devices that have that UUID, in @ret: paths in /dev, in the order of /sys. As list_in(). */
_must_check_ int capture_devices_find(int root, const char *uuid, struct names *ret);
/* The block device whose file system has that UUID: its path in /dev. -ENODEV; as open(2) of /sys. */
_must_check_ int capture_device_find(int root, const char *uuid, char **ret);

/**
 * capture_target_find() - find out where @directory is
 * @root: as in base/io.h: /proc and /sys are read
 * @directory: absolute; the last parts of it need not exist
 * @ret: the file system with the directory in it
 * @device: what is found is added
 *
 * Return: 0, or with a sentence that says what to do
 * -EOPNOTSUPP a file system without a device of its own, over the network, encrypted, of several devices of
 *             btrfs, or as capture_stack_add(),
 * -ENODATA    it has no UUID,
 * -ENOENT     /proc or /sys do not tell; -ENOMEM.
 */
_must_check_ int capture_target_find(int root, const char *directory, struct capture_target *ret,
				     struct capture_device *device, struct kx_error *err);
/* Adds what drives the device @path of /sys/devices and those above it, up to the processor. -ENOMEM. */
_must_check_ int capture_device_add(int root, const char *path, struct capture_device *to);
void capture_device_done(struct capture_device *device);
#define _cleanup_capture_device_ _cleanup_(capture_device_done)

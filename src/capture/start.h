/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* After the crash: what lies under a file system is put together. */

#include "capture/job.h"

/**
 * capture_layers_start() - start the volumes and arrays of a target of @j, in their order
 *
 * Waits for their disks as long as the settings say. An array that lacks members then is started without them; one
 * that is started already stays as it is.
 * Return: 0; with a sentence: -ENODEV a disk is not there; as linux_array_start() and linux_volume_start().
 */
_must_check_ int capture_layers_start(const struct capture_job *j,
				      const struct capture_target *target, struct kx_error *err);

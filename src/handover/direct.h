/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A reboot without an init system: from a rescue shell, an initramfs, under an unknown process 1, or
 * as process 1. */

#include <libkexec.h>

#include "handover/init.h"
#include "handover/mounts.h"

/* Can processes and file systems be seen? Changes nothing; -ENOENT without /proc. */
_must_check_ int direct_prepare(struct sys *sys, struct kx_error *err);

/**
 * direct_go() - stop every process, sync, leave the file systems, and jump
 * @mode: REBOOT_KEXEC jumps, and reboots through the firmware if that fails; REBOOT_COLD does so at once
 * @t: hears what could not be done
 * @err: why the machine is still there
 *
 * Nothing stops it once it has begun: a machine without its processes is better started anew. Returns
 * only when even the ordinary reboot is refused.
 */
int direct_go(struct sys *sys, struct kx_ctx *ctx, enum reboot_mode mode, const struct teller *t,
	      struct kx_error *err);

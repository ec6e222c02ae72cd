/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A reboot without an init system: from a rescue shell, an initramfs, under an unknown process 1, or
 * as process 1. */

#include <libkexec.h>

#include "handover/init.h"
#include "handover/mounts.h"

/* Can processes and file systems be seen? Changes nothing; -ENOENT without /proc. */
_must_check_ int direct_prepare(struct sys *sys, struct kx_error *err);

/* A callback when processes have stopped and file systems are still mounted. */
struct last_word {
	bool (*may_jump)(void *data); /* false: the reboot goes through the firmware */
	void *data;
};

/**
 * direct_go() - stop every process, sync, leave the file systems, and jump
 * @last: asked before a jump
 * @t: hears what could not be done
 * @err: why the machine is still there
 *
 * Once begun it is never given up, because a machine without its processes is of no use. When the
 * jump fails it reboots through the firmware; it returns only when that is refused as well.
 */
int direct_go(struct sys *sys, struct kx_ctx *ctx, const struct last_word *last,
	      const struct teller *t, struct kx_error *err);
/* The same through the firmware. */
int direct_go_cold(struct sys *sys, const struct teller *t, struct kx_error *err);

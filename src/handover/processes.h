/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "handover/mounts.h"

/* Sends SIGTERM to every process, waits, and sends SIGKILL to those that have not ended. Process 1,
 * the caller, kernel threads and programs of root that the root file system depends on (argv[0]
 * begins with "@", see https://systemd.io/ROOT_STORAGE_DAEMONS) are spared. Returns how many could
 * not be ended, or a negative errno. */
_must_check_ int processes_stop(struct sys *sys, const struct teller *t, struct kx_error *err);

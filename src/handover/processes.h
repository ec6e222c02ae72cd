/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "handover/mounts.h"

/* Asks every process to end, waits, and ends those that do not. Process 1, the caller, kernel
 * threads and programs of root that keep the root file system going (argv[0] begins with "@", see
 * https://systemd.io/ROOT_STORAGE_DAEMONS) stay. Returns how many could not be ended, or a negative
 * errno. */
_must_check_ int processes_stop(struct sys *sys, const struct teller *t, struct kx_error *err);

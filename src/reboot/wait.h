/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A reboot with a time where init knows none: a process of ours waits for it and asks init then. It obeys
 * the request file only: when that is gone or another one, the reboot was taken back. */

#include "handover/init.h"
#include "reboot/reboot.h"

/* Puts the program that waits in the place of @call, which asks init at once. */
_must_check_ int wait_call(struct sys *sys, struct reboot_call *call, struct kx_error *err);

/* The hook "wait": waits until the reboot that was ordered is due, renews it, and asks init for it. */
void wait_for_order(const struct reboot *rb);

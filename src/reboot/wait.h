/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A reboot with a time, for init systems that take none: a process of ours waits and asks init when
 * the time has come. It depends on the request file only: when that is removed or replaced, the
 * reboot was cancelled. */

#include "handover/init.h"
#include "reboot/reboot.h"

/* Replaces @call, which asks init at once, by a call of our program that waits first. */
_must_check_ int wait_call(struct sys *sys, struct reboot_call *call, struct kx_error *err);

/* The hook "wait": waits until the reboot that was ordered is due, renews it, and asks init for it. */
void wait_for_order(const struct reboot *rb);

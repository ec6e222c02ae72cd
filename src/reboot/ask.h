/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Asking init for the fast reboot, with the sign for those that tell nobody where they go. */

#include "handover/init.h"
#include "handover/request.h"
#include "reboot/reboot.h"

/**
 * ask_with_sign() - write the request with its sign, ask init, and see it begin
 * @request: what is written, with its sign and time filled in
 *
 * Where init tells its scripts nothing a sign that stays would make a jump of somebody's poweroff. So it is
 * written right before init is asked, never when init is going down already, and it is for the caller to take
 * request and kernel back when this fails.
 * A program that is ended by a signal after it has asked, as the way down ends all of them, has asked.
 * Return: 0; -EBUSY when init was going down; -ETIMEDOUT when it took the order and has not begun; or what
 * request_write() and reboot_ask() return.
 */
_must_check_ int ask_with_sign(const struct reboot *rb, const struct init_system *init,
			       const struct reboot_call *call, struct request *request,
			       struct kx_error *err);

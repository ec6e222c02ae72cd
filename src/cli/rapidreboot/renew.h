/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A reboot with a time was ordered, and its kernel loaded, maybe days ago: what an upgrade has replaced
 * since must not be started. */

#include "cli/rapidreboot/attempt.h"

/* Adds to @request by which words @s was chosen, and what they came to. */
void renew_prepare(const struct start *s, const struct start_options *o, struct request *request);

/* Has @init run the hook that renews the image when it goes down; a warning if it cannot, for nothing need
 * have changed by then. */
void renew_watch(struct sys *sys, const struct init_system *init);

/* The reboot of @request begins, with its kernel loaded: the words are asked again. When they come to
 * the same the image stays; else it is loaded anew, and request and record follow. An exit status; if
 * it is not EXIT_OK nothing is loaded and no request is left. @going_down: init is on its way. */
int renew(struct sys *sys, struct kx_ctx *ctx, struct request *request, bool going_down);

/* Unloads. If that fails, a request says that this has to be a reboot through the firmware, so that no hook
 * of ours starts what stays. */
void image_drop(struct sys *sys, struct kx_ctx *ctx);

/* Plans, checks and loads what @o means, runs the hooks of the stage before the hand-over and writes the
 * attempt down. An exit status; if it is not EXIT_OK nothing is loaded by this. @ret is to be ended with
 * start_done() either way. */
int load_for_reboot(struct sys *sys, const struct start_options *o, const char *why,
		    struct start *ret);

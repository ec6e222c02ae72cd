/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A reboot with a time: ordered, renewed when its time comes, taken back. */

#include "handover/request.h"
#include "reboot/check.h"

/* Can @init not be given a time, so that a process of ours has to wait? */
bool order_is_ours(const struct init_system *init);

/* REASON_ORDERED when a reboot with a time waits already: there is only one loaded kernel. */
_must_check_ enum reason order_is_free(const struct reboot *rb, struct kx_error *err);

/**
 * struct order - the reboot with a time that is ordered
 * @request: as it was written
 * @left_ms: until its time, 0 when that has come
 */
struct order {
	struct request request;
	uint64_t left_ms;
};
/* False when none is ordered. */
bool order_read(const struct reboot *rb, struct order *ret);

/* Adds to @request the wish that @s was chosen by, so that it can be asked again. */
void order_fill(const struct reboot *rb, const struct wish *wish, const struct start *s,
		struct request *request);

/* Makes @init run our hooks when it goes down for the order, and when others cancel it; warns when
 * it cannot. */
void order_watch(const struct reboot *rb, const struct init_system *init);

/**
 * order_renew() - the time of @request has come: choose again by its wish
 * @going_down: init is on its way
 *
 * When the choice is the same the loaded image stays; else the new choice is loaded, and request
 * and record are rewritten. Otherwise an upgrade after the order would not take effect.
 *
 * Return: REASON_NONE; any other: nothing is loaded and no request is left.
 */
_must_check_ enum reason order_renew(const struct reboot *rb, struct request *request,
				     bool going_down, struct kx_error *err);

/**
 * load_for_reboot() - judge, load, run the hooks before the hand-over, and write the attempt down
 * @why: who wanted it, as in struct attempt
 * @ret: released with start_done(), whatever is returned
 *
 * Findings of the checks are told. Return: REASON_NONE; any other: nothing is loaded by this.
 */
_must_check_ enum reason load_for_reboot(const struct reboot *rb, const struct wish *wish,
					 const char *why, bool going_down, struct start *ret,
					 struct kx_error *err);

/* Unloads. If that fails, writes a request for a reboot through the firmware, so that no hook of
 * ours starts the image that stays loaded. */
void image_drop(const struct reboot *rb);

/* Drops image, request and record of a reboot that does not happen. REASON_UNLOAD, REASON_FAILED. */
_must_check_ enum reason order_take_back(const struct reboot *rb, struct kx_error *err);

/* The same for a reboot that was ordered; init is told first. REASON_NOT_ORDERED,
 * REASON_INIT_UNKNOWN, REASON_INIT, REASON_UNLOAD, REASON_FAILED. */
_must_check_ enum reason order_cancel(const struct reboot *rb, struct kx_error *err);

/* The hook "cancelled": unloads the kernel when the order was cancelled by init's own command
 * (shutdown -c). */
void order_was_cancelled(const struct reboot *rb);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A reboot with a time: ordered, renewed when its time comes, taken back. */

#include "handover/request.h"
#include "reboot/check.h"

/* Does @init know no time, so that a process of ours has to wait? */
bool order_is_ours(const struct init_system *init);

/* Two that wait would take the kernel from each other: REASON_ORDERED when one does. */
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

/* Has @init run our hooks when it goes down for it, and when others take it back; warns when it cannot. */
void order_watch(const struct reboot *rb, const struct init_system *init);

/**
 * order_renew() - the reboot of @request begins, with its kernel loaded: ask the wish again
 * @going_down: init is on its way
 *
 * When it comes to the same the image stays; else it is loaded anew, and request and record follow. An
 * upgrade in between must not be answered with the old kernel.
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
 * What checks find is told. Return: REASON_NONE; any other: nothing is loaded by this.
 */
_must_check_ enum reason load_for_reboot(const struct reboot *rb, const struct wish *wish,
					 const char *why, bool going_down, struct start *ret,
					 struct kx_error *err);

/* Tells each finding above a note, as load_for_reboot() does. */
void tell_findings(const struct reboot *rb, const struct preflight *findings);

/* Unloads. If that fails, a request says that this has to be a reboot through the firmware, so that no hook
 * of ours starts what stays. */
void image_drop(const struct reboot *rb);

/* Drops image, request and record of a reboot that does not happen. REASON_UNLOAD, REASON_FAILED. */
_must_check_ enum reason order_take_back(const struct reboot *rb, struct kx_error *err);

/* The same for a reboot that was ordered, which init is told first. REASON_NOT_ORDERED,
 * REASON_INIT_UNKNOWN, REASON_INIT, REASON_UNLOAD, REASON_FAILED. */
_must_check_ enum reason order_cancel(const struct reboot *rb, struct kx_error *err);

/* The hook "cancelled": somebody may have taken it back by init's own means; then the kernel is unloaded. */
void order_was_cancelled(const struct reboot *rb);

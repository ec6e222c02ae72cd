/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Handing the machine over to the loaded kernel: through its init system, or past it. */

#include "handover/init.h"
#include "reboot/check.h"
#include "reboot/cold.h"

/**
 * struct way_down - how this machine is asked to go down
 * @init: NULL: none that is known here
 * @direct: it is not asked
 * @call: what is run, empty with @direct
 */
struct way_down {
	const struct init_system *init;
	bool direct;
	struct reboot_call call;
};

/* Looks, changes nothing. REASON_INIT_UNKNOWN, REASON_INIT, REASON_ORDERED, REASON_FAILED. */
_must_check_ enum reason way_down_find(const struct reboot *rb, const struct wish *wish,
				       struct way_down *ret, struct kx_error *err);
void way_down_done(struct way_down *way);
#define _cleanup_way_down_ _cleanup_(way_down_done)

/**
 * go_fast() - load what was judged, and have the machine taken down into it
 * @s: as judge() filled it
 *
 * Whatever fails after the load withdraws it: image, request and record. So does a signal that comes
 * before init is asked; it takes effect after that. From then on signals mean nothing. Returns when
 * init has taken the order; with @way->direct only when that failed.
 * Return: REASON_NONE, REASON_PERMISSION, REASON_HOOK, REASON_LATER, REASON_UNRECORDED, REASON_GONE,
 * REASON_INTERRUPTED, REASON_INIT, REASON_FAILED, and what start_load() returns.
 */
_must_check_ enum reason go_fast(const struct reboot *rb, const struct wish *wish, struct start *s,
				 struct way_down *way, struct kx_error *err);

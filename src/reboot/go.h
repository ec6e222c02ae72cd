/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Handing the machine over: to its init system, or past it, into the loaded kernel or through the
 * firmware. */

#include "handover/cold.h"
#include "reboot/check.h"

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
 * Whatever fails after the load withdraws it: image, request and record. Returns when init has taken the
 * order; with @way->direct only when that failed.
 * Return: REASON_NONE, REASON_PERMISSION, REASON_HOOK, REASON_GONE, REASON_INIT, REASON_FAILED, and what
 * start_load() returns.
 */
_must_check_ enum reason go_fast(const struct reboot *rb, const struct wish *wish, struct start *s,
				 struct way_down *way, struct kx_error *err);

/**
 * struct cold_way - how a reboot through the firmware is made
 * @cold: what is done; empty with @direct
 * @direct: without the init system
 */
struct cold_way {
	struct cold cold;
	bool direct;
};

/* Looks, changes nothing. REASON_INIT_UNKNOWN, REASON_INIT, REASON_FAILED. */
_must_check_ enum reason cold_way_find(const struct reboot *rb, const struct wish *wish,
				       struct cold_way *ret, struct kx_error *err);
void cold_way_done(struct cold_way *way);
#define _cleanup_cold_way_ _cleanup_(cold_way_done)

/**
 * go_cold() - reboot through the firmware, whatever is loaded and enabled
 * @force: although an image stays loaded that init may start
 *
 * Return: REASON_NONE, REASON_PERMISSION; REASON_UNLOAD: nothing was changed; REASON_FAILED, REASON_INIT:
 * the image is unloaded, and the machine stays up.
 */
_must_check_ enum reason go_cold(const struct reboot *rb, struct cold_way *way, bool force,
				 struct kx_error *err);

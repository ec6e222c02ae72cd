/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A reboot through the firmware, whatever is loaded and enabled. */

#include "base/teller.h"
#include "handover/init.h"
#include "handover/loaders.h"

/**
 * struct cold - what a cold reboot of this machine would do
 * @ctx: borrowed
 * @init: the one that is asked
 * @call: how
 * @loaded: struct kx_state.loaded
 * @others: units and scripts of others that load or start a kernel on the way down
 * @force: reboot although an image stays loaded that init may start
 * @teller: hears what could not be done on the way; may be NULL
 */
struct cold {
	struct kx_ctx *ctx;
	const struct init_system *init;
	struct reboot_call call;
	int loaded;
	struct loaders others;
	bool force;
	const struct teller *teller;
};

/* Looks, changes nothing. -EOPNOTSUPP: the init is unknown, or this is a container; -ENOENT: its
 * program is missing. */
_must_check_ int cold_prepare(struct sys *sys, struct kx_ctx *ctx, const struct reboot_wish *wish,
			      struct cold *ret, struct kx_error *err);

/* enum cold_stage: how far cold_go() got when it failed */
enum cold_stage {
	COLD_UNLOAD, /* the image could not be unloaded; nothing was changed */
	COLD_ASK,    /* init said no: the image is gone and the request withdrawn */
	COLD_ASKED,  /* the machine is going down */
};

/* Unload, leave the request for our own hooks, ask init, and when it has taken the order forbid loading
 * until the next boot, so that nobody else's hook loads on the way down. Where that cannot be forbidden, @teller
 * hears of those that may do so. */
_must_check_ int cold_go(struct sys *sys, struct cold *cold, enum cold_stage *ret_stage,
			 struct kx_error *err);

void cold_done(struct cold *cold);

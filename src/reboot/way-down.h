/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the hooks of init systems do while the machine goes down. Whatever fails here, init has to
 * go on: failures are told and not returned. */

#include "handover/arm.h"
#include "reboot/reboot.h"

/**
 * struct going_down - the facts that the hooks decide by
 * @facts: what the arming rule needs; its pointers lead into this struct
 * @request: the valid request, with @has_request
 * @ordered: of a reboot with a time, with @facts.ordered
 * @loaded: struct kx_state.loaded
 */
struct going_down {
	struct hook_facts facts;
	bool has_request;
	struct request request, ordered;
	int loaded;
};

/* Reads it all; @ret must not be moved afterwards. False, having told why, when it cannot be known whether
 * a kernel is loaded. */
_must_check_ bool going_down_read(const struct reboot *rb, const struct signals *signals,
				  struct going_down *ret);

/* The hook "load", while file systems are mounted. */
void hook_load(const struct reboot *rb, struct going_down *g);
/* The hook "late": the last one before init jumps by itself. */
void hook_late(const struct reboot *rb, struct going_down *g);
/* The hook "jump": in the place of init's own reboot. */
void hook_jump(const struct reboot *rb, struct going_down *g);
/* The hook "stopped": services have stopped, and the record can be written still. */
void hook_stopped(const struct reboot *rb);

/**
 * enum ordinary - what an ordinary reboot of this machine would do now
 */
enum ordinary {
	ORDINARY_FIRMWARE,
	ORDINARY_FAST,	  /* load a kernel and start it */
	ORDINARY_LOADED,  /* start what is loaded already */
	ORDINARY_UNKNOWN, /* the init system is not known here */
};
/* By the same rule as the hooks. */
enum ordinary ordinary_reboot(const struct reboot *rb);

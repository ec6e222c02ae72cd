/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A reboot through the firmware, and two things that every reboot needs: permission, and the
 * message for init. */

#include "handover/cold.h"
#include "reboot/reboot.h"
#include "reboot/wish.h"

/* REASON_PERMISSION without CAP_SYS_BOOT; to be called before a person is asked a question. */
_must_check_ enum reason go_permitted(const struct reboot *rb, struct kx_error *err);

/* The part of @wish that init is told; its strings are borrowed from @wish. */
struct reboot_wish told_to_init(const struct wish *wish, enum reboot_mode mode);

/**
 * struct cold_way - how a reboot through the firmware is made
 * @cold: what is done; empty with @direct
 * @direct: without the init system
 */
struct cold_way {
	struct cold cold;
	bool direct;
};

/* Only reads, changes nothing; @rb has to live as long as @ret. REASON_INIT: this init cannot be
 * asked, or is not known; REASON_FAILED. */
_must_check_ enum reason cold_way_find(const struct reboot *rb, const struct wish *wish,
				       struct cold_way *ret, struct kx_error *err);
void cold_way_done(struct cold_way *way);
#define _cleanup_cold_way_ _cleanup_(cold_way_done)

/**
 * go_cold_instead() - go_cold(), and the record has @why, for which no fast reboot was possible
 *
 * A record that cannot be written is a warning: through the firmware a reboot is what it always was.
 */
_must_check_ enum reason go_cold_instead(const struct reboot *rb, struct cold_way *way,
					 const char *why, struct kx_error *err);

/**
 * go_cold() - reboot through the firmware, whatever is loaded and enabled
 * @force: although an image stays loaded that init may start
 *
 * Return: REASON_NONE, REASON_PERMISSION; REASON_UNLOAD: nothing was changed; REASON_INIT: the image is
 * unloaded, and the machine stays up.
 */
_must_check_ enum reason go_cold(const struct reboot *rb, struct cold_way *way, bool force,
				 struct kx_error *err);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "preflight/pools.h"
#include "preflight/volumes.h"

/**
 * dmcrypt_look() - what OpenRC's service dmcrypt opens at the next boot
 * @volumes: those that the initrd opens; the service leaves them alone
 * @locks: gets one for each other section of conf.d/dmcrypt
 *
 * Nothing is added unless the service is in a runlevel.
 */
void dmcrypt_look(const struct look *l, struct report *r, const struct volumes *volumes,
		  struct pool_locks *locks);

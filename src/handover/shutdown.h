/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Replaces this process by `shutdown -r now` of the running init system. Returns a negative errno,
 * and only when no such program could be started. */
int shutdown_reboot(void);

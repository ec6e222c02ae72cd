/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How another machine is reached after the crash: as it is now, without DHCP. */

#include "capture/target.h"
#include "sys/network.h"

/**
 * capture_network_find() - describe the way to another machine
 * @root: as in base/io.h: /sys is read
 * @way: what the kernel says of its routes (linux_network_way())
 * @to: address of the other machine
 * @ret: filled; released with its target
 * @device: what drives the interface is added
 *
 * The interface is recognised by its hardware address after the crash, since names change.
 *
 * Return: 0, or with a sentence that says what to do
 * -EOPNOTSUPP the interface is not a network card: a bond, VLAN, bridge, tunnel or wireless; or software has
 *             changed its hardware address,
 * -ENOENT     /sys does not tell; -ENOMEM.
 */
_must_check_ int capture_network_find(int root, const struct network_way *way, const char *to,
				      struct capture_network *ret, struct capture_device *device,
				      struct kx_error *err);

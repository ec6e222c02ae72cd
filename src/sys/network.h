/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <net/if.h>
#include <netinet/in.h>

#include "base/cleanup.h"

/**
 * struct network_way - how this machine reaches another one now
 * @interface: its name
 * @source: address of this machine, as text
 * @prefix_n: bits of the network that @source is in
 * @gateway: address of the first hop, or "": the other machine is on the same network
 */
struct network_way {
	char interface[IF_NAMESIZE];
	char source[INET6_ADDRSTRLEN], gateway[INET6_ADDRSTRLEN];
	unsigned prefix_n;
};

/**
 * linux_network_way() - ask the kernel's tables of routes (rtnetlink(7))
 * @to: an IPv4 or IPv6 address as text
 *
 * Return: 0; -EINVAL @to is no address; -ENETUNREACH no route, or what the kernel says; -EADDRNOTAVAIL @to is
 * this machine, or the address of the interface is gone; -EOPNOTSUPP the first hop is of another family.
 */
_must_check_ int linux_network_way(const char *to, struct network_way *ret);

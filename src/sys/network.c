// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which way a packet would take. Reads only. */
#include "sys/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MAX = 8192 };

struct question {
	struct nlmsghdr head;
	struct rtmsg route;
	struct rtattr to;
	uint8_t address[sizeof(struct in6_addr)];
};

static int ask(int family, const uint8_t *address, size_t n, void *answer, size_t *ret_n)
{
	struct question q = {
		.head = { .nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof(q.route)) + RTA_LENGTH(n)),
			  .nlmsg_type = RTM_GETROUTE,
			  .nlmsg_flags = NLM_F_REQUEST },
		.route = { .rtm_family = (unsigned char)family,
			   .rtm_dst_len = (unsigned char)(8 * n) },
		.to = { .rta_type = RTA_DST, .rta_len = (unsigned short)RTA_LENGTH(n) },
	};
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t got;

	memcpy(q.address, address, n);
	if (fd < 0 || send(fd, &q, q.head.nlmsg_len, 0) < 0)
		return -errno;
	got = recv(fd, answer, ANSWER_MAX, 0);
	if (got < 0)
		return -errno;
	*ret_n = (size_t)got;
	return 0;
}

static int take_route(int family, struct nlmsghdr *head, struct network_way *way)
{
	const struct rtmsg *route = NLMSG_DATA(head);
	size_t left = head->nlmsg_len - NLMSG_LENGTH(sizeof(*route));

	if (route->rtm_type == RTN_LOCAL)
		return -EADDRNOTAVAIL;
	if (route->rtm_type != RTN_UNICAST)
		return -ENETUNREACH;
	for (const struct rtattr *a = RTM_RTA(route); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		uint32_t index;

		if (a->rta_type == RTA_GATEWAY)
			inet_ntop(family, RTA_DATA(a), way->gateway, sizeof(way->gateway));
		else if (a->rta_type == RTA_PREFSRC)
			inet_ntop(family, RTA_DATA(a), way->source, sizeof(way->source));
		else if (a->rta_type == RTA_VIA)
			return -EOPNOTSUPP;
		if (a->rta_type != RTA_OIF)
			continue;
		memcpy(&index, RTA_DATA(a), sizeof(index));
		if (!if_indextoname(index, way->interface))
			return -errno;
	}
	return way->source[0] && way->interface[0] ? 0 : -ENETUNREACH;
}

static unsigned count_bits(const uint8_t *mask, size_t n)
{
	unsigned bits = 0;

	for (size_t i = 0; i < n; i++)
		bits += (unsigned)__builtin_popcount(mask[i]);
	return bits;
}

/* The address and the mask of an entry of getifaddrs(3), which are of @family. */
static const uint8_t *bytes_of(int family, const struct sockaddr *a)
{
	return family == AF_INET
		       ? (const uint8_t *)&((const struct sockaddr_in *)(const void *)a)->sin_addr
		       : (const uint8_t *)&((const struct sockaddr_in6 *)(const void *)a)
				 ->sin6_addr;
}

static int find_prefix(int family, size_t n, struct network_way *way)
{
	uint8_t source[sizeof(struct in6_addr)];
	struct ifaddrs *all;
	int r = -EADDRNOTAVAIL;

	if (inet_pton(family, way->source, source) != 1)
		return -EINVAL;
	if (getifaddrs(&all) < 0)
		return -errno;
	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		if (!a->ifa_addr || !a->ifa_netmask || a->ifa_addr->sa_family != family ||
		    strcmp(a->ifa_name, way->interface) != 0 ||
		    memcmp(bytes_of(family, a->ifa_addr), source, n) != 0)
			continue;
		way->prefix_n = count_bits(bytes_of(family, a->ifa_netmask), n);
		r = 0;
	}
	freeifaddrs(all);
	return r;
}

int linux_network_way(const char *to, struct network_way *ret)
{
	const int family = strchr(to, ':') ? AF_INET6 : AF_INET;
	const size_t n = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	union {
		struct nlmsghdr head;
		uint8_t raw[ANSWER_MAX];
	} answer;
	struct network_way way = { 0 };
	uint8_t address[sizeof(struct in6_addr)];
	size_t got = 0;
	int r = inet_pton(family, to, address) == 1 ? 0 : -EINVAL;

	if (r == 0)
		r = ask(family, address, n, &answer, &got);
	if (r < 0)
		return r;
	if (!NLMSG_OK(&answer.head, got))
		return -EBADMSG;
	if (answer.head.nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *e = NLMSG_DATA(&answer.head);

		return e->error < 0 ? e->error : -EBADMSG;
	}
	r = take_route(family, &answer.head, &way);
	if (r == 0)
		r = find_prefix(family, n, &way);
	if (r == 0)
		*ret = way;
	return r;
}

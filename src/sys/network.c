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

static int take_attribute(int family, unsigned type, const uint8_t *data, size_t n,
			  struct network_way *way)
{
	const size_t address_n =
		family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	uint32_t index;

	if (type == RTA_VIA)
		return -EOPNOTSUPP;
	if (type == RTA_GATEWAY && n >= address_n)
		(void)inet_ntop(family, data, way->gateway, sizeof(way->gateway));
	if (type == RTA_PREFSRC && n >= address_n)
		(void)inet_ntop(family, data, way->source, sizeof(way->source));
	if (type != RTA_OIF || n < sizeof(index))
		return 0;
	memcpy(&index, data, sizeof(index));
	return if_indextoname(index, way->interface) ? 0 : -errno;
}

/* @p: the whole answer, @n bytes with its header */
static int take_route(int family, const uint8_t *p, size_t n, struct network_way *way)
{
	struct rtattr a;
	struct rtmsg route;
	int r = 0;

	if (n < NLMSG_LENGTH(sizeof(route)))
		return -EBADMSG;
	memcpy(&route, p + NLMSG_HDRLEN, sizeof(route));
	if (route.rtm_type == RTN_LOCAL)
		return -EADDRNOTAVAIL;
	if (route.rtm_type != RTN_UNICAST)
		return -ENETUNREACH;
	for (size_t at = NLMSG_LENGTH(sizeof(route)); r == 0 && at + sizeof(a) <= n;
	     at += RTA_ALIGN(a.rta_len)) {
		memcpy(&a, p + at, sizeof(a));
		if (a.rta_len < sizeof(a) || a.rta_len > n - at)
			return -EBADMSG;
		r = take_attribute(family, a.rta_type, p + at + sizeof(a), a.rta_len - sizeof(a),
				   way);
	}
	return r < 0 ? r : way->source[0] && way->interface[0] ? 0 : -ENETUNREACH;
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
	if (got < sizeof(answer.head) || answer.head.nlmsg_len > got)
		return -EBADMSG;
	if (answer.head.nlmsg_type == NLMSG_ERROR) {
		int code = 0;

		if (got >= NLMSG_LENGTH(sizeof(struct nlmsgerr)))
			memcpy(&code, answer.raw + NLMSG_HDRLEN, sizeof(code));
		return code < 0 ? code : -EBADMSG;
	}
	r = take_route(family, answer.raw, answer.head.nlmsg_len, &way);
	if (r == 0)
		r = find_prefix(family, n, &way);
	if (r == 0)
		*ret = way;
	return r;
}

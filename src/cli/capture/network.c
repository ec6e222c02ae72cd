// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sets a network card up as the crashed system had it: MTU, one address, a way to one machine (netdevice(7),
 * route(7), ipv6(7)).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "base/dir.h"
#include "base/file.h"
#include "base/io.h"
#include "base/num.h"
#include "base/open.h"
#include "cli/capture/capture.h"

enum { LOOK_AGAIN_MS = 200 };

/* <linux/ipv6.h> cannot be included beside <netinet/in.h>. */
struct address6 {
	struct in6_addr address;
	uint32_t prefix_n;
	int index;
};

struct card {
	char name[IF_NAMESIZE];
	int fd; /* a socket of the right family */
	int index, family;
	union {
		struct in_addr v4;
		struct in6_addr v6;
	} address, to, gateway;
	unsigned prefix_n;
	bool has_gateway;
};

static bool read_of(const char *name, const char *what, char **ret)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };

	strbuf_addf(&path, "/sys/class/net/%s/%s", name, what);
	return !path.failed && read_line_in(ROOT_HERE, path.s, ret) == 0;
}

static bool find_by_mac(const char *mac, char name[IF_NAMESIZE])
{
	_cleanup_names_ struct names all = { 0 };

	if (list_in(ROOT_HERE, "/sys/class/net", &all) < 0)
		return false;
	for (size_t i = 0; i < all.n; i++) {
		_cleanup_free_ char *found = NULL;

		if (!read_of(all.v[i], "address", &found) || strcmp(found, mac) != 0 ||
		    strlen(all.v[i]) >= IF_NAMESIZE)
			continue;
		memcpy(name, all.v[i], strlen(all.v[i]) + 1);
		return true;
	}
	return false;
}

static bool has_cable(const char *name)
{
	_cleanup_free_ char *carrier = NULL;

	return read_of(name, "carrier", &carrier) && strcmp(carrier, "1") == 0;
}

/* Asks again and again until @is_there, or @end. */
static bool wait_until(const struct capture_job *j, uint64_t end, bool (*is_there)(void *),
		       void *data)
{
	const struct timespec pause = { .tv_nsec = LOOK_AGAIN_MS * 1000000L };

	while (!is_there(data)) {
		beat(j);
		if (uptime_ms() >= end)
			return false;
		(void)nanosleep(&pause, NULL);
	}
	return true;
}

struct search {
	const char *mac;
	char *name;
};

static bool is_card_there(void *data)
{
	const struct search *s = data;

	return find_by_mac(s->mac, s->name);
}

static bool is_cable_there(void *data)
{
	return has_cable(data);
}

static int parse(const struct capture_network *n, struct card *c)
{
	_cleanup_free_ char *address = strdup(n->address);
	char *slash = address ? strchr(address, '/') : NULL;
	uint64_t prefix_n;

	if (!slash)
		return -EINVAL;
	*slash = '\0';
	c->family = strchr(address, ':') ? AF_INET6 : AF_INET;
	if (parse_u64(slash + 1, &prefix_n) < 0 || prefix_n > (c->family == AF_INET ? 32 : 128) ||
	    inet_pton(c->family, address, &c->address) != 1 ||
	    inet_pton(c->family, n->to, &c->to) != 1 ||
	    (n->gateway && inet_pton(c->family, n->gateway, &c->gateway) != 1))
		return -EINVAL;
	c->prefix_n = (unsigned)prefix_n;
	c->has_gateway = n->gateway != NULL;
	return 0;
}

static struct ifreq request_of(const struct card *c)
{
	struct ifreq request = { 0 };

	memcpy(request.ifr_name, c->name, sizeof(request.ifr_name));
	return request;
}

static struct sockaddr address4(struct in_addr address)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = address };
	struct sockaddr out;

	memcpy(&out, &in, sizeof(out));
	return out;
}

static int set_up4(const struct card *c)
{
	const uint32_t mask = c->prefix_n ? htonl(UINT32_MAX << (32 - c->prefix_n)) : 0;
	struct ifreq request = request_of(c);

	request.ifr_addr = address4(c->address.v4);
	if (ioctl(c->fd, SIOCSIFADDR, &request) < 0)
		return -errno;
	request.ifr_netmask = address4((struct in_addr){ mask });
	return ioctl(c->fd, SIOCSIFNETMASK, &request) < 0 ? -errno : 0;
}

static int set_up6(const struct card *c)
{
	const struct address6 request = { c->address.v6, c->prefix_n, c->index };

	return ioctl(c->fd, SIOCSIFADDR, &request) < 0 ? -errno : 0;
}

/* One machine, by another one or, without it, by the card itself. */
static int route4(struct card *c, struct in_addr to, bool by_gateway)
{
	struct rtentry route = {
		.rt_dst = address4(to),
		.rt_genmask = address4((struct in_addr){ UINT32_MAX }),
		.rt_flags = RTF_UP | RTF_HOST,
		.rt_dev = c->name,
	};

	if (by_gateway) {
		route.rt_gateway = address4(c->gateway.v4);
		route.rt_flags |= RTF_GATEWAY;
	}
	return ioctl(c->fd, SIOCADDRT, &route) < 0 && errno != EEXIST ? -errno : 0;
}

static int route6(struct card *c, struct in6_addr to, bool by_gateway)
{
	struct in6_rtmsg route = {
		.rtmsg_dst = to,
		.rtmsg_dst_len = 128,
		.rtmsg_metric = 1,
		.rtmsg_flags = RTF_UP | RTF_HOST,
		.rtmsg_ifindex = c->index,
	};

	if (by_gateway) {
		route.rtmsg_gateway = c->gateway.v6;
		route.rtmsg_flags |= RTF_GATEWAY;
	}
	return ioctl(c->fd, SIOCADDRT, &route) < 0 && errno != EEXIST ? -errno : 0;
}

/* Clouds have gateways that are in no network of the card: the way to them goes first. A gateway that is of
 * this link alone (fe80::) needs none. */
static int set_routes(struct card *c)
{
	int r = 0;

	if (c->has_gateway && c->family == AF_INET)
		r = route4(c, c->gateway.v4, false);
	else if (c->has_gateway && !IN6_IS_ADDR_LINKLOCAL(&c->gateway.v6))
		r = route6(c, c->gateway.v6, false);
	if (r < 0)
		return r;
	return c->family == AF_INET ? route4(c, c->to.v4, c->has_gateway)
				    : route6(c, c->to.v6, c->has_gateway);
}

static int set_link(const struct card *c, unsigned mtu)
{
	struct ifreq request = request_of(c);

	request.ifr_mtu = (int)mtu;
	if (mtu && ioctl(c->fd, SIOCSIFMTU, &request) < 0)
		say("%s: cannot have an MTU of %u: %s", c->name, mtu, strerror(errno));
	request = request_of(c);
	if (ioctl(c->fd, SIOCGIFFLAGS, &request) < 0)
		return -errno;
	request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
	return ioctl(c->fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

/* Nobody else has taken the address in the meantime: it is not asked whether somebody has. */
static void skip_detection(const struct card *c)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };

	strbuf_addf(&path, "/proc/sys/net/ipv6/conf/%s/accept_dad", c->name);
	if (!path.failed)
		(void)!file_write_in(ROOT_HERE, path.s, "0");
}

static int set_up(struct card *c, const struct capture_network *n, const struct capture_job *j,
		  uint64_t end, struct kx_error *err)
{
	int r = parse(n, c);

	if (r < 0)
		return kx_fail(err, r, "the network settings mean nothing");
	c->index = (int)if_nametoindex(c->name);
	c->fd = socket(c->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return kx_fail(err, -errno, "this kernel has no network: %s", strerror(errno));
	if (c->family == AF_INET6)
		skip_detection(c);
	r = set_link(c, n->mtu);
	if (r < 0)
		return kx_fail(err, r, "%s: cannot set it up: %s", c->name, strerror(-r));
	if (!wait_until(j, end, is_cable_there, c->name))
		return kx_fail(err, -ENETDOWN, "%s has no cable", c->name);
	r = c->family == AF_INET ? set_up4(c) : set_up6(c);
	if (r < 0)
		return kx_fail(err, r, "%s: cannot have the address %s: %s", c->name, n->address,
			       strerror(-r));
	r = set_routes(c);
	return r < 0 ? kx_fail(err, r, "%s: cannot have a route to %s: %s", c->name, n->to,
			       strerror(-r))
		     : 0;
}

int network_up(const struct capture_job *j, const struct capture_network *n, unsigned wait_s,
	       struct kx_error *err)
{
	const uint64_t end = uptime_ms() + wait_s * UINT64_C(1000);
	struct card card = { .fd = -1 };
	struct search search = { n->mac, card.name };
	int r;

	if (!wait_until(j, end, is_card_there, &search))
		return kx_fail(err, -ENODEV, "no network card has the address %s", n->mac);
	r = set_up(&card, n, j, end, err);
	card.fd = fd_close(card.fd);
	if (r == 0)
		say("%s has %s", card.name, n->address);
	return r;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* An interface into what finds and drives it after the crash (kernel, Documentation/ABI/testing/sysfs-class-net). */
#include "capture/network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/num.h"

enum {
	ARPHRD_ETHERNET = 1, /* linux/if_arp.h */
	ADDRESS_SET = 3,     /* NET_ADDR_SET of linux/netdevice.h */
	EVENT_MAX = 4096,
};

/* "vlan", "bond", "bridge", "wlan" of DEVTYPE= in uevent, or NULL. */
static char *kind_of(int root, const char *interface)
{
	static const char key[] = "DEVTYPE=";
	_cleanup_strbuf_ struct strbuf path = { 0 };
	_cleanup_free_ uint8_t *raw = NULL;
	struct bytes text, line;
	struct lines lines;

	strbuf_addf(&path, "/sys/class/net/%s/uevent", interface);
	if (path.failed || read_file_in(root, path.s, EVENT_MAX, &raw, &text.n) < 0)
		return NULL;
	text.p = raw;
	lines = lines_of(text);
	while (lines_next(&lines, &line))
		if (bytes_starts(line, key))
			return bytes_dup((struct bytes){ line.p + sizeof(key) - 1,
							 line.n - (sizeof(key) - 1) });
	return NULL;
}

static int refuse(int root, const char *interface, const char *to, struct kx_error *err)
{
	_cleanup_free_ char *kind = kind_of(root, interface);

	return kx_fail(
		err, -EOPNOTSUPP,
		"%s is reached by %s, which is %s%s and no network card: the capture "
		"initramfs of rapidreboot sets up cards only; name a directory on a disk by "
		"CRASH_TARGET, or an initial ramdisk of kdump-tools, kdumpctl or mkdumprd by "
		"CRASH_INITRD",
		to, interface, kind ? "a " : "made by software", kind ? kind : "");
}

static int read_number(int root, const char *interface, const char *name, int *ret)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };

	strbuf_addf(&path, "/sys/class/net/%s/%s", interface, name);
	return path.failed ? -ENOMEM : read_int_in(root, path.s, ret);
}

/* The interface in /sys/devices; -EOPNOTSUPP when it is not one of a device. */
static int find_device(int root, const char *interface, char **ret)
{
	_cleanup_strbuf_ struct strbuf path = { 0 }, device = { 0 };
	_cleanup_free_ char *link = NULL;
	const char *part;
	int r;

	strbuf_addf(&path, "/sys/class/net/%s", interface);
	r = path.failed ? -ENOMEM : readlink_in(root, path.s, &link);
	if (r < 0)
		return r;
	part = strstr(link, "/devices/");
	if (!part || strstr(part, "/../"))
		return -ENOENT;
	if (strncmp(part, "/devices/virtual/", strlen("/devices/virtual/")) == 0)
		return -EOPNOTSUPP;
	strbuf_addf(&device, "/sys%s", part);
	return strbuf_take(&device, ret);
}

static int check_card(int root, const char *interface, const char *to, struct kx_error *err)
{
	_cleanup_free_ char *kind = kind_of(root, interface);
	int type = 0, assigned = 0;

	if (read_number(root, interface, "type", &type) < 0 || type != ARPHRD_ETHERNET ||
	    (kind && strcmp(kind, "wlan") == 0))
		return refuse(root, interface, to, err);
	if (read_number(root, interface, "addr_assign_type", &assigned) == 0 &&
	    assigned == ADDRESS_SET)
		return kx_fail(err, -EOPNOTSUPP,
			       "%s is reached by %s, whose hardware address was changed by "
			       "software, so that it cannot be found by it after the crash: leave "
			       "the card its own address, or name a directory on a disk by "
			       "CRASH_TARGET",
			       to, interface);
	return 0;
}

static int describe(int root, const struct network_way *way, const char *to,
		    struct capture_network *ret)
{
	_cleanup_strbuf_ struct strbuf path = { 0 }, address = { 0 };
	int mtu = 0, r;

	strbuf_addf(&path, "/sys/class/net/%s/address", way->interface);
	r = path.failed ? -ENOMEM : read_line_in(root, path.s, &ret->mac);
	if (r < 0)
		return r;
	if (read_number(root, way->interface, "mtu", &mtu) == 0 && mtu > 0 && mtu <= UINT16_MAX)
		ret->mtu = (unsigned)mtu;
	strbuf_addf(&address, "%s/%u", way->source, way->prefix_n);
	ret->to = strdup(to);
	if (way->gateway[0])
		ret->gateway = strdup(way->gateway);
	if (!ret->to || (way->gateway[0] && !ret->gateway))
		return -ENOMEM;
	return strbuf_take(&address, &ret->address);
}

int capture_network_find(int root, const struct network_way *way, const char *to,
			 struct capture_network *ret, struct capture_device *device,
			 struct kx_error *err)
{
	struct capture_target t = { 0 };
	_cleanup_free_ char *path = NULL;
	int r = find_device(root, way->interface, &path);

	if (r == -EOPNOTSUPP)
		return refuse(root, way->interface, to, err);
	if (r == 0) {
		r = check_card(root, way->interface, to, err);
		if (r < 0)
			return r;
		r = describe(root, way, to, &t.network);
	}
	if (r == 0)
		r = capture_device_add(root, path, device);
	/* its own alias, for kernels that have IPv6 as a module */
	if (r == 0 && strchr(to, ':')) {
		strbuf_add(&device->aliases, "net-pf-10\n");
		r = device->aliases.failed ? -ENOMEM : 0;
	}
	if (r < 0) {
		capture_target_done(&t);
		return kx_fail(err, r, "/sys/class/net/%s, by which %s is reached: %s",
			       way->interface, to, strerror(-r));
	}
	*ret = t.network;
	return 0;
}

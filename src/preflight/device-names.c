// SPDX-License-Identifier: LGPL-2.1-or-later
/* Device names on command lines, resolved by the rules of the programs that will resolve them: the
 * kernel, udev and dracut. */
#include "preflight/device-names.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"

#define BY "/dev/disk/by-"

/* Is there a device in /dev? A captured tree of files has none. */
static int has_devices(const struct look *l)
{
	int code = look_exists(l, "/dev/null");

	return code == 0 ? -ENODATA : code < 0 ? code : 0;
}

/* Names in one of udev's directories below /dev/disk; a missing directory is an empty one. */
static int list_links(const struct look *l, const char *directory, struct names *ret)
{
	int code = look_exists(l, "/dev/disk");

	if (code <= 0)
		return code < 0 ? code : -ENODATA;
	code = look_list(l, directory, ret);
	return code == -ENOENT ? 0 : code;
}

/* ---- TAG=VALUE */

/* Directory below /dev/disk for a tag (UUID=, LABEL=, …); NULL for tags that udev has no links
 * for. */
static const char *tag_directory(const char *spec, const char **ret_value)
{
	static const char *const tags[][2] = {
		{ "UUID=", BY "uuid" },
		{ "LABEL=", BY "label" },
		{ "PARTUUID=", BY "partuuid" },
		{ "PARTLABEL=", BY "partlabel" },
		{ "ID=", BY "id" },
		/* of booster(1) */
		{ "HWPATH=", BY "path" },
		{ "WWID=", BY "id" },
	};

	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++)
		if (strncmp(spec, tags[i][0], strlen(tags[i][0])) == 0) {
			*ret_value = spec + strlen(tags[i][0]);
			return tags[i][1];
		}
	return NULL;
}

/* As udev_util_encode_string() of libudev does, where UTF-8 stays. */
static int encode(const char *value, char **ret)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	for (const char *s = value; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (isalnum(c) || c >= 0x80 || strchr("#+-.:=@_", c))
			strbuf_add_n(&b, s, 1);
		else
			strbuf_addf(&b, "\\x%02x", c);
	}
	return strbuf_take(&b, ret);
}

static int by_udev(const struct look *l, const char *directory, const char *value)
{
	_cleanup_names_ struct names names = { 0 };
	_cleanup_free_ char *name = NULL;
	enum presence presence = DEVICE_GONE;
	int code = list_links(l, directory, &names);

	if (code == 0)
		code = encode(value, &name);
	if (code < 0)
		return code;
	for (size_t i = 0; i < names.n && presence != DEVICE_THERE; i++)
		if (strcmp(names.v[i], name) == 0)
			presence = DEVICE_THERE;
		else if (strcasecmp(names.v[i], name) == 0 && !strstr(directory, "label"))
			presence = DEVICE_OTHER_CASE;
	return (int)presence;
}

/* The partition whose number is @offset higher than that of the partition behind a link of
 * udev's. */
static int neighbour(const struct look *l, const char *link, int offset)
{
	_cleanup_free_ char *target = NULL;
	const char *name;
	char path[256];
	unsigned number;
	size_t n;
	int code = look_link(l, link, &target);

	if (code < 0)
		return code;
	name = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
	for (n = strlen(name); n > 0 && isdigit((unsigned char)name[n - 1]); n--)
		;
	number = (unsigned)strtoul(name + n, NULL, 10);
	if (!path_make(path, sizeof(path), "/sys/class/block/%.*s%d", (int)n, name,
		       (int)number + offset))
		return -ENAMETOOLONG;
	code = look_exists(l, path);
	return code < 0 ? code : code ? DEVICE_THERE : DEVICE_GONE;
}

/* PARTUUID=UUID[/PARTNROFF=N]: upper and lower case are equal, and a prefix of the UUID is
 * enough */
static int partuuid_by_kernel(const struct look *l, const char *value)
{
	static const char directory[] = BY "partuuid";
	_cleanup_names_ struct names names = { 0 };
	size_t n = strcspn(value, "/");
	char path[512], rest;
	int offset = 0, code;

	if (n == 0 || (value[n] && sscanf(value + n, "/PARTNROFF=%d%c", &offset, &rest) != 1))
		return DEVICE_NONE;
	code = list_links(l, directory, &names);
	if (code < 0)
		return code;
	for (size_t i = 0; i < names.n; i++) {
		if (strncasecmp(names.v[i], value, n) != 0)
			continue;
		if (offset == 0)
			return DEVICE_THERE;
		if (!path_make(path, sizeof(path), "%s/%s", directory, names.v[i]))
			return -ENAMETOOLONG;
		return neighbour(l, path, offset);
	}
	return DEVICE_GONE;
}

static int tag_presence(const struct look *l, const char *spec, bool by_kernel)
{
	const char *value, *directory = tag_directory(spec, &value);

	/* ZFS=DATASET; what else has such a form is for the initrd to know, if at all */
	if (!directory)
		return strncmp(spec, "ZFS=", 4) == 0 ? DEVICE_ELSEWHERE : -EOPNOTSUPP;
	if (!*value)
		return DEVICE_NONE;
	if (!by_kernel && strcmp(directory, BY "partuuid") == 0 && strchr(value, '/')) {
		const int presence = partuuid_by_kernel(l, value);

		return presence == DEVICE_THERE ? DEVICE_BY_SOME : presence;
	}
	if (!by_kernel)
		return by_udev(l, directory, value);
	if (strcmp(directory, BY "partuuid") == 0)
		return partuuid_by_kernel(l, value);
	return strcmp(directory, BY "partlabel") == 0 ? by_udev(l, directory, value)
						      : DEVICE_BY_UDEV;
}

/* ---- paths and numbers */

/* Things below /dev that are no disk: Linux init/do_mounts.c */
static bool is_elsewhere_path(const char *path)
{
	static const char *const names[] = { "/dev/nfs", "/dev/cifs", "/dev/ubi", "/dev/mtd" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strncmp(path, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static int path_presence(const struct look *l, const char *path, bool by_kernel)
{
	_cleanup_names_ struct names inside = { 0 };
	int code;

	if (strncmp(path, "/dev/ram", 8) == 0) /* the initrd itself */
		return DEVICE_NEEDLESS;
	if (is_elsewhere_path(path))
		return DEVICE_ELSEWHERE;
	if (by_kernel &&
	    (strncmp(path, "/dev/mapper/", 12) == 0 || strncmp(path, "/dev/disk/", 10) == 0))
		return DEVICE_BY_UDEV;
	code = has_devices(l);
	if (code < 0)
		return code;
	code = look_exists(l, path);
	if (code <= 0)
		return code < 0 ? code : DEVICE_GONE;
	return look_list(l, path, &inside) == 0 ? DEVICE_NONE : DEVICE_THERE;
}

/* bcachefs(8): all devices of a file system, "/dev/sda:/dev/sdb" */
static int paths_presence(const struct look *l, const char *spec, bool by_kernel)
{
	int worst = DEVICE_THERE;

	while (*spec) {
		const char *end = strstr(spec, ":/dev/");
		_cleanup_free_ char *path =
			strndup(spec, end ? (size_t)(end - spec) : strlen(spec));
		int code;

		if (!path)
			return -ENOMEM;
		code = path_presence(l, path, by_kernel);
		if (code != DEVICE_THERE)
			worst = code;
		spec = end ? end + 1 : "";
	}
	return worst;
}

static int number_presence(const struct look *l, unsigned major, unsigned minor)
{
	char path[64];
	int code;

	if (!path_make(path, sizeof(path), "/sys/dev/block/%u:%u", major, minor))
		return -ENAMETOOLONG;
	code = look_exists(l, "/sys/dev/block");
	if (code <= 0)
		return code < 0 ? code : -ENODATA;
	code = look_exists(l, path);
	return code < 0 ? code : code ? DEVICE_THERE : DEVICE_GONE;
}

/* Linux include/linux/kdev_t.h, new_decode_dev() */
static int hex_presence(const struct look *l, const char *digits)
{
	unsigned long dev = strtoul(digits, NULL, 16);

	return number_presence(l, (unsigned)(dev >> 8 & 0xfff),
			       (unsigned)((dev & 0xff) | (dev >> 12 & 0xfff00)));
}

static bool is_hex(const char *s)
{
	size_t n = strspn(s, "0123456789abcdefABCDEF");

	return n > 0 && n <= 8 && !s[n];
}

/* ---- words */

/* Values of root= that initramfs generators understand and that are no devices: dracut.cmdline(7),
 * systemd-fstab-generator(8), systemd-gpt-auto-generator(8) */
static bool is_keyword(const char *spec)
{
	static const char *const words[] = {
		"dhcp",	   "dhcp6",	    "auto6",	    "ibft",    "iscsi",
		"nbd",	   "fcoe",	    "nfs",	    "nfs4",    "zfs",
		"ZFS",	   "tmpfs",	    "ramfs",	    "overlay", "gpt-auto",
		"dissect", "dissect-force", "fstab",	    "none",    "gpt-auto-force",
		"LiveOS",  "live",	    "anaconda-net", "auto",    "casper-rw"
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(spec, words[i]) == 0)
			return true;
	/* Linux init/do_mounts.c: flash, by number or by name */
	return strncmp(spec, "mtd", 3) == 0 || strncmp(spec, "ubi", 3) == 0;
}

/* dracut's dmsquash-live: "live:" before a device, whose label may be that of a CD */
static int live_presence(const struct look *l, const char *spec)
{
	static const char cd[] = "CDLABEL=";

	if (strncmp(spec, cd, sizeof(cd) - 1) == 0)
		return by_udev(l, BY "label", spec + sizeof(cd) - 1);
	return strncmp(spec, "/dev/", 5) == 0		      ? path_presence(l, spec, false)
	       : tag_directory(spec, &(const char *){ NULL }) ? tag_presence(l, spec, false)
							      : DEVICE_ELSEWHERE;
}

int device_presence(const struct look *l, const char *spec, bool by_kernel)
{
	unsigned major, minor, offset;
	char rest;

	if (strncmp(spec, "block:", 6) == 0)
		spec += 6;
	if (strncmp(spec, "live:", 5) == 0)
		return live_presence(l, spec + 5);
	if (strncmp(spec, "/dev/", 5) == 0)
		return paths_presence(l, spec, by_kernel);
	if (sscanf(spec, "%u:%u%c", &major, &minor, &rest) == 2 ||
	    sscanf(spec, "%u:%u:%u:%c", &major, &minor, &offset, &rest) == 3)
		return number_presence(l, major, minor);
	if (is_hex(by_kernel && strncasecmp(spec, "0x", 2) == 0 ? spec + 2 : spec))
		return hex_presence(l, spec);
	if (spec[strcspn(spec, ":=")] == '=')
		return tag_presence(l, spec, by_kernel);
	if (strcmp(spec, "off") == 0)
		return DEVICE_NEEDLESS;
	if (strchr(spec, ':') || is_keyword(spec))
		return DEVICE_ELSEWHERE;
	/* a directory of the server that DHCP names, a dataset of a pool */
	return strchr(spec, '/') ? -EOPNOTSUPP : DEVICE_NONE;
}

/* ---- what dracut waits for */

int luks_presence(const struct look *l, const char *directory, const char *name)
{
	_cleanup_names_ struct names names = { 0 };
	char path[64];
	int code;

	if (strncmp(name, "keysource:", 10) == 0)
		name += 10;
	if (strncmp(name, "luks-", 5) == 0)
		name += 5;
	if (!path_make(path, sizeof(path), "/dev/disk/%s", directory))
		return -ENAMETOOLONG;
	code = list_links(l, path, &names);
	if (code < 0)
		return code;
	for (size_t i = 0; i < names.n; i++)
		if (strstr(names.v[i], name))
			return DEVICE_THERE;
	return DEVICE_GONE;
}

/* lvm(8): a "-" of a name is doubled below /dev/mapper */
static void add_doubled(struct strbuf *b, const char *name, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strbuf_add(b, name[i] == '-' ? "--" : (char[]){ name[i], '\0' });
}

int volume_presence(const struct look *l, const char *name)
{
	_cleanup_free_ char *linked = NULL, *mapped = NULL;
	_cleanup_strbuf_ struct strbuf a = { 0 }, b = { 0 };
	const char *slash = strchr(name, '/');
	int code;

	if (!slash)
		return DEVICE_NONE;
	strbuf_addf(&a, "/dev/%s", name);
	strbuf_add(&b, "/dev/mapper/");
	add_doubled(&b, name, (size_t)(slash - name));
	strbuf_add(&b, "-");
	add_doubled(&b, slash + 1, strlen(slash + 1));
	if (strbuf_take(&a, &linked) < 0 || strbuf_take(&b, &mapped) < 0)
		return -ENOMEM;
	code = path_presence(l, linked, false);
	return code == DEVICE_GONE ? path_presence(l, mapped, false) : code;
}

int volume_group_presence(const struct look *l, const char *name)
{
	_cleanup_names_ struct names names = { 0 };
	_cleanup_strbuf_ struct strbuf prefix = { 0 };
	char path[256];
	int code = has_devices(l);

	if (code < 0)
		return code;
	if (!path_make(path, sizeof(path), "/dev/%s", name))
		return -ENAMETOOLONG;
	code = look_exists(l, path);
	if (code != 0)
		return code < 0 ? code : DEVICE_THERE;
	code = look_list(l, "/dev/mapper", &names);
	if (code < 0)
		return code == -ENOENT ? DEVICE_GONE : code;
	add_doubled(&prefix, name, strlen(name));
	strbuf_add(&prefix, "-");
	if (prefix.failed)
		return -ENOMEM;
	for (size_t i = 0; i < names.n; i++)
		if (strncmp(names.v[i], prefix.s, prefix.n) == 0 && names.v[i][prefix.n] != '-')
			return DEVICE_THERE;
	return DEVICE_GONE;
}

int raid_presence(const struct look *l, const char *uuid)
{
	_cleanup_names_ struct names names = { 0 };
	char want[64] = "md-uuid-";
	size_t n = strlen(want), digits = 0;
	int code;

	for (; *uuid; uuid++) {
		if (*uuid == ':' || *uuid == '-')
			continue;
		if (n + 2 >= sizeof(want))
			return DEVICE_NONE;
		if (digits && digits % 8 == 0)
			want[n++] = ':';
		want[n++] = *uuid;
		digits++;
	}
	code = list_links(l, BY "id", &names);
	if (code < 0)
		return code;
	for (size_t i = 0; i < names.n; i++)
		if (strcmp(names.v[i], want) == 0)
			return DEVICE_THERE;
	return DEVICE_GONE;
}

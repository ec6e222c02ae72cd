// SPDX-License-Identifier: LGPL-2.1-or-later
/* Family E: devices and processors that do not work in the next kernel unless the firmware resets
 * them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "preflight/look.h"
#include "preflight/x86_64/x86_64.h"

#define PCI "/sys/bus/pci/devices"
enum { CLASS_DISPLAY = 0x03, WATCHDOG_MIN_S = 60, LINK_DEPTH_MAX = 4 };

/* Name of the driver that a device has; -ENOENT without one. */
static int driver_of(const struct look *l, const char *device, char **ret)
{
	_cleanup_free_ char *target = NULL;
	const char *slash;
	char path[512];
	int code;

	if (!path_make(path, sizeof(path), "%s/driver", device))
		return -ENAMETOOLONG;
	code = look_link(l, path, &target);
	if (code < 0)
		return code;
	slash = strrchr(target, '/');
	*ret = strdup(slash ? slash + 1 : target);
	return *ret ? 0 : -ENOMEM;
}

static bool in_list(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

/* PCI devices with one of these drivers, each in the evidence; how many, or an error. @class is the
 * first byte of the class code, 0 for any. */
static int devices_with(const struct look *l, struct report *r, unsigned class,
			const char *const *drivers, size_t n_drivers)
{
	_cleanup_names_ struct names names = { 0 };
	int n = 0, code = look_list(l, PCI, &names);

	if (code < 0)
		return code == -ENOENT ? 0 : code; /* no PCI bus */
	for (size_t i = 0; i < names.n; i++) {
		_cleanup_free_ char *driver = NULL;
		char path[256], device[256];
		uint64_t value;

		if (!path_make(device, sizeof(device), PCI "/%s", names.v[i]) ||
		    !path_make(path, sizeof(path), "%s/class", device))
			return -ENAMETOOLONG;
		code = driver_of(l, device, &driver);
		if (code == -ENOENT)
			continue;
		if (code < 0)
			return code;
		if (!in_list(driver, drivers, n_drivers))
			continue;
		code = class ? look_u64(l, path, &value) : 0;
		if (code < 0) {
			unseen(r, path, code);
			continue;
		}
		if (class && value >> 16 != class)
			continue;
		evidencef(r, "%s: driver %s", device, driver);
		n++;
	}
	return n;
}

#define DEVICES_WITH(l, r, class, drivers) \
	devices_with(l, r, class, drivers, sizeof(drivers) / sizeof(*(drivers)))

/* siderolabs/talos#9041, zbm-dev/zfsbootmenu#788 */
static enum preflight_status look_nvidia(const struct look *l, struct report *r)
{
	static const char *const modules[] = { "/sys/module/nvidia_drm", "/sys/module/nvidia",
					       "/sys/module/nouveau" };
	static const char modeset[] = "/sys/module/nvidia_drm/parameters/modeset";
	_cleanup_free_ char *value = NULL;
	bool some = false;

	for (size_t i = 0; i < sizeof(modules) / sizeof(*modules); i++) {
		int code = look_exists(l, modules[i]);

		if (code < 0)
			return unknown(r, modules[i], code);
		if (code > 0)
			evidencef(r, "%s is there", modules[i]);
		some |= code > 0;
	}
	if (!some)
		return PREFLIGHT_OK;
	if (look_line(l, modeset, &value) >= 0)
		evidence(r, modeset, value);
	return found(r, "An NVIDIA GPU that is not shut down may stay dark under the next kernel.");
}

static enum preflight_status look_amdgpu(const struct look *l, struct report *r)
{
	static const char *const drivers[] = { "amdgpu" };
	int n = DEVICES_WITH(l, r, CLASS_DISPLAY, drivers);

	if (n <= 0)
		return n < 0 ? unknown(r, PCI, n) : PREFLIGHT_OK;
	return found(r,
		     "An AMD GPU may not reset itself, and then stays dark under the next kernel.");
}

/* coreos/fedora-coreos-tracker#2071 (N5105), onedr0p/home-ops PR 8568 (Meteor Lake). What does not tell which
 * processor it is, is unseen(). */
static bool is_bad_intel_graphics(struct bytes cpuinfo, struct report *r)
{
	/* family 6; arch/x86/include/asm/intel-family.h: METEORLAKE 0xac, METEORLAKE_L 0xaa */
	static const char *const meteor_lake[] = { "170", "172" };
	_cleanup_free_ char *name = NULL, *family = NULL, *model = NULL;

	if (proc_field(cpuinfo, "model name", &name) >= 0 && strstr(name, "N5105")) {
		evidencef(r, "/proc/cpuinfo: model name %s", name);
		return true;
	}
	if (proc_field(cpuinfo, "cpu family", &family) < 0 ||
	    proc_field(cpuinfo, "model", &model) < 0) {
		unseen(r, "/proc/cpuinfo: family and model", -EBADMSG);
		return false;
	}
	if (strcmp(family, "6") != 0 || !in_list(model, meteor_lake, 2))
		return false;
	evidencef(r, "/proc/cpuinfo: family 6, model %s", model);
	return true;
}

static enum preflight_status look_intel_graphics(const struct look *l, struct report *r)
{
	static const char *const drivers[] = { "i915", "xe" };
	_cleanup_look_file_ struct look_file text = { 0 };
	int code, n = DEVICES_WITH(l, r, CLASS_DISPLAY, drivers);

	if (n <= 0)
		return n < 0 ? unknown(r, PCI, n) : PREFLIGHT_OK;
	code = look_file(l, "/proc/cpuinfo", &text);
	if (code < 0)
		return unknown(r, "/proc/cpuinfo", code);
	if (!is_bad_intel_graphics(text.b, r))
		return PREFLIGHT_OK;
	return found(r, "On this processor the graphics stay dark after a fast reboot.");
}

static enum preflight_status look_efi_runtime(const struct look *l, struct report *r)
{
	static const char efi[] = "/sys/firmware/efi", map[] = "/sys/firmware/efi/runtime-map";
	_cleanup_names_ struct names names = { 0 };
	int code = look_exists(l, efi);

	if (code <= 0)
		return code < 0 ? unknown(r, efi, code) : PREFLIGHT_OK;
	code = look_exists(l, map);
	if (code < 0)
		return unknown(r, map, code);
	if (code == 0)
		evidencef(r, "no %s", map);
	code = look_list(l, "/sys/firmware/efi/efivars", &names);
	if (code < 0 && code != -ENOENT)
		return unknown(r, "/sys/firmware/efi/efivars", code);
	if (names.n == 0)
		evidencef(r, "/sys/firmware/efi/efivars is empty");
	if (r->evidence.n == 0)
		return PREFLIGHT_OK;
	return found(r, "EFI variables are not there, or will be missing under the next kernel.");
}

/* An IPv4 route: "eth0 DESTINATION …", of proc_pid_net(5); a default one is to 0. */
static struct bytes route4(struct bytes line, bool *ret_is_default)
{
	struct bytes name = bytes_word(&line);

	*ret_is_default = bytes_is(bytes_word(&line), "00000000");
	/* the heading */
	return bytes_is(name, "Iface") ? (struct bytes){ NULL, 0 } : name;
}

/* Linux net/ipv6/route.c, rt6_info_route(): destination, length of its prefix, source and its length, next hop,
 * metric, references, uses, flags, name. */
static struct bytes route6(struct bytes line, bool *ret_is_default)
{
	const bool is_any = bytes_is(bytes_word(&line), "00000000000000000000000000000000"),
		   has_no_prefix = bytes_is(bytes_word(&line), "00");
	struct bytes name = { NULL, 0 };

	while (line.n)
		name = bytes_word(&line);
	*ret_is_default = is_any && has_no_prefix;
	return name;
}

enum { ROUTED_MAX = 32 };

/* Names of interfaces: of those with default routes, or with any. */
struct routed {
	char names[ROUTED_MAX][32];
	size_t n;
	bool has_default;
};

static void take_route(struct report *r, struct routed *all, struct bytes name, bool is_default)
{
	if (!name.n || bytes_is(name, "lo") || (all->has_default && !is_default))
		return;
	if (is_default && !all->has_default)
		*all = (struct routed){ .has_default = true };
	for (size_t i = 0; i < all->n; i++)
		if (bytes_is(name, all->names[i]))
			return;
	if (all->n == ROUTED_MAX || !path_make(all->names[all->n], sizeof(all->names[0]), "%.*s",
					       (int)name.n, (const char *)name.p))
		unseen(r, "more interfaces", -E2BIG);
	else
		all->n++;
}

static void read_routes(const struct look *l, struct report *r, const char *path,
			struct bytes (*split)(struct bytes line, bool *ret_is_default),
			struct routed *all)
{
	_cleanup_look_file_ struct look_file text = { 0 };
	struct lines lines;
	struct bytes line;

	if (!seen(r, path, look_file(l, path, &text)))
		return;
	lines = lines_of(text.b);
	while (lines_next(&lines, &line)) {
		bool is_default;
		struct bytes name = split(line, &is_default);

		take_route(r, all, name, is_default);
	}
}

/* Devices below a bond, bridge or VLAN are links lower_NAME. What has neither these nor a device is a tunnel, or
 * software like it: nothing tells by which adapter its packets leave. */
static bool has_listed_driver(const struct look *l, struct report *r, const char *interface,
			      unsigned depth)
{
	static const char *const drivers[] = { "mlx5_core", "mlx4_core", "i40e", "bnxt_en" };
	_cleanup_names_ struct names names = { 0 };
	_cleanup_free_ char *driver = NULL;
	bool listed = false, below = false;
	char path[256];
	int code = path_make(path, sizeof(path), "/sys/class/net/%s/device", interface)
			   ? driver_of(l, path, &driver)
			   : -ENAMETOOLONG;

	if (seen(r, path, code)) {
		listed = in_list(driver, drivers, sizeof(drivers) / sizeof(*drivers));
		if (listed)
			evidencef(r, "%s: driver %s", path, driver);
		return listed;
	}
	if (!path_make(path, sizeof(path), "/sys/class/net/%s", interface))
		return false;
	code = depth >= LINK_DEPTH_MAX ? -ELOOP : look_list(l, path, &names);
	if (code < 0) {
		unseen(r, path, code);
		return false;
	}
	for (size_t i = 0; i < names.n; i++) {
		below |= strcmp(names.v[i], "device") == 0;
		if (strncmp(names.v[i], "lower_", 6) != 0)
			continue;
		below = true;
		listed |= has_listed_driver(l, r, names.v[i] + 6, depth + 1);
	}
	if (!below) {
		evidencef(r, "%s: by which adapter its packets leave is not told", interface);
		unseen(r, path, -ENODEV);
	}
	return listed;
}

/* open-power/op-build#538 (mlx5), ipxe/ipxe#916 (mlx4) */
static enum preflight_status look_network(const struct look *l, struct report *r)
{
	static const char v4[] = "/proc/net/route", v6[] = "/proc/net/ipv6_route";
	struct routed all = { .n = 0 };
	bool listed = false;

	if (look_exists(l, v4) == 0 && look_exists(l, v6) == 0)
		return unknown(r, v4, -ENOENT);
	read_routes(l, r, v4, route4, &all);
	read_routes(l, r, v6, route6, &all);
	for (size_t i = 0; i < all.n; i++)
		listed |= has_listed_driver(l, r, all.names[i], 0);
	if (!listed)
		return PREFLIGHT_OK;
	return found(r, "The network adapter of %s may come up without a link.",
		     all.has_default ? "the default route" : "a route");
}

/* A module's reference counter: how often it is in use. */
static int references(const struct look *l, const char *module, uint64_t *ret)
{
	char path[128];

	if (!path_make(path, sizeof(path), "/sys/module/%s/refcnt", module))
		return -ENAMETOOLONG;
	return look_u64(l, path, ret);
}

static enum preflight_status look_passthrough(const struct look *l, struct report *r)
{
	static const char *const drivers[] = { "vfio-pci" }, *const kvm[] = { "kvm_intel",
									      "kvm_amd" };
	int n = DEVICES_WITH(l, r, 0, drivers);
	uint64_t users;

	if (n < 0)
		return unknown(r, PCI, n);
	/* An open device holds its driver's module; built in, there is no counter. */
	if (n > 0 && (references(l, "vfio_pci", &users) < 0 || users > 0))
		return found(r,
			     "Devices given to guests may still write to memory during the jump.");
	r->severity = PREFLIGHT_NOTE;
	if (n > 0)
		return found(r, "Devices are set aside for guests, none of them is in use.");
	for (size_t i = 0; i < 2; i++) {
		char path[128];
		int code = references(l, kvm[i], &users);

		if (!path_make(path, sizeof(path), "/sys/module/%s", kvm[i]))
			continue;
		if (code == -ENOENT && look_there(l, r, path)) /* built in: it counts nothing */
			unseen(r, path, -ENODATA);
		if (seen(r, path, code) && users > 0) {
			evidencef(r, "%s/refcnt: %llu", path, (unsigned long long)users);
			return found(r, "Virtual machines are running.");
		}
	}
	return PREFLIGHT_OK;
}

static enum preflight_status look_raid(const struct look *l, struct report *r)
{
	static const char *const drivers[] = { "megaraid_sas", "mpt3sas", "hpsa", "smartpqi",
					       "aacraid" };
	int n = DEVICES_WITH(l, r, 0, drivers);

	if (n <= 0)
		return n < 0 ? unknown(r, PCI, n) : PREFLIGHT_OK;
	return found(r, "The storage adapter keeps state of its own across a fast reboot.");
}

/* Keyboards are the input devices with an Alt key, by which sysrq listens to them (sysrq_ids of the
 * kernel's drivers/tty/sysrq.c); a power button has none. True when every keyboard is connected by
 * USB. */
static bool only_usb_keyboards(struct bytes devices)
{
	struct lines lines = lines_of(devices);
	struct bytes line;
	bool on_usb = false, usb = false, other = false;

	while (lines_next(&lines, &line)) {
		if (bytes_starts(line, "P: Phys="))
			on_usb = bytes_starts(line, "P: Phys=usb-");
		if (!bytes_starts(line, "H: Handlers="))
			continue;
		for (struct bytes rest = { line.p + 12, line.n - 12 }; rest.n;)
			if (bytes_is(bytes_word(&rest), "sysrq"))
				*(on_usb ? &usb : &other) = true;
	}
	return usb && !other;
}

static enum preflight_status look_keyboard(const struct look *l, struct report *r)
{
	static const char path[] = "/proc/bus/input/devices";
	static const char *const drivers[] = { "xhci_hcd" };
	_cleanup_look_file_ struct look_file text = { 0 };
	int n, code = look_file(l, path, &text);

	if (code < 0)
		return code == -ENOENT ? PREFLIGHT_OK : unknown(r, path, code);
	n = only_usb_keyboards(text.b) ? DEVICES_WITH(l, r, 0, drivers) : 0;
	if (n <= 0)
		return n < 0 ? unknown(r, PCI, n) : PREFLIGHT_OK;
	return found(r,
		     "The only keyboard is on USB, and its controller may not survive the reboot.");
}

/* Documentation/devicetree/bindings/arm/cpus.yaml: "spin-table" processors cannot be stopped. */
static enum preflight_status look_arm_processors(const struct look *l, struct report *r)
{
	static const char possible[] = "/sys/devices/system/cpu/possible",
			  tree[] = "/proc/device-tree/cpus";
	_cleanup_names_ struct names names = { 0 };
	_cleanup_free_ char *cpus = NULL;
	int code = look_list(l, tree, &names);

	if (code < 0)
		return code == -ENOENT ? PREFLIGHT_OK : unknown(r, tree, code);
	code = look_line(l, possible, &cpus);
	if (code < 0)
		return unknown(r, possible, code);
	if (strcmp(cpus, "0") == 0)
		return PREFLIGHT_OK;
	for (size_t i = 0; i < names.n; i++) {
		_cleanup_free_ char *method = NULL;
		char path[256];

		if (strncmp(names.v[i], "cpu@", 4) != 0 ||
		    !path_make(path, sizeof(path), "%s/%s/enable-method", tree, names.v[i]))
			continue;
		code = look_line(l, path, &method);
		if (code == -ENOENT)
			continue;
		if (code < 0)
			return unknown(r, path, code);
		if (strcmp(method, "psci") == 0)
			continue;
		evidence(r, path, method);
		evidence(r, possible, cpus);
		return found(r, "The firmware has no way to stop the other processors.");
	}
	return PREFLIGHT_OK;
}

/* Without CONFIG_WATCHDOG_SYSFS there is no "state", and -ENOENT. */
static int look_one_watchdog(const struct look *l, struct report *r, const char *name,
			     bool *ret_dangerous)
{
	_cleanup_free_ char *state = NULL;
	uint64_t timeout, nowayout = 0;
	char path[3][128];
	int code;

	if (!path_make(path[0], sizeof(path[0]), "/sys/class/watchdog/%s/state", name) ||
	    !path_make(path[1], sizeof(path[1]), "/sys/class/watchdog/%s/timeout", name) ||
	    !path_make(path[2], sizeof(path[2]), "/sys/class/watchdog/%s/nowayout", name))
		return -ENAMETOOLONG;
	code = look_line(l, path[0], &state);
	if (code < 0)
		return code;
	if (strcmp(state, "active") != 0)
		return 0;
	code = look_u64(l, path[1], &timeout);
	if (code < 0)
		return code;
	code = look_u64(l, path[2], &nowayout);
	if (code < 0 && code != -ENOENT)
		return code;
	evidencef(r, "%s: active, timeout %llu s, nowayout %llu", name, (unsigned long long)timeout,
		  (unsigned long long)nowayout);
	*ret_dangerous |= timeout < WATCHDOG_MIN_S || nowayout;
	return 0;
}

static enum preflight_status look_watchdogs(const struct look *l, struct report *r)
{
	static const char class[] = "/sys/class/watchdog";
	_cleanup_names_ struct names names = { 0 };
	bool dangerous = false;
	int code = look_list(l, class, &names);

	if (code < 0)
		return code == -ENOENT ? PREFLIGHT_OK : unknown(r, class, code);
	for (size_t i = 0; i < names.n; i++) {
		code = look_one_watchdog(l, r, names.v[i], &dangerous);
		if (code < 0)
			unseen(r, names.v[i], code);
	}
	if (!dangerous)
		return PREFLIGHT_OK;
	return found(r, "A watchdog goes on counting and may reset the machine while it starts.");
}

const struct check hardware_checks[] = {
	{ "E1", PREFLIGHT_WARN, true, "NVIDIA graphics",
	  "Reboot through the init system with the driver unloaded by a hook; if the screen stays dark, "
	  "through the firmware.",
	  look_nvidia },
	{ "E2", PREFLIGHT_WARN, true, "AMD graphics",
	  "If the screen stays dark, reboot through the firmware.", look_amdgpu },
	{ "E3", PREFLIGHT_WARN, true, "Intel graphics", "Reboot through the firmware.",
	  look_intel_graphics, ON_X86_64 },
	{ "E4", PREFLIGHT_WARN, true, "ACPI tables",
	  "Use kexec_file_load(2) (WAY=file), or append acpi_rsdp= with their address.", look_acpi,
	  ON_X86_64 },
	{ "E5", PREFLIGHT_NOTE, true, "EFI runtime services", NULL, look_efi_runtime },
	{ "E6", PREFLIGHT_WARN, true, "network adapter",
	  "Have another way to reach the machine at hand.", look_network },
	{ "E8", PREFLIGHT_NOTE, true, "keyboard",
	  "If it is dead after a fast reboot, reboot through the firmware.", look_keyboard },
	{ "E9", PREFLIGHT_REFUSE, true, "devices given to guests", "Stop the guests first.",
	  look_passthrough },
	{ "E10", PREFLIGHT_NOTE, true, "storage adapter",
	  "If disks were missing after a fast reboot, reboot through the firmware.", look_raid },
	{ "E11", PREFLIGHT_NOTE, true, "screen", "Keep console= on the command line.", look_screen,
	  ON_X86_64 },
	{ "E12", PREFLIGHT_REFUSE, false, "processors can be stopped",
	  "Use firmware with PSCI, or boot with maxcpus=1 first.", look_arm_processors,
	  ON_AARCH64 },
	{ "E13", PREFLIGHT_WARN, true, "watchdog",
	  "Give it a longer timeout before the reboot (RuntimeWatchdogSec= of systemd).",
	  look_watchdogs },
	{ "E14", PREFLIGHT_NOTE, true, "microcode", NULL, look_microcode, ON_X86_64 },
	{ NULL },
};

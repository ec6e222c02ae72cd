// SPDX-License-Identifier: LGPL-2.1-or-later
/* Family D: virtual platforms on which a kexec is known to hang. Each check cites the report; since
 * they may be fixed by now, most can be forced. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "preflight/look.h"

#define DMI "/sys/class/dmi/id/"

/* 1 when the attribute begins so, 0 when not or when there is no DMI. */
static int dmi_begins(const struct look *l, struct report *r, const char *attribute,
		      const char *prefix)
{
	_cleanup_free_ char *value = NULL;
	char path[128];
	int code;

	if (!path_make(path, sizeof(path), DMI "%s", attribute))
		return -ENAMETOOLONG;
	code = look_line(l, path, &value);
	if (code == -ENOENT)
		return 0;
	if (code < 0)
		return code;
	if (strncmp(value, prefix, strlen(prefix)) != 0)
		return 0;
	evidence(r, path, value);
	return 1;
}

/* 1 when one of the attributes begins so; else a negative errno when one of them cannot be read;
 * else 0. */
static int dmi_any(const struct look *l, struct report *r, const char *const (*rows)[2], size_t n)
{
	int result = 0;

	for (size_t i = 0; i < n; i++) {
		int one = dmi_begins(l, r, rows[i][0], rows[i][1]);

		if (one > 0)
			return one;
		if (one < 0)
			result = one;
	}
	return result;
}

#define DMI_ANY(l, r, rows) dmi_any(l, r, rows, sizeof(rows) / sizeof(*(rows)))

/* systemd#20072, nixos-anywhere#400, nixos-images#128: vmbus channels do not come back. */
static enum preflight_status look_hyperv(const struct look *l, struct report *r)
{
	int vendor = dmi_begins(l, r, "sys_vendor", "Microsoft Corporation");
	int product = dmi_begins(l, r, "product_name", "Virtual Machine");
	int bus = look_exists(l, "/sys/bus/vmbus");

	if (bus == 1)
		evidencef(r, "/sys/bus/vmbus is there");
	if (bus == 1 || (vendor == 1 && product == 1))
		return found(r,
			     "Under Hyper-V the next kernel may hang, or lose disks and network.");
	if (vendor < 0 || product < 0 || bus < 0)
		return unknown(r, DMI "sys_vendor",
			       vendor < 0    ? vendor
			       : product < 0 ? product
					     : bus);
	return PREFLIGHT_OK;
}

/* 1 in Xen's first domain, the one that owns the machine. */
static int is_dom0(const struct look *l, struct report *r)
{
	static const char path[] = "/proc/xen/capabilities";
	_cleanup_free_ char *value = NULL;
	int code = look_line(l, path, &value);

	if (code < 0)
		return code == -ENOENT ? 0 : code;
	evidence(r, path, value);
	return strstr(value, "control_d") != NULL;
}

static int is_xen(const struct look *l, struct report *r)
{
	static const char path[] = "/sys/hypervisor/type";
	static const char *const rows[][2] = { { "product_name", "HVM domU" },
					       { "sys_vendor", "Xen" } };
	_cleanup_free_ char *value = NULL;
	int code = look_line(l, path, &value);

	if (code == -ENOENT)
		return DMI_ANY(l, r, rows);
	if (code < 0)
		return code;
	evidence(r, path, value);
	return strcmp(value, "xen") == 0;
}

static enum preflight_status look_xen_guest(const struct look *l, struct report *r)
{
	static const char guest_type[] = "/sys/hypervisor/guest_type";
	_cleanup_free_ char *type = NULL;
	int xen = is_xen(l, r), dom0;

	if (xen <= 0)
		return xen < 0 ? unknown(r, "/sys/hypervisor/type", xen) : PREFLIGHT_OK;
	dom0 = is_dom0(l, r);
	if (dom0 > 0)
		return PREFLIGHT_OK; /* that is D3 */
	if (look_line(l, guest_type, &type) >= 0)
		evidence(r, guest_type, type);
	return found(r, "In a Xen guest loading fails, or the guest dies on the way.");
}

static enum preflight_status look_xen_dom0(const struct look *l, struct report *r)
{
	static const char capabilities[] = "/proc/xen/capabilities";
	int dom0 = is_dom0(l, r), xen;

	if (dom0 < 0)
		return unknown(r, capabilities, dom0);
	if (dom0 == 0) {
		xen = is_xen(l, r);
		/* in a guest the file is there, and empty; without xenfs it is nowhere */
		if (xen != 0 && !look_there(l, r, capabilities))
			unseen(r, capabilities, xen < 0 ? xen : -ENOENT);
		return PREFLIGHT_OK;
	}
	return found(r, "Xen runs below this kernel and would have to load the next one.");
}

static enum preflight_status look_dmi(const struct look *l, struct report *r,
				      const char *const (*rows)[2], size_t n, const char *sentence)
{
	int there = dmi_any(l, r, rows, n);

	if (there <= 0)
		return there < 0 ? unknown(r, DMI, there) : PREFLIGHT_OK;
	return found(r, "%s", sentence);
}

/* siderolabs/talos PR 8838; said to work again in nixos-images PR 129. */
static enum preflight_status look_gce(const struct look *l, struct report *r)
{
	static const char *const rows[][2] = { { "product_name", "Google Compute Engine" } };

	return look_dmi(l, r, rows, 1, "On Google Compute Engine some machines did not come back.");
}

static enum preflight_status look_nitro(const struct look *l, struct report *r)
{
	static const char *const rows[][2] = { { "sys_vendor", "Amazon EC2" },
					       { "board_vendor", "Amazon EC2" } };

	return look_dmi(l, r, rows, 2, "Amazon EC2 (Nitro): no trouble has been reported.");
}

/* gardenlinux#754. Without KVM the processor says so in its name, unless a model was chosen. */
static enum preflight_status look_tcg(const struct look *l, struct report *r)
{
	static const char clocks[] =
		"/sys/devices/system/clocksource/clocksource0/available_clocksource";
	_cleanup_free_ char *model = NULL, *available = NULL;
	_cleanup_look_file_ struct look_file text = { 0 };
	int qemu, code = look_file(l, "/proc/cpuinfo", &text);

	if (code < 0)
		return unknown(r, "/proc/cpuinfo", code);
	if (proc_field(text.b, "model name", &model) >= 0 && strstr(model, "QEMU TCG")) {
		evidencef(r, "/proc/cpuinfo: model name %s", model);
		return found(r, "QEMU without hardware acceleration sometimes hangs in the jump.");
	}
	qemu = dmi_begins(l, r, "sys_vendor", "QEMU");
	if (qemu == 0)
		return PREFLIGHT_OK;
	if (qemu < 0)
		return unknown(r, DMI "sys_vendor", qemu);
	code = look_line(l, clocks, &available);
	if (code < 0)
		return unknown(r, clocks, code);
	evidence(r, clocks, available);
	return has_word(available, "kvm-clock") ? PREFLIGHT_OK : PREFLIGHT_UNKNOWN;
}

/* siderolabs/talos#12393: 6.12.53 to 6.12.57 on arm64 in QEMU and VMware. */
static bool is_bad_arm64_release(const char *release)
{
	unsigned long patch;
	char *end;

	if (strncmp(release, "6.12.", 5) != 0)
		return false;
	patch = strtoul(release + 5, &end, 10);
	return end > release + 5 && patch >= 53 && patch <= 57;
}

static enum preflight_status look_arm64_guest(const struct look *l, struct report *r)
{
	static const char *const rows[][2] = { { "sys_vendor", "QEMU" },
					       { "sys_vendor", "VMware" } };
	_cleanup_free_ char *release = NULL, *arm = NULL;
	_cleanup_look_file_ struct look_file text = { 0 };
	int code = look_file(l, "/proc/cpuinfo", &text);

	if (code < 0)
		return unknown(r, "/proc/cpuinfo", code);
	if (proc_field(text.b, "CPU implementer", &arm) < 0)
		return PREFLIGHT_OK;
	code = DMI_ANY(l, r, rows);
	if (code <= 0)
		return code < 0 ? unknown(r, DMI "sys_vendor", code) : PREFLIGHT_OK;
	code = look_line(l, "/proc/sys/kernel/osrelease", &release);
	if (code < 0)
		return unknown(r, "/proc/sys/kernel/osrelease", code);
	if (!is_bad_arm64_release(release))
		return PREFLIGHT_OK;
	evidence(r, "/proc/sys/kernel/osrelease", release);
	return found(r, "kexec is broken in this range of kernels in arm64 guests.");
}

/* siderolabs/omni#1582 */
static enum preflight_status look_bhyve(const struct look *l, struct report *r)
{
	static const char *const rows[][2] = { { "product_name", "BHYVE" },
					       { "sys_vendor", "BHYVE" },
					       { "bios_vendor", "BHYVE" } };

	return look_dmi(l, r, rows, 3,
			"bhyve powers the guest off instead of starting the next kernel.");
}

static enum preflight_status look_qemu(const struct look *l, struct report *r)
{
	static const char *const rows[][2] = { { "sys_vendor", "QEMU" },
					       { "product_name", "KVM" } };

	return look_dmi(l, r, rows, 2,
			"A QEMU guest has a short firmware phase: little is gained.");
}

static enum preflight_status look_other_guests(const struct look *l, struct report *r)
{
	static const char *const rows[][2] = { { "sys_vendor", "innotek GmbH" },
					       { "product_name", "VirtualBox" },
					       { "sys_vendor", "Parallels" },
					       { "sys_vendor", "VMware" } };

	return look_dmi(l, r, rows, 4, "Nothing is known about kexec on this virtual platform.");
}

const struct check virtualisation_checks[] = {
	{ "D1", PREFLIGHT_REFUSE, true, "Hyper-V", "Reboot through the firmware.", look_hyperv },
	{ "D2", PREFLIGHT_REFUSE, true, "Xen guest", "Reboot through the firmware.",
	  look_xen_guest },
	{ "D3", PREFLIGHT_REFUSE, false, "Xen host", "Reboot through the firmware.",
	  look_xen_dom0 },
	{ "D4", PREFLIGHT_WARN, true, "Google Compute Engine", "Try it where a hang does no harm.",
	  look_gce },
	{ "D5", PREFLIGHT_NOTE, true, "EC2 Nitro", NULL, look_nitro },
	{ "D6", PREFLIGHT_WARN, true, "QEMU with acceleration", "Use KVM.", look_tcg },
	{ "D7", PREFLIGHT_WARN, true, "arm64 guest",
	  "Use another kernel, or reboot through the firmware.", look_arm64_guest },
	{ "D8", PREFLIGHT_REFUSE, true, "bhyve", "Reboot through the firmware.", look_bhyve },
	{ "D9", PREFLIGHT_NOTE, true, "QEMU", NULL, look_qemu },
	{ "D10", PREFLIGHT_WARN, true, "other virtual platforms",
	  "Try it where a hang does no harm.", look_other_guests },
	{ NULL },
};

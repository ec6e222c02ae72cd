// SPDX-License-Identifier: LGPL-2.1-or-later
/* Family F: will the next kernel reach its root file system, and are TPM measurements still as
 * policies expect them? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "handover/init.h"
#include "preflight/root-device.h"
#include "preflight/unlock.h"

static enum preflight_status look_attestation(const struct look *l, struct report *r)
{
	static const char agent[] = "/run/systemd/units/invocation:keylime_agent.service",
			  units[] = "/run/systemd/units";
	_cleanup_free_ char *id = NULL;
	int code = look_link(l, agent, &id);

	if (code == -ENOENT && !look_there(l, r, units)) {
		/* no systemd, or one before 232: nothing tells what runs, but what could */
		static const char *const programs[] = { "/usr/bin/keylime_agent",
							"/usr/sbin/keylime_agent",
							"/usr/local/bin/keylime_agent" };

		for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
			if (look_there(l, r, programs[i])) {
				evidencef(r, "%s is installed", programs[i]);
				unseen(r, units, -ENOENT);
			}
	}
	if (code == -ENOENT)
		return PREFLIGHT_OK;
	if (code < 0)
		return unknown(r, agent, code);
	evidencef(r, "keylime_agent.service is active");
	return found(
		r, "Remote attestation finds measurements of the last start through the firmware.");
}

/* Is it the name that /proc/1/comm has where something can stop services? */
static bool is_init(const char *comm)
{
	return strcmp(comm, "init") == 0 || init_by_program(comm);
}

/* Shells of an initramfs or a rescue system, and ourselves: nothing runs that could be stopped. */
static bool is_no_init(const char *comm)
{
	static const char *const names[] = { "sh",  "bash", "dash",    "ash",	     "ksh",
					     "zsh", "mksh", "sulogin", "rapidreboot" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(comm, names[i]) == 0)
			return true;
	return false;
}

static enum preflight_status look_direct(const struct look *l, struct report *r)
{
	_cleanup_free_ char *comm = NULL;
	int code;

	if (!l->opts->direct)
		return PREFLIGHT_OK;
	code = look_line(l, "/proc/1/comm", &comm);
	if (code < 0)
		return unknown(r, "/proc/1/comm", code);
	evidence(r, "/proc/1/comm", comm);
	if (is_no_init(comm))
		return PREFLIGHT_OK;
	if (!is_init(comm)) /* it may have services of its own */
		return PREFLIGHT_UNKNOWN;
	return found(r, "A jump past the init system stops no service and may damage their data.");
}

/* The target of a link in /sys/class/block shows what a disk is connected by. */
static enum preflight_status look_network_disk(const struct look *l, struct report *r,
					       const char *name)
{
	_cleanup_free_ char *target = NULL, *transport = NULL;
	char path[128], controller[64];
	const char *n;
	int code;

	if (!path_make(path, sizeof(path), "/sys/class/block/%s", name))
		return unknown(r, name, -ENAMETOOLONG);
	code = look_link(l, path, &target);
	if (code < 0 && code != -EINVAL)
		return unknown(r, path, code);
	if (target && strstr(target, "/session")) { /* …/host3/session1/target3:0:0/… */
		evidence(r, path, target);
		return found(r, "The root is on an iSCSI disk.");
	}
	if (strncmp(name, "nbd", 3) == 0 || strncmp(name, "rbd", 3) == 0) {
		evidencef(r, "/ is on %s", name);
		return found(r, "The root is on a disk that a server keeps.");
	}
	if (strncmp(name, "nvme", 4) != 0)
		return PREFLIGHT_OK;
	n = name + 4;
	n += strspn(n, "0123456789");
	if (!path_make(controller, sizeof(controller), "%.*s", (int)(n - name), name) ||
	    !path_make(path, sizeof(path), "/sys/class/nvme/%s/transport", controller))
		return unknown(r, name, -ENAMETOOLONG);
	code = look_line(l, path, &transport);
	if (code < 0)
		return unknown(r, path, code);
	if (strcmp(transport, "pcie") == 0)
		return PREFLIGHT_OK;
	evidence(r, path, transport);
	return found(r, "The root is on an NVMe disk that is reached over a network.");
}

static bool is_one_of(const char *type, const char *const *types)
{
	while (*types && strcmp(type, *types) != 0)
		types++;
	return *types != NULL;
}

static enum preflight_status look_network_root(const struct look *l, struct report *r)
{
	static const char *const over_network[] = { "nfs",  "nfs4",	      "cifs", "smb3",
						    "ceph", "fuse.glusterfs", NULL };
	/* in memory, of the hypervisor's host, flash */
	static const char *const local[] = { "tmpfs", "ramfs", "rootfs", "virtiofs",
					     "9p",    "ubifs", "jffs2",	 NULL };
	struct root_device d;
	int code = root_device_find(l, &d);

	if (code < 0)
		return unknown(r, "device of /", code);
	if (is_one_of(d.type, over_network)) {
		evidencef(r, "/ is %s on %s", d.type, d.source);
		return found(r, "The root is on the network.");
	}
	if (d.n == 0 && !is_one_of(d.type, local)) {
		evidencef(r, "/ is %s on %s: its disks are not told", d.type, d.source);
		return PREFLIGHT_UNKNOWN;
	}
	for (size_t i = 0; i < d.n; i++) {
		enum preflight_status status = look_network_disk(l, r, d.blocks[i].name);

		if (status != PREFLIGHT_OK)
			return status;
	}
	return PREFLIGHT_OK;
}

const struct check storage_checks[] = {
	{ "F1", PREFLIGHT_REFUSE, true, "passphrases",
	  "Be at the console when it starts, or let a key file, TPM or server unlock it.",
	  look_passphrase, .same_cold = true },
	{ "F2", PREFLIGHT_REFUSE, true, "volumes that the TPM opens",
	  "Reboot through the firmware.", look_tpm_unlock },
	{ "F3", PREFLIGHT_WARN, true, "remote attestation", "Reboot through the firmware.",
	  look_attestation },
	{ "F4", PREFLIGHT_REFUSE, true, "jump without the init system",
	  "Reboot through the init system.", look_direct, .every_reboot = true },
	{ "F6", PREFLIGHT_WARN, true, "root on the network", "Keep the network up until the jump.",
	  look_network_root },
	{ NULL },
};

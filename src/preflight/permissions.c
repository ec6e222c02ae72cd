// SPDX-License-Identifier: LGPL-2.1-or-later
/* Family A: may this process load a kernel on this machine? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/container.h"
#include "base/num.h"
#include "base/running-kernel.h"
#include "preflight/look.h"
#include "preflight/signed.h"

/* include/uapi/linux/capability.h */
enum { CAP_SYS_BOOT_BIT = 22 };

static enum preflight_status look_capability(const struct look *l, struct report *r)
{
	static const char path[] = "/proc/self/status";
	_cleanup_look_file_ struct look_file text = { 0 };
	_cleanup_free_ char *mask = NULL;
	unsigned long long bits;
	char *end;
	int code = look_file(l, path, &text);

	if (code >= 0)
		code = proc_field(text.b, "CapEff", &mask);
	if (code < 0)
		return unknown(r, path, code);
	bits = strtoull(mask, &end, 16);
	if (end == mask || *end)
		return unknown(r, path, -EINVAL);
	evidencef(r, "%s: CapEff %s", path, mask);
	if (bits >> CAP_SYS_BOOT_BIT & 1)
		return PREFLIGHT_OK;
	return found(r, "This process lacks the capability CAP_SYS_BOOT, so the kernel refuses to "
			"load another one.");
}

/* Evidence for container_mark_in(). */
static enum preflight_status look_namespace(const struct look *l, struct report *r,
					    const char *path)
{
	_cleanup_free_ char *target = NULL;
	int code = look_link(l, path, &target);

	if (code < 0)
		return unknown(r, path, code);
	evidence(r, path, target);
	return PREFLIGHT_OK;
}

static enum preflight_status look_container(const struct look *l, struct report *r)
{
	const char *mark = container_mark_in(l->root);
	enum preflight_status pid, user;

	if (mark && strncmp(mark, "/proc/", strlen("/proc/")) != 0)
		evidencef(r, "%s is there", mark);
	pid = look_namespace(l, r, "/proc/self/ns/pid");
	user = look_namespace(l, r, "/proc/self/ns/user");
	if (mark)
		return found(r, "This runs in a container; the kernel belongs to its host.");
	return pid == PREFLIGHT_UNKNOWN ? pid : user;
}

static enum preflight_status look_built_in(const struct look *l, struct report *r)
{
	/* Newer kernels have the file in the second place; kernel/ksysfs.c has the first. */
	static const char *const files[] = { "/sys/kernel/kexec_loaded",
					     "/sys/kernel/kexec/loaded" };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		int there = look_exists(l, files[i]);

		if (there < 0)
			return unknown(r, files[i], there);
		if (there) {
			evidencef(r, "%s is there", files[i]);
			return PREFLIGHT_OK;
		}
	}
	evidencef(r, "neither %s nor %s is there", files[0], files[1]);
	return found(r, "The running kernel was built without kexec (CONFIG_KEXEC_CORE).");
}

/* The configuration of the running kernel. */
static int kernel_config(const struct look *l, struct look_file *ret, char *path, size_t path_n)
{
	int code = running_config_read(l->root, path, path_n, &ret->buf, &ret->b.n);

	if (code < 0)
		return code == -ENOENT && !l->has_proc ? -ENODATA : code;
	ret->b.p = ret->buf;
	return 0;
}

static enum preflight_status look_both_calls(const struct look *l, struct report *r)
{
	_cleanup_look_file_ struct look_file config = { 0 };
	char path[512];
	bool load, file;
	int code = kernel_config(l, &config, path, sizeof(path));

	if (code < 0)
		return unknown(r, "configuration of the running kernel", code);
	load = config_has_line(config.b, "CONFIG_KEXEC=y");
	file = config_has_line(config.b, "CONFIG_KEXEC_FILE=y");
	evidencef(r, "%s: CONFIG_KEXEC %s, CONFIG_KEXEC_FILE %s", path, load ? "y" : "n",
		  file ? "y" : "n");
	if (load && !file)
		return found(r, "This kernel has kexec_load(2) only, without kexec_file_load(2).");
	if (!load && file)
		return found(r, "This kernel has kexec_file_load(2) only, without kexec_load(2).");
	return PREFLIGHT_OK;
}

/* Adds the files that set it to the evidence. sysctl.d(5). */
static void name_sysctl_origin(const struct look *l, struct report *r, const char *file)
{
	_cleanup_look_file_ struct look_file text = { 0 };
	struct lines lines;
	struct bytes line;

	if (look_file(l, file, &text) < 0)
		return;
	lines = lines_of(text.b);
	while (lines_next(&lines, &line)) {
		line = bytes_trim(line);
		if (bytes_starts(line, "-"))
			line = (struct bytes){ line.p + 1, line.n - 1 };
		if (bytes_starts(line, "kernel.kexec_load_disabled") ||
		    bytes_starts(line, "kernel/kexec_load_disabled"))
			evidencef(r, "%s:%u: %.*s", file, lines.number, (int)line.n,
				  (const char *)line.p);
	}
}

static void name_sysctl_origins(const struct look *l, struct report *r)
{
	static const char *const directories[] = { "/etc/sysctl.d", "/run/sysctl.d",
						   "/usr/lib/sysctl.d" };

	name_sysctl_origin(l, r, "/etc/sysctl.conf");
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++) {
		_cleanup_names_ struct names names = { 0 };
		char path[512];

		if (look_list(l, directories[i], &names) < 0)
			continue;
		for (size_t n = 0; n < names.n; n++)
			if (path_make(path, sizeof(path), "%s/%s", directories[i], names.v[n]))
				name_sysctl_origin(l, r, path);
	}
}

static enum preflight_status look_disabled(const struct look *l, struct report *r)
{
	static const char path[] = "/proc/sys/kernel/kexec_load_disabled";
	uint64_t disabled;
	int code = look_u64(l, path, &disabled);

	if (code < 0)
		return unknown(r, path, code);
	evidence(r, path, disabled ? "1" : "0");
	if (!disabled)
		return PREFLIGHT_OK;
	name_sysctl_origins(l, r);
	return found(r, "Loading kernels has been switched off until the next boot.");
}

static enum preflight_status look_limit(const struct look *l, struct report *r)
{
	static const char path[] = "/proc/sys/kernel/kexec_load_limit_reboot";
	int limit, code = read_int_in(l->root, path, &limit);

	if (code == -ENOENT && l->has_proc) /* before Linux 6.3, or without CONFIG_KEXEC_CORE */
		return PREFLIGHT_OK;
	if (code < 0)
		return unknown(r, path, code == -ENOENT ? -ENODATA : code);
	evidencef(r, "%s: %d", path, limit);
	if (limit < 0 || limit > 1)
		return PREFLIGHT_OK;
	if (limit == 0)
		return found(r, "The number of kernels that may be loaded until the next boot is "
				"used up.");
	r->severity = PREFLIGHT_WARN;
	return found(r,
		     "One kernel may still be loaded until the next boot, and unloading it would "
		     "count too.");
}

/* 1 with lockdown, 0 without; the word in brackets of security/lockdown/lockdown.c. */
static int lockdown(const struct look *l, struct report *r)
{
	static const char path[] = "/sys/kernel/security/lockdown";
	_cleanup_free_ char *line = NULL;
	int code = look_line(l, path, &line);

	if (code < 0)
		return code;
	evidence(r, path, line);
	return strstr(line, "[integrity]") || strstr(line, "[confidentiality]");
}

/* When securityfs is not mounted, its files are missing as in a kernel without lockdown and IMA. */
static bool has_securityfs(const struct look *l)
{
	_cleanup_names_ struct names names = { 0 };

	return look_list(l, "/sys/kernel/security", &names) == 0 && names.n > 0;
}

static int lockdown_or_none(const struct look *l, struct report *r)
{
	int code = lockdown(l, r);

	if (code == -ENOENT)
		return has_securityfs(l) ? 0 : -ENODATA;
	return code;
}

static int secure_boot(const struct look *l, struct report *r)
{
	static const char *const names[] = { "SecureBoot-" EFI_GLOBAL, "SetupMode-" EFI_GLOBAL };
	int value[2];

	for (size_t i = 0; i < 2; i++) {
		_cleanup_look_file_ struct look_file text = { 0 };
		int code = look_efi(l, names[i], &text);

		if (code == -ENOENT)
			return 0;
		if (code < 0)
			return code;
		if (text.b.n == 0)
			return -EBADMSG;
		value[i] = text.b.p[0];
		evidencef(r, "%s: %d", names[i], value[i]);
	}
	return value[0] == 1 && value[1] == 0;
}

static enum preflight_status look_lockdown(const struct look *l, struct report *r)
{
	int locked = lockdown_or_none(l, r), is_signed;

	if (locked < 0)
		return unknown(r, "/sys/kernel/security/lockdown", locked);
	if (!locked)
		return PREFLIGHT_OK;
	is_signed = entry_is_signed(l);
	if (is_signed == 0) {
		evidencef(r, "%s: no signature", l->entry->kernel);
		return found(
			r, "The kernel is locked down and takes only signed kernels, and this one "
			   "has no signature.");
	}
	r->severity = PREFLIGHT_NOTE;
	return found(
		r,
		"The kernel is locked down: only kexec_file_load(2) with a signed kernel works.");
}

static enum preflight_status look_secure_boot(const struct look *l, struct report *r)
{
	int secure = secure_boot(l, r);

	if (secure < 0)
		return unknown(r, "/sys/firmware/efi/efivars", secure);
	if (!secure)
		return PREFLIGHT_OK;
	return found(
		r, "Secure Boot is on: kexec_load(2) may be refused, so kexec_file_load(2) is used "
		   "to load and to unload.");
}

static enum preflight_status look_signature(const struct look *l, struct report *r)
{
	int locked = lockdown_or_none(l, r), secure = secure_boot(l, r), is_signed;

	if (locked <= 0 && secure <= 0) {
		if (secure < 0)
			return unknown(r, "/sys/firmware/efi/efivars", secure);
		return locked < 0 ? unknown(r, "/sys/kernel/security/lockdown", locked)
				  : PREFLIGHT_OK;
	}
	if (!l->entry || !l->entry->kernel)
		return unknown_entry(l, r);
	is_signed = entry_is_signed(l);
	if (is_signed < 0)
		return unknown(r, l->entry->kernel, is_signed);
	if (is_signed)
		return PREFLIGHT_OK;
	evidencef(r, "%s: no signature", l->entry->kernel);
	return found(r, "Kernels have to be signed on this machine, and this one is not.");
}

static bool appraises(struct bytes policy, const char *func)
{
	struct lines lines = lines_of(policy);
	struct bytes line;

	while (lines_next(&lines, &line)) {
		bool right = false;
		struct bytes rest = bytes_trim(line);

		if (!bytes_is(bytes_word(&rest), "appraise"))
			continue;
		while (rest.n)
			right |= bytes_is(bytes_word(&rest), func);
		if (right)
			return true;
	}
	return false;
}

struct ima {
	bool kernel, initrd; /* the policy has them appraised */
};

#define IMA_POLICY "/sys/kernel/security/ima/policy"

/* -ENOENT: there is no IMA. */
static int ima_read(const struct look *l, struct ima *ret)
{
	_cleanup_look_file_ struct look_file text = { 0 };
	int code = look_file(l, IMA_POLICY, &text);

	if (code == -ENOENT &&
	    !(has_securityfs(l) && look_exists(l, "/sys/kernel/security/ima") == 0))
		return -ENODATA;
	if (code < 0)
		return code;
	ret->kernel = appraises(text.b, "func=KEXEC_KERNEL_CHECK");
	ret->initrd = appraises(text.b, "func=KEXEC_INITRAMFS_CHECK");
	return 0;
}

static enum preflight_status look_ima(const struct look *l, struct report *r)
{
	struct ima ima = { 0 };
	int code = ima_read(l, &ima);

	if (code == -ENOENT)
		return PREFLIGHT_OK;
	if (code < 0)
		return unknown(r, IMA_POLICY, code == -ENODATA ? -ENOENT : code);
	if (!ima.kernel && !ima.initrd)
		return PREFLIGHT_OK;
	evidencef(r, IMA_POLICY ": appraise%s%s", ima.kernel ? " func=KEXEC_KERNEL_CHECK" : "",
		  ima.initrd ? " func=KEXEC_INITRAMFS_CHECK" : "");
	if (ima.kernel && l->entry && l->entry->image && l->entry->image->compression) {
		evidencef(r, "%s: compressed with %s", l->entry->kernel,
			  l->entry->image->compression);
		return found(
			r, "IMA appraises the kernel's own file, so it cannot be unpacked first.");
	}
	if (ima.initrd && l->entry && l->entry->n_initrds > 1) {
		evidencef(r, "%zu initrds", l->entry->n_initrds);
		return found(r,
			     "IMA appraises the initrd's own file, so several cannot be joined.");
	}
	r->severity = PREFLIGHT_NOTE;
	return found(
		r, "IMA appraises what is loaded: the files need their signature in security.ima.");
}

static enum preflight_status look_confidential(const struct look *l, struct report *r)
{
	static const char *const devices[] = { "/dev/sev-guest", "/dev/tdx_guest" };
	_cleanup_look_file_ struct look_file text = { 0 };
	_cleanup_free_ char *flags = NULL;
	int code;

	for (size_t i = 0; i < 2; i++)
		if (look_there(l, r, devices[i])) {
			evidencef(r, "%s is there", devices[i]);
			return found(
				r, "This is a confidential guest; whether its kernel permits kexec "
				   "depends on its version.");
		}
	code = look_file(l, "/proc/cpuinfo", &text);
	if (code >= 0)
		code = proc_field(text.b, "flags", &flags);
	if (code == -ENOENT && text.buf) /* not x86 */
		return PREFLIGHT_OK;
	if (code < 0)
		return unknown(r, "/proc/cpuinfo", code);
	/* Hosts that can run such guests have the sev flags too, but no hypervisor below them. */
	if (!has_word(flags, "tdx_guest") &&
	    !(has_word(flags, "hypervisor") &&
	      (has_word(flags, "sev_es") || has_word(flags, "sev_snp"))))
		return PREFLIGHT_OK;
	evidencef(r, "/proc/cpuinfo: flags %s",
		  has_word(flags, "tdx_guest") ? "tdx_guest" : "hypervisor sev_es/sev_snp");
	return found(
		r, "This is a confidential guest; whether its kernel permits kexec depends on its "
		   "version.");
}

const struct check permission_checks[] = {
	{ "A1", PREFLIGHT_REFUSE, false, "capability to load kernels",
	  "Run it as root, or ask for the reboot through the desktop or the system bus.",
	  look_capability, .every_reboot = true },
	{ "A2", PREFLIGHT_REFUSE, false, "not in a container", "Run it on the host.",
	  look_container, .every_reboot = true },
	{ "A3", PREFLIGHT_REFUSE, false, "kexec in the running kernel",
	  "Install a kernel with CONFIG_KEXEC or CONFIG_KEXEC_FILE, or reboot through the firmware.",
	  look_built_in },
	{ "A4", PREFLIGHT_NOTE, false, "both system calls", NULL, look_both_calls },
	{ "A5", PREFLIGHT_REFUSE, false, "kernel.kexec_load_disabled",
	  "Remove the setting and reboot once through the firmware.", look_disabled },
	{ "A6", PREFLIGHT_REFUSE, false, "kernel.kexec_load_limit_reboot",
	  "Reboot through the firmware.", look_limit },
	{ "A7", PREFLIGHT_REFUSE, false, "lockdown",
	  "Sign the kernel with a key that this machine knows, or reboot through the firmware.",
	  look_lockdown },
	{ "A8", PREFLIGHT_NOTE, false, "Secure Boot", NULL, look_secure_boot },
	{ "A9", PREFLIGHT_REFUSE, true, "signature of the kernel",
	  "Use the distribution's signed kernel, or reboot through the firmware.", look_signature },
	{ "A11", PREFLIGHT_REFUSE, false, "IMA appraisal",
	  "Use an uncompressed kernel image and one signed initrd.", look_ima },
	{ "A14", PREFLIGHT_WARN, false, "confidential guest", "Reboot through the firmware.",
	  look_confidential, ON_X86_64 },
	{ "A15", PREFLIGHT_WARN, true, "memory that is kept",
	  "Give the entry kho=on, and leave the way to load it to the program.", look_kept_memory },
	{ NULL },
};

/* ---- which system call the machine's policy leaves */

static bool forces_signatures(const struct look *l)
{
	_cleanup_look_file_ struct look_file config = { 0 };
	char path[512];

	return kernel_config(l, &config, path, sizeof(path)) >= 0 &&
	       config_has_line(config.b, "CONFIG_KEXEC_SIG_FORCE=y");
}

/* Without CONFIG_IMA_READ_POLICY the policy cannot be read; then ima_policy= of the command line is
 * used. */
static bool ima_appraises(const struct look *l)
{
	_cleanup_free_ char *cmdline = NULL;
	struct ima ima = { 0 };

	if (ima_read(l, &ima) == 0)
		return ima.kernel || ima.initrd;
	return look_cmdline(l, &cmdline) >= 0 && strstr(cmdline, "ima_policy=") &&
	       strstr(cmdline, "secure_boot");
}

/* The first line is the boot aggregate, which is there without a policy as well. */
static bool ima_measures(const struct look *l)
{
	uint64_t n;

	return look_u64(l, "/sys/kernel/security/ima/runtime_measurements_count", &n) >= 0 && n > 1;
}

const char *preflight_file_only(int root)
{
	const struct look l = { .root = root, .has_proc = true, .has_sys = true, .has_run = true };
	struct report r = { 0 };
	const char *why = NULL;

	if (lockdown(&l, &r) > 0)
		why = "the kernel is locked down, and takes files only";
	else if (secure_boot(&l, &r) > 0)
		why = "Secure Boot is on, so that signatures have to stay checked";
	else if (forces_signatures(&l))
		why = "this kernel wants signatures (CONFIG_KEXEC_SIG_FORCE)";
	else if (ima_appraises(&l))
		why = "IMA appraises the files that are loaded";
	else if (ima_measures(&l))
		why = "IMA's list of measurements is handed on by it alone";
	else if (kho_is_on(root))
		why = "kexec handover (kho) is on, and its state is handed on by it alone";
	strbuf_done(&r.evidence);
	strbuf_done(&r.sentence);
	return why;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* kx_state(): what the machine permits, from its files in /proc and /sys; and the likeliest cause
 * of a system call that failed. */

#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "base/running-kernel.h"
#include "lib/crash.h"

/* Since Linux 6.19 or 7.0 the files live in a directory of their own; the old names are links that
 * may go after 2028 (Documentation/ABI/testing/sysfs-kernel-kexec-kdump). */
static int state_flag(struct kx_ctx *ctx, const char *newer, const char *older)
{
	int value, r = read_int_in(ctx->machine_root, newer, &value);

	if (r < 0)
		r = read_int_in(ctx->machine_root, older, &value);
	return r < 0 ? r : value != 0;
}

static int limit(struct kx_ctx *ctx, const char *path)
{
	int value;

	return read_int_in(ctx->machine_root, path, &value) < 0 ? -1 : value;
}

/* "none [integrity] confidentiality": the word in brackets is in force. */
static int lockdown(struct kx_ctx *ctx)
{
	_cleanup_free_ char *line = NULL;
	int r = read_line_in(ctx->machine_root, "/sys/kernel/security/lockdown", &line);

	if (r < 0)
		return r;
	if (strstr(line, "[integrity]"))
		return 1;
	return strstr(line, "[confidentiality]") ? 2 : 0;
}

/* /proc/iomem names the reservation; with two, the high one comes last and is the one in use. */
static uint64_t crash_size(struct kx_ctx *ctx)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct iomem iomem;
	uint64_t size = 0;
	size_t n;

	if (read_file_in(ctx->machine_root, "/proc/iomem", 16 << 20, &text, &n) < 0 ||
	    iomem_parse((struct bytes){ text, n }, &iomem, NULL) < 0)
		return 0;
	if (iomem.crash.n && !iomem.zeroed)
		size = range_size(iomem.crash.v[iomem.crash.n - 1]);
	iomem_done(&iomem);
	return size;
}

KX_EXPORT int kx_state(struct kx_ctx *ctx, struct kx_state *state, struct kx_error *err)
{
	struct kx_state s = {
		.loaded = state_flag(ctx, "/sys/kernel/kexec/loaded", "/sys/kernel/kexec_loaded"),
		.crash_loaded = state_flag(ctx, "/sys/kernel/kexec/crash_loaded",
					   "/sys/kernel/kexec_crash_loaded"),
		.crash_size = crash_size(ctx),
		.load_limit = limit(ctx, "/proc/sys/kernel/kexec_load_limit_reboot"),
		.crash_load_limit = limit(ctx, "/proc/sys/kernel/kexec_load_limit_panic"),
		.lockdown = lockdown(ctx),
		.can_boot = !ctx->captured && ctx->sys->has_boot_capability(ctx->sys),
	};
	int r = read_int_in(ctx->machine_root, "/proc/sys/kernel/kexec_load_disabled",
			    &s.load_disabled);

	if (r < 0)
		s.load_disabled = r;
	r = sized_out(state, &s, sizeof(s));
	return r < 0 ? kx_fail_at(err, kx_fail(err, r, "the structure's size is not filled in"),
				  KX_STEP_ARGUMENT)
		     : 0;
}

/* Why this machine answers EPERM: the first cause that its files show. */
static const char *why_eperm(struct kx_ctx *ctx, bool on_crash, bool by_file)
{
	struct kx_state s = { .size = sizeof(s) };

	if (kx_state(ctx, &s, NULL) < 0)
		return "the reason could not be read";
	if (!s.can_boot)
		return "this process lacks CAP_SYS_BOOT; run as root, outside any container";
	if (s.load_disabled == 1)
		return "the sysctl kernel.kexec_load_disabled is 1, and stays so until the next "
		       "ordinary reboot";
	if ((on_crash ? s.crash_load_limit : s.load_limit) == 0)
		return on_crash ? "the sysctl kernel.kexec_load_limit_panic is used up: every "
				  "call counts; an ordinary reboot resets it"
				: "the sysctl kernel.kexec_load_limit_reboot is used up: every "
				  "call counts; an ordinary reboot resets it";
	if (s.lockdown > 0 && !by_file)
		return "the kernel is locked down, which forbids kexec_load altogether; only "
		       "kexec_file_load with a signed kernel (-s) is permitted";
	if (s.lockdown > 0)
		return "the kernel is locked down and the image's signature could not be "
		       "verified; install a signed kernel";
	return "neither capability, sysctl, load limit nor lockdown forbids it, so a security "
	       "module or seccomp filter does; see the audit log";
}

/* include/uapi/asm-generic/errno.h numbers as kernel/kexec*.c and certs/ use them. */
static const struct {
	int code;
	const char *by_file; /* kexec_file_load, or NULL */
	const char *by_segments;
} meanings[] = {
	{ EACCES, "IMA appraisal refused the file: it needs a valid security.ima attribute",
	  "IMA wants to appraise kernels, which kexec_load cannot have done; use "
	  "kexec_file_load (-s)" },
	{ EINVAL,
	  "the kernel takes neither these flags nor this file or command line; its log "
	  "(dmesg, kexec_file: and kexec-bzImage64:) says more",
	  "bad segments: overlapping, more than half of memory, or for another architecture" },
	{ ENOEXEC, "the kernel's own loader does not know this kind of image", NULL },
	{ EADDRNOTAVAIL, "no stretch of memory is large enough for kernel or initial ramdisk",
	  "a segment is misaligned or outside the crash kernel's reservation" },
	{ ENOMEM, "not enough free memory for a second copy of kernel and initial ramdisk",
	  "not enough free memory for a second copy of kernel and initial ramdisk" },
	{ EBUSY, "another kexec operation went on for more than a second; try again",
	  "another kexec operation went on for more than a second; try again" },
	{ ENOSYS, "the running kernel was built without CONFIG_KEXEC_FILE, or seccomp hides it",
	  "the running kernel was built without CONFIG_KEXEC, or seccomp hides it" },
	{ EOPNOTSUPP, "the kernel's loader refuses this variant of the image", NULL },
	{ ENODATA,
	  "the kernel insists on a signature and the image carries none; install a "
	  "signed kernel",
	  NULL },
	{ ENOKEY,
	  "the image is signed, but its key is in no keyring the kernel trusts; enrol "
	  "the key or install another kernel",
	  NULL },
	{ EKEYREJECTED,
	  "the image's signature is wrong, expired or revoked, or the kernel cannot "
	  "verify this type of image",
	  NULL },
	{ ENOPKG, "the kernel lacks the algorithm the image is signed with", NULL },
	{ EBADMSG, "the image's signature is malformed; reinstall the kernel package", NULL },
	{ EMSGSIZE, "the size in the image's signature does not fit the file", NULL },
	{ ELIBBAD, "the image is not a proper PE file, so its signature cannot be checked", NULL },
	{ ETXTBSY, "the file is open for writing; is a package manager still at work?", NULL },
	{ EFBIG, "the file is larger than the kernel reads (2 GiB)", NULL },
	{ EIO, "the file could not be read completely; check the disk", NULL },
	{ EFAULT, "the kernel could not read the command line",
	  "the kernel could not read a "
	  "segment" },
};

static const char *meaning(int code, bool by_file)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].code == -code)
			return by_file ? meanings[i].by_file : meanings[i].by_segments;
	return NULL;
}

/* A signature was refused: tells whether kexec_load(2) is permitted by the machine's policy. */
static bool is_signature_error(int code)
{
	switch (-code) {
	case ENODATA:
	case ENOKEY:
	case EKEYREJECTED:
	case ENOPKG:
	case EBADMSG:
	case EMSGSIZE:
	case ELIBBAD:
		return true;
	default:
		return false;
	}
}

static const char *way_round(struct kx_ctx *ctx, int code)
{
	if (!is_signature_error(code))
		return "";
	return lockdown(ctx) > 0 ? "; kexec_load is forbidden by lockdown"
				 : "; kexec_load (-c) checks no signature and is permitted here";
}

/* kernel/kexec_file.c, kho_locate_mem_hole(): holes are looked for in the scratch areas alone, for all but
 * crash kernels. */
static const char *why_no_room(struct kx_ctx *ctx, bool on_crash)
{
	if (on_crash || !kho_is_on(ctx->machine_root))
		return meaning(-EADDRNOTAVAIL, true);
	return "kexec handover (KHO) is on, so kernel, initial ramdisk and command line have to fit "
	       "into its scratch areas, whatever is free elsewhere; make them larger (kho_scratch= on "
	       "the running kernel's command line), or the initial ramdisk smaller";
}

static int explain(struct kx_ctx *ctx, bool by_file, bool on_crash, int code, const char *what,
		   struct kx_error *err)
{
	const char *why = code == -EPERM		      ? why_eperm(ctx, on_crash, by_file)
			  : by_file && code == -EADDRNOTAVAIL ? why_no_room(ctx, on_crash)
							      : meaning(code, by_file);

	if (!why)
		return kx_fail(err, code, "%s: %s", what, strerror(-code));
	return kx_fail(err, code, "%s: %s: %s%s", what, strerror(-code), why,
		       by_file ? way_round(ctx, code) : "");
}

int explain_load(struct kx_ctx *ctx, const struct kx_plan *plan, int code, struct kx_error *err)
{
	const bool by_file = plan->way == KX_WAY_FILE;
	const bool on_crash =
		plan->syscall_flags & (by_file ? SYS_KEXEC_FILE_ON_CRASH : SYS_KEXEC_ON_CRASH);

	(void)explain(ctx, by_file, on_crash, code, by_file ? "kexec_file_load" : "kexec_load",
		      err);
	if (on_crash)
		crash_say_state(ctx, plan->crash_was_loaded, err);
	if (by_file && (is_signature_error(code) || code == -ENOEXEC || code == -EOPNOTSUPP))
		(void)kx_fail_file(err, code, plan->image->path);
	return kx_fail_at(err, code, by_file ? KX_STEP_FILE_LOAD : KX_STEP_LOAD);
}

int explain_unload(struct kx_ctx *ctx, enum kx_way way, bool on_crash, int code,
		   struct kx_error *err)
{
	const bool by_file = way == KX_WAY_FILE;

	(void)explain(ctx, by_file, on_crash, code,
		      by_file ? "unloading with kexec_file_load" : "unloading with kexec_load",
		      err);
	return kx_fail_at(err, code, KX_STEP_UNLOAD);
}

int explain_jump(struct kx_ctx *ctx, int code, struct kx_error *err)
{
	const char *why = strerror(-code);

	if (code == -EINVAL)
		why = "nothing is loaded, the kernel has no kexec, or this is a container's PID "
		      "namespace";
	else if (code == -EPERM)
		why = "this process lacks CAP_SYS_BOOT; run as root, outside any container";
	else if (code == -EBUSY)
		why = "another kexec operation is going on; try again";
	(void)kx_fail(err, code, "reboot(LINUX_REBOOT_CMD_KEXEC): %s", why);
	return kx_fail_at(err, code, KX_STEP_JUMP);
}

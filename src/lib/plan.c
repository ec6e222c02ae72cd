// SPDX-License-Identifier: LGPL-2.1-or-later
/* Makes a plan of a request and a machine: the system call and its arguments. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mapped.h"
#include "base/num.h"
#include "base/running-kernel.h"
#include "fundamental/crc32c.h"
#include "lib/arch.h"
#include "lib/cache.h"
#include "lib/crash.h"
#include "lib/diet.h"
#include "lib/dump-facts.h"
#include "lib/in-place.h"
#include "lib/part.h"
#include "lib/prepare.h"

enum { CMDLINE_MAX = 1 << 20 };

DEFINE_CLEANUP(struct kx_plan *, kx_plan_free)

int plan_add_warning(struct kx_plan *plan, const char *sentence)
{
	char **bigger = reallocarray(plan->warnings, plan->n_warnings + 1, sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	plan->warnings = bigger;
	plan->warnings[plan->n_warnings] = strdup(sentence);
	if (!plan->warnings[plan->n_warnings])
		return -ENOMEM;
	plan->n_warnings++;
	return 0;
}

/* ---- kexec_file_load */

/* Bytes unchanged: the original descriptor; else a sealed copy of what was unpacked. */
static int kernel_descriptor(struct kx_plan *plan, struct kx_error *err)
{
	const struct kx_image *image = plan->image;
	const struct piece whole = { image->kernel.p, image->kernel.n };

	plan->kernel.bytes.n = image->kernel.n;
	if (!image->image.is_uki && !image->compression) {
		plan->kernel.fd = image->fd;
		return 0;
	}
	plan->kernel.fd = sealed_file("kernel", &whole, 1);
	if (plan->kernel.fd < 0)
		return kx_fail(err, plan->kernel.fd, "anonymous file for the kernel: %s",
			       strerror(-plan->kernel.fd));
	return 0;
}

/* Linux 6.17 and newer place segments in a CMA area, on x86 misaligned and with tails that are not
 * cleared: the next kernel then fails on its initial ramdisk, or the kernel's own purgatory halts.
 * The flag prevents that. Older kernels do not use CMA for this and refuse the flag, so it is not
 * passed to them. A newer kernel that refuses the flag must not be called without it. */
static bool places_in_cma(struct kx_ctx *ctx)
{
	_cleanup_free_ char *release = NULL;
	_cleanup_free_ uint8_t *raw = NULL;
	int64_t major, minor;
	const char *at;
	char text[8192];
	size_t n;

	if (read_line_in(ctx->machine_root, "/proc/sys/kernel/osrelease", &release) < 0)
		return false;
	major = leading_i64(release);
	minor = strchr(release, '.') ? leading_i64(strchr(release, '.') + 1) : 0;
	if (major < 6 || (major == 6 && minor < 17))
		return false;
	if (read_file_in(ctx->machine_root, "/proc/meminfo", sizeof(text) - 1, &raw, &n) < 0)
		return false;
	memcpy(text, raw, n);
	text[n] = '\0';
	at = strstr(text, "CmaTotal:");
	if (!at)
		return false;
	at += strlen("CmaTotal:");
	at += strspn(at, " ");
	return *at >= '1' && *at <= '9'; /* "CmaTotal:              0 kB" without one */
}

static int plan_file(struct kx_ctx *ctx, const struct kx_request *req, struct kx_plan *plan,
		     struct kx_error *err)
{
	struct diet diet = { .why_not = "it is not unpacked for this plan" };
	int r = kernel_descriptor(plan, err);

	if (r < 0)
		return kx_fail_at(err, r, KX_STEP_PLAN);
	plan->why_file = strdup(plan->reason);
	if (!plan->why_file)
		return kx_fail(err, -ENOMEM, "out of memory");
	r = initrd_open(ctx, req, false, &plan->initrd, err);
	if (req->flags & KX_REQ_FAST && req->flags & KX_REQ_UNPACK_LATER)
		plan->is_open = 1;
	else if (r == 0 && req->flags & KX_REQ_FAST)
		r = prepare_file_initrd(ctx, req, plan, &diet, err);
	if (r == 0)
		r = diet_tell(req, plan, &diet, err);
	if (r < 0)
		return r;
	if (plan->initrd.fd < 0)
		plan->syscall_flags |= SYS_KEXEC_FILE_NO_INITRAMFS;
	if (req->flags & KX_REQ_ON_CRASH)
		plan->syscall_flags |= SYS_KEXEC_FILE_ON_CRASH;
	if (req->flags & KX_REQ_KERNEL_DEBUG)
		plan->optional_flags |= SYS_KEXEC_FILE_DEBUG;
	if (places_in_cma(ctx))
		plan->syscall_flags |= SYS_KEXEC_FILE_NO_CMA;
	else if (req->flags & KX_REQ_NO_CMA)
		plan->optional_flags |= SYS_KEXEC_FILE_NO_CMA;
	if (req->flags & KX_REQ_FORCE_DTB)
		plan->optional_flags |= SYS_KEXEC_FILE_FORCE_DTB;
	plan->syscall_flags |= plan->optional_flags;
	if (plan->image->image.is_uki)
		r = plan_add_warning(plan,
				     "the unified kernel image's own signature is left behind: the "
				     "running kernel verifies that of the kernel inside, if any");
	return r < 0 ? kx_fail(err, r, "out of memory") : 0;
}

/* ---- kexec_load */

static int modules_read(struct kx_ctx *ctx, const struct kx_request *req, struct kx_plan *plan,
			struct plan_module **ret, struct kx_error *err)
{
	struct plan_module *modules = calloc(req->n_module_parts + 1, sizeof(*modules));
	int r = 0;

	plan->modules = calloc(req->n_module_parts + 1, sizeof(*plan->modules));
	if (!modules || !plan->modules)
		r = kx_fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; r == 0 && i < req->n_module_parts; i++) {
		r = module_open(ctx, &req->module_parts[i], &plan->modules[i], err);
		if (r < 0)
			break;
		plan->n_modules++;
		modules[i] = (struct plan_module){ plan->modules[i].bytes,
						   part_words(&req->module_parts[i]) };
	}
	if (r < 0) {
		free(modules);
		return r;
	}
	*ret = modules;
	return 0;
}

static int dtb_read(struct kx_ctx *ctx, const struct kx_request *req, struct payload *ret,
		    struct kx_error *err)
{
	int r;

	if (!req->dtb)
		return 0;
	r = read_file_in(ctx->file_root, req->dtb, FILE_SIZE_MAX, &ret->buffer, &ret->bytes.n);
	if (r < 0)
		return kx_fail_at(err, kx_fail_path(err, r, req->dtb), KX_STEP_INITRD);
	ret->bytes.p = ret->buffer;
	return 0;
}

static bool is_too_large(int r)
{
	return r == -ENOSPC || r == -E2BIG;
}

static int warn_packed(struct kx_plan *plan, const char *why_not)
{
	char sentence[300];

	(void)snprintf(sentence, sizeof(sentence), "initial ramdisk: not all is unpacked: %.230s",
		       why_not);
	return plan_add_warning(plan, sentence);
}

static int warn_prepared(struct kx_plan *plan, const struct prepared *prepared)
{
	int r = prepared->why_not[0] ? warn_packed(plan, prepared->why_not) : 0;

	if (r == 0 && prepared->damaged)
		plan->initrd_damage = plan->warnings[plan->n_warnings - 1];
	return r;
}

/* Computes the digest of the ramdisk once for all plans that follow. */
static void take_initrd(struct plan_request *preq, const struct prepared *prepared)
{
	preq->initrd = prepared->initrd.bytes;
	preq->has_initrd_digest = prepared->has_initrd_digest || !(preq->flags & KX_REQ_NO_DIGEST);
	if (prepared->has_initrd_digest)
		preq->initrd_digest = prepared->initrd_digest;
	else if (preq->has_initrd_digest)
		digest_bytes(preq->initrd.p, preq->initrd.n, crc32c_has_insn(),
			     &preq->initrd_digest);
}

/* A plan with the initial ramdisk unpacked. -E2BIG or -ENOSPC: without, it may be possible. */
static int try_unpacked(struct plan_request *preq, struct kx_plan *plan, struct prepared *prepared,
			struct kx_error *err)
{
	int r = 0;

	if (warn_prepared(plan, prepared) < 0)
		r = -ENOMEM;
	if (prepared->initrd.bytes.n)
		take_initrd(preq, prepared);
	if (r == 0)
		r = plan_make(&plan->machine, preq, &plan->plan, err);
	if (r == 0 && prepared->initrd.bytes.n) {
		payload_done(&plan->initrd);
		plan->initrd = TAKE(prepared->initrd, (struct payload){ .fd = -1 });
		plan->initrd_is_unpacked = true;
		return 0;
	}
	preq->initrd = plan->initrd.bytes;
	preq->has_initrd_digest = false;
	if (is_too_large(r) && prepared->initrd.bytes.n && warn_packed(plan, err->message) < 0)
		r = -ENOMEM;
	return r == -ENOMEM ? kx_fail(err, r, "out of memory") : r;
}

/* A plan of the files as they are. Reasons against an unpacked kernel that are known without unpacking it are
 * found all the same. */
static int make_open(const struct kx_request *req, struct plan_request *preq, struct kx_plan *plan,
		     struct kx_error *err)
{
	static const struct kx_error later = {
		.message = "kernel and initial ramdisk are not unpacked for this plan",
	};
	static const struct diet diet = { .why_not = "it is not unpacked for this plan" };
	int r;

	preq->vmlinux_r = -EOPNOTSUPP;
	preq->vmlinux_why = &later;
	r = plan_make(&plan->machine, preq, &plan->plan, err);
	if (r < 0)
		return r;
	plan->is_open = plan->plan.rung_reason && strcmp(plan->plan.rung_reason, later.message) == 0
				? 2
				: 1;
	return diet_tell(req, plan, &diet, err);
}

/* Into the cache, although nobody may load it. */
static void keep_now(struct kx_ctx *ctx, const struct kx_request *req, struct kx_plan *plan)
{
	if (!(req->flags & KX_REQ_KEEP) || !plan->cache)
		return;
	prepare_done(ctx, plan);
	cache_done(plan->cache);
}

/* Unpacked parts need more memory. When they do not fit, the packed ones are used. */
static int make_fast(struct kx_ctx *ctx, const struct kx_request *req, struct plan_request *preq,
		     struct kx_plan *plan, struct kx_error *err)
{
	_cleanup_(prepared_done) struct prepared prepared = { .initrd = { .fd = -1 } };
	struct kx_error why = { 0 };
	int r;

	if (!ctx->captured && !plan->machine.has_random)
		preq->not_fast = "the kernel has no random numbers yet, and one could foresee "
				 "where the next one lies";
	if (req->flags & KX_REQ_UNPACK_LATER)
		return make_open(req, preq, plan, err);
	plan_take_contents(plan);
	r = prepare(ctx, req, !preq->not_fast, plan, &prepared, err);
	if (r < 0)
		return r;
	if (!prepared.why_not[0])
		plan->is_unpacked = prepared.vmlinux.p && prepared.vmlinux_r == 0 ? 2 : 1;
	preq->vmlinux = prepared.vmlinux;
	preq->vmlinux_r = prepared.vmlinux_r;
	preq->vmlinux_why = prepared.vmlinux_r < 0 ? &prepared.vmlinux_why : NULL;
	r = try_unpacked(preq, plan, &prepared, &why);
	if (is_too_large(r) && prepared.initrd.bytes.n)
		r = plan_make(&plan->machine, preq, &plan->plan, &why);
	if (is_too_large(r) && !preq->not_fast) {
		preq->not_fast = why.message;
		r = plan_make(&plan->machine, preq, &plan->plan, err);
	} else if (r == 0) {
		prepare_keep(plan, &prepared);
		keep_now(ctx, req, plan);
	} else if (err) {
		*err = why;
	}
	return r < 0 ? r : diet_tell(req, plan, &prepared.diet, err);
}

/* Reasons against huge pages (rung zero-copy) that are known before the commit. */
static int look_at_place(struct kx_ctx *ctx, struct kx_plan *plan)
{
	struct kx_error why = { 0 };

	if (!plan->plan.may_be_in_place)
		return 0;
	if (plan->initrd.is_secret)
		(void)kx_fail(&why, -EPERM,
			      "the initial ramdisk is secret, and a file of huge pages would hold "
			      "it where others with the same rights find it");
	else if (in_place_obstacle(ctx, plan, &why) == 0)
		return 0;
	plan->not_in_place = strdup(why.message);
	return plan->not_in_place ? 0 : -ENOMEM;
}

/* What only the header of a dump is made of. */
static int crash_facts_read(struct kx_ctx *ctx, const struct kx_request *req,
			    struct machine *machine, struct kx_error *err)
{
	/* without a reservation nothing else matters: the planner says so */
	int r = machine->crash.n ? dump_facts_read(ctx, &machine->dump, err) : 0;

	if (r == 0 && req->flags & KX_REQ_HOTPLUG)
		r = crash_header_room(ctx, &machine->dump.header_size);
	return r < 0 ? kx_fail_at(err, r, KX_STEP_MACHINE) : 0;
}

static void crash_flags(const struct kx_request *req, struct kx_plan *plan)
{
	plan->syscall_flags |= SYS_KEXEC_ON_CRASH;
	/* Linux 6.6 and later on this architecture's first form; 6.10 and later know both. */
	if (req->flags & KX_REQ_HOTPLUG)
		plan->optional_flags |= SYS_KEXEC_UPDATE_ELFCOREHDR;
	plan->syscall_flags |= plan->optional_flags;
}

static int plan_segments(struct kx_ctx *ctx, const struct kx_request *req, struct kx_plan *plan,
			 struct kx_error *err)
{
	_cleanup_free_ struct plan_module *modules = NULL;
	struct plan_request preq = {
		.image = &plan->image->image,
		.cmdline = plan->cmdline,
		.args = req->args,
		.flags = req->flags,
		.bounds = { req->mem_min, req->mem_end ? req->mem_end : UINT64_MAX },
		.entry = req->entry,
		.serial_port = (uint16_t)(req->serial_port ? req->serial_port
							   : req->image->arch->serial_port),
		.serial_divisor = (uint16_t)(req->serial_baud ? req->image->arch->serial_clock /
									req->serial_baud
							      : 0),
	};
	int r = initrd_open(ctx, req, true, &plan->initrd, err);

	if (r == 0)
		r = modules_read(ctx, req, plan, &modules, err);
	if (r == 0)
		r = dtb_read(ctx, req, &plan->dtb, err);
	if (r == 0)
		r = machine_read(ctx, &plan->machine, err);
	if (r == 0 && req->flags & KX_REQ_ON_CRASH)
		r = crash_facts_read(ctx, req, &plan->machine, err);
	if (r < 0)
		return r;

	preq.initrd = plan->initrd.bytes;
	preq.modules = modules;
	preq.n_modules = plan->n_modules;
	preq.dtb = plan->dtb.bytes;
	r = req->flags & KX_REQ_FAST ? make_fast(ctx, req, &preq, plan, err)
				     : plan_make(&plan->machine, &preq, &plan->plan, err);
	if (r < 0)
		return kx_fail_at(err, r, KX_STEP_PLAN);
	preq.modules = NULL;
	preq.vmlinux = (struct bytes){ 0 };
	preq.vmlinux_why = NULL;
	preq.not_fast = NULL;
	plan->request = preq;
	r = look_at_place(ctx, plan);
	if (r < 0)
		return kx_fail(err, r, "out of memory");
	if (req->flags & KX_REQ_ON_CRASH)
		crash_flags(req, plan);
	if (req->flags & KX_REQ_PRESERVE_CONTEXT)
		plan->syscall_flags |= SYS_KEXEC_PRESERVE_CONTEXT;
	/* else it is logged by the commit, when the addresses are known */
	if (!plan->plan.may_be_in_place || plan->not_in_place)
		plan_log(ctx, plan);
	return 0;
}

/* ---- kx_plan_new() */

static int request_check(const struct kx_request *req, struct kx_error *err)
{
	if (!req->image)
		return kx_fail(err, -EINVAL, "the request names no kernel image");
	if (req->flags & KX_REQ_REAL_MODE)
		return kx_fail_flags(err,
				     kx_fail(err, -EOPNOTSUPP,
					     "the 16-bit entry point (--real-mode) is not "
					     "supported: it needs firmware calls that are gone "
					     "after boot; leave the option out"),
				     KX_REQ_REAL_MODE);
	if (req->serial_port > UINT16_MAX)
		return kx_fail(err, -EINVAL, "serial port %#x is not an I/O port",
			       req->serial_port);
	if (req->serial_baud > req->image->arch->serial_clock)
		return kx_fail(err, -EINVAL, "serial speed %u is above %u", req->serial_baud,
			       req->image->arch->serial_clock);
	if (req->mem_end && req->mem_min >= req->mem_end)
		return kx_fail_range(
			err,
			kx_fail(err, -EINVAL, "the lowest address %#llx is not below the end %#llx",
				(unsigned long long)req->mem_min, (unsigned long long)req->mem_end),
			req->mem_min, req->mem_end);
	return 0;
}

/* The kernel rewrites a crash kernel's ELF header when processors or memory change since 6.6; the
 * file says how large it may get (Documentation/ABI/testing/sysfs-kernel-kexec-kdump). */
static int hotplug_check(struct kx_ctx *ctx, const struct kx_request *req, struct kx_error *err)
{
	uint64_t room;
	int r;

	if (!(req->flags & KX_REQ_HOTPLUG))
		return 0;
	r = crash_header_room(ctx, &room);
	if (r < 0)
		return kx_fail_at(err, kx_fail_path(err, r, CRASH_ELFCOREHDR_SIZE),
				  KX_STEP_MACHINE);
	return 0;
}

static int plan_cmdline(const struct kx_request *req, struct kx_plan *plan, struct kx_error *err)
{
	const char *line = req->cmdline;

	if (!line)
		line = req->image->cmdline ? req->image->cmdline : "";
	if (strlen(line) > CMDLINE_MAX)
		return kx_fail_at(err,
				  kx_fail(err, -ENAMETOOLONG, "command line has %zu characters",
					  strlen(line)),
				  KX_STEP_PLAN);
	plan->cmdline = strdup(line);
	return plan->cmdline ? 0 : kx_fail(err, -ENOMEM, "out of memory");
}

/* If the guessed architecture is wrong, so is the plan: the person is warned. */
static int warn_guessed_arch(struct kx_ctx *ctx, struct kx_plan *plan)
{
	const struct arch_found arch = ctx_arch(ctx);
	char sentence[200];

	if (strcmp(arch.from, ARCH_GUESSED) != 0)
		return 0;
	(void)snprintf(sentence, sizeof(sentence),
		       "no file tells this machine's architecture (/proc/sys/kernel/arch, "
		       "/proc/cpuinfo, /bin/sh): taken to be %s, as this program's machine is",
		       arch_name(arch.id));
	return plan_add_warning(plan, sentence);
}

KX_EXPORT int kx_plan_new(struct kx_ctx *ctx, const struct kx_request *request,
			  struct kx_plan **ret_plan, struct kx_error *err)
{
	_cleanup_(kx_plan_freep) struct kx_plan *plan = calloc(1, sizeof(*plan));
	_cleanup_(part_list_done) struct part_list initrds = { 0 }, modules = { 0 };
	struct kx_error why = { 0 };
	struct kx_request req;
	int r, stale;

	if (!plan)
		return kx_fail(err, -ENOMEM, "out of memory");
	plan->kernel.fd = plan->initrd.fd = plan->dtb.fd = -1;
	r = sized_in(request, &req, sizeof(req), err);
	if (r == 0)
		r = request_check(&req, err);
	if (r == 0)
		r = request_parts(&req, &initrds, &modules, err);
	if (r < 0)
		return kx_fail_at(err, r, KX_STEP_ARGUMENT);

	if (req.flags & KX_REQ_DIET)
		req.flags |= KX_REQ_FAST;
	/* Nobody waits for a crash kernel, and in its reservation what is unpacked has less room. */
	if (req.flags & KX_REQ_ON_CRASH)
		req.flags &= ~(KX_REQ_FAST | KX_REQ_DIET);
	plan->image = image_ref(req.image);
	r = hotplug_check(ctx, &req, err);
	if (r == 0)
		r = plan_cmdline(&req, plan, err);
	if (r == 0 && warn_guessed_arch(ctx, plan) < 0)
		r = kx_fail(err, -ENOMEM, "out of memory");
	if (r == 0)
		r = plan_choose_way(ctx, &req, plan, err);
	if (r < 0)
		return r;
	r = plan->way == KX_WAY_FILE ? plan_file(ctx, &req, plan, err)
				     : plan_segments(ctx, &req, plan, err);
	if (r == 0 && req.flags & KX_REQ_ON_CRASH)
		r = plan->way == KX_WAY_FILE ? crash_check_fits(ctx, &req, plan, err)
					     : crash_doubt(plan, &plan->machine, err);
	/* what is wrong with half a file is no reason that helps anybody */
	stale = mapped_check(plan->image->n_changes, &why);
	if (stale < 0)
		r = kx_fail_at(err, kx_fail_as(err, stale, &why), KX_STEP_PLAN);
	if (r < 0 && req.flags & KX_REQ_ON_CRASH)
		crash_say_untouched(ctx, err);
	if (r < 0)
		return r;
	*ret_plan = TAKE_PTR(plan);
	return 0;
}

KX_EXPORT struct kx_plan *kx_plan_free(struct kx_plan *plan)
{
	if (!plan)
		return NULL;
	free(plan->reason);
	free(plan->why_file);
	free(plan->cmdline);
	if (plan->image && plan->kernel.fd == plan->image->fd)
		plan->kernel.fd = -1;
	payload_done(&plan->kernel);
	payload_done(&plan->initrd);
	payload_done(&plan->dtb);
	for (size_t i = 0; i < plan->n_modules; i++)
		payload_done(&plan->modules[i]);
	free(plan->modules);
	plan_done(&plan->plan);
	plan_done(&plan->copied);
	free(plan->not_in_place);
	free(plan->diet);
	machine_done(&plan->machine);
	if (plan->cache)
		cache_done(plan->cache);
	free(plan->cache);
	for (size_t i = 0; i < plan->n_warnings; i++)
		free(plan->warnings[i]);
	free(plan->warnings);
	kx_image_free((struct kx_image *)(uintptr_t)plan->image);
	free(plan);
	return NULL;
}

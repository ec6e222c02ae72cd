// SPDX-License-Identifier: LGPL-2.1-or-later
/* A request and a machine -> a plan: which system call, with what. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/num.h"
#include "base/running-kernel.h"
#include "fundamental/crc32c.h"
#include "lib/arch.h"
#include "lib/cache.h"
#include "lib/diet.h"
#include "lib/in-place.h"
#include "lib/prepare.h"

enum { CMDLINE_MAX = 1 << 20 };

DEFINE_CLEANUP(struct kx_plan *, kx_plan_free)

static int add_warning(struct kx_plan *plan, const char *sentence)
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

/* ---- which system call */

static bool is_file_loadable(const struct kx_request *req)
{
	struct kx_image_info info = { .size = sizeof(info) };

	return kx_image_info(req->image, &info) == 0 && info.file_load;
}

/* What kexec_file_load cannot do for this request: a noun phrase, or NULL. */
static const char *wants_segments(const struct kx_request *req)
{
	static const struct {
		uint64_t flag;
		const char *what;
	} flags[] = {
		{ KX_REQ_ENTRY_32BIT, "the 32-bit entry point (--entry-32bit)" },
		{ KX_REQ_REAL_MODE, "the 16-bit entry point (--real-mode)" },
		{ KX_REQ_NO_DIGEST, "leaving out the digest (--no-checks)" },
		{ KX_REQ_HAS_ENTRY, "an entry point of one's own (--entry)" },
		{ KX_REQ_PRESERVE_CONTEXT, "preserving the context (--load-preserve-context)" },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (req->flags & flags[i].flag)
			return flags[i].what;
	if (req->mem_min || req->mem_end)
		return "bounds for addresses (--mem-min, --mem-max)";
	if (req->n_modules)
		return "modules (--module)";
	return req->args != KX_ARGS_AUTO ? "a choice of ELF arguments (--args-...)" : NULL;
}

/* What it is not asked for, though it could: where a policy leaves nothing else, it goes without. */
static const char *wants_changes(const struct kx_request *req)
{
	return req->flags & KX_REQ_DIET ? "an initial ramdisk with modules left out (--diet)"
					: NULL;
}

static size_t file_load_cmdline_max(const struct kx_image *image)
{
	const uint32_t max = image->arch->image_cmdline_max(&image->image),
		       reserve = image->arch->file_cmdline_reserve;

	return max > reserve ? max - reserve : 0;
}

static int reason(struct kx_plan *plan, enum kx_way way, const char *fmt, ...) _printf_(3, 4);
static int reason(struct kx_plan *plan, enum kx_way way, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&plan->reason, fmt, ap);
	va_end(ap);
	plan->way = way;
	if (n < 0)
		plan->reason = NULL;
	return n < 0 ? -ENOMEM : 0;
}

static int choose_segments(const struct kx_request *req, struct kx_plan *plan)
{
	const char *why = wants_segments(req);

	if (!why && req->flags & KX_REQ_FAST)
		why = "unpacking kernel and initrd before the jump (--fast)";
	if (req->way == KX_WAY_SEGMENTS)
		return reason(plan, KX_WAY_SEGMENTS, "kexec_load was asked for");
	if (why)
		return reason(plan, KX_WAY_SEGMENTS, "only kexec_load offers %s", why);
	if (!is_file_loadable(req))
		return reason(plan, KX_WAY_SEGMENTS,
			      "the kernel's own loader does not take %s images",
			      req->image->image.name);
	return reason(plan, KX_WAY_SEGMENTS,
		      "kexec_file_load takes %zu characters of command line, this one has %zu",
		      file_load_cmdline_max(req->image), strlen(plan->cmdline));
}

/* An explicit kexec_file_load that cannot work is refused here, before it costs a call. */
static int refuse_file(const struct kx_request *req, const struct kx_plan *plan,
		       struct kx_error *err)
{
	const char *why = wants_segments(req);

	if (!why)
		why = wants_changes(req);
	if (why)
		return kx_fail_at(err,
				  kx_fail(err, -EOPNOTSUPP,
					  "kexec_file_load (--kexec-file-syscall) does not offer "
					  "%s; use kexec_load (--kexec-syscall)",
					  why),
				  KX_STEP_ARGUMENT);
	if (!is_file_loadable(req))
		return kx_fail_at(err,
				  kx_fail(err, -ENOEXEC,
					  "%s: the kernel's own loader does not take %s images; "
					  "use kexec_load (--kexec-syscall)",
					  req->image->path, req->image->image.name),
				  KX_STEP_FILE_LOAD);
	return kx_fail_at(err,
			  kx_fail(err, -ENAMETOOLONG,
				  "command line has %zu characters, kexec_file_load takes %zu "
				  "with this kernel; kexec_load takes %u",
				  strlen(plan->cmdline), file_load_cmdline_max(req->image),
				  req->image->arch->image_cmdline_max(&req->image->image)),
			  KX_STEP_PLAN);
}

/* By itself, and why. */
static int choose_auto(struct kx_ctx *ctx, const struct kx_request *req, struct kx_plan *plan)
{
	const char *why = "kexec_file_load takes this image, and signatures stay checked";

	if (req->flags & KX_REQ_FAST)
		why = fast_needs_file(ctx);
	return why ? reason(plan, KX_WAY_FILE, "%s", why) : choose_segments(req, plan);
}

static int choose_way(struct kx_ctx *ctx, const struct kx_request *req, struct kx_plan *plan,
		      struct kx_error *err)
{
	const bool file_works = !wants_segments(req) && is_file_loadable(req) &&
				strlen(plan->cmdline) <= file_load_cmdline_max(req->image);
	int r;

	if (req->way == KX_WAY_FILE && (!file_works || wants_changes(req)))
		return refuse_file(req, plan, err);
	if (req->way == KX_WAY_FILE)
		r = reason(plan, KX_WAY_FILE, "kexec_file_load was asked for");
	else if (req->way == KX_WAY_AUTO && file_works)
		r = choose_auto(ctx, req, plan);
	else
		r = choose_segments(req, plan);
	if (plan->way == KX_WAY_SEGMENTS && !(req->flags & KX_REQ_ON_CRASH) &&
	    kho_is_on(ctx->machine_root))
		ctx_log(ctx, KX_LOG_WARNING,
			"kexec handover (KHO) is on, and kexec_load hands nothing over: memory that "
			"was to be kept is lost");
	return r < 0 ? kx_fail(err, r, "out of memory") : 0;
}

/* ---- kexec_file_load */

/* Bytes unchanged: the original descriptor; else a sealed copy of what was unpacked. */
static int kernel_descriptor(struct kx_plan *plan, struct kx_error *err)
{
	const struct kx_image *image = plan->image;
	const struct bytes inner =
		image->image.is_uki ? image->image.uki.linux_image : image->contents;
	const struct piece whole = { inner.p, inner.n };

	plan->kernel.bytes.n = inner.n;
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
 * cleared: the next kernel then dies over its initial ramdisk, or the kernel's own purgatory stops for
 * ever. The flag keeps them out. Older kernels neither do that nor know the flag, and trying it would
 * cost a call. Who refuses it and is not older must not be asked without it. */
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
	const struct diet file_diet = { .why_not = "kexec_file_load gets no changed one" };
	int r = kernel_descriptor(plan, err);

	if (r < 0)
		return kx_fail_at(err, r, KX_STEP_PLAN);
	plan->why_file = strdup(plan->reason);
	if (!plan->why_file)
		return kx_fail(err, -ENOMEM, "out of memory");
	r = initrd_open(ctx, req, false, &plan->initrd, err);
	if (r == 0 && req->flags & KX_REQ_FAST)
		r = prepare_file_initrd(ctx, req, &plan->initrd, &plan->reason, err);
	if (r == 0)
		r = diet_tell(req, plan, &file_diet, err);
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
		r = add_warning(plan,
				"the unified kernel image's own signature is left behind: the "
				"running kernel verifies that of the kernel inside, if any");
	return r < 0 ? kx_fail(err, r, "out of memory") : 0;
}

/* ---- kexec_load */

static int modules_read(struct kx_ctx *ctx, const struct kx_request *req, struct kx_plan *plan,
			struct plan_module **ret, struct kx_error *err)
{
	struct plan_module *modules = calloc(req->n_modules + 1, sizeof(*modules));
	int r = 0;

	plan->modules = calloc(req->n_modules + 1, sizeof(*plan->modules));
	if (!modules || !plan->modules)
		r = kx_fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; r == 0 && i < req->n_modules; i++) {
		r = module_open(ctx, req->modules[i], &plan->modules[i], err);
		if (r < 0)
			break;
		plan->n_modules++;
		modules[i] = (struct plan_module){ plan->modules[i].bytes, req->modules[i] };
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
		return kx_fail_at(err, kx_fail(err, r, "%s: %s", req->dtb, open_strerror(r)),
				  KX_STEP_INITRD);
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
	return add_warning(plan, sentence);
}

static int warn_prepared(struct kx_plan *plan, const struct prepared *prepared)
{
	int r = prepared->why_not[0] ? warn_packed(plan, prepared->why_not) : 0;

	if (r == 0 && prepared->damaged)
		plan->initrd_damage = plan->warnings[plan->n_warnings - 1];
	return r;
}

/* Digested once for all plans that follow. */
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

/* What is unpacked needs more room: rather less fast than not at all. */
static int make_fast(struct kx_ctx *ctx, const struct kx_request *req, struct plan_request *preq,
		     struct kx_plan *plan, struct kx_error *err)
{
	_cleanup_(prepared_done) struct prepared prepared = { .initrd = { .fd = -1 } };
	struct kx_error why = { 0 };
	int r;

	if (!ctx->captured && !plan->machine.has_random)
		preq->not_fast = "the kernel has no random numbers yet, and one could foresee "
				 "where the next one lies";
	r = prepare(ctx, req, !preq->not_fast, plan, &prepared, err);
	if (r < 0)
		return r;
	preq->vmlinux = prepared.vmlinux;
	r = try_unpacked(preq, plan, &prepared, &why);
	if (is_too_large(r) && prepared.initrd.bytes.n)
		r = plan_make(&plan->machine, preq, &plan->plan, &why);
	if (is_too_large(r) && !preq->not_fast) {
		preq->not_fast = why.message;
		r = plan_make(&plan->machine, preq, &plan->plan, err);
	} else if (r == 0) {
		prepare_keep(plan, &prepared);
	} else if (err) {
		*err = why;
	}
	return r < 0 ? r : diet_tell(req, plan, &prepared.diet, err);
}

/* Why the kernel will not be put where it runs, as far as that can be seen now. */
static int look_at_place(struct kx_ctx *ctx, struct kx_plan *plan)
{
	struct kx_error why = { 0 };

	if (!plan->plan.may_be_in_place || in_place_obstacle(ctx, plan, &why) == 0)
		return 0;
	plan->not_in_place = strdup(why.message);
	return plan->not_in_place ? 0 : -ENOMEM;
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
	preq.not_fast = NULL;
	plan->request = preq;
	r = look_at_place(ctx, plan);
	if (r < 0)
		return kx_fail(err, r, "out of memory");
	if (req->flags & KX_REQ_ON_CRASH)
		plan->syscall_flags |= SYS_KEXEC_ON_CRASH;
	if (req->flags & KX_REQ_PRESERVE_CONTEXT)
		plan->syscall_flags |= SYS_KEXEC_PRESERVE_CONTEXT;
	/* else when it is known where everything goes */
	if (!plan->plan.may_be_in_place || plan->not_in_place)
		plan_log(ctx, plan);
	return 0;
}

/* ---- the whole */

static int request_check(const struct kx_request *req, struct kx_error *err)
{
	if (!req->image)
		return kx_fail(err, -EINVAL, "the request names no kernel image");
	if (req->flags & KX_REQ_REAL_MODE)
		return kx_fail(err, -EOPNOTSUPP,
			       "the 16-bit entry point (--real-mode) is not supported: it needs "
			       "firmware calls that are gone after boot; leave the option out");
	if (req->serial_port > UINT16_MAX)
		return kx_fail(err, -EINVAL, "serial port %#x is not an I/O port",
			       req->serial_port);
	if (req->serial_baud > req->image->arch->serial_clock)
		return kx_fail(err, -EINVAL, "serial speed %u is above %u", req->serial_baud,
			       req->image->arch->serial_clock);
	if (req->mem_end && req->mem_min >= req->mem_end)
		return kx_fail(err, -EINVAL, "the lowest address %#llx is not below the end %#llx",
			       (unsigned long long)req->mem_min, (unsigned long long)req->mem_end);
	return 0;
}

/* The kernel rewrites a crash kernel's ELF header when processors or memory change since 6.6; the
 * file says how large it may get (Documentation/ABI/testing/sysfs-kernel-kexec-kdump). */
static int hotplug_check(struct kx_ctx *ctx, const struct kx_request *req, struct kx_error *err)
{
	int size, r;

	if (!(req->flags & KX_REQ_HOTPLUG))
		return 0;
	r = read_int_in(ctx->machine_root, "/sys/kernel/kexec/crash_elfcorehdr_size", &size);
	if (r < 0)
		r = read_int_in(ctx->machine_root, "/sys/kernel/crash_elfcorehdr_size", &size);
	if (r < 0)
		return kx_fail_at(
			err, kx_fail(err, r, "/sys/kernel/crash_elfcorehdr_size: %s", strerror(-r)),
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

KX_EXPORT int kx_plan_new(struct kx_ctx *ctx, const struct kx_request *request,
			  struct kx_plan **ret_plan, struct kx_error *err)
{
	_cleanup_(kx_plan_freep) struct kx_plan *plan = calloc(1, sizeof(*plan));
	struct kx_request req;
	int r;

	if (!plan)
		return kx_fail(err, -ENOMEM, "out of memory");
	plan->kernel.fd = plan->initrd.fd = plan->dtb.fd = -1;
	r = sized_in(request, &req, sizeof(req), err);
	if (r == 0)
		r = request_check(&req, err);
	if (r < 0)
		return kx_fail_at(err, r, KX_STEP_ARGUMENT);

	if (req.flags & KX_REQ_DIET)
		req.flags |= KX_REQ_FAST;
	plan->image = req.image;
	r = hotplug_check(ctx, &req, err);
	if (r == 0)
		r = plan_cmdline(&req, plan, err);
	if (r == 0)
		r = choose_way(ctx, &req, plan, err);
	if (r < 0)
		return r;
	r = plan->way == KX_WAY_FILE ? plan_file(ctx, &req, plan, err)
				     : plan_segments(ctx, &req, plan, err);
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
	free(plan);
	return NULL;
}

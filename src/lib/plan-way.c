// SPDX-License-Identifier: LGPL-2.1-or-later
/* Chooses the system call for a request, with the reason: kexec_file_load(2) where it can do what
 * is asked for. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/running-kernel.h"
#include "lib/arch.h"
#include "lib/prepare.h"

static bool is_file_loadable(const struct kx_request *req)
{
	struct kx_image_info info = { .size = sizeof(info) };

	return kx_image_info(req->image, &info) == 0 && info.file_load;
}

/* What kexec_file_load cannot do for this request: a noun phrase, or NULL. @ret_flag: the flag of the
 * request that asks for it, else 0. */
static const char *wants_segments(const struct kx_request *req, uint64_t *ret_flag)
{
	static const struct {
		uint64_t flag;
		const char *what;
	} flags[] = {
		{ KX_REQ_ENTRY_32BIT, "the 32-bit entry point (--entry-32bit)" },
		{ KX_REQ_REAL_MODE, "the 16-bit entry point (--real-mode)" },
		{ KX_REQ_HAS_ENTRY, "an entry point of one's own (--entry)" },
		{ KX_REQ_PRESERVE_CONTEXT, "preserving the context (--load-preserve-context)" },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (req->flags & flags[i].flag) {
			*ret_flag = flags[i].flag;
			return flags[i].what;
		}
	}
	*ret_flag = 0;
	if (req->mem_min || req->mem_end)
		return "bounds for addresses (--mem-min, --mem-max)";
	if (req->n_module_parts)
		return "modules (--module)";
	return req->args != KX_ARGS_AUTO ? "a choice of ELF arguments (--args-...)" : NULL;
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
	uint64_t flag;
	const char *why = wants_segments(req, &flag);

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

static int fail_not_offered(const char *what, uint64_t flag, struct kx_error *err)
{
	return kx_fail_flags(err,
			     kx_fail(err, -EOPNOTSUPP,
				     "kexec_file_load (--kexec-file-syscall) does not offer %s; "
				     "use kexec_load (--kexec-syscall)",
				     what),
			     flag);
}

static int fail_not_loadable(const struct kx_image *image, struct kx_error *err)
{
	const int r = kx_fail(err, -ENOEXEC,
			      "%s: the kernel's own loader does not take %s images; use "
			      "kexec_load (--kexec-syscall)",
			      image->path, image->image.name);

	return kx_fail_type(err, kx_fail_file(err, r, image->path), image->image.name);
}

/* Refuses an explicitly requested kexec_file_load(2) that cannot work, before the system call. */
static int refuse_file(const struct kx_request *req, const struct kx_plan *plan,
		       struct kx_error *err)
{
	uint64_t flag;
	const char *why = wants_segments(req, &flag);

	if (why)
		return kx_fail_at(err, fail_not_offered(why, flag, err), KX_STEP_ARGUMENT);
	if (!is_file_loadable(req))
		return kx_fail_at(err, fail_not_loadable(req->image, err), KX_STEP_FILE_LOAD);
	return kx_fail_at(err,
			  kx_fail(err, -ENAMETOOLONG,
				  "command line has %zu characters, kexec_file_load takes %zu "
				  "with this kernel; kexec_load takes %u",
				  strlen(plan->cmdline), file_load_cmdline_max(req->image),
				  req->image->arch->image_cmdline_max(&req->image->image)),
			  KX_STEP_PLAN);
}

/* Chooses without a request for one of them, with the reason. */
static int choose_auto(struct kx_ctx *ctx, const struct kx_request *req, struct kx_plan *plan)
{
	const char *why = "kexec_file_load takes this image, and signatures stay checked";

	if (req->flags & KX_REQ_FAST)
		why = fast_needs_file(ctx, plan);
	return why ? reason(plan, KX_WAY_FILE, "%s", why) : choose_segments(req, plan);
}

int plan_choose_way(struct kx_ctx *ctx, const struct kx_request *req, struct kx_plan *plan,
		    struct kx_error *err)
{
	uint64_t flag;
	const bool file_works = !wants_segments(req, &flag) && is_file_loadable(req) &&
				strlen(plan->cmdline) <= file_load_cmdline_max(req->image);
	int r;

	if (req->way == KX_WAY_FILE && !file_works)
		return refuse_file(req, plan, err);
	if (req->way == KX_WAY_FILE)
		r = reason(plan, KX_WAY_FILE, "kexec_file_load was asked for");
	else if (req->way == KX_WAY_AUTO && file_works)
		r = choose_auto(ctx, req, plan);
	else
		r = choose_segments(req, plan);
	if (plan->way == KX_WAY_SEGMENTS && !(req->flags & KX_REQ_ON_CRASH) &&
	    plan_has_kho(ctx, plan))
		ctx_log(ctx, KX_LOG_WARNING,
			"kexec handover (KHO) is on, and kexec_load hands nothing over: memory that "
			"was to be kept is lost");
	return r < 0 ? kx_fail(err, r, "out of memory") : 0;
}

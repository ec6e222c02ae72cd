// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Work for KX_REQ_FAST before the plan is made: kernel and initial ramdisk are unpacked in
 * parallel, or, where only kexec_file_load(2) can be used, the ramdisk is packed in the format that
 * costs least there.
 */
#include "lib/prepare.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dir.h"
#include "base/file.h"
#include "base/lines.h"
#include "base/running-kernel.h"
#include "image/initrd.h"
#include "image/prepared-file.h"
#include "lib/arch.h"
#include "lib/cache.h"
#include "lib/diet.h"
#include "lib/unpack.h"

#define IMA_POLICY "/sys/kernel/security/ima/policy"

enum { CONFIG_MAX = 4 << 20, POLICY_MAX = 1 << 20, CMDLINE_FILE_MAX = 1 << 20 };

size_t prepare_budget(const struct memmap *memory)
{
	uint64_t ram = 0;

	for (size_t i = 0; i < memory->n; i++)
		if (memory->v[i].type == MEMORY_RAM)
			ram += range_size(memory->v[i].range);
	return ram / PREPARE_RAM_SHARE < FILE_SIZE_MAX ? (size_t)(ram / PREPARE_RAM_SHARE)
						       : (size_t)FILE_SIZE_MAX;
}

/* Why a secret ramdisk is left as it is: unpacking, packing and removing modules make copies in
 * buffers that grow, and so leave parts of it in memory. */
static const char keeps_secret[] = "it is secret, and no copies of it are made";

/* ---- both at the same time, for kexec_load */

int prepare_unpacked(struct kx_ctx *ctx, const struct image *image, const struct kx_plan *plan,
		     const struct diet_facts *facts, struct prepared *ret, struct kx_error *err)
{
	static const struct payload none = { .fd = -1 };
	const struct payload *initrd = plan->initrd.is_secret ? &none : &plan->initrd;
	const struct unpack_wish wish = {
		.arch = plan->image->arch,
		.kernel = image,
		.initrd = initrd,
		.facts = facts,
		.max = prepare_budget(&plan->machine.memory),
	};
	struct prepared found = { .initrd = { .fd = -1 } };
	struct unpack_made made;
	int r = unpack_all(ctx, &wish, &made, err);

	if (r < 0)
		return kx_fail_at(
			err, kx_fail_in(err, r, "%s and its initial ramdisk", plan->image->path),
			KX_STEP_INITRD);
	found.vmlinux_file = made.kernel;
	found.vmlinux = (struct bytes){ made.kernel.p, made.kernel.n };
	found.vmlinux_r = made.kernel_r;
	found.vmlinux_why = made.kernel_why;
	found.initrd.file = made.initrd;
	found.initrd.bytes = (struct bytes){ made.initrd.p, made.initrd.n };
	found.diet = made.diet;
	found.damaged = made.what.damaged;
	(void)snprintf(found.why_not, sizeof(found.why_not), "%s",
		       plan->initrd.is_secret ? keeps_secret : made.what.why_not);
	if (initrd->bytes.n)
		ctx_log(ctx, KX_LOG_DEBUG, "initrd: %zu parts unpacked, %zu bytes made of %zu",
			made.what.n_unpacked, made.initrd.n ? made.initrd.n : initrd->bytes.n,
			initrd->bytes.n);
	*ret = found;
	return 0;
}

void prepared_done(struct prepared *prepared)
{
	payload_done(&prepared->initrd);
	contents_done(&prepared->vmlinux_file);
	*prepared = (struct prepared){ .initrd = { .fd = -1 } };
}

/* ---- from the cache, and into it */

/* Takes the parts from the cache, or notes that they are to be written to it. A ramdisk is not
 * written when modules should have been left out and that failed. */
static int through_cache(struct kx_ctx *ctx, const struct kx_request *req, struct kx_plan *plan,
			 const struct diet_facts *facts, struct prepared *ret, struct kx_error *err)
{
	struct cache cache = { 0 };
	struct kx_error why = { 0 };
	int r = cache_key(ctx, req, plan, facts, &cache, &why);

	if (r == 0)
		r = cache_find(&cache, ret, &why);
	if (r == 0) {
		ctx_log(ctx, KX_LOG_DEBUG, "cache: %s/%s is used", cache.path, cache.name);
		cache_done(&cache);
		return 0;
	}
	ctx_log(ctx, r == -ENOENT ? KX_LOG_DEBUG : KX_LOG_NOTICE, "cache: %s", why.message);
	r = prepare_unpacked(ctx, &req->image->image, plan, facts, ret, err);
	if (r == 0 && cache.key && !ret->diet.why_not[0]) {
		plan->cache = calloc(1, sizeof(*plan->cache));
		if (plan->cache)
			*plan->cache = TAKE(cache, (struct cache){ 0 });
	}
	cache_done(&cache);
	return r;
}

int prepare(struct kx_ctx *ctx, const struct kx_request *req, bool with_kernel,
	    struct kx_plan *plan, struct prepared *ret, struct kx_error *err)
{
	_cleanup_diet_input_ struct diet_input input = { 0 };
	const bool diets = req->flags & KX_REQ_DIET && plan->initrd.bytes.n;
	const bool is_secret = plan->initrd.is_secret;
	const struct diet_facts *facts = NULL;
	struct kx_error why = { 0 };
	int r;

	if (diets && is_secret)
		(void)kx_fail(&why, -EPERM, "%s", keeps_secret);
	else if (diets && diet_read(ctx, req->image, plan->cmdline, &input, &why) == 0)
		facts = &input.facts;
	if (!req->cache || ctx->captured || !with_kernel || is_secret)
		r = prepare_unpacked(ctx, with_kernel ? &req->image->image : NULL, plan, facts, ret,
				     err);
	else
		r = through_cache(ctx, req, plan, facts, ret, err);
	if (r == 0 && diets && !facts)
		(void)snprintf(ret->diet.why_not, sizeof(ret->diet.why_not), "%.200s", why.message);
	return r;
}

void prepare_keep(struct kx_plan *plan, struct prepared *prepared)
{
	if (!plan->cache || prepared->why_not[0] || !prepared->vmlinux_file.p ||
	    strcmp(plan->plan.rung, "bzImage") == 0)
		return;
	plan->cache->kernel = TAKE(prepared->vmlinux_file, (struct contents){ 0 });
}

void prepare_done(struct kx_ctx *ctx, const struct kx_plan *plan)
{
	const struct cache *cache = plan->cache;
	struct bytes parts[PREPARED_PARTS] = { 0 };
	struct kx_error err = { 0 };

	if (!cache || !cache->kernel.p)
		return;
	parts[PREPARED_KERNEL] = (struct bytes){ cache->kernel.p, cache->kernel.n };
	if (plan->initrd_is_unpacked)
		parts[PREPARED_INITRD] = plan->initrd.bytes;
	if (cache_keep(cache, parts, &err) < 0)
		ctx_log(ctx, KX_LOG_WARNING, "cache: nothing is kept: %s", err.message);
}

/* ---- which system call */

static char *text_in(int root, const char *path, size_t max)
{
	_cleanup_free_ uint8_t *raw = NULL;
	size_t n;

	if (read_file_in(root, path, max, &raw, &n) < 0)
		return NULL;
	return strndup((char *)raw, n);
}

bool plan_has_kho(struct kx_ctx *ctx, struct kx_plan *plan)
{
	if (plan->kho == KHO_UNSAID)
		plan->kho = kho_is_on(ctx->machine_root) ? KHO_ON : KHO_OFF;
	return plan->kho == KHO_ON;
}

const char *fast_needs_file(struct kx_ctx *ctx, struct kx_plan *plan)
{
	_cleanup_free_ char *lockdown = NULL;

	/* Documentation/admin-guide/kernel-parameters.txt, lockdown= */
	if (read_line_in(ctx->machine_root, "/sys/kernel/security/lockdown", &lockdown) == 0 &&
	    !strstr(lockdown, "[none]"))
		return "the kernel is locked down and permits nothing else";
	if (plan_has_kho(ctx, plan))
		return "kexec handover (KHO) is on, which only kexec_file_load carries";
	return NULL;
}

/* ---- packed anew, for kexec_file_load */

/* The configuration that the kernel to start was built with; NULL when there is none. */
static char *kernel_config(struct kx_ctx *ctx, const struct kx_image *image)
{
	static const struct {
		const char *before, *after;
	} places[] = { { "/usr/lib/modules/", "/config" },
		       { "/boot/config-", "" },
		       { "/lib/modules/", "/config" } };
	const char *slash = strrchr(image->path, '/');
	char *config, path[4096];

	if (!image->version || strchr(image->version, '/'))
		return NULL;
	(void)snprintf(path, sizeof(path), "%.*sconfig-%s",
		       slash ? (int)(slash + 1 - image->path) : 0, image->path, image->version);
	config = text_in(ctx->file_root, path, CONFIG_MAX);
	for (size_t i = 0; !config && i < sizeof(places) / sizeof(places[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s%s", places[i].before, image->version,
			       places[i].after);
		config = text_in(ctx->machine_root, path, CONFIG_MAX);
	}
	return config;
}

/* Without CONFIG_IMA_READ_POLICY and CONFIG_IMA_WRITE_POLICY the file of the policy goes away when somebody loads
 * one (security/integrity/ima/ima_fs.c, ima_release_policy()). As long as it is there the rules are the kernel's
 * own, as those that Secure Boot brings (ima_efi.c, sb_arch_rules): of kernels and modules, none of initial
 * ramdisks. */
static bool ima_has_own_rules_only(struct kx_ctx *ctx)
{
	const int root = ctx->machine_root;
	_cleanup_free_ uint8_t *raw = NULL;
	struct bytes config = { 0 };
	char path[4096];

	if (!is_there_in(root, IMA_POLICY) ||
	    running_config_read(root, path, sizeof(path), &raw, &config.n) < 0)
		return false;
	config.p = raw;
	return config_has_line(config, "CONFIG_IMA=y") &&
	       !config_has_line(config, "CONFIG_IMA_READ_POLICY=y") &&
	       !config_has_line(config, "CONFIG_IMA_WRITE_POLICY=y");
}

/* Is the initial ramdisk of a kexec measured or appraised? Documentation/ABI/testing/ima_policy. The
 * policy is readable with CONFIG_IMA_READ_POLICY only; else whether anything was measured at all. */
static bool ima_cares(struct kx_ctx *ctx)
{
	const int root = ctx->machine_root;
	_cleanup_free_ char *policy = text_in(root, IMA_POLICY, POLICY_MAX);
	_cleanup_free_ char *cmdline = text_in(root, "/proc/cmdline", CMDLINE_FILE_MAX);
	uint64_t n;

	if (policy && policy[0])
		return strstr(policy, "KEXEC_INITRAMFS_CHECK") != NULL;
	if (has_word_starting(cmdline, "ima_policy=") ||
	    has_word_starting(cmdline, "ima_appraise=") || has_word(cmdline, "ima_tcb"))
		return true;
	if (ima_has_own_rules_only(ctx))
		return false;
	/* 1: the boot aggregate, without any rule */
	return read_u64_in(root, "/sys/kernel/security/ima/runtime_measurements_count", &n) == 0 &&
	       n > 1;
}

static const char *stays_as_it_is(struct kx_ctx *ctx, const struct kx_request *req)
{
	if (req->image->image.is_uki && req->image->image.uki.is_signed && !req->n_initrd_parts)
		return "it belongs to a unified kernel image, which is signed as a whole";
	if (req->flags & KX_REQ_ON_CRASH)
		return "crash kernels get it as it is";
	return ima_cares(ctx) ? "IMA measures or appraises it" : NULL;
}

static const char *does_not_unpack_lz4(struct kx_ctx *ctx, const struct kx_request *req)
{
	_cleanup_free_ char *config = kernel_config(ctx, req->image);

	if (!config)
		return "there is no config file of the kernel to start that says whether it "
		       "unpacks lz4";
	return strstr(config, "\nCONFIG_RD_LZ4=y\n")
		       ? NULL
		       : "the kernel to start does not unpack lz4 (CONFIG_RD_LZ4)";
}

/* @ret: a file of its own, if any. */
static int repack(struct kx_ctx *ctx, const struct kx_request *req, const struct diet_facts *facts,
		  struct pack_made *made, struct payload *ret, struct kx_error *err)
{
	struct repack_wish wish = { .facts = facts, .why_no_lz4 = does_not_unpack_lz4(ctx, req) };
	struct payload plain = { .fd = -1 };
	struct machine machine = { 0 };
	int r = machine_read(ctx, &machine, err);

	if (r == 0)
		r = initrd_open(ctx, req, true, &plain, err);
	wish.max = prepare_budget(&machine.memory);
	if (r == 0 && plain.bytes.n)
		r = unpack_and_pack(ctx, &plain, &wish, made, err);
	payload_done(&plain);
	machine_done(&machine);
	if (r == 0 && made->initrd.n) {
		const struct piece whole = { made->initrd.p, made->initrd.n };
		const int fd = sealed_file("initrd", &whole, 1);

		r = fd < 0 ? fd : 0;
		if (r == 0)
			*ret = (struct payload){ .fd = fd, .bytes.n = made->initrd.n };
	}
	contents_done(&made->initrd);
	return r;
}

static int add_reason(char **reason, const char *done, const char *why)
{
	char *longer;

	if (asprintf(&longer, "%s; initial ramdisk %s: %s", *reason, done, why) < 0)
		return -ENOMEM;
	free(*reason);
	*reason = longer;
	return 0;
}

/* Without @diet->why_not, modules were left out. */
static int make_anew(struct kx_ctx *ctx, const struct kx_request *req, struct kx_plan *plan,
		     const struct diet_facts *facts, struct diet *diet, struct kx_error *err)
{
	struct payload anew = { .fd = -1 };
	struct pack_made made = { .diet.why_not = "it is empty" };
	struct kx_error trouble = { 0 };
	const char *done = "left as it is", *why = made.why;
	int r;

	/* When this fails, the original files are used. */
	if (repack(ctx, req, facts, &made, &anew, &trouble) < 0) {
		why = trouble.message[0] ? trouble.message : "there is no memory for it";
		made.diet = (struct diet){ 0 };
		(void)snprintf(made.diet.why_not, sizeof(made.diet.why_not), "%.200s", why);
	} else if (anew.fd >= 0) {
		done = made.is_packed ? "packed anew" : "unpacked";
		payload_done(&plan->initrd);
		plan->initrd = anew;
	}
	r = add_reason(&plan->reason, done, why);
	*diet = made.diet;
	return r < 0 ? kx_fail(err, r, "out of memory") : 0;
}

int prepare_file_initrd(struct kx_ctx *ctx, const struct kx_request *req, struct kx_plan *plan,
			struct diet *diet, struct kx_error *err)
{
	const char *stays = plan->initrd.is_secret ? keeps_secret : stays_as_it_is(ctx, req);
	_cleanup_diet_input_ struct diet_input input = { 0 };
	const struct diet_facts *facts = NULL;
	struct kx_error why = { 0 };
	int r;

	*diet = (struct diet){ .why_not = "there is none" };
	if (plan->initrd.fd < 0)
		return 0;
	if (stays) {
		(void)snprintf(diet->why_not, sizeof(diet->why_not), "%s", stays);
		r = add_reason(&plan->reason, "left as it is", stays);
		return r < 0 ? kx_fail(err, r, "out of memory") : 0;
	}
	if (req->flags & KX_REQ_DIET &&
	    diet_read(ctx, req->image, plan->cmdline, &input, &why) == 0)
		facts = &input.facts;
	r = make_anew(ctx, req, plan, facts, diet, err);
	if (r == 0 && why.message[0])
		(void)snprintf(diet->why_not, sizeof(diet->why_not), "%.200s", why.message);
	return r;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Keeps a machine armed. Before it reads a new crash image kexec_file_load(2) frees the one that is
 * loaded, since both lie in the same reservation: what can be known is checked before the call, and after
 * a failure the kernel is asked what is loaded.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/crash-note.h"
#include "base/file.h"
#include "image/initrd.h"
#include "lib/crash.h"
#include "lib/part.h"

int crash_is_loaded(struct kx_ctx *ctx)
{
	struct kx_state state = { .size = sizeof(state) };

	return kx_state(ctx, &state, NULL) < 0 ? -EIO : state.crash_loaded;
}

void crash_forget_note(struct kx_ctx *ctx)
{
	int r = file_remove_in(ctx->machine_root, CRASH_NOTE_FILE);

	if (r < 0)
		ctx_log(ctx, KX_LOG_WARNING, CRASH_NOTE_FILE ": cannot remove it: %s",
			strerror(-r));
}

static void append(struct kx_error *err, const char *text)
{
	const size_t n = strlen(err->message);

	(void)snprintf(err->message + n, sizeof(err->message) - n, "%s", text);
}

void crash_say_untouched(struct kx_ctx *ctx, struct kx_error *err)
{
	if (err && crash_is_loaded(ctx) == 1)
		append(err, "; the crash kernel that was loaded before is still loaded");
}

void crash_say_state(struct kx_ctx *ctx, int before, struct kx_error *err)
{
	const int now = crash_is_loaded(ctx);

	if (!err)
		return;
	if (now < 0)
		append(err, "; whether a crash kernel is still loaded cannot be read");
	else if (now == 0)
		append(err, before == 1 ? "; the kernel has dropped the crash kernel that was "
					  "loaded before: none is loaded now"
					: "; no crash kernel is loaded now");
	else
		append(err, "; the crash kernel that was loaded before is still loaded");
}

enum {
	/* what packed files unpack to when they do not say it; kdumpctl estimates the same */
	UNPACKED_FACTOR = 3,
	/* above that, and below the packed size, it is no size: gzip's is modulo 4 GiB, and zeros may follow */
	UNPACKED_FACTOR_MAX = 64,
};

/* The files of an initial ramdisk. */
struct unpacked_size {
	uint64_t n;
	bool is_guess;
};

static size_t take_at(const struct payload *initrd, uint64_t from, uint8_t *to, size_t n)
{
	const uint64_t all = initrd->bytes.n;
	ssize_t got;

	if (all < n || from > all - n)
		return 0;
	if (initrd->bytes.p) {
		memcpy(to, initrd->bytes.p + from, n);
		return n;
	}
	got = initrd->fd < 0 ? 0 : pread(initrd->fd, to, n, (off_t)from);
	return got < 0 ? 0 : (size_t)got;
}

/* RFC 1952, 2.3.1: ISIZE, the last four bytes of a gzip file, is the size of what was packed. Of other formats it
 * is a guess. For kexec_file_load(2) the ramdisk is not in memory: then only its first archive counts. */
static struct unpacked_size unpacked_size(const struct payload *initrd)
{
	static const uint8_t cpio[4] = "0707", gzip[2] = { 0x1f, 0x8b };
	const uint64_t all = initrd->bytes.n;
	const uint64_t plain = initrd->bytes.p ? initrd_plain_length(initrd->bytes) : 0;
	const uint64_t packed = all - plain;
	uint8_t head[sizeof(cpio)] = { 0 }, tail[4] = { 0 };
	uint64_t size;

	if (!packed || take_at(initrd, plain, head, sizeof(head)) < sizeof(head) ||
	    memcmp(head, cpio, sizeof(cpio)) == 0)
		return (struct unpacked_size){ .n = all };
	if (memcmp(head, gzip, sizeof(gzip)) == 0 &&
	    take_at(initrd, all - sizeof(tail), tail, sizeof(tail)) == sizeof(tail)) {
		size = (uint64_t)tail[0] | (uint64_t)tail[1] << 8 | (uint64_t)tail[2] << 16 |
		       (uint64_t)tail[3] << 24;
		if (size >= packed && size <= packed * UNPACKED_FACTOR_MAX)
			return (struct unpacked_size){ .n = plain + size };
	}
	return (struct unpacked_size){ plain + packed * UNPACKED_FACTOR, true };
}

int crash_doubt(struct kx_plan *plan, const struct machine *machine, struct kx_error *err)
{
	const uint64_t need = crash_needs(machine, &plan->image->image, plan->initrd.bytes.n,
					  unpacked_size(&plan->initrd).n);
	const uint64_t has = crash_has(machine);
	const uint64_t mib = (need + (1u << 20) - 1) >> 20;
	char sentence[300];

	if (need <= has)
		return 0;
	(void)snprintf(sentence, sizeof(sentence),
		       "it is doubtful whether this crash kernel can save a dump: with its initial "
		       "ramdisk it needs about %llu MiB of memory, and %llu MiB are reserved; boot "
		       "with crashkernel=%lluM or take a smaller ramdisk, and try it",
		       (unsigned long long)mib, (unsigned long long)(has >> 20),
		       (unsigned long long)crash_advised(need) >> 20);
	return plan_add_warning(plan, sentence) < 0 ? kx_fail(err, -ENOMEM, "out of memory") : 0;
}

/* The kernel's loader puts the same parts into the reservation as the planner, of the same sizes, and adds
 * elfcorehdr= to the same command line: a plan that has no room for one of them means that the call would
 * have none. Only sizes matter: nothing of it is loaded. */
int crash_check_fits(struct kx_ctx *ctx, const struct kx_request *req, struct kx_plan *plan,
		     struct kx_error *err)
{
	struct machine machine;
	struct plan trial;
	struct kx_error why = { 0 };
	const struct plan_request preq = {
		.image = &plan->image->image,
		.initrd = plan->initrd.bytes,
		.cmdline = plan->cmdline,
		.flags = req->flags | KX_REQ_NO_DIGEST,
	};
	int r = machine_read(ctx, &machine, &why);

	if (r < 0) /* unknown: then the kernel decides */
		return 0;
	r = plan_make(&machine, &preq, &trial, &why);
	if (r == 0) {
		plan_done(&trial);
		if (crash_doubt(plan, &machine, err) < 0)
			r = -ENOMEM;
	}
	machine_done(&machine);
	if (r == -ENOMEM)
		return kx_fail(err, r, "out of memory");
	if (r != -ENOSPC && r != -ENAMETOOLONG)
		return 0;
	if (err)
		*err = why;
	return kx_fail_at(err, r, KX_STEP_PLAN);
}

KX_EXPORT int kx_crash_estimate(struct kx_ctx *ctx, const struct kx_request *request,
				struct kx_crash_estimate *ret_estimate, struct kx_error *err)
{
	_cleanup_(part_list_done) struct part_list initrds = { 0 }, modules = { 0 };
	struct kx_crash_estimate found = { 0 };
	struct payload initrd = { .fd = -1 };
	struct machine machine = { 0 };
	struct kx_request req;
	int r = sized_in(request, &req, sizeof(req), err);

	if (r == 0 && !req.image)
		r = kx_fail(err, -EINVAL, "the request names no kernel image");
	if (r == 0)
		r = request_parts(&req, &initrds, &modules, err);
	if (r < 0)
		return kx_fail_at(err, r, KX_STEP_ARGUMENT);
	r = initrd_open(ctx, &req, true, &initrd, err);
	if (r == 0)
		r = machine_read(ctx, &machine, err);
	if (r == 0) {
		const struct unpacked_size files = unpacked_size(&initrd);

		found.needs = crash_needs(&machine, &req.image->image, initrd.bytes.n, files.n);
		found.initrd = initrd.bytes.n;
		found.unpacked = files.n;
		found.unpacked_is_guess = files.is_guess;
		found.advised = crash_advised(found.needs);
		found.reserved = crash_has(&machine);
		found.cma = ranges_size(&machine.crash_cma);
		found.memory = memmap_size(&machine.memory, MEMORY_RAM);
		r = sized_out(ret_estimate, &found, sizeof(found));
		if (r < 0)
			r = kx_fail_at(err,
				       kx_fail(err, r, "the struct for the answer has no size"),
				       KX_STEP_ARGUMENT);
		machine_done(&machine);
	}
	payload_done(&initrd);
	return r;
}

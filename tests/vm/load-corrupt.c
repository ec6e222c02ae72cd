/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loads a kernel like `kexec -l -c`, but with one byte of the initial ramdisk (or, with -s, of the
 * segment with that name) changed after the purgatory's digest was taken: what a stray DMA does
 * between load and jump. Only for virtual machines. The byte of the ramdisk lies in the zeros
 * behind the archive's end, so that a kernel which is started in spite of it comes up.
 *
 * Of the purgatory it is an argument that is changed, with -x one of its constants.
 * With -p nothing is damaged, but the initial ramdisk is entered in the place of the kernel, with
 * the purgatory's arguments as its own (probe.c); with -g as well the purgatory clears no gaps.
 *
 * With --in-place the kernel is loaded as --fast does it, which has to be without a copy; then a byte
 * is changed in the huge pages of kernel or initrd, or one of the segments that are left is loaded
 * with one changed. --jump jumps, with nothing looked at before.
 *
 *   load-corrupt [-c] [-i] [-p] [-g] [-x] [--fast] [--in-place] [-s SEGMENT] KERNEL
 *                --command-line=LINE --initrd=FILE
 *   load-corrupt --jump
 */

#include <getopt.h>
#include <libkexec.h>
#include <linux/reboot.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fundamental/digest.h"
#include "fundamental/purgatory-abi.h"
#include "fundamental/put.h"
#include "lib/in-place.h"
#include "sys/pages.h"

#define SEGMENTS_MAX 16

/* struct kexec_segment of Linux include/uapi/linux/kexec.h */
struct kernel_segment {
	const void *buf;
	size_t bufsz;
	const void *mem;
	size_t memsz;
};

struct change {
	const char *segment;
	bool is_probe, leave_gaps, in_code, in_place;
	uint64_t initrd; /* address */
};

static void damage(const struct change *change, const struct kx_segment *segment,
		   unsigned char *copy)
{
	struct purgatory_args args;
	struct digest d;
	size_t at = segment->data_size - 1;

	if (!change->is_probe) {
		/* the purgatory itself writes to the end of these */
		if (strcmp(segment->name, "boot_params") == 0)
			at = 0;
		if (strcmp(segment->name, "purgatory") == 0)
			at = change->in_code
				     ? (size_t)get_le64(copy + at + 1 - PURGATORY_TRAILER) - 1
				     : offsetof(struct purgatory_args, entry);
		copy[at] ^= 1;
		return;
	}
	memcpy(&args, copy, sizeof(args));
	args.entry = change->initrd;
	args.argument = segment->start;
	if (change->leave_gaps)
		args.page_tables = 0;
	digest_bytes(&args, offsetof(struct purgatory_args, self), false, &d);
	memcpy(args.self, d.crc, sizeof(args.self));
	memcpy(copy, &args, sizeof(args));
}

static int damaged_copy(const struct change *change, const struct kx_segment *segment,
			void **ret_copy)
{
	unsigned char *copy = malloc(segment->data_size);

	if (!copy || segment->data_size == 0)
		return -1;
	memcpy(copy, segment->data, segment->data_size);
	damage(change, segment, copy);
	*ret_copy = copy;
	return 0;
}

/* The library's plan, handed over by our own system call. */
static int load_damaged(const struct kx_plan *plan, struct change *change)
{
	struct kx_plan_info info = { .size = sizeof(info) };
	struct kernel_segment segments[SEGMENTS_MAX];
	void *copy = NULL;
	long r;

	if (kx_plan_info(plan, &info) < 0 || info.n_segments > SEGMENTS_MAX)
		return -1;
	for (size_t i = 0; i < info.n_segments; i++) {
		struct kx_segment segment = { .size = sizeof(segment) };

		if (kx_plan_segment(plan, i, &segment) < 0)
			return -1;
		const int is_it = !copy && strcmp(segment.name, change->segment) == 0;

		if (strcmp(segment.name, "initrd") == 0)
			change->initrd = segment.start;
		if (is_it && damaged_copy(change, &segment, &copy) < 0)
			return -1;
		segments[i] = (struct kernel_segment){
			.buf = is_it ? copy : segment.data,
			.bufsz = segment.data_size,
			.mem = (const void *)(uintptr_t)segment.start,
			.memsz = segment.end - segment.start,
		};
	}
	if (!copy) {
		fprintf(stderr, "load-corrupt: no segment is called %s\n", change->segment);
		return -1;
	}
	r = syscall(SYS_kexec_load, info.entry, info.n_segments, segments, info.syscall_flags);
	if (r < 0)
		perror("load-corrupt: kexec_load");
	free(copy);
	return (int)r;
}

/* The middle byte of the kernel's or the initrd's window, in the file that holds it. */
static int damage_pages(struct kx_ctx *ctx, const char *name)
{
	struct in_place state = { 0 };
	const struct sys_pages *pages = ctx->sys->pages;
	int fd = pages->open(ctx->sys), r = in_place_read(ctx, &state, NULL);
	size_t at = strcmp(name, "initrd") == 0 ? 1 : 0, offset;
	void *view;

	if (r < 0 || fd < 0 || at >= state.n_parts ||
	    pages->map(ctx->sys, fd, state.order, state.n_pages, &view) < 0)
		return -1;
	offset = state.parts[at].n / 2;
	if (at)
		offset += (size_t)(state.parts[0].window.end - state.parts[0].window.start);
	((unsigned char *)view)[offset] ^= 1;
	pages->unmap(ctx->sys, view, state.n_pages);
	in_place_done(&state);
	close(fd);
	return 0;
}

static int load_in_place(struct kx_ctx *ctx, struct kx_plan *plan, struct change *change,
			 struct kx_error *err)
{
	struct kx_plan_info info = { .size = sizeof(info) };
	int r = kx_plan_commit(ctx, plan, err);

	if (r < 0) {
		fprintf(stderr, "load-corrupt: %s\n", err->message);
		return r;
	}
	if (kx_plan_info(plan, &info) < 0 || strcmp(info.rung, "zero-copy") != 0) {
		fprintf(stderr, "load-corrupt: %s: %s\n", info.rung, info.rung_reason);
		return -1;
	}
	if (strcmp(change->segment, "kernel") != 0 && strcmp(change->segment, "initrd") != 0)
		return load_damaged(plan, change);
	return damage_pages(ctx, change->segment);
}

static int plan_and_load(struct kx_ctx *ctx, struct kx_request *request, const char *kernel,
			 struct change *change, struct kx_error *err)
{
	struct kx_image *image = NULL;
	struct kx_plan *plan = NULL;
	int r = kx_image_open(ctx, kernel, NULL, &image, err);

	request->image = image;
	if (r == 0)
		r = kx_plan_new(ctx, request, &plan, err);
	if (r == 0)
		r = change->in_place ? load_in_place(ctx, plan, change, err)
				     : load_damaged(plan, change);
	else
		fprintf(stderr, "load-corrupt: %s\n", err->message);
	kx_plan_free(plan);
	kx_image_free(image);
	return r;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "command-line", required_argument, NULL, 'l' },
		{ "initrd", required_argument, NULL, 'r' },
		{ "fast", no_argument, NULL, 'f' },
		{ "in-place", no_argument, NULL, 'n' },
		{ "jump", no_argument, NULL, 'j' },
		{ 0 },
	};
	struct change change = { .segment = "initrd" };
	const char *initrd = NULL;
	struct kx_request request = {
		.size = sizeof(request),
		.initrds = &initrd,
		.n_initrds = 1,
		.way = KX_WAY_SEGMENTS,
		.flags = KX_REQ_CONSOLE_SERIAL,
	};
	struct kx_error err = { 0 };
	struct kx_ctx *ctx = NULL;
	int c, r;

	while ((c = getopt_long(argc, argv, "cigpxs:", options, NULL)) != -1)
		switch (c) {
		case 'c':
			break;
		case 'i':
			request.flags |= KX_REQ_NO_DIGEST;
			break;
		case 'l':
			request.cmdline = optarg;
			break;
		case 'f':
			request.flags |= KX_REQ_FAST;
			break;
		case 's':
			change.segment = optarg;
			break;
		case 'p':
			change.segment = "purgatory";
			change.is_probe = true;
			break;
		case 'g':
			change.leave_gaps = true;
			break;
		case 'x':
			change.in_code = true;
			break;
		case 'n':
			change.in_place = true;
			break;
		case 'j':
			(void)syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
				      LINUX_REBOOT_CMD_KEXEC, NULL);
			perror("load-corrupt: reboot");
			return 1;
		case 'r':
			initrd = optarg;
			break;
		default:
			return 2;
		}
	if (optind + 1 != argc || !initrd) {
		fprintf(stderr,
			"usage: load-corrupt [-c] [-i] [-p] [-g] [-x] [--fast] [--in-place] "
			"[-s SEGMENT] "
			"KERNEL --command-line=LINE --initrd=FILE\n");
		return 2;
	}
	r = kx_ctx_new(NULL, &ctx, &err);
	if (r == 0)
		r = plan_and_load(ctx, &request, argv[optind], &change, &err);
	kx_ctx_free(ctx);
	return r < 0;
}

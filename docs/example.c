// SPDX-License-Identifier: LGPL-2.1-or-later
/* Loads a kernel with an initial ramdisk: cc example.c $(pkg-config --cflags --libs libkexec) */

#include <libkexec.h>
#include <stdio.h>

static int load(struct kx_ctx *ctx, const char *kernel, const char *initrd, const char *cmdline,
		struct kx_error *err)
{
	struct kx_request request = {
		.size = sizeof(request), .initrds = &initrd, .n_initrds = 1, .cmdline = cmdline
	};
	struct kx_image *image = NULL;
	struct kx_plan *plan = NULL;
	int r = kx_image_open(ctx, kernel, NULL, &image, err);

	request.image = image;
	if (r == 0)
		r = kx_plan_new(ctx, &request, &plan, err);
	if (r == 0)
		r = kx_plan_commit(ctx, plan, err);
	kx_plan_free(plan);
	kx_image_free(image);
	return r;
}

int main(int argc, char **argv)
{
	struct kx_error err = { 0 };
	struct kx_ctx *ctx = NULL;
	int r = argc == 4 ? kx_ctx_new(NULL, &ctx, &err) : -1;

	if (r == 0)
		r = load(ctx, argv[1], argv[2], argv[3], &err);
	if (r < 0)
		fprintf(stderr, "%s\n", argc == 4 ? err.message : "usage: KERNEL INITRD CMDLINE");
	kx_ctx_free(ctx);
	return r < 0;
}

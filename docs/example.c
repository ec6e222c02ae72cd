/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Load a kernel so that the next kexec jumps into it: example KERNEL [INITRD [COMMAND-LINE]] */
#include <libkexec.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct kx_plan_info info = { .size = sizeof(info) };
	struct kx_request request = { .size = sizeof(request) };
	struct kx_error err = { 0 };
	struct kx_image *image = NULL;
	struct kx_plan *plan = NULL;
	struct kx_ctx *ctx = NULL;
	int r;

	if (argc < 2) {
		fprintf(stderr, "usage: %s KERNEL [INITRD [COMMAND-LINE]]\n", argv[0]);
		return 2;
	}
	r = kx_ctx_new(NULL, &ctx, &err);
	if (r == 0)
		r = kx_image_open(ctx, argv[1], NULL, &image, &err);
	if (r == 0) {
		request.image = image;
		request.initrds = (const char *const *)&argv[2];
		request.n_initrds = argc > 2;
		request.cmdline = argc > 3 ? argv[3] : "";
		r = kx_plan_new(ctx, &request, &plan, &err); /* nothing has changed so far */
	}
	if (r == 0 && kx_plan_info(plan, &info) == 0)
		printf("%s, %s\n", info.type, info.reason);
	if (r == 0)
		r = kx_plan_commit(ctx, plan, &err);
	if (r < 0)
		fprintf(stderr, "%s\n", err.message);

	kx_plan_free(plan);
	kx_image_free(image);
	kx_ctx_free(ctx);
	return r < 0;
}

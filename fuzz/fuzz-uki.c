// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz/inside.h"
#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes file = { data, size };
	char *title = NULL;
	struct uki uki;

	if (uki_parse(file, &uki, NULL) < 0)
		return 0;
	must_be_inside(file, uki.linux_image);
	must(uki.linux_image.n > 0 && uki.n_initrds <= UKI_INITRDS_MAX);
	for (size_t i = 0; i < uki.n_initrds; i++) {
		must(uki.initrds[i].n > 0);
		must_be_inside(file, uki.initrds[i]);
	}
	must_be_inside(file, uki.cmdline);
	must(uki.cmdline.n == 0 || !memchr(uki.cmdline.p, 0, uki.cmdline.n));
	must_be_inside(file, uki.uname);
	must_be_inside(file, uki.os_release);
	must_be_inside(file, uki.devicetree);
	if (uki_title(&uki, &title) == 0)
		must(strlen(title) <= uki.os_release.n);
	else
		must(!title);
	free(title);
	return 0;
}

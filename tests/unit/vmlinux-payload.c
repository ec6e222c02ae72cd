// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/unit/vmlinux-payload.h"

#include "image/x86_64/vmlinux.h"
#include "tests/unit/vmlinux-make.h"

struct bytes vmlinux_payload(uint8_t b[VMLINUX_PAYLOAD_MAX])
{
	uint8_t file[VM_N];

	_Static_assert(VM_N + GZIP_EXTRA <= VMLINUX_PAYLOAD_MAX, "room");
	_Static_assert(VM_SPAN == VMLINUX_SPAN && VM_SECOND == VMLINUX_SECOND, "the same");
	return make_gzip(b, make_vmlinux(file, true));
}

void vmlinux_prepare(struct plan_request *req)
{
	static uint8_t unpacked[VM_N + 1];
	static struct kx_error why;
	const struct bzimage *bz = &req->image->x86_64.bzimage;
	size_t n = 0;
	int r = vmlinux_size(bz, &n, &why);

	if (r == 0) {
		assert_true(n <= VM_N);
		r = vmlinux_unpack(bz, &(struct room){ unpacked, n + 1, NULL }, n, &why);
	}
	req->vmlinux = (struct bytes){ r == 0 ? unpacked : NULL, r == 0 ? n : 0 };
	req->vmlinux_r = r;
	req->vmlinux_why = r < 0 ? &why : NULL;
}

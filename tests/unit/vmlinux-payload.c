// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/unit/vmlinux-payload.h"

#include "tests/unit/vmlinux-make.h"

struct bytes vmlinux_payload(uint8_t b[VMLINUX_PAYLOAD_MAX])
{
	uint8_t file[VM_N];

	_Static_assert(VM_N + GZIP_EXTRA <= VMLINUX_PAYLOAD_MAX, "room");
	_Static_assert(VM_SPAN == VMLINUX_SPAN && VM_SECOND == VMLINUX_SECOND, "the same");
	return make_gzip(b, make_vmlinux(file, true));
}

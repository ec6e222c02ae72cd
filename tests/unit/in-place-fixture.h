/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A machine with huge pages of tests/fake/pages.c, and one kernel that may be put into them. */

#include "lib/in-place.h"
#include "tests/fake/pages.h"
#include "tests/unit/plan-machines.h"
#include "tests/unit/root.h"
#include "tests/unit/vmlinux-payload.h"

#define BOOT_ID "0b7b6f0c-4f25-4b3a-9d5e-0123456789ab"
#define MEMINFO(total, free, available) \
	"MemTotal: " total " kB\nMemFree: " free " kB\nMemAvailable: " available " kB\n"
#define PLENTY MEMINFO("2000000", "1500000", "1600000")

struct fixture {
	struct root root;
	struct kx_ctx ctx;
	struct fake_pages *fake;
	struct fake_kernel kernel;
	struct kx_image image;
	uint8_t payload[VMLINUX_PAYLOAD_MAX];
	uint8_t initrd[100000];
	char log[1024];
	uint64_t more_flags; /* of requests */
};

int in_place_setup(void **state);
int in_place_teardown(void **state);
bool is_there(const struct fixture *f, const char *path);
/* As kx_plan_new() makes it: a kernel of two pages, an initial ramdisk of one. */
struct kx_plan *in_place_plan(struct fixture *f);
void expect_nothing_held(struct fixture *f);
/* Plans and loads. Its rung, "" for a failure; and why, or the error. */
const char *commit(struct fixture *f, char *why, size_t n);
void expect(struct fixture *f, const char *rung, const char *reason);
/* What the kernel shows of its image, with @entry as the address where it is entered, 0 for no image:
 * include/linux/kexec.h, struct kimage. */
void put_kernel(struct fixture *f, uint64_t entry);

#define test(name) cmocka_unit_test_setup_teardown(name, in_place_setup, in_place_teardown)

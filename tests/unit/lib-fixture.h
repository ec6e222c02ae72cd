/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* libkexec as a program uses it, on a machine that is a directory and on a kernel that only looks at
 * what it is given. */

#include <libkexec.h>
#include <stdbool.h>

#include "lib/internal.h"
#include "sys/sys.h"
#include "tests/unit/root.h"

enum { FIXTURE_LOG_MAX = 1 << 16, GIVEN_MAX = 1 << 20 };

struct fixture {
	struct sys sys; /* first: the table of system calls */
	struct root root;
	struct kx_ctx *ctx;
	char log[FIXTURE_LOG_MAX]; /* every line, as far as there is room */
	int load_result;	   /* what the system calls answer */
	bool keeps_given;	   /* else nothing of the next field is filled */
	/* the initial ramdisk of the last load, as the kernel saw it */
	uint8_t given[GIVEN_MAX];
	size_t given_n;
	unsigned n_loads;
};

/* With 1 GiB of RAM, and below /: kernel, initrd, second, guest.elf (multiboot), module, and a
 * configuration of GRUB that starts the first two. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* A path below the root as programs outside of it see it. */
const char *fixture_path(const struct fixture *f, const char *path, char full[256]);
int fixture_open(const struct fixture *f, const char *path);
struct kx_image *fixture_kernel(struct fixture *f, const char *path);

/* A pipe that somebody else writes @n bytes to; closed by the caller after pipe_done(). */
struct feeder {
	int fd, pid;
};
struct feeder feeder_start(const void *p, size_t n);
void feeder_done(struct feeder *feeder);

#define WITH_MACHINE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

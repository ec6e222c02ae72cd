/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A machine for src/reboot: a directory of its files, and tests/fake/sys-machine.c in place of the system
 * calls, which writes down what is done to it. */

#include "reboot/reboot.h"
#include "tests/unit/root.h"

#define MACHINE_BOOT_ID "3f2a9c1e-7b64-4c0d-9a55-0d6c1f8e2b17"
enum { MACHINE_BOOTTIME_MS = 1000000, MACHINE_MINUTE_MS = 60000 };

struct fake_machine {
	struct root root;
	struct reboot rb;
	/* paths that name the same file inside and outside of the root */
	char kernel[512], initrd[512];
	char calls[4096]; /* of fake_calls() */
	char told[8192];  /* every sentence, each with a newline */
};

/* Process 1 is that of @init: "systemd", "sysvinit", "runit" or "" for an unknown one. A GRUB menu has
 * the entries First (the default), Second and Windows, which is no kernel. Nothing is loaded. */
void fake_new(struct fake_machine *m, const char *init);
void fake_free(struct fake_machine *m);
void fake_put(struct fake_machine *m, const char *path, const char *text);
/* A program that exists; what running it does is up to tests/fake/sys-machine.c. */
void fake_put_program(struct fake_machine *m, const char *path);
void fake_remove(struct fake_machine *m, const char *path);
bool fake_has(struct fake_machine *m, const char *path);
/* Contents of a file, "" when there is none; valid until the next call. */
const char *fake_read(struct fake_machine *m, const char *path);
/* The menu anew, with another first entry. */
void fake_put_menu(struct fake_machine *m, const char *first, const char *root);
/* Another version of the kernel file, by its last byte. */
void fake_replace_kernel(struct fake_machine *m, unsigned char last);

/* Milliseconds since the boot. */
void fake_set_time(uint64_t ms);
/* What was done since the last call of this, as "load; unload; run /sbin/reboot". */
const char *fake_calls(struct fake_machine *m);
/* Fails the test unless that is @expected; @what and @i name the hook or command and the row. */
void fake_assert_calls(struct fake_machine *m, const char *what, size_t i, const char *expected);

/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdio.h>

#include "preflight/preflight.h"

/*
 * A finding for a person, the same in every command:
 *
 *	B1  refuse   The kernel of this entry cannot be used.
 *	    found:   /boot/vmlinuz-6.1.0-51-amd64: No such file or directory
 *	    to do:   Reinstall the kernel, or choose another entry.
 *
 * and a check that found nothing, or could not look, in one line. tell_finding() of src/reboot/check.c has the same
 * for logs.
 */
void finding_print(FILE *f, const struct preflight_finding *finding);

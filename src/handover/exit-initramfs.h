/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"
#include "sys/sys.h"

/*
 * Where the root is on a volume or encrypted, dracut unpacks the initramfs again on the way down, to take
 * the root apart from there, and its script jumps, not init. That script calls the `kexec` of the
 * initramfs, or a copy of one in the old root's /usr/sbin, /usr/bin, /sbin or /bin; it finds neither ours
 * in /usr/local nor what a link points to, and then reboots through the firmware.
 */

/* Puts the kexec that lies beside this program where that script looks, if it is going to be run. 1 when
 * it did so, 0 when nobody needs it; -ENOENT when there is no such kexec. */
_must_check_ int exit_initramfs_prepare(struct sys *sys, struct kx_error *err);

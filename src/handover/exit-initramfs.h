/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"
#include "sys/sys.h"

/*
 * Where the root is on a logical or encrypted volume, dracut unpacks the initramfs again on the way
 * down, changes into it and dismantles the root; then its script makes the jump, not init. That
 * script runs the `kexec` of the initramfs, or of the old root's /usr/sbin, /usr/bin, /sbin or
 * /bin. It does not find ours in /usr/local, nor the target of a link, and then reboots through the
 * firmware.
 */

/* Copies the kexec of this program's directory to where that script looks, if the script is going
 * to be run. 1: copied, 0: not needed; -ENOENT: there is no kexec beside this program. */
_must_check_ int exit_initramfs_prepare(struct sys *sys, struct kx_error *err);

/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What capture_archive_make() has to know of the machine that dumps are sent to. */

#include "crash/crash.h"

struct crash_ssh {
	struct capture_ssh ssh;
	struct capture_remote remote; /* points to @ssh and to the settings */
};

/**
 * crash_ssh_find() - ask ssh and the kernel about the host of the settings
 * @settings: with a remote place, which stay as long as @ret is used; of the running system
 * @ret: stays where it is; released with crash_ssh_done()
 *
 * Nothing connects to the host. Return: 0; with a sentence: -EIO and others ssh is not there; -ENOKEY its key is
 * not known; -EHOSTUNREACH it has no address; as linux_network_way() and ssh_options_parse().
 */
_must_check_ int crash_ssh_find(const struct crash_settings *settings, struct crash_ssh *ret,
				struct kx_error *err);
void crash_ssh_done(struct crash_ssh *ssh);

/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What capture_archive_make() has to know of the machine that dumps are sent to. */

#include "crash/crash.h"

struct crash_remote {
	struct capture_ssh ssh; /* unless it is reached by NFS */
	char *address;
	struct capture_remote remote; /* points to the others and to the settings */
};

/**
 * crash_remote_find() - ask the resolver and the kernel about the host of the settings, and ssh when it is the way
 * @settings: that name another machine, and stay as long as @ret is used; of the running system
 * @ret: stays where it is; released with crash_remote_done()
 *
 * Nothing connects to the host. Return: 0; with a sentence: -EIO and others ssh is not there; -ENOKEY its key is
 * not known; -EHOSTUNREACH it has no address; as linux_network_way() and ssh_options_parse().
 */
_must_check_ int crash_remote_find(const struct crash_settings *settings, struct crash_remote *ret,
				   struct kx_error *err);
void crash_remote_done(struct crash_remote *remote);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A directory of an NFS server, as nfs(5) names it, and how it is mounted after the crash: by mount(2) alone. */

#include "base/error.h"
#include "base/lines.h"
#include "capture/settings.h"

/**
 * struct nfs_place - "nfs:HOST:/PATH", as CRASH_TARGET has it
 * @host: name or address
 * @source: "HOST:/PATH", for mount(2); an IPv6 address has brackets
 */
struct nfs_place {
	char *host, *source;
};

/* False for another text. -EINVAL: it begins with "nfs:" and has no host or no absolute path; -ENOMEM. */
bool nfs_place_is(const char *text);
_must_check_ int nfs_place_parse(const char *text, struct nfs_place *ret);
void nfs_place_done(struct nfs_place *place);
#define _cleanup_nfs_place_ _cleanup_(nfs_place_done)

/* How often NFS is asked for in another way when a kernel or a server does not know the first one. */
enum { NFS_WAYS = 6 };

/**
 * capture_nfs_options() - data for mount(2) of type "nfs4"
 * @network: with the addresses of both machines
 * @way: below NFS_WAYS: the newest version of the protocol first, and of each first the one in which a server that
 *	does not answer is told from one that fails (softerr, Linux 5.2)
 *
 * A request that is not answered for a minute fails. Linux may repeat what failed, so that this is no limit for a mount
 * or a file. Return: 0; -EINVAL; -ENOMEM.
 */
_must_check_ int capture_nfs_options(const struct capture_network *network, unsigned way,
				     char **ret);
/* Is it worth to ask in the next way after this error of mount(2)? */
bool capture_nfs_next(int error);

/**
 * capture_nfs_check() - is what was mounted the machine that was meant?
 * @mountinfo: of this process (proc_pid_mountinfo(5))
 * @mountstats: of it, too: text of fs/nfs/super.c
 * @place: where it is mounted
 * @address: of the server
 *
 * A server can name another one for a part of its tree (referrals, RFC 8881 11.3.3), or for the bytes of files (pNFS,
 * 12). Neither is a machine that the settings name.
 * Return: 0; -EXDEV with a sentence; -ENOENT with one: it is not mounted; -ENOMEM.
 */
_must_check_ int capture_nfs_check(struct bytes mountinfo, struct bytes mountstats,
				   const char *place, const char *address, struct kx_error *err);

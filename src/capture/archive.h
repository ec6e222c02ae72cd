/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The capture initramfs: one program, the modules that its targets need, and its settings. */

#include "capture/ssh.h"
#include "capture/target.h"
#include "sys/network.h"

/**
 * struct capture_remote - another machine that dumps are sent to
 * @user_host: "USER@HOST", for persons; with @ssh
 * @nfs: "HOST:/PATH", without @ssh
 * @directory: there
 * @ssh: the client's settings, or NULL: it is reached by NFS
 * @address: of it, as numbers
 * @way: how the kernel reaches @address now
 */
struct capture_remote {
	const char *user_host, *nfs, *directory, *address;
	const struct capture_ssh *ssh;
	struct network_way way;
};

/**
 * struct capture_wish - what is put together
 * @release: of the kernel that runs after the crash
 * @program: path of the program that becomes /init, below @program_root: it is of the running system, while a
 *	captured machine need not have one
 * @remote: another machine, which comes first, or NULL
 * @directories: where dumps are saved, the first that can be used
 * @settings: level, packing and the others; targets and modules are filled in
 */
struct capture_wish {
	const char *release, *program;
	int program_root;
	const struct capture_remote *remote;
	const char *const *directories;
	size_t n_directories;
	struct capture_settings *settings;
};

/**
 * capture_archive_make() - put the initramfs together
 * @root: as in base/io.h
 * @ret: newc archive (buffer-format.rst), with @remote packed by gzip; to be freed
 *
 * The program will see all memory, so nobody but root and this user may be able to change it (base/open.h).
 * Of several directories that are on one file system the first counts. The first of all places has to be one
 * that can be used; those behind it are left out when they cannot.
 *
 * Return: 0; as capture_target_find(), capture_network_find(), capture_ssh_add() and capture_modules_find();
 * -EFBIG.
 */
_must_check_ int capture_archive_make(int root, const struct capture_wish *wish, uint8_t **ret,
				      size_t *ret_n, struct kx_error *err);

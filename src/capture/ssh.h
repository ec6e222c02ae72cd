/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The OpenSSH client of this machine in the capture initramfs, with what its user is configured to use. */

#include "capture/files.h"
#include "capture/settings.h"

#define SSH_PROGRAM "/usr/bin/ssh"
#define SSH_FOLDER "ssh" /* in the archive */
#define SSH_CONFIG "/" SSH_FOLDER "/config"
#define SSH_ALIAS "target" /* the only host in SSH_CONFIG */

/**
 * struct ssh_place - "ssh:USER@HOST:/DIRECTORY", as CRASH_TARGET has it
 * @user_host: "USER@HOST" or "HOST", for ssh(1)
 * @directory: begins with a slash; /var/crash when it is not named
 */
struct ssh_place {
	char *user_host, *directory;
};

/* False for another text. -EINVAL: it begins with "ssh:" and has no host or no absolute directory; -ENOMEM. */
bool ssh_place_is(const char *text);
_must_check_ int ssh_place_parse(const char *text, struct ssh_place *ret);
void ssh_place_done(struct ssh_place *place);
#define _cleanup_ssh_place_ _cleanup_(ssh_place_done)

/**
 * struct ssh_options - what counts of the output of `ssh -G`
 * @host: that is connected to; @port
 * @known_as: by which name its key is known: HostKeyAlias, or the host, "[HOST]:PORT" with another port than 22
 * @keys, @known: files of private keys and of hosts' keys, in their order
 * @kept: lines that are taken over as they are: user, port, algorithms
 */
struct ssh_options {
	char *host, *port, *known_as;
	struct names keys, known;
	struct strbuf kept;
};

/**
 * ssh_options_parse() - read what ssh(1) says that it would do
 * @text: output of `ssh -G HOST`: "keyword value" lines (ssh_config(5))
 * @home: for "~" in names of files
 *
 * Return: 0; -EOPNOTSUPP another program or another host lies between (ProxyCommand, ProxyJump), with a sentence;
 * -EBADMSG it names no host; -ENOMEM.
 */
_must_check_ int ssh_options_parse(struct bytes text, const char *home, struct ssh_options *ret,
				   struct kx_error *err);
void ssh_options_done(struct ssh_options *options);
#define _cleanup_ssh_options_ _cleanup_(ssh_options_done)

/**
 * struct capture_ssh - how another machine is reached, for capture_archive_make()
 * @options: of the client
 * @key: file of the private key, or NULL: those of @options that exist
 */
struct capture_ssh {
	struct ssh_options options;
	char *key;
};
void capture_ssh_done(struct capture_ssh *ssh);

/**
 * capture_ssh_add() - put the client in, its settings, keys and known hosts
 * @root: as in base/io.h
 * @address: of the other machine, as numbers
 *
 * Return: 0, or with a sentence
 * -ENOKEY  no private key is there, or one that wants a passphrase; no file of known hosts has a line; as
 * capture_files_add_program().
 */
_must_check_ int capture_ssh_add(struct capture_files *files, int root,
				 const struct capture_ssh *ssh, const char *address,
				 struct kx_error *err);

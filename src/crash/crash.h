/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a machine loads for the case of a crash: the settings of this program or of the distribution's
 * kdump service in, a kernel, an initial ramdisk and a command line out.
 *
 * settings.c reads the files, choice.c applies what each tool does with them (find-kernel.c: where it
 * looks for the kernel; words.c: how it makes the command line). Nothing is run and nothing is loaded
 * here; rapidreboot.conf(5) has a table of every variable.
 */

#include "capture/archive.h"
#include "capture/nfs.h"
#include "config/config.h"

/* In the place of a path: the initial ramdisk of our own. */
#define CRASH_INITRD_OWN "own"

/* Where our own program saves when the directory of the settings cannot be used. */
#define CRASH_FALLBACK_DIRECTORY "/var/lib/rapidreboot/crash"

/* Whose configuration counts; each has rules of its own. */
enum crash_source {
	CRASH_OWN,    /* CRASH_* of rapidreboot.conf, or no configuration at all */
	CRASH_REDHAT, /* /etc/sysconfig/kdump as kdumpctl(8) reads it */
	CRASH_SUSE,   /* /etc/sysconfig/kdump as kdump(7) of SUSE reads it */
	CRASH_DEBIAN, /* /etc/default/kdump-tools */
};

/* Options for kexec(8) that a configuration may hold and that mean something here. */
struct crash_options {
	enum kx_way way;
	uint64_t flags; /* KX_REQ_* */
};

/**
 * struct crash_settings - what the files say
 * @file: the one that was read, NULL without any
 * @off: "FILE:LINE" that says that nothing shall be loaded, or NULL
 * @kernel: path, or NULL: to be found
 * @initrd: path, or NULL: to be found
 * @version: of the kernel to be found, or NULL: the running one's
 * @directories: where kernels are looked for, separated by blanks (Red Hat), or NULL
 * @image: how the kernel's name begins, "vmlinuz" (Red Hat)
 * @image_end: how it ends, "" (Red Hat)
 * @base: the command line to start from, or NULL: the running one
 * @remove: keys that are taken out of it, separated by blanks
 * @append: words that are added to it
 * @cpus: processors of the crash kernel, 0: all (SUSE)
 * @target: directory of dumps, for the initial ramdisk of our own
 * @remote: another machine, which goes before @target; without a host: none
 * @nfs: another machine by NFS, in the place of @remote; without a host: none
 * @nfs_directory: below what is mounted
 * @ssh_key: file of the private key that is used there, or NULL: as ssh(1) is configured
 * @elsewhere: a place that another tool's configuration names and that is neither a directory of this machine nor
 *	reached by ssh, such as "virtiofs dumps", or NULL: only that tool's initial ramdisk saves there
 * @not_followed: "FILE:LINE: …", what such a configuration says and the initial ramdisk of our own does not do
 * @capture: what its program is told, without targets and modules
 * @warnings: "FILE:LINE: …" for a person
 */
struct crash_settings {
	enum crash_source source;
	const char *file;
	char *off;
	char *kernel, *initrd, *version;
	char *directories, *image, *image_end;
	char *base, *remove, *append;
	unsigned cpus;
	char *target;
	struct ssh_place remote;
	struct nfs_place nfs;
	char *nfs_directory;
	char *ssh_key;
	char *elsewhere;
	struct config_words not_followed;
	struct capture_settings capture;
	struct crash_options options;
	struct config_words warnings;
};

/**
 * crash_settings_read() - find out what the machine is configured to load
 * @root: as in base/io.h
 * @config: settings of rapidreboot; with IMPORT=no other tools' files are not read
 *
 * CRASH_KERNEL, CRASH_INITRD, CRASH_CMDLINE and CRASH_APPEND of rapidreboot.conf go before the files of
 * other tools, and Debian's goes before the others. A value that only a shell could work out is left
 * out with a warning.
 *
 * Return: 0; -EINVAL for an option of kexec(8) that is not known; -EACCES and others when a file cannot
 * be read; -EFBIG; -ENOMEM.
 */
_must_check_ int crash_settings_read(int root, const struct config *config,
				     struct crash_settings *ret, struct kx_error *err);
void crash_settings_done(struct crash_settings *settings);
#define _cleanup_crash_settings_ _cleanup_(crash_settings_done)

/* The other machine that dumps are sent to, for a sentence, or NULL: none. */
const char *crash_remote_name(const struct crash_settings *settings);
/* "rapidreboot", "kdump-utils", "SUSE kdump", "kdump-tools" */
const char *crash_source_name(enum crash_source source);

/**
 * struct crash_choice - what is loaded
 * @kernel: path
 * @initrd: path, or NULL: none (Debian's tool loads without one when its file is not there), or
 * @is_own: it is made when it is loaded, by capture_archive_make()
 * @cmdline: all of it; the loader adds elfcorehdr=
 */
struct crash_choice {
	char *kernel, *initrd, *cmdline;
	bool is_own;
};

/**
 * crash_choose() - work out what is loaded, by the rules of the tool whose settings they are
 * @ctx: of the machine, for the running command line
 * @root: of the same: reads /proc, /sys, /boot and what the rules name
 * @machine: as uname -m prints it
 *
 * Where nothing names an initial ramdisk and none that was made for a crash is found, it is our own.
 *
 * Return: 0; -ENOENT: no kernel or no initial ramdisk for a crash, with a sentence that says where it
 * was looked for and which command makes one; -EACCES and others; -ENOMEM.
 */
_must_check_ int crash_choose(struct kx_ctx *ctx, int root, const char *machine,
			      const struct crash_settings *settings, struct crash_choice *ret,
			      struct kx_error *err);
void crash_choice_done(struct crash_choice *choice);
#define _cleanup_crash_choice_ _cleanup_(crash_choice_done)

/* Does firmware or policy let only signed kernels be loaded, by the test of kdumpctl(8) and
 * kdump-config(8): SecureBoot is 1 and SetupMode is 0, or securelevel is 1? */
bool crash_wants_signature(int root);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the program of the capture initramfs is told: one small text of "key=value" lines, written when
 * the machine is armed and read after the crash. docs/kdump.md lists the keys.
 */

#include "base/dir.h"
#include "base/error.h"
#include "base/lines.h"
#include "base/strbuf.h"
#include "capture/layers.h"

#define CAPTURE_SETTINGS_NAME "capture.conf" /* in the archive */
#define CAPTURE_MODULES_NAME "modules"	     /* directory in the archive */
#define CAPTURE_PROGRAM_NAME "init"

enum {
	CAPTURE_TARGETS_MAX = 4,
	CAPTURE_MODULES_MAX = 512,
	CAPTURE_SETTINGS_MAX = 64 << 10, /* bytes of the text */
	CAPTURE_VALUE_MAX = 4096,	 /* bytes of one value */
	CAPTURE_WAIT_MAX = 3600,
	CAPTURE_KEEP_MAX = 100000,
};

/* What follows when nothing could be saved, or everything was. */
enum capture_end { CAPTURE_REBOOT, CAPTURE_POWEROFF, CAPTURE_HALT };

/**
 * struct capture_network - how another machine is reached
 * @mac: hardware address of the interface, as /sys/class/net/NAME/address has it
 * @address: of this machine, with the length of its prefix: "192.0.2.7/24"
 * @gateway: address of the first hop, or NULL: none
 * @to: address of the other machine
 * @mtu: of the interface; 0: as its driver has it
 */
struct capture_network {
	char *mac, *address, *gateway, *to;
	unsigned mtu;
};

enum capture_kind {
	CAPTURE_FILE_SYSTEM, /* on a disk of this machine */
	CAPTURE_SSH,	     /* a directory of another machine, by its sshd */
	CAPTURE_NFS,	     /* a directory of another machine, by its NFS server */
	CAPTURE_KINDS,
};

/**
 * struct capture_target - where dumps are saved: a file system has a UUID, another machine a name
 * @uuid: as libblkid gives it
 * @type: as mount(2) takes it
 * @options: for mount(2), or NULL
 * @directory: in the file system or on the other machine, beginning with a slash
 * @layers: volumes and arrays that are put together first, in this order
 * @ssh: "USER@HOST", for persons: the client has its own settings (capture/ssh.h)
 * @nfs: "HOST:/PATH", for mount(2); @directory is below it
 */
struct capture_target {
	char *uuid, *type, *options, *directory;
	struct capture_layer layers[CAPTURE_LAYERS_MAX];
	size_t n_layers;
	char *ssh, *nfs;
	struct capture_network network;
};

/**
 * struct capture_settings - all of it
 * @targets: the first is used that can be
 * @modules: names of files, in the order in which they are loaded
 * @level: what is left out, as DUMP_* of dump/dump.h
 * @packing: enum dump_packing
 * @keep: dumps that stay, the new one among them; 0: all
 * @keep_mib: MiB that the dumps which stay have altogether; 0: any; the newest always stays
 * @wait_s: seconds to wait for the device of each target
 * @failure: what follows when no dump could be saved
 * @host: name of this machine, which directories on others begin with, or NULL
 */
struct capture_settings {
	struct capture_target targets[CAPTURE_TARGETS_MAX];
	size_t n_targets;
	struct names modules;
	unsigned level, packing, keep, keep_mib, wait_s;
	enum capture_end failure;
	char *host;
};

enum capture_kind capture_target_kind(const struct capture_target *target);
void capture_target_done(struct capture_target *target);
/* Adds an empty target, or returns NULL when there is no room. */
struct capture_target *capture_target_add(struct capture_settings *settings);

/**
 * capture_settings_parse() - read the text
 * @text: every value has a limit, and what is not known is an error
 *
 * Return: 0; -EINVAL with "line N: …"; -EFBIG; -ENOMEM.
 */
_must_check_ int capture_settings_parse(struct bytes text, struct capture_settings *ret,
					struct kx_error *err);
/* Writes the text. -EINVAL for a value that has no place in a line, such as a directory with a line feed
 * in its name; -ENOMEM. */
_must_check_ int capture_settings_text(const struct capture_settings *settings, char **ret,
				       struct kx_error *err);
void capture_settings_done(struct capture_settings *settings);
#define _cleanup_capture_settings_ _cleanup_(capture_settings_done)

/* "reboot", "poweroff", "halt"; false for another word. */
const char *capture_end_name(enum capture_end end);
/* "zlib", "zstd", "none" */
bool capture_packing_parse(struct bytes word, unsigned *ret);
bool capture_end_parse(struct bytes word, enum capture_end *ret);

/* Appends a copy of @n bytes at @s; -ENOMEM. */
_must_check_ int capture_names_add(struct names *names, const char *s, size_t n);

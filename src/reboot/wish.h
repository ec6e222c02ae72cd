/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What somebody wants to reboot into, and how, as a value with memory of its own: filled by the options
 * of a command, by the menu, or from its written form, which the request file of a reboot with a time
 * keeps. Zero is the default of every field: the boot loader's default entry, now, through init.
 */

#include <libkexec.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "reboot/when.h"

/**
 * struct pick - one boot entry with its content, as somebody saw it before choosing it
 * @id: how the loader's configuration names it
 * @title: as the menu shows it
 * @kernel: path as the entry has it, "" for none
 * @initrds: paths in loading order
 * @modules: multiboot modules as "path arguments…"
 * @cmdline: what the loader passes to the kernel, "" for nothing
 * @source_file: where it was read from
 * @source_line: line there, 0 when the file as a whole is the entry
 */
struct pick {
	char *id, *title, *kernel;
	struct config_words initrds, modules;
	char *cmdline, *source_file;
	unsigned source_line;
};

/**
 * struct wish - what is wanted
 * @root: directory of the system that is started, NULL: the running one
 * @config: read this configuration instead of searching for one
 * @type: whose configuration that is, NULL to find out
 * @firmware: what the machine has, where that changes which loaders are possible
 * @grub_flavour: whose GRUB reads grub.cfg, NULL to find out
 * @vars: "NAME=VALUE" that GRUB has set before its script runs
 * @places: where file systems are, "KIND:NAME=DIR"
 * @entry: name of an entry as kx_entries_find() takes it, NULL: the configured or the loader's default
 * @pick: an entry with its content, which goes before @entry; NULL for none
 * @kernel: this file instead of an entry, with @initrds
 * @cmdline: instead of the entry's, NULL: the entry's
 * @reuse_cmdline: the running one instead of the entry's
 * @append: words after whichever it is, NULL for none
 * @tune: names of tune.h, NULL: as configured
 * @way: which system call; AUTO: as configured
 * @safe: nothing is unpacked beforehand
 * @diet: modules are left out of the initial ramdisk
 * @hands_keys: what the next boot would ask for is asked now, and keys are handed over; not written
 * @no_keys: none are, whatever the settings say; not written
 * @can_ask: a person can be asked now, where the settings want that; not written
 * @force: ids of checks that do not refuse
 * @ignore_inhibitors: although somebody asked for the machine to stay up
 * @no_wall: those who are logged in are not told
 * @message: what they are told, NULL for init's own words
 * @direct: without the init system
 * @when: at that time; @when.in_ms and @when.text are empty for now
 */
struct wish {
	char *root, *config, *type;
	enum kx_firmware firmware;
	char *grub_flavour;
	struct config_words vars, places;
	char *entry;
	struct pick *pick;
	char *kernel;
	struct config_words initrds;
	char *cmdline, *append, *tune;
	enum kx_way way;
	bool reuse_cmdline, safe, diet, hands_keys, no_keys, can_ask;
	struct config_words force;
	bool ignore_inhibitors, no_wall, direct;
	char *message;
	struct when when;
};

void wish_done(struct wish *wish);
#define _cleanup_wish_ _cleanup_(wish_done)

/* Replaces one of its texts by a copy of @text, NULL for none. -ENOMEM. */
_must_check_ int wish_set(char **to, const char *text);

/* Does it name the entry or the kernel, so that configuration files do not choose it? */
bool wish_names_kernel(const struct wish *wish);

/* Copies @entry; -ENOMEM. @ret is released with pick_free(). */
_must_check_ int pick_new(const struct kx_entry *entry, struct pick **ret);
struct pick *pick_free(struct pick *pick);
DEFINE_CLEANUP(struct pick *, pick_free)
/* Would @entry start the same as when it was picked? Its place in the file may have changed. */
bool pick_is(const struct pick *pick, const struct kx_entry *entry);

/**
 * wish_write() - the written form
 * @wish: only fields that decide which kernel is loaded and how are written; not the time,
 *	which the request file has in another field, and not the message for init
 * @ret: lines "KEY VALUE", each with its newline; released with free(3). Control characters, backslashes
 *	 and blanks at either end of a value are written as \xHH. Paths are made absolute.
 *
 * Return: 0, -ENOMEM.
 */
_must_check_ int wish_write(const struct wish *wish, char **ret);

/* The written form -> @ret, which wish_done() releases. -EBADMSG with the sentence; -ENOMEM. */
_must_check_ int wish_read(const char *text, struct wish *ret, struct kx_error *err);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Decides what a reboot starts: takes a wish, the settings of the system and its boot entries, and
 * returns one kernel, its initrds and a command line, with a note of where each came from. Every
 * command, the hooks of init and a reboot with a time call choice_make(); nothing else decides
 * this.
 */

#include "config/config.h"
#include "reboot/reboot.h"
#include "reboot/wish.h"

/* Who chose the kernel. */
enum chosen_by {
	CHOSEN_BY_LOADER,     /* the boot loader's default */
	CHOSEN_BY_SETTINGS,   /* ENTRY= of our own configuration */
	CHOSEN_BY_NAME,	      /* a person named the entry, or picked it in the menu */
	CHOSEN_BY_FILES,      /* a person named the files */
	CHOSEN_BY_OTHER_TOOL, /* a file of another tool that the administrator has changed */
};

/**
 * struct choice - what is started
 * @config: settings that count; of another system only those that choose words of the kernel
 * @by: who chose
 * @decided_by: "FILE:LINE" or "FILE" that decided when it was no person and not the loader, else NULL
 * @entries: all of them, NULL when the kernel was named by its file or by another tool
 * @list: describes @entries
 * @index: of the entry in @entries
 * @type: what the entry is; a kernel named by its file is KX_ENTRY_LINUX
 * @title: for a person
 * @version: what the entry says, or NULL
 * @guess: why it is not known what the loader would start next, when it was to choose, else NULL
 * @kernel: path inside the system, or NULL for what only firmware can start
 * @initrds: paths in loading order
 * @modules: multiboot modules as "path arguments…"
 * @cmdline: NULL: the one that the image carries
 * @append: what the settings add to it, or NULL
 * @devicetree: path, or NULL
 * @only_firmware: why only the firmware can start it, where the reader of its configuration says so
 * @way: which system call is wanted
 * @flags: KX_REQ_* that another tool's file asks for
 * @reuses_running: @cmdline began as the running kernel's
 * @is_broken: files of the entry are missing: its boot loader cannot start it either
 * @files: changes when a kernel or initrd file does
 * @digest: changes when another entry, file or command line would be started by the same wish
 */
struct choice {
	struct config config;
	enum chosen_by by;
	char *decided_by;
	struct kx_entries *entries;
	struct kx_entries_info list;
	size_t index;
	enum kx_entry_type type;
	char *title, *version, *guess, *kernel;
	struct config_words initrds, modules;
	char *cmdline, *append, *devicetree, *only_firmware;
	enum kx_way way;
	uint64_t flags;
	bool reuses_running, is_broken;
	uint64_t files;
	char digest[17];
};

/**
 * choice_make() - decide
 * @rb: what is told: oddities of configurations, and a file of another tool that decides
 * @ret: to be released with choice_done(), whatever is returned: title, type and settings are there
 *	 as far as they were found
 *
 * An entry that is no kernel can be chosen like any other: the checks then say that only the
 * firmware can start it.
 *
 * Return: REASON_NONE, REASON_NO_ENTRY, REASON_ENTRY_CHANGED, REASON_NOT_BOOTABLE, REASON_FORBIDDEN,
 * REASON_FAILED.
 */
_must_check_ enum reason choice_make(const struct reboot *rb, const struct wish *wish,
				     struct choice *ret, struct kx_error *err);
void choice_done(struct choice *choice);

/* The entries below the system's root, or those that @wish says where to find. REASON_NO_ENTRY,
 * REASON_FAILED. */
_must_check_ enum reason choice_entries(const struct reboot *rb, const struct wish *wish,
					struct kx_entries **ret, struct kx_error *err);
struct kx_entry choice_entry(const struct kx_entries *entries, size_t i);

/* The context that opens the files of @choice and loads it: paths of an entry are paths inside the
 * system that is started, paths that a person named are paths of the running system. */
struct kx_ctx *choice_ctx(const struct reboot *rb, const struct choice *choice);
/* The root directory that those files are opened in, as in base/io.h. */
int choice_files_root(const struct reboot *rb, const struct choice *choice);
/* Computes @choice->files anew: the value differs when one of the files was changed. */
uint64_t choice_files(const struct reboot *rb, const struct choice *choice);
/* "loader", "settings", "name", "files", "other-tool" */
const char *chosen_by_name(enum chosen_by by);

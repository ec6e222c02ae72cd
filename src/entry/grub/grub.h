/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What GRUB 2 would make of a configuration: the menu it builds, the entry it starts by default and
 * what that entry loads. The script language is that of GRUB 2.12 with the quirks of its bison
 * parser; where distributions differ, the flavour decides. Nothing is run and nothing is written:
 * save_env changes a copy, and loaders are noted down.
 */

#include "entry/entry.h"

enum grub_flavour {
	GRUB_UPSTREAM, /* Debian, Ubuntu, Arch, …: numbers first, submenus see exported variables */
	GRUB_RH,       /* Fedora and its descendants: ids first, submenus see all variables */
	GRUB_SUSE,     /* as upstream, with hiddenentry */
};

/* "upstream", "rh", "suse": static. */
const char *grub_flavour_name(enum grub_flavour flavour);

/* Zero means the default, which is named in limits.h. */
struct grub_limits {
	size_t commands; /* in the whole evaluation */
	size_t bytes;	 /* words expanded, variables copied, text printed: what work costs */
	size_t entries;
	size_t file_size;
};

struct grub_var {
	char *name, *value;
};

/**
 * struct grub_request - which configuration to evaluate, on what kind of machine
 * @flavour: whose GRUB reads it
 * @platform: $grub_platform: "efi", "pc", …; NULL for "efi"
 * @other_platform: what $grub_platform may be just as well; NULL when @platform is certain
 * @other_cpu: $grub_cpu then
 * @cpu: $grub_cpu: "x86_64", "i386", "arm64", …; NULL for "x86_64"
 * @device: GRUB's name of the device that holds the configuration, without parentheses; NULL for
 *          "hd0". The file system table sees it as "".
 * @config: absolute path of the configuration on that device
 * @prefix: $prefix as a path on that device; NULL for the directory of @config
 * @vars: variables preset and exported, n_vars of them
 * @limits: what evaluation may cost
 */
struct grub_request {
	enum grub_flavour flavour;
	const char *platform;
	const char *cpu;
	const char *other_platform;
	const char *other_cpu;
	const char *device;
	const char *config;
	const char *prefix;
	const struct grub_var *vars;
	size_t n_vars;
	struct grub_limits limits;
};

/* A variable that the script saved: what a boot through GRUB would have written to disk. */
struct grub_saved {
	char *device, *file;
	char *name;
	char *value; /* NULL when the variable was deleted from the block */
};

/**
 * struct grub_result - what became of it
 * @menu: the entries, the default one and why
 * @output: what the script printed before its menu appeared
 * @boot_output: what the default entry (and what it fell back to) printed
 * @vars: variables when the menu appeared, sorted by name
 * @saved: save_env by the script itself, in order
 * @boot_saved: save_env on the way through the default entry
 */
struct grub_result {
	struct boot_menu menu;
	char *output;
	char *boot_output;
	struct grub_var *vars;
	size_t n_vars;
	struct grub_saved *saved;
	size_t n_saved;
	struct grub_saved *boot_saved;
	size_t n_boot_saved;
};

/**
 * grub_eval() - evaluate a configuration
 * @req: what to evaluate
 * @fs: file systems, see entry.h
 * @ret: released with grub_result_done()
 * @err: filled on failure only, or NULL
 *
 * Faults of the configuration are warnings in @ret, as GRUB itself goes on after any of them. Where
 * what starts depends on something that is not known here, @ret->menu.guess says on what.
 *
 * Return: 0; what fs->read() returned for the configuration itself (-ENOENT, …); -ELOOP when the
 * script never comes to an end within its limits; -ENOMEM.
 */
_must_check_ int grub_eval(const struct grub_request *req, struct entry_fs *fs,
			   struct grub_result *ret, struct kx_error *err);
void grub_result_done(struct grub_result *result);

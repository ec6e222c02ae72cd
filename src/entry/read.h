/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the readers of configurations share. Paths are paths of this system unless said. */

#include "entry/choose.h"
#include "entry/entry.h"
#include "fundamental/bytes.h"

/* Longest configuration or entry that is read. */
#define CONFIG_MAX ((size_t)8 << 20)
/* Warnings about a configuration; more are not kept. */
enum { MENU_WARNINGS_MAX = 1000 };

/* A file held in memory; released with text_done(). */
struct text {
	struct bytes bytes;
	uint8_t *buf;
};
_must_check_ int read_text(struct entry_fs *fs, const char *path, struct text *ret);
void text_done(struct text *text);
#define _cleanup_text_ _cleanup_(text_done)

/* Where the firmware's partitions may be: those that were looked into for this, then their usual mount
 * points, which are those of systemd-gpt-auto-generator(8) and older ones. Returns how many. */
enum { BOOT_PLACES_MAX = 6 };
size_t boot_places(const struct entry_fs *fs, const char *ret[BOOT_PLACES_MAX]);

bool is_file(struct entry_fs *fs, const char *path);
bool is_dir(struct entry_fs *fs, const char *path);
/* The file begins like a Linux kernel of some architecture. */
bool is_kernel_file(struct entry_fs *fs, const char *path);
/* @dir/@name is a regular file; the joined path is kept in *ret then. */
bool find_file_in(struct entry_fs *fs, const char *dir, const char *name, char **ret);

_must_check_ int entry_warn(struct boot_entry *entry, const char *fmt, ...) _printf_(2, 3);
/* Why a disk that GRUB names by its number is a guess. */
#define GUESSED_DISK "GRUB counts disks as the firmware does, which is not known here"
/* Says why @entry is a guess; the first reason stays. -ENOMEM. */
_must_check_ int entry_guess(struct boot_entry *entry, const char *fmt, ...) _printf_(2, 3);
_must_check_ int menu_warn(struct boot_menu *menu, const char *fmt, ...) _printf_(2, 3);

/* Replaces *s by a copy of @value, which may be NULL. */
_must_check_ int replace(char **s, const char *value);
/* "%s" and friends into fresh memory; -ENOMEM. */
_must_check_ int format(char **ret, const char *fmt, ...) _printf_(2, 3);

/*
 * Says of all entries that they come from the file @config, turns the paths that a parser left as
 * written into paths of this system, and warns where files are missing. @resolve gets a path as the
 * loader's configuration has it.
 */
_must_check_ int menu_resolve(struct entry_fs *fs, struct boot_menu *menu, const char *config,
			      int (*resolve)(struct entry_fs *fs, const char *config,
					     const char *raw, char **ret));
/* Checks that the kernel and the initrds of @entry exist: warns and clears ->bootable if not. */
_must_check_ int entry_check_files(struct entry_fs *fs, struct boot_entry *entry);

/* Marks entry @i as the default; menu->n_entries for none. */
void menu_set_default(struct boot_menu *menu, size_t i);

/* For struct loader, find: *ret is "" where @is_here. -ENOMEM only. */
_must_check_ int found_without_file(bool is_here, char **ret);

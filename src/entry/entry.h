/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Boot entries: one struct whatever boot loader's configuration they were read from. */

#include <libkexec.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/cleanup.h"
#include "base/strlist.h"

enum entry_type {
	ENTRY_LINUX,
	ENTRY_UKI,
	ENTRY_MULTIBOOT,
	ENTRY_CHAINLOAD, /* another loader or system: only firmware can start it */
	ENTRY_OTHER,	 /* firmware setup, reboot, halt, nothing at all */
};

/* Where an entry was written down. */
struct entry_source {
	const char *kind; /* "grub", "bls", "uki", "extlinux", … static */
	char *file;	  /* path below the root */
	unsigned line;	  /* 1 for the first, 0 when a whole file is the entry */
};

struct boot_entry {
	char *id;
	struct strlist path; /* titles from the top menu down, own title last */
	char *title;
	char *version; /* or NULL */
	enum entry_type type;
	bool bootable;
	char *kernel;		/* paths of this system, below the root; NULL when there is none */
	struct strlist initrds; /* in loading order */
	struct strlist modules; /* multiboot: "path arguments…" */
	char *cmdline;
	char *devicetree;
	char *architecture;
	bool is_default;
	bool is_broken; /* the loader cannot start it either: a file that it loads is missing */
	/* Why it is not certain that the loader starts this kernel with these files, or NULL: it is. The first
	 * reason that was found; it is not among the warnings. */
	char *guess;
	/* SHA-256 of @kernel, then of the only initrd, as the loader demands them; NULL: it does not */
	uint8_t *digests;
	struct entry_source source;
	struct strlist warnings;
};

/* Limit on the text in all entries of a menu: macros and words for every entry can make it very
 * long. */
enum { ENTRIES_BYTES_MAX = 64 << 20 };

struct boot_menu {
	const char *loader;  /* "grub", "systemd-boot", … static */
	const char *flavour; /* "upstream", "rh", "suse" or NULL */
	char *config;	     /* file the menu was read from, below the root */
	struct boot_entry *entries;
	size_t n_entries;
	size_t n_bytes;	      /* that its entries hold */
	size_t default_index; /* n_entries when nothing would be started */
	char *default_reason; /* every step that decided, one per line */
	char *guess; /* why it is not known what the loader would start, or NULL: it is known */
	struct strlist warnings;
};

void boot_entry_done(struct boot_entry *entry);
void boot_menu_done(struct boot_menu *menu);
/* Moves @entry into @menu; on failure @entry still belongs to the caller. BUDGET_SPENT when all entries
 * together hold more text than a menu may (ENTRIES_BYTES_MAX). */
_must_check_ int boot_menu_add(struct boot_menu *menu, struct boot_entry *entry);

/* What a directory or a name turned out to be. */
enum entry_file_type { ENTRY_FILE_NONE, ENTRY_FILE_REGULAR, ENTRY_FILE_DIRECTORY };

enum entry_search {
	ENTRY_SEARCH_UUID,
	ENTRY_SEARCH_LABEL,
	ENTRY_SEARCH_FILE,
	ENTRY_SEARCH_PARTUUID,
	ENTRY_SEARCH_PARTLABEL,
};

/* The name of a device whose paths are paths of this system, below the root. */
#define ENTRY_SYSTEM "/"

/*
 * File system calls of an interpreter. A device is the loader's name without parentheses
 * ("hd0,gpt2", "lvm/vg-root", or an opaque token that search() returned); NULL or "" is the file
 * system that holds the configuration. Paths are absolute on that device, also those of a
 * configuration that begin without a slash. All return 0 or a
 * negative errno; -ENODEV when the device is not known here, BUDGET_SPENT when what all calls may cost
 * together is used up. One table for a real root (fs-root.c), one for tests.
 */
struct entry_fs {
	/* borrowed; NULL: no limits. Interpreters take their own steps from it */
	struct budget *budget;
	int (*type)(struct entry_fs *fs, const char *device, const char *path,
		    enum entry_file_type *ret);
	int (*read)(struct entry_fs *fs, const char *device, const char *path, size_t max,
		    uint8_t **ret, size_t *ret_n);
	/* Names in the directory, without "." and "..", in no order. */
	int (*list)(struct entry_fs *fs, const char *device, const char *path, struct strlist *ret);
	/* Finds the device that has the UUID, label or file; -ENOENT when none does. */
	int (*search)(struct entry_fs *fs, enum entry_search what, const char *key,
		      const struct strlist *hints, char **ret_device);
	/* Facts about a device for `probe`: "fs_uuid", "fs_label", "fs", "driver", …; "device" is
	 * the loader's name for it. */
	int (*probe)(struct entry_fs *fs, const char *device, const char *what, char **ret);
	/* The loader's name as a path of this system, below the root. */
	int (*to_system)(struct entry_fs *fs, const char *device, const char *path, char **ret);
	/* Which partition of this system the loader's name stands for is a guess. NULL: it never is. */
	bool (*is_guess)(struct entry_fs *fs, const char *device);
	/* Makes the file system that holds @path, a path of this system, the one that NULL means;
	 * returns the path on it. */
	int (*set_home)(struct entry_fs *fs, const char *path, char **ret);
	/* The first bytes of the file, at most @n; *ret_n is how many there are. */
	int (*head)(struct entry_fs *fs, const char *device, const char *path, uint8_t *buf,
		    size_t n, size_t *ret_n);
	/* Maps the whole file, so that only the pages that are used are read; released with
	 * unmap(). */
	int (*map)(struct entry_fs *fs, const char *device, const char *path, const uint8_t **ret,
		   size_t *ret_n);
	void (*unmap)(struct entry_fs *fs, const uint8_t *p, size_t n);
	/* Two paths of this system are one and the same directory or file. */
	bool (*same)(struct entry_fs *fs, const char *a, const char *b);
	/* Makes the device @name stand for the file system in the image @path on @device, if it is
	 * mounted here. 1: nothing shows where, so what is mounted on / is taken for it. May be NULL. */
	int (*image)(struct entry_fs *fs, const char *name, const char *device, const char *path);
	/* Looks into the partition that has this PARTUUID, which the firmware started a loader from, and
	 * into an XBOOTLDR partition beside it, mounted or not: the directories of this system that they
	 * are then. -ENODEV, -EPERM and others with a sentence. NULL where nobody may look. */
	int (*look)(struct entry_fs *fs, const char *uuid, struct strlist *ret_dirs,
		    struct kx_error *err);
	/* @n sectors of 512 bytes of the device from @first on, outside of all files; -ENODEV, -EACCES and
	 * others. NULL where that cannot be done. */
	int (*blocks)(struct entry_fs *fs, const char *device, uint64_t first, unsigned n,
		      uint8_t **ret);
	/* Those directories, for boot_places(); borrowed. */
	const struct strlist *looked;
};

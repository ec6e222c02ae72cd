/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Helpers of all checks: reading below the root, and reporting what was found. */

#include "base/arch.h"
#include "base/dir.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/strbuf.h"
#include "preflight/preflight.h"

/* Largest file that a check reads whole. */
enum { LOOK_FILE_MAX = 64 << 20 };

struct look {
	const struct preflight_opts *opts;
	const struct preflight_entry *entry; /* opts->entry */
	int root;
	int files;			 /* where kernel and initrds of the entry are opened */
	bool has_proc, has_sys, has_run; /* these are mounted, or captured */
	struct arch_found arch;
};

struct report {
	struct strbuf evidence, sentence;
	struct strbuf unseen;		  /* what could not be looked at, and why: unseen() */
	enum preflight_severity severity; /* begins as the check's */
	const char *remedy;		  /* begins as the check's */
	struct strbuf own_remedy;	  /* goes before it, when the words depend on the machine */
	bool takes_key;			  /* as in struct preflight */
};

struct check {
	const char *id;
	enum preflight_severity severity; /* of a finding, unless the check says otherwise */
	bool can_force;
	const char *title;
	const char *remedy;
	enum preflight_status (*look)(const struct look *l, struct report *r);
	unsigned only;	   /* architectures that it is about, 1u << enum arch_id; 0: all */
	bool every_reboot; /* its finding also refuses a reboot through the firmware */
	bool same_cold;	   /* a reboot through the firmware meets the same */
};
#define ON_X86_64 (1u << ARCH_X86_64)
#define ON_AARCH64 (1u << ARCH_AARCH64)

/* A family of checks, ended by an id of NULL. */
extern const struct check architecture_checks[], permission_checks[], entry_checks[],
	memory_checks[], virtualisation_checks[], hardware_checks[], storage_checks[],
	shutdown_checks[], firmware_checks[];

/* Adds "PATH: VALUE" or free words to the evidence. */
void evidence(struct report *r, const char *path, const char *value);
void evidencef(struct report *r, const char *fmt, ...) _printf_(2, 3);
/* Sets the sentence of a finding; always returns PREFLIGHT_FINDING. */
enum preflight_status found(struct report *r, const char *fmt, ...) _printf_(2, 3);
/* @path could not be read for the reason @code; always returns PREFLIGHT_UNKNOWN. */
enum preflight_status unknown(struct report *r, const char *path, int code);
/* The same for one of several things to look at: the check goes on, since what it sees elsewhere may be a
 * finding. Without one it is unknown, although its look_…() returns PREFLIGHT_OK. */
void unseen(struct report *r, const char *path, int code);
/* Is @code, of reading @path, success? Whatever it is but that and -ENOENT is unseen(). */
_must_check_ bool seen(struct report *r, const char *path, int code);
/* Is @path there? Where that cannot be told it is unseen(). */
_must_check_ bool look_there(const struct look *l, struct report *r, const char *path);
/* There is no entry to look at, or nothing is known about it. */
enum preflight_status unknown_entry(const struct look *l, struct report *r);

/* As their names in base/; but below /proc, /sys and /run -ENOENT means that a running system has
 * no such file, and -ENODATA that there is no such file system to ask. */
_must_check_ int look_exists(const struct look *l, const char *path);
_must_check_ int look_line(const struct look *l, const char *path, char **ret);
_must_check_ int look_u64(const struct look *l, const char *path, uint64_t *ret);
_must_check_ int look_link(const struct look *l, const char *path, char **ret);
_must_check_ int look_list(const struct look *l, const char *path, struct names *ret);

/* Is an image loaded ("loaded"), or one for a crash ("crash_loaded")? 1, 0, or an error; -ENOENT: the kernel has
 * no kexec. In the place that the newest kernels have, or in that of all others, which is in @ret_path. */
_must_check_ int look_kexec(const struct look *l, const char *what, const char **ret_path);

/* A file as a whole; look_text_done() after success. */
struct look_file {
	uint8_t *buf;
	struct bytes b;
};
_must_check_ int look_file(const struct look *l, const char *path, struct look_file *ret);
void look_file_done(struct look_file *text);
#define _cleanup_look_file_ _cleanup_(look_file_done)

/* "DIR/NAME/REST" into a buffer of PATH_MAX; false when it does not fit. */
_must_check_ bool path_make(char *buf, size_t n, const char *fmt, ...) _printf_(3, 4);

/* An EFI variable after its four bytes of attributes. -ENOENT: not set, or not an EFI machine. */
_must_check_ int look_efi(const struct look *l, const char *name, struct look_file *ret);
#define EFI_GLOBAL "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define EFI_LOADER "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
/* UTF-16LE of such a variable, anything that is not ASCII as "?". */
_must_check_ int efi_ascii(struct bytes b, char **ret);

/* The value of the last word NAME=… of a command line ("root="), copied; NULL without. Words are
 * those of the kernel's lib/cmdline.c: blanks inside of double quotes do not end one. */
_must_check_ int cmdline_value(const char *cmdline, const char *name, char **ret);
bool cmdline_has(const char *cmdline, const char *name);
_must_check_ int look_cmdline(const struct look *l, char **ret);

/* Where GRUB's environment block is, NULL behind the last; and the value of "NAME=" in one, lines that are filled up with
 * "#": -ENOENT where there is none, or an empty one. */
extern const char *const grubenv_files[];
_must_check_ int look_grubenv(const struct look *l, const char *path, const char *name, char **ret);

/* "NAME: VALUE" or "NAME\t: VALUE" in /proc files; -ENOENT when no line begins so. */
_must_check_ int proc_field(struct bytes text, const char *name, char **ret);

/* Checks that have a file of their own: A15, B8, B19, C9, W8, W9, W10, W11. */
enum preflight_status look_kept_memory(const struct look *l, struct report *r);
enum preflight_status look_set_aside(const struct look *l, struct report *r);
enum preflight_status look_firmware_waits(const struct look *l, struct report *r);
enum preflight_status look_fwupd(const struct look *l, struct report *r);
enum preflight_status look_counting(const struct look *l, struct report *r);
enum preflight_status look_staged(const struct look *l, struct report *r);
enum preflight_status look_snapshot(const struct look *l, struct report *r);
enum preflight_status look_offline_updates(const struct look *l, struct report *r);

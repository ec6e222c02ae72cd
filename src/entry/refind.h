/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/choose.h"
#include "entry/entry.h"
#include "fundamental/bytes.h"

/* One line as rEFInd cuts it: words between blanks, commas and equals signs, or what is between
 * double quotes; "#" ends it. */
_must_check_ int refind_tokens(struct bytes line, struct strlist *ret);

/* refind_linux.conf: pairs of quoted strings, the first of which is what boots. */
_must_check_ int refind_linux_parse(struct bytes file, struct strlist *ret_titles,
				    struct strlist *ret_options);

enum { REFIND_SCAN_MAX = 10 };

/* refind.conf. */
struct refind_conf {
	/* The manual stanzas. Paths are as written, with "VOLUME:" before them where a stanza names
	 * one; an initrd is a word of the command line, as it is for the kernel. */
	struct boot_menu manual;
	char *selection;		/* default_selection; NULL when not set */
	char *versions;			/* extra_kernel_version_strings, commas between them */
	char scan[REFIND_SCAN_MAX + 1]; /* first letters of the words of scanfor; "" when not set */
	bool keeps_files;		/* use_nvram false: variables are files */
	bool no_kernels;		/* scan_all_linux_kernels false */
	bool unfolds;			/* fold_linux_kernels false */
	/* dont_scan_files, dont_scan_dirs, dont_scan_volumes; commas between them */
	char *no_files, *no_dirs, *no_volumes;
};

/* Fetches the file that a line "include" names; what it returns is given back with free(). */
struct refind_include {
	int (*fetch)(struct refind_include *self, const char *name, uint8_t **ret_buf,
		     struct bytes *ret);
};

/* @include may be NULL. */
_must_check_ int refind_conf_parse(struct bytes file, struct refind_include *include,
				   struct refind_conf *ret);
void refind_conf_done(struct refind_conf *conf);

/*
 * The entry that rEFInd starts when nobody chooses: the first element of @selection, commas between
 * them, that fits one; "+" stands for @previous, the title that was started last, or nothing.
 * menu->n_entries when none fits.
 */
size_t refind_choose(const struct boot_menu *menu, const char *selection, const char *previous);

/* Does @selection, a list as above, have "+"? */
bool refind_has_previous(const char *selection);

/* What rEFInd looks for by itself. */
struct refind_scan {
	struct entry_fs *fs;
	const struct boot_find_opts *opts;
	const struct refind_conf *conf;
	const char *config; /* refind.conf: its own directory is left out */
	bool secure;
};

/* Adds it to @menu. -ENOMEM, BUDGET_SPENT; what cannot be read is left out. */
_must_check_ int refind_scan(const struct refind_scan *scan, struct boot_menu *menu);

/* The part of a file name that rEFInd takes for the version, for "%v": from the first digit, or
 * from one of @versions, to the last; NULL when there is none. */
_must_check_ int refind_version(const char *name, const char *versions, char **ret);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/entry.h"
#include "entry/uki.h"

/* What the stub of a unified kernel image looks at besides the image. */
struct uki_place {
	struct entry_fs *fs;
	const char *partition; /* where the partition of the image is mounted */
	bool secure;	       /* the firmware checks signatures: text files decide less */
};

_must_check_ int uki_entry_facts(struct entry_fs *fs, const char *path, struct uki_facts *ret);
/* Whether the image @path brings an initrd. */
_must_check_ int uki_entry_has_initrd(struct entry_fs *fs, const char *path, bool *ret);
/* Gives @entry, whose kernel is the image that @facts are of, its type and command line. @options
 * replaces the .cmdline of the image when not NULL; @profile is a number below facts->n_profiles. */
_must_check_ int uki_entry_fill(const struct uki_place *at, struct boot_entry *entry,
				const struct uki_facts *facts, const char *options,
				unsigned profile);
/* The same for the image entry->kernel, and its version. -ENOEXEC when it is none. */
_must_check_ int uki_entry_describe(const struct uki_place *at, struct boot_entry *entry,
				    const char *options, unsigned profile);

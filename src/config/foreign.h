/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Settings of a system that others wrote (--root): what its files say is found out by a confined child
 * (confined/reader.h), which has the text of one file and hands over what it assigns.
 */

#include <libkexec.h>

#include "base/teller.h"
#include "config/assign.h"

/* NULL in its place: the files are those of the running system, and are read by this process. */
struct foreign {
	const struct teller *teller; /* hears, as a detail, that nothing can be confined here */
};

/* What reads the text of a file, such as assign_each(). It fails when memory is used up, and as @fn does. */
typedef int (*text_parser)(struct bytes text, assign_fn fn, void *data);

/**
 * foreign_parse() - what a text assigns
 * @foreign: or NULL
 * @path: of the file, for sentences
 * @fn: called in this process for each assignment, in their order
 * @err: filled on failure only, or NULL
 *
 * Nothing is called before the whole text was read. What the child says is held to what the parsers promise:
 * a name with a value, or a reason why something was skipped.
 *
 * Return: 0; what @fn says; -ENOMEM; -EFBIG; as reader_run() for a text that its reader does not survive.
 */
_must_check_ int foreign_parse(const struct foreign *foreign, const char *path, struct bytes text,
			       text_parser parse, assign_fn fn, void *data, struct kx_error *err);

/* What the child leaves: rows of a line, a name, a value and why something was skipped. 0; -EPROTO: the bytes are no
 * such rows, of which those before the first that is none were told; -ENOMEM; what @fn says. */
_must_check_ int foreign_take_rows(struct bytes answer, assign_fn fn, void *data);

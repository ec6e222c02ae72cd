/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Records of the log as text. It is what a kernel held when it crashed, so it may hold anything: what is
 * neither printable ASCII nor white space is shown as \xNN and cannot drive the terminal. Where strings are
 * UTF-8, as in JSON, well-formed UTF-8 stays.
 */

#include "vmcore/vmcore.h"

/* @text with what is not fit for output escaped, to be freed; NULL: out of memory. */
char *vmcore_escape(struct bytes text, bool keep_utf8, size_t *ret_n);
/* "[    1.234567] text" and a line feed, as dmesg(1) prints it, to be freed; NULL: out of memory. */
char *vmcore_record_line(const struct vmcore_record *record, size_t *ret_n);

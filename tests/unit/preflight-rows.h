/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Checks as a table: a small machine, and what a check has to say about it. */

#include "preflight/preflight.h"

enum { ROW_FILES_MAX = 8 };

struct row_file {
	const char *path;
	const char *text; /* "->TARGET" makes a symbolic link, "#!" a program */
	size_t n;	  /* bytes of @text when it has NULs, else 0 */
};

/* A file whose contents have NULs, written as a string literal. */
#define BYTES(path, literal)                       \
	{                                          \
		path, literal, sizeof(literal) - 1 \
	}
#define EFIVAR(name, guid, literal) \
	BYTES("/sys/firmware/efi/efivars/" name "-" guid, "\7\0\0\0" literal)
#define EFI_GLOBAL_GUID "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define EFI_LOADER_GUID "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

struct row {
	const char *id;
	struct row_file files[ROW_FILES_MAX];
	struct preflight_entry entry; /* none unless it has a title */
	bool bare;		      /* without /proc, /sys and /run */
	enum preflight_status status;
	enum preflight_severity severity; /* of a finding */
	const char *evidence;		  /* a part of it, or NULL */
	const char *remedy;		  /* a part of it, or NULL */
	struct preflight_opts opts;	  /* root and entry are filled in */
};

#define OK .status = PREFLIGHT_OK
#define UNKNOWN .status = PREFLIGHT_UNKNOWN
#define NOTE .status = PREFLIGHT_FINDING, .severity = PREFLIGHT_NOTE
#define WARN .status = PREFLIGHT_FINDING, .severity = PREFLIGHT_WARN
#define COLD .status = PREFLIGHT_FINDING, .severity = PREFLIGHT_COLD
#define REFUSE .status = PREFLIGHT_FINDING, .severity = PREFLIGHT_REFUSE

void rows_check(const struct row *rows, size_t n);

/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vmcore/vmcore.h"

/* Exit statuses; where kexec-tools' vmcore-dmesg distinguishes the case, its number. */
enum {
	EXIT_USAGE = 1,
	EXIT_OPEN = 2,	     /* the file cannot be opened */
	EXIT_NOT_A_CORE = 4, /* not an ELF core */
	EXIT_HEADERS = 10,   /* its headers contradict themselves */
	EXIT_NO_INFO = 20,   /* no VMCOREINFO note */
	EXIT_ADDRESS = 30,   /* the log's addresses are not in the dump */
	EXIT_READ = 40,	     /* the file is cut off, or reading it failed */
	EXIT_FORMAT = 50,    /* VMCOREINFO does not describe the log */
	EXIT_OUTPUT = 53,    /* standard output cannot be written */
	EXIT_DAMAGED = 64,   /* the log is damaged; what could be read was printed */
};

/* levels.c: "err,warn", "err+" (and worse), "+err" (and milder); a bit per level */
#define LEVELS_ALL 0xffu
bool levels_parse(const char *list, unsigned *ret);
const char *level_name(int level);

/* print.c */
struct printer {
	bool as_json;
	unsigned levels; /* bits of the levels to print */
};

/* A vmcore_emit_fn over a struct printer. */
int print_record(void *data, const struct vmcore_record *record);

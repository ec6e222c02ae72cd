/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* GRUB's commands: which exist where, and how they are called. */

#include "entry/grub/interp.h"

/* One command being run. */
struct call {
	const char *name;
	char **args; /* without the name */
	size_t n;
	const struct word *block; /* when the last argument is one */
	unsigned line;
};

/* Platforms that have a command. grub-emu runs in tests only. */
enum {
	ON_EFI = 1u << 0,
	ON_PC = 1u << 1,
	ON_EMU = 1u << 2,
	ON_REST = 1u << 3,
	ON_MACHINE = ON_EFI | ON_PC | ON_REST,
	ON_ALL = ON_MACHINE | ON_EMU,
	ONLY_RH = 1u << 4,
	ONLY_SUSE = 1u << 5,
	EXTRACTS = 1u << 6, /* runs where only the entries of a file are wanted */
};

struct command {
	const char *name;
	unsigned where;
	int (*run)(struct interp *in, struct call *call);
};

const struct command *command_find(const struct interp *in, const char *name);
int command_run(struct interp *in, const struct command *command, const struct strlist *args,
		const struct word *block, unsigned line);

/* options.c: options of "extended" commands (lib/arg.c). */
enum option_kind { OPTION_FLAG, OPTION_VALUE, OPTION_MAYBE_VALUE };

struct option {
	const char *name; /* long, without dashes */
	char letter;	  /* or 0 */
	enum option_kind kind;
};

enum { OPTIONS_MAX = 16 };

struct options {
	/* Indexed like the table. */
	bool set[OPTIONS_MAX];
	struct strlist values[OPTIONS_MAX];
	/* What was no option, in order. */
	struct strlist rest;
};

enum {
	OPTIONS_ACCEPT_DASH = 1u << 0, /* unknown options are arguments */
	OPTIONS_AT_START = 1u << 1,    /* nothing is an option after the first argument */
};

/* How parsing ended when the command should not run. */
enum { OPTIONS_OK, OPTIONS_HELP, OPTIONS_BAD };

/* @table ends with a NULL name. Release @ret with options_done(), whatever is returned. */
int options_parse(struct interp *in, const struct call *call, const struct option *table,
		  unsigned flags, struct options *ret);
void options_done(struct options *options);

#define DECLARE_COMMAND(name) int cmd_##name(struct interp *in, struct call *call)
/* cmd-core.c */
DECLARE_COMMAND(set);
DECLARE_COMMAND(unset);
DECLARE_COMMAND(export);
DECLARE_COMMAND(echo);
DECLARE_COMMAND(gettext);
DECLARE_COMMAND(true);
DECLARE_COMMAND(false);
DECLARE_COMMAND(eval);
DECLARE_COMMAND(time);
DECLARE_COMMAND(break);
DECLARE_COMMAND(return );
DECLARE_COMMAND(shift);
DECLARE_COMMAND(setparams);
DECLARE_COMMAND(regexp);
DECLARE_COMMAND(increment);
/* cmd-test.c */
DECLARE_COMMAND(test);
/* cmd-device.c */
DECLARE_COMMAND(search);
DECLARE_COMMAND(search_short);
DECLARE_COMMAND(probe);
DECLARE_COMMAND(loopback);
DECLARE_COMMAND(cryptomount);
DECLARE_COMMAND(cpuid);
DECLARE_COMMAND(file);
/* loadenv.c */
DECLARE_COMMAND(load_env);
DECLARE_COMMAND(save_env);
DECLARE_COMMAND(list_env);
/* config.c */
DECLARE_COMMAND(source);
DECLARE_COMMAND(configfile);
DECLARE_COMMAND(normal);
DECLARE_COMMAND(extract);
/* cmd-menu.c */
DECLARE_COMMAND(menuentry);
/* loader.c */
DECLARE_COMMAND(linux);
DECLARE_COMMAND(initrd);
DECLARE_COMMAND(devicetree);
DECLARE_COMMAND(multiboot);
DECLARE_COMMAND(module);
DECLARE_COMMAND(chainloader);
DECLARE_COMMAND(other_system);
DECLARE_COMMAND(boot);
DECLARE_COMMAND(leave);
DECLARE_COMMAND(fwsetup);
/* blscfg.c */
DECLARE_COMMAND(blscfg);
DECLARE_COMMAND(blsuki);
/* unknown.c */
DECLARE_COMMAND(ask); /* hardware, the network or a person */
DECLARE_COMMAND(register);
DECLARE_COMMAND(keystatus);
DECLARE_COMMAND(insmod);
/* commands.c: a status and nothing else */
DECLARE_COMMAND(nothing);
DECLARE_COMMAND(unsupported);
#undef DECLARE_COMMAND

/* bls-expand.c: @s of a Boot Loader Specification file with its variables replaced as the flavour does it, fresh
 * memory. NULL for NULL, and where Red Hat's makes no text of it: the line is then as if it were not there. */
char *bls_expand(struct interp *in, const char *s);

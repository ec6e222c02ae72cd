/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Does the init system run our scripts? Installing them is not enough: they have to be
 * registered. */

#include <stdbool.h>

#include "base/cleanup.h"
#include <stddef.h>

struct pid1;

/**
 * struct hook_places - what an init system will run on the way down
 * @jumps: something that starts the loaded kernel
 * @loads: what loads the next kernel in every reboot, after `enable`
 * @found: what was looked at and how it is, for a person
 * @command: what registers our scripts
 * @advice: what else helps, a whole sentence, or ""
 * @unsure: it cannot be told whether anything jumps; then @jumps says nothing
 */
struct hook_places {
	bool jumps, loads, unsure;
	char found[400];
	char command[700];
	char advice[200];
};

/* Adds to ->found, with "; " between the parts. */
void hook_found(struct hook_places *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void hook_remedy(struct hook_places *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* This init has a kexec of its own, or none, and no place for a script that loads: what loads for every reboot is a
 * person who types it. */
void hook_none_loads(struct hook_places *p);
/* Do the bytes of the program @path have @word? 1, 0 or why it cannot be read. */
_must_check_ int hook_program_has(int root, const char *path, const char *word);

/* Where our packages and `make install` leave the scripts for every init system. */
const char *hook_share(int root);

/* Does a line of the script @path that is no comment have one of @words (ended by NULL), and is the program
 * before it there, where a path names it? */
bool hook_script_does(int root, const char *path, const char *const *words);
/* The same for any file of @directory whose name ends with @suffix. */
bool hook_directory_does(int root, const char *directory, const char *suffix,
			 const char *const *words);
/* Is there a link [KS]NN@name in @directory to a program that does it? Says so in ->found. */
bool hook_is_linked(int root, const char *directory, const char *name, struct hook_places *p);

/* Place in the order in which runlevel scripts are run, K before S; -1: @directory has no link to @name. */
int hook_link_order(int root, const char *directory, const char *name);

/* Words of the command lines "rapidreboot hook jump" and "… hook load" to search for in scripts. */
extern const char *const hook_jump_words[], *const hook_load_words[];

/* Runlevel directories of sysvinit, which Debian's runit uses, too. */
void sysv_hooks(int root, struct hook_places *p);
/* Services of OpenRC, whatever process 1 is. */
void openrc_services(int root, struct hook_places *p);

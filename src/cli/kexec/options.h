/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Reads argv into struct options. Reading decides nothing: actions.c decides what the options mean
 * together, so the order of unrelated options never matters. Only the order of the action options
 * is kept, since each of them overrides what the one before it asked for. */

#include <libkexec.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/options.h"

/* One for each meaning: --append and --command-line are the same option. */
enum opt {
	OPT_HELP,
	OPT_VERSION,
	OPT_DEBUG,
	/* actions */
	OPT_LOAD,
	OPT_FORCE,
	OPT_EXEC,
	OPT_LOAD_PANIC,
	OPT_UNLOAD,
	OPT_LOAD_PRESERVE_CONTEXT,
	OPT_LOAD_JUMP_BACK_HELPER,
	OPT_LOAD_LIVE_UPDATE,
	OPT_EXEC_LIVE_UPDATE,
	OPT_STATUS,
	OPT_PRINT_CKR_SIZE,
	OPT_DRY_RUN,
	/* how to act */
	OPT_NO_IFDOWN,
	OPT_NO_SYNC,
	OPT_FILE_SYSCALL,
	OPT_SYSCALL,
	OPT_SYSCALL_AUTO,
	OPT_JSON,
	OPT_ROOT,
	/* what to load */
	OPT_APPEND,
	OPT_REUSE_CMDLINE,
	OPT_INITRD,
	OPT_REUSEINITRD,
	OPT_DTB,
	OPT_MODULE,
	OPT_TYPE,
	OPT_ARGS_ELF,
	OPT_ARGS_LINUX,
	OPT_ARGS_NONE,
	OPT_REAL_MODE,
	OPT_ENTRY_32BIT,
	OPT_ENTRY,
	OPT_MEM_MIN,
	OPT_MEM_MAX,
	OPT_NO_CHECKS,
	OPT_FAST,
	OPT_DIET,
	OPT_CACHE,
	OPT_NO_CMA,
	OPT_FORCE_DTB,
	OPT_NOEFI,
	OPT_REUSE_VIDEO_TYPE,
	OPT_PASS_MEMMAP_CMDLINE,
	OPT_HOTPLUG,
	OPT_CORE_HEADERS,
	/* purgatory console */
	OPT_RESET_VGA,
	OPT_CONSOLE_VGA,
	OPT_CONSOLE_SERIAL,
	OPT_SERIAL,
	OPT_SERIAL_BAUD,
	OPT_MAX_,
};
_Static_assert(OPT_MAX_ <= 64, "struct options.given is 64 bits wide");

enum group { GROUP_ACTION, GROUP_HOW, GROUP_WHAT, GROUP_WHERE, GROUP_CONSOLE, GROUP_LOOK };

/* Kinds of images that differ in the options they know. */
#define KIND_BZIMAGE (1u << 0)	 /* bzImage with the 32-bit loader */
#define KIND_BZIMAGE64 (1u << 1) /* bzImage64, and whatever else boots Linux on its own */
#define KIND_ELF (1u << 2)
#define KIND_MULTIBOOT (1u << 3)
#define KIND_DEVICE_TREE (1u << 4) /* Image, zboot: booted with a device tree */
#define KIND_UKI (1u << 5)
#define KIND_ANY 0x3fu
#define KIND_LINUX (KIND_ANY & ~KIND_MULTIBOOT)

/* .id of its rows is an enum opt, .takers the KIND_ of images that know the option (0: it is no business of
 * a loader), .flag the KX_REQ_ that it stands for. */
extern const struct opt_table opt_table;

/* First spelling of @opt, for messages: "--append". */
const char *opt_name(int opt);

/**
 * struct options - what the command line says
 * @given: 1 << enum opt for everything that stood on it
 * @flags: KX_REQ_* of all options given
 * @actions: action options in the order given
 * @immediate: option that is carried out as soon as it is read (-h, -v, --print-ckr-size), or
 *	OPT_MAX_
 * @problem: first thing wrong with the command line
 *
 * Strings point into argv.
 */
struct options {
	uint64_t given;
	uint64_t flags;
	enum opt *actions;
	size_t n_actions;
	enum opt immediate;
	enum kx_way way;
	enum kx_args args;
	const char *kernel;
	const char *type;
	const char *append;
	const char *root;
	const char *dtb;
	const char *cache;
	struct opt_list initrds, modules;
	uint64_t mem_min;
	uint64_t mem_max;
	uint64_t entry;
	uint32_t serial_port;
	uint32_t serial_baud;
	struct opt_problem problem;
};

static inline bool options_have(const struct options *o, int opt)
{
	return o->given >> opt & 1;
}

/* 0, or -ENOMEM. A bad command line is a fact like any other: ret->problem. */
_must_check_ int options_parse(int argc, char **argv, struct options *ret);
void options_done(struct options *options);

void usage_print(FILE *f);
void version_print(FILE *f);

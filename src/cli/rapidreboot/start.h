/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What is going to be started: words of the command line -> kernel file, image, plan, load. */

#include "cli/rapidreboot/entries.h"
#include "config/config.h"
#include "handover/arm.h"
#include "handover/hooks.h"
#include "preflight/preflight.h"
#include "reboot/when.h"
#include "record/attempts.h"

/* Which options a command knows, beside --json, -v and --help. */
#define TAKES_TARGET (1u << 0)	 /* which kernel, and how it is loaded */
#define TAKES_HANDOVER (1u << 1) /* wall messages, inhibitors, --yes */
#define TAKES_DRY_RUN (1u << 2)

/**
 * struct start_options - facts of the command line; strings point into argv
 * @find: root and configuration that the entries come from, and ->argument, the entry
 * @initrds: with @kernel
 * @cmdline: instead of the entry's
 * @reuse_cmdline: the running one instead
 * @append: words after whichever it is
 */
struct start_options {
	struct entries_options find;
	const char *kernel;
	const char **initrds;
	size_t n_initrds;
	const char *cmdline;
	const char *append;
	bool reuse_cmdline;
	enum kx_way way;
	struct reboot_wish wish;
	const char **force; /* ids of checks that do not refuse */
	size_t n_force;
	struct when when;
	const char *why; /* of struct attempt */
	bool has_when, cancel;
	bool safe;	 /* nothing is unpacked beforehand */
	bool diet;	 /* modules are left out of the initial ramdisk */
	bool direct;	 /* past the init system */
	bool going_down; /* init is on its way */
	bool dry_run, yes, json, verbose, help;
};

/* An exit status. */
int start_options_parse(struct start_options *o, unsigned takes, int argc, char **argv);
bool start_forced(const struct start_options *o, const char *id);
/* What of @o decides which kernel is loaded, and how, as words that start_options_parse() takes in any
 * directory, each with a newline after it. -ENOMEM; -EINVAL: a word would not stay one. */
_must_check_ int start_options_words(const struct start_options *o, char **ret);
void start_options_done(struct start_options *o);

struct start {
	struct kx_ctx *ctx; /* of the running machine */
	bool verbose;
	struct config config;
	enum kx_entry_type type;
	const char *devicetree; /* or NULL */
	struct entries entries; /* ->list NULL when the kernel was named */
	char *title;
	char *kernel;
	char **initrds;
	size_t n_initrds;
	char **modules;
	size_t n_modules;
	char *cmdline; /* NULL: the one that the image carries */
	enum kx_way way;
	bool safe;
	bool diet;
	const char *no_diet;	/* why it is not done, though it is wanted, or NULL */
	uint64_t flags;		/* KX_REQ_* that a configuration asks for */
	const char *guess;	/* of ->entries, when nobody has named one; or NULL */
	const char *decided_by; /* the file that chose it, or NULL: the boot loader or a person */
	bool is_decided;	/* by that file */
	uint64_t copy_only;	/* KX_REQ_COPY when pages would not be held until the jump, or 0 */
	char not_fast[504];	/* why nothing faster, when that was found out here; "" */
	const char *file_only;	/* why kexec_file_load(2) it has to be, or NULL */
	const char *reason;	/* why that system call, when it was chosen here, else the plan's */
	char digest[17];	/* of what start_load() has loaded */
	uint64_t files;		/* how kernel and initrds were when they were read */
	char choice[17];	/* another one when the same words come to something else */
	struct kx_image *image;
	struct kx_plan *plan;
	struct kx_image_info image_info;
	struct kx_plan_info plan_info;
	const char *why;	   /* of struct attempt; NULL: by command */
	struct moment asked;	   /* when a person had agreed, or init had told */
	struct hooks_answer hooks; /* of the stage pre-handover */
};

/* Finds what the words mean: files, command line and ->choice. An exit status, having said what is wrong. */
int start_choose(struct start *s, const struct start_options *o);
/* The same, and reads and plans; changes nothing. */
int start_prepare(struct start *s, const struct start_options *o);
/* Runs the checks on it and tells what they found; @unconfirmed: what an earlier attempt left behind,
 * or NULL; @past_init: there is an init system, and it is not asked. An exit status; @ret_outcome says
 * what may follow. */
int start_check(const struct start *s, const struct start_options *o, const char *unconfirmed,
		bool past_init, enum preflight_severity *ret_outcome);
/* Loads what was planned, and leaves a note that it was us. An exit status. */
int start_load(struct start *s);
/* For the files that fill it in. A path below @root ("/", NULL: here) as one of the running machine. */
char *start_path(const char *root, const char *path);
int start_copy_paths(const char *root, const char *const *from, size_t n, char ***ret,
		     size_t *ret_n);
int start_fail_memory(void);
/* Closes the files of what was loaded, so that their file systems can be left. */
void start_let_go(struct start *s);
void start_done(struct start *s);

void start_print(const struct start *s);
/* The documented object of --json, for a caller to add to. */
json_t *start_json(const struct start *s);

/* A context for the running machine, which tells warnings, and with @verbose the rest. */
int running_open(bool *verbose, struct kx_ctx **ret);

/* --cancel. An exit status. */
int cancel_reboot(bool verbose);

/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What is going to be started: words of the command line -> kernel file, image, plan, load. */

#include "cli/rapidreboot/entries.h"
#include "handover/arm.h"

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
	bool dry_run, yes, json, verbose, help;
};

/* An exit status. */
int start_options_parse(struct start_options *o, unsigned takes, int argc, char **argv);
void start_options_done(struct start_options *o);

struct start {
	struct kx_ctx *ctx; /* of the running machine */
	bool verbose;
	struct entries entries; /* ->list NULL when the kernel was named */
	char *title;
	char *kernel;
	char **initrds;
	size_t n_initrds;
	char **modules;
	size_t n_modules;
	char *cmdline; /* NULL: the one that the image carries */
	enum kx_way way;
	struct kx_image *image;
	struct kx_plan *plan;
	struct kx_image_info image_info;
	struct kx_plan_info plan_info;
};

/* Finds, reads and plans; changes nothing. An exit status, having said what is wrong. */
int start_prepare(struct start *s, const struct start_options *o);
/* Loads what was planned, and leaves a note that it was us. An exit status. */
int start_load(struct start *s);
void start_done(struct start *s);

void start_print(const struct start *s);
/* The documented object of --json, for a caller to add to. */
json_t *start_json(const struct start *s);

/* A context for the running machine, which tells warnings, and with @verbose the rest. */
int running_open(bool *verbose, struct kx_ctx **ret);

/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What list, show and eval-grub share: whose entries, and how they are printed. */

#include "cli/json.h"
#include "cli/rapidreboot/command.h"

/* show's questions of scripts; zero for none. */
enum entries_ask { ASK_NOTHING, ASK_KERNEL, ASK_INDEX, ASK_TITLE };

struct entries_options {
	const char *root;
	struct kx_entries_opts find;
	const char **vars, **places; /* memory of the lists in .find */
	bool json, help;
	enum entries_ask ask;
	const char *argument; /* the word that is no option, or NULL */
};

/* An exit status; EXIT_OK with ->help set when help was asked for. */
int entries_options_parse(struct entries_options *o, int argc, char **argv);
void entries_options_done(struct entries_options *o);

struct entries {
	struct kx_ctx *ctx;
	struct kx_entries *list;
	struct kx_entries_info info;
};
int entries_open(struct entries *e, const struct entries_options *o);
void entries_close(struct entries *e);

/* Entry @i, which there is. */
struct kx_entry entries_get(const struct entries *e, size_t i);
const char *entries_type_name(enum kx_entry_type type);

/* The members of the documented object of `list --json`, and one of its entries. */
void entries_json(struct json_out *o, const struct entries *e);
void entry_json(struct json_out *o, const struct kx_entry *entry);

/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What list, show and eval-grub share: whose entries, and how they are printed. */

#include "cli/json.h"
#include "cli/rapidreboot/command.h"

struct entries_options {
	const char *root;
	struct kx_entries_opts find;
};

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

/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What list, show and eval-grub share: whose entries, and how they are printed. */

#include "base/teller.h"
#include "cli/entry-table.h"
#include "cli/json.h"
#include "cli/rapidreboot/command.h"

struct entries_options {
	const char *root;
	struct kx_entries_opts find;
};

struct entries {
	struct teller teller;
	struct kx_ctx *ctx;
	struct kx_entries *list;
	struct kx_entries_info info;
};
/* @e is not moved until it is closed. @verbose: tells how they are read. */
int entries_open(struct entries *e, const struct entries_options *o, bool verbose);
void entries_close(struct entries *e);

/* Entry @i, which there is. */
struct kx_entry entries_get(const struct entries *e, size_t i);
/* A row for each of the @n entries of @list, which they borrow their texts from; to be freed, NULL without
 * memory. */
struct entry_row *entries_rows(const struct kx_entries *list, size_t n);
const char *entries_type_name(enum kx_entry_type type);

/* The members of the documented object of `list --json`, and one of its entries. */
void entries_json(struct json_out *o, const struct entries *e);
void entry_json(struct json_out *o, const struct kx_entry *entry);

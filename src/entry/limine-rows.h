/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Rows of Limine's menu, and which of them it starts without a person. */

#include "entry/limine.h"

enum { LIMINE_DEPTH_MAX = 16 };

/* A line of the menu: an entry, or a directory of them. */
struct limine_row {
	size_t depth; /* 1 at the top */
	bool is_directory, is_expanded;
	bool is_hidden; /* the menu is without it and what is in it */
	char *title;	/* as much of it as Limine keeps */
	size_t entry;	/* in the menu; meaningless for directories */
};

struct limine_rows {
	struct limine_row *v;
	size_t n;
};

/* Options that hold for the whole menu. */
struct limine_wish {
	char *default_entry; /* or NULL */
	bool has_remembers, remembers;
	bool has_timeout, waits;
};

/* -E2BIG, -ENOMEM. */
_must_check_ int limine_rows_add(struct limine_rows *rows, size_t depth, bool is_expanded,
				 const char *title);
void limine_rows_done(struct limine_rows *rows);

/* Sets the default of @menu, and why. */
_must_check_ int limine_choose(const struct limine_rows *rows, const struct limine_wish *wish,
			       const struct limine_facts *facts, struct boot_menu *menu);
